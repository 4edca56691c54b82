//! Remembering what an interpreter said about itself, for as long as that cannot have changed.

use crate::sys::fs::{self, Stamp};
use crate::venv::interpreter::{Interpreter, probe};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::env;
use std::path::{Path, PathBuf};

/// The folder of what is remembered; another shape of [`Entry`] or of the probe gets another number.
const FOLDER: &str = "interpreters-v1";

/// An interpreter, and the files that its answer depends on as they were before it was asked.
#[derive(Serialize, Deserialize)]
struct Entry {
    called: PathBuf,
    witnesses: Vec<(PathBuf, Option<Stamp>)>,
    interpreter: Interpreter,
}

impl Entry {
    fn still_holds(&self, called: &Path) -> bool {
        self.called == called
            && self
                .witnesses
                .iter()
                .all(|(path, stamp)| Stamp::of(path) == *stamp)
    }
}

/// Returns the facts of the interpreter at `path`, from memory where nothing that they depend on has changed.
///
/// A `cache_dir` that is missing, unreadable or full of garbage only makes this slower.
///
/// # Errors
/// As [`probe::probe`].
pub(super) fn ask(cache_dir: Option<&Path>, path: &Path) -> Result<Interpreter> {
    let called = called(path)?;
    let file = cache_dir.map(|dir| dir.join(FOLDER).join(file_name(&called)));
    if let Some(interpreter) = file.as_deref().and_then(|file| recall(file, &called)) {
        return Ok(interpreter);
    }
    let own = witnesses_of(&called);
    let interpreter = probe::probe(path)?;
    if let Some(file) = file.filter(|_| !is_script(path)) {
        let witnesses = [own, witnesses_beside(&interpreter)].concat();
        // What cannot be remembered is asked again.
        remember(
            &file,
            &Entry {
                called,
                witnesses,
                interpreter: interpreter.clone(),
            },
        )
        .ok();
    }
    Ok(interpreter)
}

/// Returns the absolute form of a path, unlike that of any absolute path where it is relative: 3.11 and later take
/// `..` out of the one and not of the other.
fn called(path: &Path) -> Result<PathBuf> {
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    let here = env::current_dir().context("failed to find the current directory")?;
    Ok(here.join(".").join(path))
}

/// The name depends on the path alone, so that an upgraded interpreter takes the place of the old one.
fn file_name(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    format!("{}.json", data_encoding::HEXLOWER.encode(&digest[..16]))
}

fn recall(file: &Path, path: &Path) -> Option<Interpreter> {
    let entry: Entry = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    entry.still_holds(path).then_some(entry.interpreter)
}

fn remember(file: &Path, entry: &Entry) -> Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(file))?;
    fs::write_atomic(file, &serde_json::to_vec(entry)?)
}

/// Returns the executable and the two places of a `pyvenv.cfg` (PEP 405), which may also appear later.
fn witnesses_of(path: &Path) -> Vec<(PathBuf, Option<Stamp>)> {
    let parents = path
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join("pyvenv.cfg"));
    stamped(std::iter::once(path.to_owned()).chain(parents))
}

/// Returns the standard library and its `venv`, which packages of a distribution change without the executable.
fn witnesses_beside(interpreter: &Interpreter) -> Vec<(PathBuf, Option<Stamp>)> {
    stamped(["os.py", "venv"].map(|name| interpreter.stdlib.join(name)))
}

fn stamped(paths: impl IntoIterator<Item = PathBuf>) -> Vec<(PathBuf, Option<Stamp>)> {
    paths
        .into_iter()
        .map(|path| (path.clone(), Stamp::of(&path)))
        .collect()
}

/// Returns whether the executable is a script, whose answer may depend on anything.
fn is_script(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = [0; 2];
    fs::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && &start == b"#!"
}
