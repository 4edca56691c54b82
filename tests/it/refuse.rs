//! Bad input: a message that names the value and says what to do, and every file as it was.

use crate::pythons::pythons;
#[cfg(unix)]
use crate::sandbox;
use crate::sandbox::{Sandbox, tree};
use std::ffi::OsString;
#[cfg(unix)]
use std::fs;

/// A folder with something of everything that is in the way.
fn furnished() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("file", "text");
    sandbox.write("other/data", "text");
    sandbox.write("project/pyproject.toml", "");
    sandbox.write("project/bin/tool", "");
    sandbox
}

/// Runs `rvenv -p PYTHON ARGS`, which fails with `code`, says both `message` and `hint`, and changes nothing.
#[track_caller]
fn check(sandbox: &Sandbox, args: &[&str], code: i32, message: &str, hint: &str) {
    let python = pythons()[0].path.as_os_str().to_owned();
    let args = args.iter().map(OsString::from);
    check_raw(
        sandbox,
        [OsString::from("-p"), python].into_iter().chain(args),
        code,
        message,
        hint,
    );
}

#[track_caller]
pub(crate) fn check_raw(
    sandbox: &Sandbox,
    args: impl IntoIterator<Item = OsString>,
    code: i32,
    message: &str,
    hint: &str,
) {
    let before = tree(sandbox.path(""));
    let args: Vec<OsString> = args.into_iter().collect();
    let output = sandbox.rvenv(&args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
    assert!(stderr.starts_with("error: "), "{args:?}: {stderr}");
    assert!(
        stderr.contains(message),
        "{args:?} does not say `{message}`: {stderr}"
    );
    assert!(
        stderr.contains(hint),
        "{args:?} does not advise `{hint}`: {stderr}"
    );
    assert!(output.stdout.is_empty(), "{args:?} prints to stdout");
    assert_eq!(before, tree(sandbox.path("")), "{args:?} changed something");
}

#[test]
fn refuses_what_is_in_the_way() {
    let sandbox = furnished();
    check(
        &sandbox,
        &["file"],
        1,
        "file` is a file",
        "choose another path",
    );
    check(
        &sandbox,
        &["file/env"],
        1,
        "inside `",
        "choose another path",
    );
    check(
        &sandbox,
        &["--clear", "file"],
        1,
        "is a file",
        "choose another path",
    );
}

#[test]
fn refuses_a_path_that_cannot_be_said() {
    let sandbox = furnished();
    let separator = if cfg!(windows) { ";" } else { ":" };
    check(&sandbox, &[""], 1, "is empty", "`.` for the current one");
    check(&sandbox, &[" \t "], 1, "is empty", "variable is set");
    check(
        &sandbox,
        &["--clear", ""],
        1,
        "is empty",
        "`.` for the current one",
    );
    check(
        &sandbox,
        &[&format!("a{separator}b")],
        1,
        "PATH separator",
        "choose another path",
    );
    for control in ["\n", "\r", "\t", "\x1b", "\x7f"] {
        check(
            &sandbox,
            &[&format!("a{control}b")],
            1,
            "control character",
            "choose another path",
        );
        check(
            &sandbox,
            &["--prompt", &format!("a{control}b"), "env"],
            1,
            "control character",
            "one line",
        );
    }
}

#[cfg(unix)]
#[test]
fn refuses_a_path_that_is_not_utf8() {
    use std::os::unix::ffi::OsStringExt as _;
    let sandbox = furnished();
    let name = OsString::from_vec(b"a\xffb".to_vec());
    check_raw(&sandbox, [name], 1, "is not UTF-8", "choose another path");
}

/// CPython empties the link's target with `--clear`, and fails then.
#[cfg(unix)]
#[test]
fn refuses_symlinks() {
    let sandbox = furnished();
    std::os::unix::fs::symlink("other", sandbox.path("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", sandbox.path("dangling")).unwrap();
    for args in [
        &["link"][..],
        &["--clear", "link"],
        &["--clear", "--force", "link"],
        &["dangling"],
    ] {
        check(
            &sandbox,
            args,
            1,
            "is a symlink",
            "name the directory itself",
        );
    }
}

#[test]
fn refuses_to_clear_what_is_not_an_environment() {
    let sandbox = furnished();
    sandbox.write("local/bin/tool", "mine");
    sandbox.write("local/share/data", "mine");
    check(
        &sandbox,
        &["--clear", "local"],
        1,
        "is not a virtual environment",
        "--force",
    );
    check(
        &sandbox,
        &["--clear", "other"],
        1,
        "is not a virtual environment",
        "--force",
    );
    check(
        &sandbox,
        &["--clear", "project"],
        1,
        "`pyproject.toml`",
        "--force",
    );
    sandbox.write("project/pyvenv.cfg", "home = /nowhere\n");
    check(
        &sandbox,
        &["--clear", "project"],
        1,
        "`pyproject.toml`",
        "--force",
    );
}

/// Both are tried where nothing can be lost: the sandbox's own home, and a folder above the current one.
#[test]
fn refuses_precious_directories() {
    let mut sandbox = furnished();
    let home = sandbox.home().to_str().unwrap().to_owned();
    check(
        &sandbox,
        &[&home],
        1,
        "is the home directory",
        "as in `.venv`",
    );
    check(
        &sandbox,
        &["--clear", "--force", &home],
        1,
        "is the home directory",
        "as in `.venv`",
    );
    sandbox.enter("below");
    check(
        &sandbox,
        &[".."],
        1,
        "above the current one",
        "as in `.venv`",
    );
    check(
        &sandbox,
        &["--clear", "--force", ".."],
        1,
        "above the current one",
        "as in `.venv`",
    );
}

#[test]
fn refuses_contradictions() {
    let sandbox = furnished();
    let both = "you cannot supply --upgrade and --clear together";
    check(
        &sandbox,
        &["--upgrade", "--clear", "env"],
        1,
        both,
        "`--upgrade` keeps",
    );
    check(
        &sandbox,
        &["--symlinks", "--copies", "env"],
        2,
        "cannot be used with",
        "--help",
    );
    check(
        &sandbox,
        &["--no-such-flag", "env"],
        2,
        "--no-such-flag",
        "--help",
    );
    let misplaced = "cannot be used before the subcommand 'delete'";
    check(&sandbox, &["delete", "env"], 2, misplaced, "'./delete'");
    check_raw(&sandbox, [], 2, "ENV_DIR", "Usage: rvenv");
}

#[test]
fn stops_at_the_first_target_that_fails() {
    let sandbox = furnished();
    let python = pythons()[0].path.as_os_str();
    let args = ["--without-pip", "first", "file", "last"].map(AsRef::as_ref);
    let targets = ["-p".as_ref(), python].into_iter().chain(args);
    sandbox.rvenv(targets).assert().code(1);
    assert!(sandbox.path("first/pyvenv.cfg").is_file());
    assert!(!sandbox.path("last").exists());
}

#[cfg(unix)]
#[test]
fn refuses_a_directory_that_may_not_be_written_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = furnished();
    let locked = sandbox.path("other");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    let python = pythons()[0].path.as_os_str();
    let before = tree(sandbox.path(""));
    let output = sandbox
        .unprivileged()
        .arg("-p")
        .arg(python)
        .arg("other/env")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("other/env` cannot be made: permission denied"),
        "{stderr}"
    );
    assert!(
        stderr.contains("hint: choose a directory that you may write to"),
        "{stderr}"
    );
    assert_eq!(before, tree(sandbox.path("")));
}

