//! What a project asks for: `.python-version` and `requires-python`, and what comes before them.

use super::fake::{cpython, fail, find, pypy, set_path, started};
use crate::sandbox::Sandbox;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command as Process;
use std::time::Duration;

/// What takes longer waits for somebody.
const PATIENCE: Duration = Duration::from_secs(60);

/// A project in a repository below the folder, and interpreters beside it.
fn in_a_project() -> Sandbox {
    let mut sandbox = Sandbox::new();
    for (path, version) in [
        ("bin/python3", "3.41.0"),
        ("bin/python3.42", "3.42.0"),
        ("bin/python3.43", "3.43.0"),
        ("pyenv/versions/3.43.7/bin/python3", "3.43.7"),
        ("pyenv/versions/3.44.1/bin/python3", "3.44.1"),
        ("pyenv/versions/3.44.12/bin/python3", "3.44.12"),
        ("pyenv/versions/my-tools/bin/python3", "3.45.0"),
        ("active/bin/python3", "3.46.0"),
        ("conda/bin/python3", "3.47.0"),
        ("other/python3", "3.48.0"),
        ("evil/bin/python3", "3.49.0"),
    ] {
        cpython(&sandbox, &format!("../{path}"), version);
    }
    pypy(
        &sandbox,
        "../pyenv/versions/pypy3.44-7.3.12/bin/python3",
        "3.44.0",
        "7.3.12",
    );
    set_path(&mut sandbox, &["../bin"]);
    sandbox.set("PYENV_ROOT", sandbox.path("../pyenv"));
    sandbox.enter("repository");
    fs::create_dir(sandbox.path(".git")).unwrap();
    sandbox.enter("a/b");
    sandbox
}

