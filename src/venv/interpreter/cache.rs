//! Remembering what an interpreter said about itself, for as long as that cannot have changed.

use crate::sys::fs::{self, Witness};
use crate::sys::memo::{self, Memo};
use crate::venv::interpreter::probe::{self, Answer, Patience};
use crate::venv::interpreter::{Interpreter, Known};
use crate::venv::pyvenv_cfg;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::env;
use std::path::{Path, PathBuf};

/// The folder of what is remembered; another shape of [`Entry`] or of the probe gets another number.
pub(crate) const FOLDER: &str = "interpreters-v3";

/// An interpreter, and the files that its answer depends on as they were before it was asked.
#[derive(Serialize, Deserialize)]
struct Entry {
    called: PathBuf,
    witnesses: Vec<Witness>,
    answer: Answer,
}

impl Entry {
    fn still_holds(&self, called: &Path) -> bool {
        self.called == called && self.witnesses.iter().all(Witness::still_holds)
    }
}

/// Returns the facts of the interpreter at `path`, from memory where nothing that they depend on has changed.
///
/// A `cache_dir` that is missing, unreadable or full of garbage only makes this slower.
///
/// # Errors
/// As [`probe::probe`], and when it is too old.
pub(super) fn ask(cache_dir: Option<&Path>, path: &Path, patience: Patience) -> Result<Known> {
    let called = called(path)?;
    let folder = cache_dir.map(|dir| dir.join(FOLDER));
    let mut memo = Memo::read(folder.as_deref(), &called);
    let known = memo
        .first()
        .filter(|entry: &Entry| entry.still_holds(&called));
    if let Some(entry) = known {
        return known_of(path, entry.answer, memo);
    }
    let own = witnesses_of(&called);
    let answer = probe::probe(path, patience)?;
    let beside = match &answer {
        Answer::Facts(interpreter) => witnesses_beside(interpreter),
        Answer::TooOld(_) => Vec::new(),
    };
    if !is_its_own(path, &answer) {
        return known_of(path, answer, Memo::nowhere());
    }
    let witnesses = [own, beside].concat();
    let entry = Entry {
        called,
        witnesses,
        answer,
    };
    // What cannot be remembered is asked again.
    memo.remember_first(&entry).ok();
    known_of(path, entry.answer, memo)
}

fn known_of(path: &Path, answer: Answer, memo: Memo) -> Result<Known> {
    match answer {
        Answer::Facts(interpreter) => Ok(Known {
            interpreter: *interpreter,
            memo,
        }),
        Answer::TooOld(version) => Err(probe::too_old(path, version)),
    }
}

/// Returns whether the answer is that of the executable itself: that of a script or of a program that starts another one
/// (the shims of mise and asdf) may depend on anything.
fn is_its_own(path: &Path, answer: &Answer) -> bool {
    if is_script(path) {
        return false;
    }
    match answer {
        Answer::Facts(interpreter) => {
            let real = fs::real(path);
            real == fs::real(&interpreter.executable)
        }
        Answer::TooOld(version) => version.is_itself,
    }
}

/// What is remembered of an interpreter.
#[derive(Debug)]
pub(crate) struct Remembered {
    /// What it was called.
    pub(crate) called: PathBuf,
    pub(crate) interpreter: Interpreter,
    pub(crate) standing: Standing,
    pub(crate) memo: Memo,
}

/// Whether what is remembered is still so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Holds,
    /// It will be asked again.
    Changed,
    /// Nothing is where it was.
    Gone,
}

/// Returns the files of what is remembered in a store, and what they say, `None` where that cannot be understood.
///
/// # Errors
/// When the folder cannot be listed.
pub(crate) fn remembered(folder: &Path) -> Result<Vec<(PathBuf, Option<Remembered>)>> {
    let files = memo::files(folder)?.into_iter();
    let read = |file: PathBuf| {
        let remembered = Remembered::of(Memo::of_file(file.clone()));
        (file, remembered)
    };
    Ok(files.map(read).collect())
}

impl Remembered {
    fn of(memo: Memo) -> Option<Self> {
        let entry: Entry = memo.first()?;
        let standing = if entry.still_holds(&entry.called) {
            Standing::Holds
        } else if entry.called.exists() {
            Standing::Changed
        } else {
            Standing::Gone
        };
        let Answer::Facts(interpreter) = entry.answer else {
            return None;
        };
        Some(Self {
            called: entry.called,
            interpreter: *interpreter,
            standing,
            memo,
        })
    }
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

/// Returns the executable and the two places of a `pyvenv.cfg` (PEP 405), which may also appear later.
fn witnesses_of(path: &Path) -> Vec<Witness> {
    let parents = path
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(pyvenv_cfg::FILE_NAME));
    std::iter::once(path.to_owned())
        .chain(parents)
        .map(Witness::of)
        .collect()
}

/// Returns the standard library and its `venv`, which packages of a distribution change without the executable.
fn witnesses_beside(interpreter: &Interpreter) -> Vec<Witness> {
    ["os.py", "venv"]
        .map(|name| Witness::of(interpreter.stdlib.join(name)))
        .into()
}

/// Returns whether the executable is a script, whose answer may depend on anything.
fn is_script(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = [0; 2];
    fs::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && &start == b"#!"
}