mod python {
    use super::*;

    #[track_caller]
    fn check(sandbox: &Sandbox, python: &str, message: &str) {
        let args = ["-p", python, "env"].map(OsString::from);
        check_raw(sandbox, args, 1, message, "--python");
    }

    #[cfg(unix)]
    fn script(sandbox: &Sandbox, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = sandbox.write(name, format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Its lines would be lines of `pyvenv.cfg`.
    #[cfg(unix)]
    #[test]
    fn refuses_a_python_whose_path_has_a_line_end() {
        let sandbox = furnished();
        let folder = sandbox.path("x\ninclude-system-site-packages = true\n");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&pythons()[0].path, folder.join("python3")).unwrap();
        let path = folder.join("python3");
        check(&sandbox, path.to_str().unwrap(), "has a control character");
    }

    #[test]
    fn refuses_a_python_that_is_not_there() {
        let sandbox = furnished();
        check(
            &sandbox,
            "./nowhere/python3",
            "nowhere/python3` does not exist",
        );
        check(
            &sandbox,
            "no-such-python",
            "there is no `no-such-python` on PATH",
        );
        check(&sandbox, "./other", "is a directory");
    }

    #[cfg(unix)]
    #[test]
    fn refuses_what_is_no_python() {
        let mut sandbox = furnished();
        script(&sandbox, "garbage", "echo '@RVENV@{\"version\": 3}'");
        script(&sandbox, "silent", "exit 0");
        script(&sandbox, "failing", "echo 'it is broken' >&2; exit 3");
        script(&sandbox, "hanging", "sleep 60");
        check(&sandbox, "./file", "failed to run");
        check(&sandbox, "./garbage", "is not a Python");
        check(&sandbox, "./silent", "is not a Python");
        check(&sandbox, "./failing", "it is broken");
        sandbox.set("RVENV_PROBE_TIMEOUT", "1");
        check(&sandbox, "./hanging", "did not answer within 1 second");
    }

    #[cfg(unix)]
    #[test]
    fn refuses_python_2() {
        let sandbox = furnished();
        let python2 =
            crate::pythons::pyenv_root().map(|root| root.join("versions/2.7.18/bin/python"));
        match python2.filter(|path| path.is_file()) {
            Some(path) => check(
                &sandbox,
                path.to_str().unwrap(),
                "is Python 2.7, which is too old",
            ),
            None => sandbox::note("skipped: no Python 2 on this machine"),
        }
    }

    /// A stand-in for a Python 2, which does not know `-I`.
    #[cfg(unix)]
    #[test]
    fn refuses_what_says_it_is_python_2() {
        let sandbox = furnished();
        script(
            &sandbox,
            "old",
            r#"[ "$1" = -E ] && echo '@RVENV@{"major": 2, "minor": 7, "is_itself": true}' || exit 2"#,
        );
        check(&sandbox, "./old", "is Python 2.7, which is too old");
    }
}
