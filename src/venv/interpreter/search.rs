//! Looking at one interpreter after the other until one fits, and remembering why the others did not.

use crate::error::Hinted;
use crate::sys::{fs, interrupt};
use crate::ui::Ui;
use crate::venv::interpreter::place::{self, ALL_STEMS, Place, Stems};
use crate::venv::interpreter::probe::Patience;
use crate::venv::interpreter::request::{Fit, Spec};
use crate::venv::interpreter::{Interpreter, Known, cache, installed, pyenv};
use anyhow::Result;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// How many interpreters that do not fit are named.
const MOST_NAMED: usize = 24;

/// Which places are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// `PATH`, then all others that are known of.
    Everywhere,
    /// `PATH` without the shims of pyenv: what pyenv calls `system`.
    System,
}

impl Extent {
    fn places(self) -> Box<dyn Iterator<Item = Place>> {
        match self {
            Self::Everywhere => Box::new(everywhere()),
            Self::System => Box::new(place::on_path().filter(|place| !pyenv::is_shims(&place.dir))),
        }
    }
}

/// Returns the directories on `PATH`, then those of all installations.
pub(super) fn everywhere() -> impl Iterator<Item = Place> {
    place::on_path().chain(std::iter::once_with(installed::everywhere).flatten())
}

/// A search, and what has come of it so far.
pub(super) struct Search<'a> {
    pub(super) ui: Ui,
    pub(super) cache_dir: Option<&'a Path>,
    /// What was asked, and its answer or why there is none.
    answers: HashMap<PathBuf, Result<Known, String>>,
    /// What the present search has looked at, and the files of those that are what they seem.
    seen: HashSet<PathBuf>,
    files: HashSet<Option<[u64; 5]>>,
    /// Why each is not the one.
    passed_over: Vec<String>,
    /// The first that hardly fits.
    second: Option<(PathBuf, Place)>,
}

impl<'a> Search<'a> {
    pub(super) fn new(ui: Ui, cache_dir: Option<&'a Path>) -> Self {
        Self {
            ui,
            cache_dir,
            answers: HashMap::new(),
            seen: HashSet::new(),
            files: HashSet::new(),
            passed_over: Vec::new(),
            second: None,
        }
    }

    /// Returns the first that fits; what hardly does only where nothing else does.
    ///
    /// # Errors
    /// When this process is interrupted.
    pub(super) fn fitting(&mut self, spec: &Spec, extent: Extent) -> Result<Option<Known>> {
        self.begin();
        for stems in [spec.stems(), spec.alternative_stems()] {
            let found = self.among(extent.places(), spec, stems)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let second = self.second.take();
        Ok(second.and_then(|(path, place)| self.take(&path, &place)))
    }

    /// Returns the first of any kind.
    ///
    /// # Errors
    /// When this process is interrupted.
    pub(super) fn first(&mut self, places: impl Iterator<Item = Place>) -> Result<Option<Known>> {
        self.begin();
        self.among(places, &Spec::default(), ALL_STEMS)
    }

    fn begin(&mut self) {
        self.seen.clear();
        self.files.clear();
    }

    fn among(
        &mut self,
        places: impl Iterator<Item = Place>,
        spec: &Spec,
        stems: Stems,
    ) -> Result<Option<Known>> {
        for place in places.filter(|place| !stems.is_empty() && place.admits(spec)) {
            for path in place.executables(spec, stems) {
                if self.is_the_one(&path, &place, spec) {
                    return Ok(self.take(&path, &place));
                }
                interrupt::check()?;
            }
        }
        Ok(None)
    }

    /// Returns whether the interpreter at `path` fits well; none is asked twice.
    fn is_the_one(&mut self, path: &Path, place: &Place, spec: &Spec) -> bool {
        let is_new = self.seen.insert(path.to_owned());
        if !is_new || !self.files.is_empty() && self.files.contains(&fs::stamp(path)) {
            return false;
        }
        let interpreter = match self.ask(path) {
            Ok(interpreter) => interpreter,
            Err(reason) => {
                let reason = reason.clone();
                self.pass_over(reason);
                return false;
            }
        };
        let is_itself = interpreter.executable == path && interpreter.base_executable == path;
        match spec.fits(interpreter) {
            Fit::Well => return true,
            Fit::Hardly if self.second.is_none() => {
                self.second = Some((path.to_owned(), place.clone()));
            }
            Fit::Hardly => {}
            Fit::Not(otherwise) => self.pass_over(format!("`{}` is {otherwise}", path.display())),
        }
        if is_itself {
            self.files.insert(fs::stamp(path));
        }
        false
    }

    fn ask(&mut self, path: &Path) -> Result<&Interpreter, &String> {
        let ask = || {
            let known = cache::ask(self.cache_dir, path, Patience::InPassing);
            known.map_err(|err| format!("{err:#}"))
        };
        let answer = self.answers.entry(path.to_owned()).or_insert_with(ask);
        answer.as_ref().map(|known| &known.interpreter)
    }

    fn take(&mut self, path: &Path, place: &Place) -> Option<Known> {
        let (shown, keeper) = (path.display(), place.keeper);
        self.ui.note(format_args!("found: `{shown}` ({keeper})"));
        self.answers.remove(path)?.ok()
    }

    /// Keeps in mind, and says who wants to know, why something is not the one.
    pub(super) fn pass_over(&mut self, reason: String) {
        self.ui.note(format_args!("skipped: {reason}"));
        if !self.passed_over.contains(&reason) {
            self.passed_over.push(reason);
        }
    }

    /// Returns an error that says that nothing is what was `asked`, and why each that there is does not fit.
    pub(super) fn nothing_fits(&mut self, asked: &str, hint: &str) -> anyhow::Error {
        let mut reasons = std::mem::take(&mut self.passed_over);
        reasons.extend(self.unseen());
        let more = reasons.len().saturating_sub(MOST_NAMED);
        reasons.truncate(MOST_NAMED);
        if more > 0 {
            reasons.push(format!("and {more} more"));
        }
        reasons.insert(0, format!("there is no Python that is {asked}"));
        Hinted::error(reasons.join("\n  "), hint)
    }

    /// Returns the interpreters that were not asked, as their names say that they do not fit.
    fn unseen(&self) -> Vec<String> {
        let mut seen: HashSet<PathBuf> = self.answers.keys().cloned().collect();
        let mut files: HashSet<_> = seen.iter().map(|path| fs::stamp(path)).collect();
        let mut unseen = Vec::new();
        for place in everywhere() {
            for path in place.executables(&Spec::default(), ALL_STEMS) {
                if seen.insert(path.clone()) && files.insert(fs::stamp(&path)) {
                    let name = place.by_name(&path);
                    unseen.push(format!("`{}` is {name}, by its name", path.display()));
                }
            }
        }
        unseen
    }
}
