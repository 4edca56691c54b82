//! Environments as the Python of further ones.

use std::fs;
use std::path::{Path, PathBuf};

use crate::parity::call::{Ground, Invocation};
use crate::sandbox::{RVENV, note};

/// One of copies; `None` for PyPy, which would copy all that is beside it.
pub(super) fn of_copies(it: &Ground) -> Option<PathBuf> {
    let copies = || it.environment(it.path(), "--copies", "one");
    (!it.python.is_pypy).then(copies)
}

pub(super) fn second_of_copies(it: &Ground) -> Option<PathBuf> {
    let one = of_copies(it)?.join("bin/python");
    Some(it.environment(&one, "--copies", "two"))
}

pub(super) fn third(it: &Ground) -> PathBuf {
    let two = it.environment(&it.one().join("bin/python3"), "--symlinks", "two");
    it.environment(&two.join("bin/python"), "--symlinks", "three")
}

/// `python3.X` in one; `None` where there is no such name.
pub(super) fn versioned(it: &Ground) -> Option<PathBuf> {
    let path = it.one().join("bin").join(it.versioned());
    path.exists().then_some(path)
}

/// With nothing asked for.
pub(super) fn active(it: &Ground) -> Invocation {
    Invocation::active(it, "VIRTUAL_ENV", it.one())
}

/// One that was moved after it was made.
pub(super) fn moved(it: &Ground) -> PathBuf {
    let elsewhere = it.setup.join("elsewhere");
    fs::rename(it.one(), &elsewhere).unwrap();
    elsewhere
}

/// The executable of one with `pyvenv.cfg` beside it, which is the other place of PEP 405.
pub(super) fn flat(it: &Ground) -> PathBuf {
    let home = format!("home = {}\n", it.folder().display());
    it.write("flat/pyvenv.cfg", &home);
    it.linked("flat/python3")
}

pub(super) fn of_rvenv(it: &Ground, flag: &str) -> PathBuf {
    made_by(it, Path::new(RVENV), &["--without-pip", flag]).unwrap()
}

pub(super) fn of_rvenvs_copies(it: &Ground) -> Option<PathBuf> {
    (!it.python.is_pypy).then(|| of_rvenv(it, "--copies"))
}

/// `None` where virtualenv does not know this version any more.
pub(super) fn of_virtualenv(it: &Ground, flag: &str) -> Option<PathBuf> {
    made_by(it, &peer("virtualenv")?, &["--no-seed", flag])
}

/// `None` where uv does not know this version any more.
pub(super) fn of_uv(it: &Ground) -> Option<PathBuf> {
    made_by(it, &peer("uv")?, &["venv", "--offline", "--no-config"])
}

fn peer(name: &str) -> Option<PathBuf> {
    let found = which::which(name).ok();
    if found.is_none() {
        note(&format!("skipped: no {name} on this machine"));
    }
    found
}

fn made_by(it: &Ground, program: &Path, args: &[&str]) -> Option<PathBuf> {
    let path = it.setup.join("made");
    let mut command = it.sandbox.command(program);
    command.args(args).arg("-p").arg(it.path()).arg(&path);
    command.output().unwrap().status.success().then_some(path)
}
