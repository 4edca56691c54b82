//! What `--json` prints: one object on stdout, errors included.

use crate::commands::print;
use crate::error::{self, Reported};
use crate::sys::fs;
use anyhow::{Error, Result};
use serde::Serialize;
use std::path::Path;

/// An error as data.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    error: String,
    /// What to do about it.
    hint: Option<String>,
}

impl Failure {
    pub(super) fn new(err: &Error) -> Self {
        let hints: Vec<&str> = error::hints(err).collect();
        Self {
            error: format!("{err:#}"),
            hint: (!hints.is_empty()).then(|| hints.join("; ")),
        }
    }
}

/// An error that concerns one environment.
#[derive(Debug, Serialize)]
pub(super) struct FailureAt {
    path: String,
    #[serde(flatten)]
    failure: Failure,
}

impl FailureAt {
    /// An error that concerns the environment that was typed as `dir`.
    pub(super) fn new(dir: &Path, err: &Error) -> Self {
        let absolute = fs::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        Self {
            path: path(&absolute),
            failure: Failure::new(err),
        }
    }
}

/// Returns a path as JSON can have it: what is not UTF-8 is replaced.
pub(super) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Prints one object on a line of its own.
///
/// # Errors
/// When nobody reads it.
pub(super) fn print_object(object: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec(object)?;
    text.push(b'\n');
    print(&text)
}

/// Prints an error that came before anything else, and returns one that asks for nothing but the exit code.
pub(super) fn fail(err: &Error) -> Error {
    print_object(&Failure::new(err)).map_or_else(|err| err, |()| Reported.into())
}
