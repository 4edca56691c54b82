//! `rvenv delete`: what is an environment is gone, with nothing else, and what is to be left alone is as it was.
//!
//! Whether `/`, the home directory and what is above it are left alone is for the unit tests of the decision: here, a
//! failure would take the machine along.

use crate::existing::{bare, leftovers};
use crate::pythons::pythons;
use crate::refuse::check_raw;
use crate::sandbox::{self, Sandbox, tree};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// Runs `rvenv delete ARGS`, which refuses with `message` and `hint`, and changes nothing.
#[track_caller]
fn refuses(sandbox: &Sandbox, args: &[&str], message: &str, hint: &str) {
    let args = ["delete"].iter().chain(args).map(OsString::from);
    check_raw(sandbox, args, 1, message, hint);
}

/// The same with and without `--force`.
#[track_caller]
fn refuses_even_by_force(sandbox: &Sandbox, dir: &str, message: &str, hint: &str) {
    refuses(sandbox, &[dir], message, hint);
    refuses(sandbox, &["--force", dir], message, hint);
}

/// Runs `rvenv delete ARGS`, which succeeds and says nothing.
#[track_caller]
fn delete(sandbox: &Sandbox, args: &[&str]) {
    let mut command = sandbox.rvenv(["delete"]);
    command.args(args).assert().success().stdout("").stderr("");
}

/// A folder with the environment `env` in it.
fn with_env() -> Sandbox {
    let sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["env"]);
    sandbox
}

#[track_caller]
fn assert_nothing_in(folder: &Path) {
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn nothing_is_left_of_an_environment_and_all_of_what_it_leads_to() {
    let sandbox = Sandbox::with_shared_store();
    let python = &pythons()[0].path;
    for env in ["kept", "folder/env"] {
        let mut command = sandbox.rvenv(["-p".as_ref(), python.as_os_str(), env.as_ref()]);
        command.assert().success();
    }
    sandbox.write("outside/data", "mine\n");
    symlink(sandbox.path("outside"), sandbox.path("folder/env/lib/link")).unwrap();
    let [kept, outside] = ["kept", "outside"].map(|name| tree(sandbox.path(name)));
    delete(&sandbox, &["folder/env/"]);
    assert_nothing_in(&sandbox.path("folder"));
    assert_eq!(kept, tree(sandbox.path("kept")));
    assert_eq!(outside, tree(sandbox.path("outside")));
}

#[test]
fn it_does_not_matter_who_made_an_environment() {
    let sandbox = Sandbox::new();
    let mut venv = sandbox.command(&pythons()[0].path);
    venv.args(["-m", "venv", "--without-pip", "envs/venv"]);
    venv.assert().success();
    sandbox.write("envs/uv/pyvenv.cfg", "home = /usr/bin\nuv = 0.13.9\n");
    sandbox.write("envs/uv/CACHEDIR.TAG", "");
    sandbox.write("envs/uv/.lock", "");
    sandbox.write("envs/a:b/pyvenv.cfg", "home = /usr/bin\n");
    delete(&sandbox, &["envs/venv", "envs/uv", "envs/a:b"]);
    assert_nothing_in(&sandbox.path("envs"));
}

/// <https://github.com/astral-sh/uv/issues/14812>
#[test]
fn an_environment_may_be_broken_or_half_made() {
    let sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["envs/dangling", "envs/half"]);
    fs::write(
        sandbox.path("envs/dangling/pyvenv.cfg"),
        "home = /nowhere\n",
    )
    .unwrap();
    for name in ["python", "python3"] {
        let link = sandbox.path("envs/dangling/bin").join(name);
        fs::remove_file(&link).unwrap();
        symlink("/nowhere/python3", link).unwrap();
    }
    fs::remove_file(sandbox.path("envs/half/pyvenv.cfg")).unwrap();
    delete(&sandbox, &["envs/dangling", "envs/half"]);
    assert_nothing_in(&sandbox.path("envs"));
}

