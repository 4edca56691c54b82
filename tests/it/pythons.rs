//! The interpreters of this machine that the tests are run with: every pyenv version, Debian's `python3`, `pypy3`, and
//! whatever `python3`, `python3.X` and `pypy3` are on PATH; each real binary once, no Python 2, no environment's own.
//! `RVENV_TEST_PYTHONS` (a list like PATH) replaces the search.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::sandbox;

/// One base interpreter.
pub(crate) struct Python {
    /// As it is called in the tests.
    pub(crate) path: PathBuf,
    /// Major and minor.
    pub(crate) version: (u8, u8),
    pub(crate) is_pypy: bool,
    /// What `-m venv --help` offers, each as `--flag`.
    pub(crate) flags: BTreeSet<String>,
    /// Whether `-m venv` can put pip into an environment.
    pub(crate) seeds: bool,
    real: PathBuf,
}

impl Python {
    /// `python3.X`.
    pub(crate) fn versioned_name(&self) -> String {
        format!("python{}.{}", self.version.0, self.version.1)
    }

    pub(crate) fn knows(&self, flag: &str) -> bool {
        self.flags.contains(flag)
    }
}

/// Every interpreter to test with; at least one.
#[track_caller]
pub(crate) fn pythons() -> &'static [Python] {
    static PYTHONS: OnceLock<Vec<Python>> = OnceLock::new();
    let pythons = PYTHONS.get_or_init(|| {
        let mut found: Vec<Python> = Vec::new();
        for python in candidates().iter().filter_map(|path| ask(path)) {
            if found.iter().all(|known| known.real != python.real) {
                found.push(python);
            }
        }
        found
    });
    assert!(!pythons.is_empty(), "these tests need a python3 on PATH");
    pythons
}

/// The interpreters whose `-m venv` can put pip into an environment.
pub(crate) fn seeding_pythons() -> impl Iterator<Item = &'static Python> {
    pythons().iter().filter(|python| python.seeds)
}

/// The oldest and the newest CPython of them, for what is slow and does not depend on what lies between.
pub(crate) fn is_extreme(python: &Python) -> bool {
    let cpythons = || {
        seeding_pythons()
            .filter(|python| !python.is_pypy)
            .map(|python| python.version)
    };
    let is_first = seeding_pythons()
        .find(|known| known.version == python.version)
        .map(|known| &known.path);
    let is_edge = [cpythons().min(), cpythons().max()].contains(&Some(python.version));
    !python.is_pypy && is_edge && is_first == Some(&python.path)
}

fn candidates() -> Vec<PathBuf> {
    if let Some(list) = env::var_os("RVENV_TEST_PYTHONS") {
        return env::split_paths(&list).collect();
    }
    let mut found = pyenv_versions();
    found.extend(["/usr/bin/python3", "/usr/bin/pypy3"].map(PathBuf::from));
    for folder in env::split_paths(&sandbox::search_path()) {
        found.extend(
            ["python3", "python", "pypy3"]
                .iter()
                .map(|name| folder.join(executable(name))),
        );
        found.extend((6..30).map(|minor| folder.join(executable(&format!("python3.{minor}")))));
    }
    found.retain(|path| path.is_file());
    found
}

fn executable(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

fn pyenv_versions() -> Vec<PathBuf> {
    let Some(root) = pyenv_root() else {
        sandbox::note("no pyenv on this machine, its interpreters are not tested");
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(root.join("versions"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/python3"))
        .collect();
    found.sort();
    found
}

pub(crate) fn pyenv_root() -> Option<PathBuf> {
    let output = Command::new("pyenv")
        .arg("root")
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let root = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| PathBuf::from(root.trim_end()))
}

/// One line: what the interpreter is. A Python 2, and one that does not start, answers with an error.
const QUESTION: &str = "
import sys, os, platform
assert sys.version_info[0] == 3 and sys.prefix == sys.base_prefix
print('|'.join([str(sys.version_info[0]), str(sys.version_info[1]), platform.python_implementation(),
                os.path.realpath(sys.executable)]))
";

fn ask(path: &Path) -> Option<Python> {
    let answer = run(path, &["-I", "-B", "-c", QUESTION])?;
    let help = run(path, &["-I", "-B", "-m", "venv", "--help"])?;
    let mut fields = answer.trim_end().splitn(4, '|');
    let mut number = || fields.next()?.parse().ok();
    let version = (number()?, number()?);
    let is_pypy = fields.next()? == "PyPy";
    let real = PathBuf::from(fields.next()?);
    let words = help.split(|letter: char| !(letter.is_ascii_lowercase() || letter == '-'));
    let flags = words
        .filter(|word| word.starts_with("--"))
        .map(str::to_owned)
        .collect();
    let seeds = run(path, &["-I", "-B", "-m", "ensurepip", "--version"]).is_some();
    Some(Python {
        path: path.to_owned(),
        version,
        is_pypy,
        flags,
        seeds,
        real,
    })
}

/// What a Python prints, or nothing where it fails.
fn run(path: &Path, args: &[&str]) -> Option<String> {
    let unset = env::vars_os().map(|(key, _)| key).filter(is_pythons);
    let mut command = Command::new(path);
    for key in unset {
        command.env_remove(key);
    }
    let output = command
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn is_pythons(key: &OsString) -> bool {
    key.to_string_lossy().starts_with("PYTHON")
}

#[test]
fn every_kind_of_python_that_the_project_promises_is_tested() {
    for python in pythons() {
        let Python {
            path,
            version,
            seeds,
            ..
        } = python;
        sandbox::note(&format!("{}: {version:?}, pip: {seeds}", path.display()));
    }
    let on_linux = if cfg!(target_os = "linux") {
        &["/usr/bin/python3", "/usr/bin/pypy3"][..]
    } else {
        &[]
    };
    for path in on_linux {
        let found = ask(Path::new(path));
        if !found.is_some_and(|python| python.seeds) {
            sandbox::missing(&format!("{path} that can make an environment with pip"));
        }
    }
}
