//! Looking below directories for environments: which ones there are, what is wrong with each, and what it takes.

use crate::commands::check::{self, Checked};
use crate::sys::footprint::{Catalogue, Footprint, Surveyor};
use crate::sys::fs;
use crate::sys::parallel;
use crate::ui::Ui;
use crate::venv::check::Depth;
use crate::venv::search::{self, Environments, Found};
use anyhow::{Result, anyhow};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

/// How many levels below a directory to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Levels(usize);

impl Default for Levels {
    fn default() -> Self {
        Self(usize::MAX)
    }
}

impl Levels {
    /// Returns what `RVENV_DEPTH` says.
    ///
    /// # Errors
    /// When that is no number.
    pub(super) fn from_variable() -> Result<Self> {
        const VARIABLE: &str = "RVENV_DEPTH";
        let value = std::env::var_os(VARIABLE).unwrap_or_default();
        let levels = value.to_string_lossy().parse();
        levels
            .map_err(|problem: String| anyhow!("`{VARIABLE}` is `{}`: {problem}", value.display()))
    }
}

impl FromStr for Levels {
    type Err = String;

    /// A blank variable is as good as none.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let levels = text.parse().map(Self);
        levels.map_err(|_| "a number of levels is expected, as in `3`".to_owned())
    }
}

/// Which environments are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Broken,
}

/// An environment, and what was seen of it.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) root: PathBuf,
    pub(super) checked: Checked,
    pub(super) footprint: Footprint,
    pub(super) last_used: Option<SystemTime>,
}

/// What was seen of all of them, in the order of their paths.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) environments: Vec<Surveyed>,
    /// The bytes that they take together.
    pub(super) total: u64,
}

/// Where to look: as typed, else here.
///
/// # Errors
/// When it is no directory.
pub(super) fn roots(typed: &[OsString]) -> Result<Vec<PathBuf>> {
    if typed.is_empty() {
        return Ok(vec![search::root(Path::new("."))?]);
    }
    typed
        .iter()
        .map(|root| search::root(Path::new(root)))
        .collect()
}

/// Looks at the environments in `roots` and below; starts no Python. What cannot be read is a warning.
pub(super) fn survey(ui: Ui, roots: Vec<PathBuf>, levels: Levels, wanted: Wanted) -> Survey {
    let Environments { found, unreadable } = search::below(ui, roots, levels.0);
    let numbered: Vec<_> = found.iter().enumerate().collect();
    let progress = ui.progress("looking at environments".to_owned(), numbered.len());
    let (seen, surveyors) =
        parallel::map_with(&numbered, Surveyor::default, |surveyor, (number, found)| {
            let surveyed = look(surveyor, found, wanted);
            progress.advance();
            Some((*number, surveyed?))
        });
    drop(progress);
    let mut seen: Vec<_> = seen.into_iter().flatten().collect();
    seen.sort_unstable_by_key(|(number, _)| *number);
    let environments: Vec<_> = seen.into_iter().map(|(_, surveyed)| surveyed).collect();
    warn(ui, &unreadable, &environments);
    Survey {
        environments,
        total: Surveyor::total(surveyors),
    }
}

fn look(surveyor: &mut Surveyor, found: &Found, wanted: Wanted) -> Option<Surveyed> {
    let Found { anatomy, last_used } = found;
    let check = |known: &Catalogue| {
        let findings = check::findings_knowing(anatomy, Depth::Glance, known);
        Checked::new(anatomy, &findings)
    };
    let mut measure = || match surveyor.measure(&anatomy.root) {
        // It has gone away meanwhile.
        Err(err) if fs::is_not_found(&err) => None,
        measured => Some(measured.unwrap_or_default()),
    };
    let (checked, footprint) = match wanted {
        Wanted::All => {
            let (footprint, known) = measure()?;
            (check(&known), footprint)
        }
        Wanted::Broken => {
            let checked = check(&Catalogue::default());
            let is_wanted = !checked.is_healthy();
            (checked, is_wanted.then(measure)??.0)
        }
    };
    Some(Surveyed {
        root: anatomy.root.clone(),
        checked,
        footprint,
        last_used: *last_used,
    })
}

/// Says what could not be looked at.
fn warn(ui: Ui, unreadable: &[PathBuf], environments: &[Surveyed]) {
    for path in unreadable {
        ui.note(format_args!("`{}` cannot be read", path.display()));
    }
    if !unreadable.is_empty() {
        let directories = match unreadable.len() {
            1 => "a directory".to_owned(),
            number => format!("{number} directories"),
        };
        ui.warn(format_args!(
            "{directories} cannot be read; what is in there is not known"
        ));
    }
    for environment in environments.iter().filter(|it| it.footprint.unreadable > 0) {
        let path = environment.root.display();
        ui.warn(format_args!(
            "not all of `{path}` can be read; it takes more than is said"
        ));
    }
}