/// Returns what is found without a request, below the sandbox.
#[track_caller]
fn found(sandbox: &Sandbox) -> String {
    let found = find(sandbox, &[]);
    started(sandbox);
    let root = sandbox.home().parent().unwrap();
    let path = std::path::Path::new(&found).canonicalize().unwrap();
    path.strip_prefix(root)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_version_file_chooses() {
    let sandbox = in_a_project();
    for (text, expected) in [
        ("3.42\n", "bin/python3.42"),
        ("3.42", "bin/python3.42"),
        ("# ours\n\n  3.42  # for the server\n", "bin/python3.42"),
        ("\u{feff}3.42\r\n", "bin/python3.42"),
        ("3.43", "bin/python3.43"),
        ("3.43.7", "pyenv/versions/3.43.7/bin/python3"),
        ("3.44", "pyenv/versions/3.44.12/bin/python3.44"),
        ("3.44.1", "pyenv/versions/3.44.1/bin/python3"),
        ("my-tools", "pyenv/versions/my-tools/bin/python3"),
        ("pypy3.44-7.3", "pyenv/versions/pypy3.44-7.3.12/bin/python3"),
        (
            "pypy3.44-7.3.12",
            "pyenv/versions/pypy3.44-7.3.12/bin/python3",
        ),
        ("pypy", "pyenv/versions/pypy3.44-7.3.12/bin/python3"),
        ("cpython@3.42", "bin/python3.42"),
        (">=3.42, <3.43", "bin/python3.42"),
        ("3.99\n3.42\n", "bin/python3.42"),
        ("3.99 3.42", "bin/python3.42"),
        ("system", "bin/python3"),
        ("no-such-thing", "bin/python3"),
        ("", "bin/python3"),
        ("../../evil", "bin/python3"),
        ("/usr/bin/python3", "bin/python3"),
    ] {
        sandbox.write(".python-version", text);
        let expected = expected.replace("python3.44", "python3");
        assert_eq!(found(&sandbox), expected, "{text:?}");
    }
}

/// Somebody else's repository keeps nobody waiting, and nothing in it is run.
#[test]
fn a_file_that_is_no_text_for_people_is_read_as_far_as_makes_sense() {
    let sandbox = in_a_project();
    sandbox.write(".python-version", "nothing\n".repeat(500_000));
    assert_eq!(found(&sandbox), "bin/python3");
    sandbox.write(".python-version", "3.99\n".repeat(500_000));
    fail(&sandbox, &[]);
    started(&sandbox);
    sandbox.write(".python-version", [0xff, 0, b'\n', 0x1b]);
    assert_eq!(found(&sandbox), "bin/python3");
    fs::remove_file(sandbox.path(".python-version")).unwrap();
    for file in [".python-version", "pyproject.toml"] {
        fs::create_dir(sandbox.path(file)).unwrap();
    }
    assert_eq!(found(&sandbox), "bin/python3");
    fs::remove_dir(sandbox.path(".python-version")).unwrap();
    // A pipe that nobody writes to, which is read for pyenv's shims too.
    let pipe = sandbox.path(".python-version");
    assert!(Process::new("mkfifo").arg(pipe).status().unwrap().success());
    let top = sandbox.home().parent().unwrap().to_owned();
    cpython(
        &sandbox,
        top.join("pyenv/shims/python3").to_str().unwrap(),
        "3.49.0",
    );
    let mut command = sandbox.rvenv(["python", "find"]);
    command
        .env("PATH", top.join("pyenv/shims"))
        .env("PYENV_ROOT", top.join("pyenv"));
    command.timeout(PATIENCE).assert().success();
    fs::remove_dir(sandbox.path("pyproject.toml")).unwrap();
    sandbox.write("pyproject.toml", format!("x = {}", "[".repeat(500_000)));
    assert_eq!(found(&sandbox), "bin/python3");
}

#[test]
fn the_nearest_file_up_to_the_repository_counts() {
    let sandbox = in_a_project();
    sandbox.write("../../../.python-version", "3.43\n");
    assert_eq!(found(&sandbox), "bin/python3");
    sandbox.write("../../.python-version", "3.42\n");
    assert_eq!(found(&sandbox), "bin/python3.42");
    sandbox.write(
        "../pyproject.toml",
        "[project]\nrequires-python = '>=3.43'\n",
    );
    assert_eq!(found(&sandbox), "bin/python3.42");
    sandbox.write(".python-version", "3.43\n");
    assert_eq!(found(&sandbox), "bin/python3.43");
}

#[test]
fn home_is_the_last_place_to_look() {
    let mut sandbox = Sandbox::new();
    for version in ["41", "42"] {
        cpython(
            &sandbox,
            &format!("bin/python3.{version}"),
            &format!("3.{version}.0"),
        );
    }
    set_path(&mut sandbox, &["bin"]);
    let home = sandbox.path("home");
    sandbox.set("HOME", &home);
    sandbox.write(".python-version", "3.99\n");
    sandbox.enter("home/work");
    assert_eq!(find(&sandbox, &[]).rsplit('/').next(), Some("python3.42"));
    sandbox.write("../.python-version", "3.41\n");
    assert_eq!(find(&sandbox, &[]).rsplit('/').next(), Some("python3.41"));
}

/// What stands in `/tmp` is anybody's.
#[test]
fn where_others_may_write_nothing_is_asked_for() {
    let sandbox = in_a_project();
    fs::remove_dir(sandbox.path("../../.git")).unwrap();
    sandbox.write("../../.python-version", "3.42\n");
    assert_eq!(found(&sandbox), "bin/python3.42");
    let open = fs::Permissions::from_mode(0o777);
    fs::set_permissions(sandbox.path("../.."), open).unwrap();
    assert_eq!(found(&sandbox), "bin/python3");
}

#[test]
fn requires_python_is_a_range() {
    let sandbox = in_a_project();
    for (text, expected) in [
        ("[project]\nrequires-python = '>=3.40'\n", "bin/python3"),
        ("[project]\nrequires-python = '>=3.42'\n", "bin/python3.43"),
        (
            "[project]\nrequires-python = '>=3.42,<3.43'\n",
            "bin/python3.42",
        ),
        (
            "[project]\nrequires-python = '~=3.44.5'\n",
            "pyenv/versions/3.44.12/bin/python3",
        ),
        ("[project]\nname = 'a'\n", "bin/python3"),
        ("[tool.x]\nrequires-python = '>=3.42'\n", "bin/python3"),
        ("[project]\nrequires-python = '^3.42'\n", "bin/python3"),
        ("[project]\nrequires-python = 3.42\n", "bin/python3"),
        ("not toml at all", "bin/python3"),
        ("", "bin/python3"),
    ] {
        sandbox.write("pyproject.toml", text);
        assert_eq!(found(&sandbox), expected, "{text}");
    }
}

#[test]
fn what_is_asked_for_and_not_there_is_an_error_that_says_who_asks() {
    let sandbox = in_a_project();
    sandbox.write("pyproject.toml", "[project]\nrequires-python = '>=3.98'\n");
    let said = fail(&sandbox, &[]);
    assert!(
        said.contains("`>=3.98`") && said.contains("pyproject.toml` asks for"),
        "{said}"
    );
    sandbox.write(".python-version", "3.99\n");
    let said = fail(&sandbox, &[]);
    assert!(
        said.contains("`3.99`") && said.contains(".python-version` asks for"),
        "{said}"
    );
    assert!(said.contains("bin/python3` is 3.41.0"), "{said}");
    sandbox.rvenv(["--without-pip", "env"]).assert().code(1);
    assert!(!sandbox.path("env").exists());
    assert!(find(&sandbox, &["3.42"]).ends_with("bin/python3.42"));
}

#[test]
fn what_is_asked_for_and_not_understood_is_told() {
    let mut sandbox = in_a_project();
    sandbox.enter("\u{1b}[31m");
    sandbox.write(
        ".python-version",
        "no-such-thing\n/usr/bin/python3\n\u{1b}[31m\n",
    );
    sandbox.write("pyproject.toml", "[project]\nrequires-python = '^3.9'\n");
    let output = sandbox.rvenv(["python", "find"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for what in [
        "`no-such-thing`",
        "`/usr/bin/python3`",
        "`^3.9` is no range",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    assert!(
        said.lines().all(|line| line.starts_with("warning: ")),
        "{said}"
    );
    assert!(!said.contains('\u{1b}'), "{said}");
}

#[test]
fn each_is_asked_only_where_nothing_before_it_asks() {
    let mut sandbox = in_a_project();
    sandbox.write("pyproject.toml", "[project]\nrequires-python = '>=3.43'\n");
    assert_eq!(found(&sandbox), "bin/python3.43");
    sandbox.write(".python-version", "3.42\n");
    assert_eq!(found(&sandbox), "bin/python3.42");
    sandbox.set("PYENV_VERSION", "3.44.1");
    assert_eq!(found(&sandbox), "pyenv/versions/3.44.1/bin/python3");
    let top = sandbox.home().parent().unwrap().to_owned();
    sandbox.set("CONDA_PREFIX", top.join("conda"));
    assert_eq!(found(&sandbox), "conda/bin/python3");
    sandbox.set("CONDA_DEFAULT_ENV", "base");
    assert_eq!(found(&sandbox), "pyenv/versions/3.44.1/bin/python3");
    sandbox.set("CONDA_DEFAULT_ENV", "science");
    assert_eq!(found(&sandbox), "conda/bin/python3");
    sandbox.set("VIRTUAL_ENV", top.join("active"));
    assert_eq!(found(&sandbox), "active/bin/python3");
    sandbox.set("RVENV_PYTHON", top.join("other/python3"));
    assert_eq!(found(&sandbox), "other/python3");
    assert!(find(&sandbox, &["3.42"]).ends_with("bin/python3.42"));
}
