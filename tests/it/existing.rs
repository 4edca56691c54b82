//! Making an environment where something is: a second run, `--clear`, `--upgrade`, lost races.

use crate::pythons::{Python, pythons};
use crate::sandbox::{self, Sandbox, tree};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

/// Runs `rvenv -p PYTHON --without-pip ARGS`, which succeeds and says nothing.
#[track_caller]
pub(crate) fn bare(sandbox: &Sandbox, python: &Python, args: &[&str]) {
    let head = [
        "-p".as_ref(),
        python.path.as_os_str(),
        "--without-pip".as_ref(),
    ];
    let args = head.into_iter().chain(args.iter().map(AsRef::as_ref));
    sandbox.rvenv(args).assert().success().stdout("").stderr("");
}

/// Returns what is left over in `dir` of rvenv's own temporary directories.
pub(crate) fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.to_string_lossy().contains(".rvenv-"))
        .collect()
}

#[track_caller]
fn assert_works(sandbox: &Sandbox, env: &str) {
    let prefix = sandbox.path(env);
    let output = sandbox
        .python(env)
        .args(["-c", "import sys; print(sys.prefix)"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        prefix.to_str().unwrap()
    );
}

/// Two interpreters of different minor versions, where the machine has them.
fn two_versions() -> Option<(&'static Python, &'static Python)> {
    let one = &pythons()[0];
    Some((
        one,
        pythons()
            .iter()
            .find(|other| other.version != one.version)?,
    ))
}

/// <https://github.com/python/cpython/issues/135604>
#[test]
fn a_second_run_leaves_what_is_not_the_environments() {
    let sandbox = Sandbox::new();
    let python = pythons().last().unwrap();
    bare(&sandbox, python, &["env"]);
    sandbox.write("env/.gitignore", "mine\n");
    sandbox.write("env/notes.txt", "mine\n");
    sandbox.write("env/bin/tool", "mine\n");
    fs::write(sandbox.path("env/pyvenv.cfg"), "home = /elsewhere\n").unwrap();
    bare(&sandbox, python, &["env"]);
    for name in ["env/.gitignore", "env/notes.txt", "env/bin/tool"] {
        assert_eq!(fs::read_to_string(sandbox.path(name)).unwrap(), "mine\n");
    }
    assert_works(&sandbox, "env");
    assert_eq!(leftovers(&sandbox.path("env")), [] as [PathBuf; 0]);
}

#[test]
fn an_environment_can_be_made_in_the_current_directory() {
    let mut sandbox = Sandbox::new();
    sandbox.enter("project");
    sandbox.write("main.py", "mine\n");
    bare(&sandbox, &pythons()[0], &["."]);
    assert_eq!(
        fs::read_to_string(sandbox.path("main.py")).unwrap(),
        "mine\n"
    );
    assert!(sandbox.path("pyvenv.cfg").is_file());
    assert_eq!(leftovers(&sandbox.path("")), [] as [PathBuf; 0]);
}

#[test]
fn clear_leaves_nothing_of_what_was_there() {
    let sandbox = Sandbox::new();
    let python = &pythons()[0];
    bare(&sandbox, python, &["env"]);
    sandbox.write("env/lib/leftover/module.py", "old\n");
    sandbox.write("env/notes.txt", "old\n");
    bare(&sandbox, python, &["--clear", "env"]);
    assert!(!sandbox.path("env/lib/leftover").exists() && !sandbox.path("env/notes.txt").exists());
    assert_works(&sandbox, "env");
    assert_eq!(leftovers(&sandbox.path("")), [] as [PathBuf; 0]);
}

/// The directory itself stays, since somebody is in it.
#[cfg(unix)]
#[test]
fn clear_of_the_current_directory_keeps_the_directory() {
    use std::os::unix::fs::MetadataExt as _;
    let mut sandbox = Sandbox::new();
    sandbox.enter("env");
    let python = &pythons()[0];
    bare(&sandbox, python, &["."]);
    sandbox.write("notes.txt", "old\n");
    let inode = || fs::metadata(sandbox.path("")).unwrap().ino();
    let before = inode();
    bare(&sandbox, python, &["--clear", "."]);
    assert_eq!(before, inode());
    assert!(!sandbox.path("notes.txt").exists());
    assert!(sandbox.path("pyvenv.cfg").is_file());
    assert_eq!(leftovers(&sandbox.path("")), [] as [PathBuf; 0]);
}

#[test]
fn clear_takes_half_an_environment_and_force_takes_anything() {
    let sandbox = Sandbox::new();
    let python = &pythons()[0];
    sandbox.write("half/bin/python", "");
    bare(&sandbox, python, &["--clear", "half"]);
    sandbox.write("other/data", "");
    bare(&sandbox, python, &["--clear", "--force", "other"]);
    assert!(!sandbox.path("other/data").exists());
}

/// venv re-points nothing: <https://github.com/python/cpython/issues/87679>.
#[cfg(unix)]
#[test]
fn upgrade_mends_links_that_lead_nowhere() {
    let sandbox = Sandbox::new();
    let python = &pythons()[0];
    bare(&sandbox, python, &["env"]);
    let name = python.path.file_name().unwrap();
    let link = sandbox.path("env/bin").join(name);
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/nowhere/python3", &link).unwrap();
    let head = ["-p".as_ref(), python.path.as_os_str()];
    let args = ["--without-pip", "--upgrade", "env"].map(AsRef::as_ref);
    let said = sandbox
        .rvenv(head.into_iter().chain(args))
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&said.stderr).starts_with("mended: "),
        "{said:?}"
    );
    assert_works(&sandbox, "env");
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    assert!(
        python.version < (3, 11) || cfg.contains(" --upgrade "),
        "{cfg}"
    );
}

