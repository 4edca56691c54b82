//! In which order interpreters are looked for, and which of them are started.

use super::fake::{cpython, executable, fail, fake, find, pypy, set_path, started};
use crate::sandbox::Sandbox;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

/// Versions that no real interpreter has, so that those of the machine never fit.
fn on_path() -> Sandbox {
    let mut sandbox = Sandbox::new();
    cpython(&sandbox, "one/python", "3.41.0");
    cpython(&sandbox, "two/python3", "3.42.1");
    cpython(&sandbox, "two/python3.43", "3.43.0");
    cpython(&sandbox, "two/python3.45", "3.45.0");
    cpython(&sandbox, "three/python3.42", "3.42.5");
    cpython(&sandbox, "three/python3.43", "3.43.9");
    pypy(&sandbox, "two/pypy3.44", "3.44.0", "7.3.1");
    pypy(&sandbox, "four/pypy3", "3.46.0", "7.4.2");
    pypy(&sandbox, "five/python3", "3.46.0", "7.5.0");
    set_path(
        &mut sandbox,
        &["missing", "one", "two", "three", "four", "five"],
    );
    sandbox
}

#[test]
fn the_first_on_path_that_fits_is_taken() {
    let sandbox = on_path();
    for (request, expected) in [
        ("3", "one/python"),
        ("python", "one/python"),
        ("3.41", "one/python"),
        ("3.42", "two/python3"),
        ("342", "two/python3"),
        ("python3.42", "two/python3"),
        ("cp342", "two/python3"),
        ("3.42.5", "three/python3.42"),
        ("==3.42.*", "two/python3"),
        ("==3.42", "two/python3"),
        (">3.42.1,<3.43", "three/python3.42"),
        (">=3.42", "two/python3"),
        (">=3.43", "two/python3.45"),
        (">=3.43,<3.45", "two/python3.43"),
        ("~=3.43.5", "three/python3.43"),
        ("!=3.41.0,>=3.41", "two/python3"),
        ("3.43", "two/python3.43"),
        ("3.44", "two/pypy3.44"),
        ("pypy", "two/pypy3.44"),
        ("pypy3.44", "two/pypy3.44"),
        ("pypy3.46", "four/pypy3"),
        ("pypy3.46-7.5", "five/python3"),
        ("3.46", "five/python3"),
        ("cpython-3.43-linux-x86_64-gnu", "two/python3.43"),
    ] {
        assert_eq!(find(&sandbox, &[request]), expected, "{request}");
    }
    assert_eq!(find(&sandbox, &[]), "one/python");
}

#[test]
fn of_several_requests_the_first_that_is_found_wins() {
    let mut sandbox = on_path();
    assert_eq!(find(&sandbox, &["3.99", "3.43", "3.42"]), "two/python3.43");
    assert_eq!(
        find(&sandbox, &["./nothing", "nothing", "3.42"]),
        "two/python3"
    );
    assert_eq!(find(&sandbox, &["2.7", "3.12t", "3.42"]), "two/python3");
    assert_eq!(find(&sandbox, &["-p", "3.43"]), "two/python3.43");
    sandbox
        .rvenv(["--without-pip", "-p", "3.99", "-p", "3.43", "env"])
        .assert()
        .success();
    let link = fs::read_link(sandbox.path("env/bin/python3.43")).unwrap();
    assert_eq!(link, sandbox.path("two/python3.43"));
    let said = fail(&sandbox, &["3.98", "3.99"]);
    assert!(said.contains("`3.98` or `3.99`"), "{said}");
    sandbox.set("RVENV_PYTHON", "3.42");
    assert_eq!(find(&sandbox, &[]), "two/python3");
    assert_eq!(find(&sandbox, &["3.43"]), "two/python3.43");
    sandbox.set("RVENV_PYTHON", "");
    assert_eq!(find(&sandbox, &[]), "one/python");
}

#[test]
fn what_the_name_rules_out_is_never_started_and_nothing_is_started_twice() {
    let sandbox = on_path();
    find(&sandbox, &["3.42.5"]);
    assert_eq!(
        started(&sandbox),
        ["one/python", "two/python3", "three/python3.42"]
    );
    find(&sandbox, &["pypy3.44"]);
    assert_eq!(started(&sandbox), ["one/python", "two/pypy3.44"]);
    fail(&sandbox, &["3.42.7", "3.42.8"]);
    let mut first = started(&sandbox);
    first.sort_unstable();
    let all = [
        "five/python3",
        "four/pypy3",
        "one/python",
        "three/python3.42",
        "two/python3",
    ];
    assert_eq!(first, all);
}

