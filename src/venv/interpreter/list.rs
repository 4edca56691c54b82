//! All interpreters that there are.

use crate::sys::{fs, interrupt, parallel};
use crate::ui::Ui;
use crate::venv::interpreter::place::ALL_STEMS;
use crate::venv::interpreter::probe::Patience;
use crate::venv::interpreter::request::Spec;
use crate::venv::interpreter::search::everywhere;
use crate::venv::interpreter::{Interpreter, Known, cache};
use crate::venv::pyvenv_cfg;
use anyhow::Result;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// An interpreter, and where it was found.
#[derive(Debug)]
pub(crate) struct Listed {
    /// What environments of it lead to.
    pub(crate) path: PathBuf,
    /// `PATH`, or who installed it: `pyenv`, `uv`.
    pub(crate) keeper: &'static str,
    pub(crate) interpreter: Interpreter,
}

/// Returns all interpreters, each once, in the order in which they are looked for. What does not run is left out, which is
/// said to who wants to know.
///
/// # Errors
/// When this process is interrupted.
pub(crate) fn list(ui: Ui, cache_dir: Option<&Path>) -> Result<Vec<Listed>> {
    let candidates: Vec<_> = candidates().into_iter().enumerate().collect();
    let ask = |(index, (path, keeper)): &(usize, (PathBuf, &'static str))| {
        let answer = cache::ask(cache_dir, path, Patience::InPassing);
        (*index, *keeper, answer)
    };
    let mut answers = parallel::map(&candidates, ask);
    interrupt::check()?;
    answers.sort_by_key(|(index, ..)| *index);
    let mut found = Vec::new();
    for (_, keeper, answer) in answers {
        match answer {
            Ok(Known { interpreter, .. }) => found.push(Listed {
                path: interpreter.base_executable.clone(),
                keeper,
                interpreter,
            }),
            Err(err) => ui.note(format_args!("skipped: {err:#}")),
        }
    }
    // An environment on `PATH` stands for its base, which has a better name where it was found itself.
    found.sort_by_key(|listed| pyvenv_cfg::is_above(&listed.interpreter.executable));
    let mut seen = HashSet::new();
    found.retain(|listed| seen.insert(fs::real(&listed.path)));
    Ok(found)
}

/// Returns the executables that may be an interpreter, those with several names once.
fn candidates() -> Vec<(PathBuf, &'static str)> {
    let any = Spec::default();
    let mut seen = HashSet::new();
    let mut candidates = Vec::new();
    for stems in [any.stems(), any.alternative_stems()] {
        for place in everywhere() {
            let paths = place
                .executables(&any, stems)
                .filter(|path| seen.insert(identity(path)));
            candidates.extend(paths.map(|path| (path, place.keeper)));
        }
    }
    candidates
}

/// Returns what is the same for all names of an interpreter. What is no Python by the name that it has without symlinks may
/// be a shim, of which each name is another one, and an environment is not what it links to.
fn identity(path: &Path) -> PathBuf {
    let real = fs::real(path);
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let is_python = ALL_STEMS.iter().any(|stem| name.starts_with(stem));
    if is_python && !pyvenv_cfg::is_above(path) {
        real
    } else {
        path.to_owned()
    }
}