/// venv makes an environment that lies about its version: <https://github.com/python/cpython/issues/142508>.
#[test]
fn another_version_is_refused_and_clear_makes_it_anew() {
    let Some((one, other)) = two_versions() else {
        sandbox::note("skipped: one version of Python on this machine");
        return;
    };
    let sandbox = Sandbox::new();
    bare(&sandbox, one, &["env"]);
    let before = tree(sandbox.path(""));
    for flags in [&["env"][..], &["--upgrade", "env"]] {
        let head = [
            "-p".as_ref(),
            other.path.as_os_str(),
            "--without-pip".as_ref(),
        ];
        let args = head.into_iter().chain(flags.iter().map(AsRef::as_ref));
        let output = sandbox.rvenv(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains("is an environment of Python")
                && stderr.contains("as in `--python 3.")
                && stderr.contains("or `--clear`")
        );
    }
    assert_eq!(before, tree(sandbox.path("")));
    bare(&sandbox, other, &["--clear", "env"]);
    assert_works(&sandbox, "env");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_symlink_in_the_environment() {
    let sandbox = Sandbox::new();
    let python = &pythons()[0];
    bare(&sandbox, python, &["env"]);
    sandbox.write("outside/file", "mine\n");
    fs::remove_dir_all(sandbox.path("env/bin")).unwrap();
    std::os::unix::fs::symlink("../outside", sandbox.path("env/bin")).unwrap();
    let before = tree(sandbox.path("outside"));
    let args = [
        "-p".as_ref(),
        python.path.as_os_str(),
        "--without-pip".as_ref(),
        "env".as_ref(),
    ];
    let output = sandbox.rvenv(args).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is in the way"));
    assert_eq!(before, tree(sandbox.path("outside")));
}

/// <https://github.com/astral-sh/uv/issues/17399>
#[test]
fn of_many_processes_that_make_the_same_environment_all_succeed() {
    let sandbox = Sandbox::new();
    let python = &pythons()[0];
    for round in 0..5 {
        let name = format!("env{round}");
        let start = |_| {
            let mut process = Process::new(crate::sandbox::RVENV);
            process
                .args(["--without-pip", "--cache-dir"])
                .arg(sandbox.store())
                .arg("-p")
                .arg(&python.path);
            process.arg(sandbox.path(&name)).spawn().unwrap()
        };
        let processes: Vec<_> = (0..8).map(start).collect();
        for mut process in processes {
            assert!(process.wait().unwrap().success());
        }
        assert_works(&sandbox, &name);
    }
    assert_eq!(leftovers(&sandbox.path("")), [] as [PathBuf; 0]);
}

mod itself {
    use super::*;

    /// Below 3.11 an environment's interpreter takes itself for its base.
    #[test]
    fn an_environment_made_again_by_its_own_python_keeps_its_base() {
        for python in pythons() {
            let mut sandbox = Sandbox::new();
            bare(&sandbox, python, &["env"]);
            sandbox.set("VIRTUAL_ENV", sandbox.path("env"));
            for flags in [
                &["env"][..],
                &["--upgrade", "env"],
                &["--clear", "env"],
                &["-p", "env/bin/python3", "env"],
            ] {
                sandbox
                    .rvenv(["--without-pip"])
                    .args(flags)
                    .assert()
                    .success();
                assert_works(&sandbox, "env");
            }
        }
    }
}

#[cfg(unix)]
mod modes {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn clear_keeps_the_mode_of_the_directory() {
        let sandbox = Sandbox::new();
        bare(&sandbox, &pythons()[0], &["env"]);
        fs::set_permissions(sandbox.path("env"), fs::Permissions::from_mode(0o700)).unwrap();
        bare(&sandbox, &pythons()[0], &["--clear", "env"]);
        let mode = fs::metadata(sandbox.path("env"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[test]
fn a_name_may_be_as_long_as_the_file_system_allows() {
    let sandbox = Sandbox::new();
    let name = "ü".repeat(127);
    bare(&sandbox, &pythons()[0], &[&name]);
    assert_works(&sandbox, &name);
}

/// What is there is put back, however many entries were replaced before one could not be.
#[cfg(unix)]
#[test]
fn a_second_run_that_fails_half_way_puts_everything_back() {
    let sandbox = Sandbox::new();
    let python = &pythons()[0];
    bare(&sandbox, python, &["env"]);
    let Ok(output) = sandbox.command("strace").arg("-V").output() else {
        return crate::sandbox::missing("strace");
    };
    assert!(output.status.success());
    let before = tree(sandbox.path("env"));
    for call in 1..=6 {
        let inject = format!("--inject=renameat2,rename:error=EIO:when={call}+");
        let mut strace = sandbox.command("strace");
        strace.args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            &inject,
            crate::sandbox::RVENV,
            "--without-pip",
            "-p",
        ]);
        let output = strace.arg(&python.path).arg("env").output().unwrap();
        if call == 1 {
            assert_eq!(output.status.code(), Some(1));
            assert_eq!(before, tree(sandbox.path("env")));
        }
        assert_works(&sandbox, "env");
    }
}
