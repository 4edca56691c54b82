//! What is remembered of an interpreter, and when that no longer holds.

use super::fake::{cpython, executable, fail, set_path, started};
use super::{create, home};
use crate::pythons::{Python, pythons};
use crate::sandbox::{Sandbox, missing, note};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Two interpreters of the machine that differ in their minor version.
fn two() -> Option<[&'static Python; 2]> {
    let first = &pythons()[0];
    let other = pythons()
        .iter()
        .find(|python| python.version != first.version);
    if other.is_none() {
        missing("second Python");
    }
    Some([first, other?])
}

/// Returns `version` of the environment that was made.
fn version(sandbox: &Sandbox) -> String {
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    let line = cfg
        .lines()
        .find(|line| line.starts_with("version"))
        .unwrap();
    line.split(" = ").nth(1).unwrap().to_owned()
}

fn begins(version: &str, python: &Python) -> bool {
    version.starts_with(&format!("{}.{}.", python.version.0, python.version.1))
}

/// As a package manager does: a new file takes the name of the old one.
#[test]
fn an_interpreter_that_is_replaced_is_asked_again() {
    let Some([first, second]) = two() else {
        return;
    };
    let mut sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("bin")).unwrap();
    sandbox.set_path(sandbox.path("bin"));
    for python in [first, second, first] {
        symlink(&python.path, sandbox.path("new")).unwrap();
        fs::rename(sandbox.path("new"), sandbox.path("bin/python3")).unwrap();
        create(&sandbox, &[]);
        assert!(begins(&version(&sandbox), python), "{}", version(&sandbox));
        create(&sandbox, &[]);
        assert!(begins(&version(&sandbox), python));
    }
}

#[test]
fn two_versions_of_pyenv_are_switched_by_a_file_between_two_runs() {
    let Some([first, second]) = two() else {
        return;
    };
    let mut sandbox = Sandbox::new();
    let shim = "echo 'the shim was run' >&2; exit 1";
    executable(&sandbox, "pyenv/shims/python3", shim);
    for (name, python) in [("one", first), ("two", second)] {
        let bin = sandbox.path(format!("pyenv/versions/{name}/bin"));
        fs::create_dir_all(&bin).unwrap();
        symlink(&python.path, bin.join("python3")).unwrap();
    }
    sandbox.set("PYENV_ROOT", sandbox.path("pyenv"));
    sandbox.set_path(sandbox.path("pyenv/shims"));
    for (name, python) in [("one", first), ("two", second), ("one", first)] {
        sandbox.write(".python-version", format!("{name}\n"));
        create(&sandbox, &[]);
        assert!(begins(&version(&sandbox), python), "{name}");
        let bin = sandbox.path("pyenv/versions").join(name).join("bin");
        assert_eq!(Path::new(&home(&sandbox)), bin);
    }
}

/// As the shims of mise and asdf, which are programs: what they lead to depends on what they read.
#[test]
fn a_program_that_starts_another_python_is_asked_every_time_and_never_recorded() {
    let Some([first, second]) = two() else {
        return;
    };
    let mut sandbox = Sandbox::new();
    let source = r#"
        #include <stdlib.h>
        #include <unistd.h>
        int main(int argc, char **argv) {
            argv[0] = getenv("SHIM_LEADS_TO");
            return execv(argv[0], argv);
        }
    "#;
    let source = sandbox.write("shim.c", source);
    fs::create_dir(sandbox.path("bin")).unwrap();
    let shim = sandbox.path("bin/python3");
    let compiler = sandbox
        .command("cc")
        .arg("-o")
        .args([&shim, &source])
        .output();
    if !compiler.is_ok_and(|output| output.status.success()) {
        return missing("C compiler");
    }
    sandbox.set_path(sandbox.path("bin"));
    if let Some(old) = old_python() {
        sandbox.set("SHIM_LEADS_TO", old);
        let said = fail(&sandbox, &["bin/python3"]);
        assert!(said.contains("is Python 2."), "{said}");
    }
    for python in [first, second, first] {
        sandbox.set("SHIM_LEADS_TO", &python.path);
        create(&sandbox, &[]);
        assert!(begins(&version(&sandbox), python));
        assert_eq!(Path::new(&home(&sandbox)), python.path.parent().unwrap());
        let link = sandbox.path("env/bin/python").canonicalize().unwrap();
        assert_eq!(link, python.path.canonicalize().unwrap());
    }
}

/// Python 2 as `python` is still the first on some PATHs.
#[test]
fn a_python_that_is_too_old_is_asked_once() {
    let Some(old) = old_python() else {
        return note("skipped: no Python 2 on this machine");
    };
    let mut sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("old")).unwrap();
    symlink(old, sandbox.path("old/python")).unwrap();
    cpython(&sandbox, "new/python3", "3.42.0");
    set_path(&mut sandbox, &["old", "new"]);
    let said = create(&sandbox, &[]);
    assert!(said.contains("old/python` is Python 2."), "{said}");
    started(&sandbox);
    // With no time for an answer, what is said is from memory.
    sandbox.set("RVENV_PROBE_TIMEOUT", "0");
    let output = sandbox.rvenv(["-v", "python", "find"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("old/python` is Python 2."), "{said}");
}

fn old_python() -> Option<std::path::PathBuf> {
    let versions = crate::pythons::pyenv_root()?.join("versions");
    let versions = fs::read_dir(versions).ok()?.flatten();
    let mut bins = versions.map(|version| version.path().join("bin/python2.7"));
    bins.find(|bin| bin.is_file())
}