/// Nor is a `~/.local` with completions: both have much of what an environment has.
#[test]
fn an_installed_python_is_no_half_made_environment() {
    let sandbox = Sandbox::new();
    for file in [
        "library/lib/python3.12/os.py",
        "header/include/python3.12/Python.h",
        "local/share/file",
        "other/lib/data/file",
        "half/lib/python3.12/site-packages/module.py",
    ] {
        sandbox.write(file, "");
        let bin = Path::new(file.split('/').next().unwrap()).join("bin");
        sandbox.write(bin.join("python3.12"), "");
        sandbox.write(bin.join("activate-completions"), "");
    }
    for dir in ["library", "header", "local", "other"] {
        refuses_even_by_force(&sandbox, dir, "is not a virtual environment", "");
        let mut clear = sandbox.rvenv(["--without-pip", "--clear", dir]);
        clear.assert().code(1);
    }
    delete(&sandbox, &["half"]);
}

#[test]
fn an_owner_needs_no_permissions() {
    let sandbox = with_env();
    for (name, mode) in [("env/bin", 0o000), ("env/lib", 0o555), ("env", 0o555)] {
        fs::set_permissions(sandbox.path(name), Permissions::from_mode(mode)).unwrap();
    }
    let mut command = sandbox.unprivileged();
    let assert = command.args(["delete", "env"]).assert().success();
    assert.stdout("").stderr("");
    assert_nothing_in(&sandbox.path(""));
}

/// Nor can its directory be removed then.
#[test]
fn an_environment_is_emptied_where_what_holds_it_may_not_be_written_to() {
    let sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["locked/env"]);
    fs::set_permissions(sandbox.path("locked"), Permissions::from_mode(0o555)).unwrap();
    let mut command = sandbox.unprivileged();
    let assert = command.args(["delete", "locked/env"]).assert().success();
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr);
    let warning = "warning: the empty directory stays: ";
    assert!(stderr.starts_with(warning), "{stderr}");
    assert_nothing_in(&sandbox.path("locked/env"));
}

#[test]
fn one_that_cannot_be_deleted_does_not_keep_the_others() {
    let sandbox = with_env();
    bare(&sandbox, &pythons()[0], &["other"]);
    let mut command = sandbox.rvenv(["delete", "env", "missing", "other", "gone"]);
    let assert = command.assert().code(1).stdout("");
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr);
    for part in [
        "missing` does not exist",
        "gone` does not exist",
        "error: 2 of 4 were not deleted",
    ] {
        assert!(stderr.contains(part), "{stderr}");
    }
    assert_nothing_in(&sandbox.path(""));
}

#[test]
fn a_dry_run_deletes_nothing_and_refuses_the_same() {
    let sandbox = with_env();
    let before = tree(sandbox.path(""));
    let assert = sandbox.rvenv(["delete", "--dry-run", "env"]).assert();
    let expected = format!("would delete `{}`\n", sandbox.path("env").display());
    assert.success().stdout("").stderr(expected);
    assert_eq!(before, tree(sandbox.path("")));
    let message = "env/lib` is not a virtual environment";
    refuses(&sandbox, &["-n", "env/lib"], message, "nothing else");
}

#[test]
fn what_was_freed_is_said_where_it_is_read() {
    let sandbox = with_env();
    let assert = sandbox.rvenv(["delete", "-v", "env"]).assert().success();
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr);
    assert!(
        stderr.starts_with("deleted env in ") && stderr.contains("which freed"),
        "{stderr}"
    );
}