#[test]
fn an_error_names_those_that_there_are_and_why_they_do_not_fit() {
    let sandbox = on_path();
    let said = fail(&sandbox, &["3.42.7"]);
    for (path, why) in [
        ("one/python", "is 3.41.0"),
        ("two/python3", "is 3.42.1"),
        ("two/python3.45", "is 3.45, by its name"),
        ("four/pypy3", "is 3.46.0"),
    ] {
        let line = format!("`{}` {why}", sandbox.path(path).display());
        assert!(said.contains(&line), "{line}\n{said}");
    }
    let said = fail(&sandbox, &["cpython3.44"]);
    assert!(
        said.contains("two/pypy3.44` is pypy 3.44, by its name"),
        "{said}"
    );
    let said = fail(&sandbox, &["3.43t"]);
    assert!(
        said.contains("two/python3.43` is not free-threaded"),
        "{said}"
    );
}

#[test]
fn what_is_hardly_meant_is_taken_for_want_of_another() {
    let mut sandbox = Sandbox::new();
    let free = json!({ "version": [3, 43, 1], "free_threaded": true });
    let preview = json!({ "version": [3, 44, 0], "pre_release": "rc1" });
    let debug = json!({ "version": [3, 45, 0], "debug": true });
    fake(&sandbox, "free/python3.43t", &free);
    fake(&sandbox, "free/python3.43", &free);
    fake(&sandbox, "preview/python3.44", &preview);
    cpython(&sandbox, "late/python3.43", "3.43.2");
    fake(&sandbox, "debug/python3.45-dbg", &debug);
    set_path(&mut sandbox, &["free", "preview"]);
    assert_eq!(find(&sandbox, &["3.43"]), "free/python3.43");
    assert_eq!(find(&sandbox, &["3.43t"]), "free/python3.43t");
    fs::remove_file(sandbox.path("free/python3.43")).unwrap();
    assert_eq!(find(&sandbox, &["3.43"]), "free/python3.43t");
    assert_eq!(find(&sandbox, &[">=3.43.5"]), "preview/python3.44");
    set_path(&mut sandbox, &["free", "preview", "late"]);
    assert_eq!(find(&sandbox, &["3.43"]), "late/python3.43");
    assert_eq!(find(&sandbox, &[">=3.43"]), "late/python3.43");
    assert_eq!(find(&sandbox, &["3.44"]), "preview/python3.44");
    assert_eq!(find(&sandbox, &["3.44.0rc1"]), "preview/python3.44");
    set_path(&mut sandbox, &["debug"]);
    assert_eq!(find(&sandbox, &["3.45d"]), "debug/python3.45-dbg");
}

/// Directories of PATH with a `python3` that does not run, and why.
const BROKEN: [(&str, &str); 7] = [
    ("failing", "out of order"),
    ("silent", "is not a Python"),
    ("hanging", "did not answer"),
    ("endless", "did not answer"),
    ("old", "is Python 2.7"),
    ("foreign", "does not run"),
    ("missing", "does not run"),
];

/// Directories of PATH in which `python3` is nothing that may be run.
const NOTHING: [&str; 3] = ["plain", "directory", "dangling"];

fn with_broken_ones() -> Sandbox {
    let mut sandbox = Sandbox::new();
    executable(
        &sandbox,
        "failing/python3",
        "echo 'out of order' >&2; exit 1",
    );
    executable(&sandbox, "silent/python3", "exit 0");
    executable(&sandbox, "hanging/python3", "exec sleep 600");
    executable(&sandbox, "endless/python3", "while :; do echo; done");
    let old = "case \"$*\" in *-c*) echo '@RVENV@{\"major\": 2, \"minor\": 7, \"is_itself\": true}';; *) exit 1;; esac";
    executable(&sandbox, "old/python3", old);
    let foreign = b"\x7fELF\x02\x01\x01\0 of another machine";
    let foreign = sandbox.write("foreign/python3", foreign);
    let missing = sandbox.write("missing/python3", "#!/nowhere/python\n");
    for path in [foreign, missing] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    sandbox.write("plain/python3", "no executable\n");
    fs::create_dir_all(sandbox.path("directory/python3")).unwrap();
    fs::create_dir_all(sandbox.path("dangling")).unwrap();
    symlink("nowhere", sandbox.path("dangling/python3")).unwrap();
    symlink("python3", sandbox.path("dangling/python")).unwrap();
    cpython(&sandbox, "good/python3", "3.42.0");
    sandbox.set("RVENV_PROBE_TIMEOUT", "1");
    let dirs = BROKEN.iter().map(|(dir, _)| *dir).chain(NOTHING);
    set_path(&mut sandbox, &dirs.chain(["good"]).collect::<Vec<_>>());
    sandbox
}

#[test]
fn what_does_not_run_is_skipped_on_path_and_an_error_by_path() {
    let sandbox = with_broken_ones();
    let output = sandbox.rvenv(["-v", "python", "find"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for (dir, why) in BROKEN {
        let path = sandbox.path(dir).join("python3");
        let path = path.to_str().unwrap();
        let line = said.lines().find(|line| line.contains(path));
        let line = line.unwrap_or_else(|| panic!("{dir}: {said}"));
        assert!(
            line.starts_with("skipped: ") && line.contains(why),
            "{line}"
        );
        let said = fail(&sandbox, &[path]);
        assert!(said.contains(why), "{said}");
    }
    for dir in NOTHING {
        fail(&sandbox, &[&format!("{dir}/python3")]);
    }
    assert_eq!(find(&sandbox, &[]), "good/python3");
}

#[test]
fn a_directory_is_an_installation_or_an_environment() {
    let mut sandbox = Sandbox::new();
    cpython(&sandbox, "installation/bin/python3.42", "3.42.0");
    cpython(&sandbox, "windows/python", "3.42.0");
    cpython(&sandbox, "3.41/bin/python3", "3.42.0");
    cpython(&sandbox, "2024env/bin/python3", "3.42.0");
    fs::create_dir_all(sandbox.path("empty/bin")).unwrap();
    set_path(&mut sandbox, &[]);
    for (request, expected) in [
        ("./installation", "installation/bin/python3.42"),
        ("installation/", "installation/bin/python3.42"),
        ("installation/bin", "installation/bin/python3.42"),
        ("installation", "installation/bin/python3.42"),
        ("windows", "windows/python"),
        ("./3.41", "3.41/bin/python3"),
        ("2024env", "2024env/bin/python3"),
    ] {
        let found = find(&sandbox, &[request]);
        assert_eq!(found.trim_start_matches("./"), expected, "{request}");
    }
    for request in ["./empty", "empty", "./nowhere"] {
        fail(&sandbox, &[request]);
    }
}

#[test]
fn a_name_on_path_comes_before_a_file_here_and_behind_a_directory() {
    let mut sandbox = Sandbox::new();
    cpython(&sandbox, "bin/my-python", "3.42.0");
    cpython(&sandbox, "my-python", "3.43.0");
    set_path(&mut sandbox, &["bin"]);
    assert_eq!(find(&sandbox, &["my-python"]), "bin/my-python");
    set_path(&mut sandbox, &[]);
    assert!(find(&sandbox, &["my-python"]).ends_with("my-python"));
    let run = executable(&sandbox, "bin/tests", "touch run");
    fs::create_dir(sandbox.path("tests")).unwrap();
    set_path(&mut sandbox, &["bin"]);
    let said = fail(&sandbox, &["tests"]);
    assert!(said.contains("is a directory without a Python"), "{said}");
    assert!(run.exists() && !sandbox.path("run").exists());
}

#[test]
fn what_cannot_be_meant_is_answered_with_the_forms() {
    let sandbox = on_path();
    for request in [
        "3..42",
        "3.42.1.1",
        ">=x",
        "=3.42",
        ">3.40<3.42",
        "3.42t3",
        "nothing",
        "pyhton3.42",
        "a b",
        "3.42-nonsense",
        "2.7",
        "3.12t",
        "python2",
    ] {
        let output = sandbox.rvenv(["-p", request, "env"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{request}: {said}");
        assert!(
            said.contains(&format!("`{request}`")) && said.contains("hint: "),
            "{said}"
        );
        assert!(!sandbox.path("env").exists());
    }
    let said = fail(&sandbox, &["3..42"]);
    assert!(
        said.contains("`'>=3.10,<3.13'`") && said.contains("`pypy`"),
        "{said}"
    );
    assert_eq!(started(&sandbox), Vec::<String>::new());
}