#[test]
fn refuses_what_names_no_directory() {
    let sandbox = with_env();
    sandbox.write("file", "text");
    symlink("env", sandbox.path("link")).unwrap();
    symlink("nowhere", sandbox.path("dangling")).unwrap();
    let check = |dir, message, hint| refuses_even_by_force(&sandbox, dir, message, hint);
    check("", "is empty", "variable is set");
    check(" \t", "is empty", "variable is set");
    check("file", "file` is a file", "name the directory");
    check("file/env", "does not exist", "check the path");
    check("missing", "missing` does not exist", "check the path");
    check("link", "link` is a symlink", "name the directory itself");
    check("link/", "link` is a symlink", "name the directory itself");
    check("dangling", "is a symlink", "name the directory itself");
}

/// <https://github.com/astral-sh/uv/issues/19395>
#[test]
fn refuses_what_is_no_environment() {
    let sandbox = Sandbox::new();
    sandbox.write("other/data", "text");
    sandbox.write("project/bin/python", "");
    sandbox.write("project/README", "");
    sandbox.write("homeless/pyvenv.cfg", "version = 3.13.0\nhome =\n");
    sandbox.write("homeless/data", "");
    fs::create_dir(sandbox.path("empty")).unwrap();
    let check = |dir, message| refuses_even_by_force(&sandbox, dir, message, "nothing else");
    check(
        "other",
        "is not a virtual environment: it has no pyvenv.cfg",
    );
    check("project", "is not a virtual environment");
    check("empty", "is not a virtual environment");
    check("homeless", "its pyvenv.cfg names no `home`");
}

/// <https://github.com/astral-sh/uv/issues/15474>
#[test]
fn what_is_not_the_environments_is_deleted_only_by_force() {
    let sandbox = with_env();
    for name in ["main.py", "src/module.py", ".git/HEAD", "notes"] {
        sandbox.write(Path::new("env").join(name), "mine");
    }
    let message = "also holds what is not an environment's: `.git`, `main.py`, `notes` and 1 more";
    refuses(&sandbox, &["env"], message, "`--force` deletes it too");
    delete(&sandbox, &["--force", "env"]);
    assert_nothing_in(&sandbox.path(""));
}

#[test]
fn the_activated_environment_is_deleted_only_by_force() {
    let mut sandbox = with_env();
    symlink("env", sandbox.path("link")).unwrap();
    sandbox.set("VIRTUAL_ENV", sandbox.path("link"));
    let message = "env` is the activated environment";
    refuses(&sandbox, &["env"], message, "with `deactivate`");
    delete(&sandbox, &["--force", "env"]);
    assert!(!sandbox.path("env").exists() && sandbox.path("link").is_symlink());
}

#[test]
fn whoever_is_in_an_environment_leaves_it_first() {
    let mut sandbox = with_env();
    sandbox.enter("env");
    refuses_even_by_force(&sandbox, ".", "is the current directory", "leave it first");
    sandbox.enter("lib");
    let message = "is a directory above the current one";
    refuses_even_by_force(&sandbox, "..", message, "leave it first");
}

#[test]
fn no_directory_is_wrong_usage() {
    let sandbox = Sandbox::new();
    sandbox.rvenv(["delete"]).assert().code(2).stdout("");
}

#[test]
fn of_two_at_the_same_time_one_wins_and_neither_leaves_anything() {
    let sandbox = with_env();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| sandbox.rvenv(["delete", "env"]).output().unwrap());
        }
    });
    assert_nothing_in(&sandbox.path(""));
}

/// It could be renamed, but not removed then.
#[test]
fn what_another_user_keeps_is_left_alone() {
    let sandbox = with_env();
    if std::os::unix::fs::chown(sandbox.path("env"), Some(1), None).is_err() {
        return sandbox::note("skipped: only root can give an environment away");
    }
    let before = tree(sandbox.path(""));
    let inject = "--inject=access,faccessat,faccessat2:error=EACCES";
    if let Some(output) = delete_with(&sandbox, inject) {
        assert_eq!(output.status.code(), Some(1));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("belongs to another user"), "{stderr}");
        assert_eq!(before, tree(sandbox.path("")));
    }
}

/// Runs `rvenv delete env` below strace, which writes to `strace` in the home directory; `None` where there is none.
fn delete_with(sandbox: &Sandbox, option: &str) -> Option<std::process::Output> {
    let mut strace = sandbox.command("strace");
    strace.args(["-f", "-qq", option, "-o"]);
    strace.arg(sandbox.home().join("strace"));
    let output = strace.args([sandbox::RVENV, "delete", "env"]).output();
    if output.is_err() {
        sandbox::missing("strace");
    }
    output.ok()
}

#[test]
fn what_cannot_be_renamed_is_deleted_where_it_is() {
    let sandbox = with_env();
    if let Some(output) = delete_with(
        &sandbox,
        "--inject=rename,renameat,renameat2:error=EACCES:when=1",
    ) {
        assert!(output.status.success(), "{output:?}");
        assert_nothing_in(&sandbox.path(""));
    }
}

#[test]
fn what_could_not_be_deleted_is_named_and_still_an_environment() {
    let sandbox = with_env();
    let Some(output) = delete_with(&sandbox, "--inject=unlinkat:error=EIO:when=3") else {
        return;
    };
    assert_eq!(output.status.code(), Some(1));
    assert!(!sandbox.path("env").exists());
    let rest = leftovers(&sandbox.path("")).remove(0);
    let rest = rest.to_str().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains(&format!("the rest is in `{rest}`"))
            && stderr.contains(&format!("`rvenv delete {rest}` does")),
        "{stderr}"
    );
    delete(&sandbox, &[rest]);
    assert_nothing_in(&sandbox.path(""));
}

/// What is interrupted leaves an environment, which can be deleted again.
#[test]
fn the_configuration_is_removed_last() {
    let sandbox = with_env();
    let Some(output) = delete_with(&sandbox, "--trace=unlinkat") else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let trace = fs::read_to_string(sandbox.home().join("strace")).unwrap();
    let is_it = |line: &str| line.contains("\"pyvenv.cfg\"");
    let first = trace.lines().position(is_it).unwrap();
    assert_eq!(first, trace.lines().count() - 2, "{trace}");
}

#[test]
fn few_descriptors_are_enough_for_a_deep_tree() {
    let sandbox = with_env();
    let mut deep = sandbox.path("env/lib");
    for _ in 0..400 {
        fs::create_dir(deep.join("b")).unwrap();
        deep.push("a");
        fs::create_dir(&deep).unwrap();
    }
    let mut shell = sandbox.command("sh");
    shell.args(["-c", "ulimit -n 200 && exec \"$0\" delete env"]);
    shell.arg(sandbox::RVENV).assert().success();
    assert_nothing_in(&sandbox.path(""));
}

/// In a mount namespace of its own, where the machine allows that.
#[cfg(target_os = "linux")]
#[test]
fn what_is_mounted_is_left_alone() {
    let sandbox = with_env();
    sandbox.write("data/file", "mine");
    let script = |mounts: &str| {
        let script = format!("{mounts} && \"$0\" delete --force env");
        let mut unshare = sandbox.command("unshare");
        unshare.args(["-m", "sh", "-c", &script, sandbox::RVENV]);
        unshare.output().ok().map(|output| {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), stderr)
        })
    };
    if script("mount --bind env env && false").is_none_or(|(_, stderr)| !stderr.is_empty()) {
        return sandbox::note("skipped: nothing can be mounted on this machine");
    }
    let before = tree(sandbox.path(""));
    let (code, stderr) = script("mount --bind env env").unwrap();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("env`\nhint: unmount it first"), "{stderr}");
    assert_eq!(before, tree(sandbox.path("")));
    fs::create_dir(sandbox.path("env/lib/data")).unwrap();
    let before = tree(sandbox.path(""));
    let (code, stderr) = script("mount --bind data env/lib/data").unwrap();
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("env/lib/data`\nhint: unmount it first"),
        "{stderr}"
    );
    assert_eq!(before, tree(sandbox.path("")));
}
