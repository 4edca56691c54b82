//! What `--json` prints: one object on stdout, errors included.

use crate::commands::print;
use crate::error;
use crate::sys::fs;
use anyhow::{Error, Result};
use clap::ArgAction;
use clap::builder::FalseyValueParser;
use serde::Serialize;
use std::path::Path;

/// The flag that asks for JSON.
#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// Print JSON, errors included
    #[arg(id = super::JSON, long, action = ArgAction::SetTrue, env = "RVENV_JSON", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) json: bool,
}

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

    /// Takes apart what clap says: paragraphs, of which the first is the error, and those that begin with `tip:` advise.
    pub(super) fn of_usage(text: &str) -> Self {
        let mut paragraphs = text.trim_end().split("\n\n");
        let error = paragraphs.next().unwrap_or_default();
        let error = error.strip_prefix("error: ").unwrap_or(error);
        let tips = paragraphs.flat_map(str::lines);
        let tips = tips.filter_map(|line| line.trim_start().strip_prefix("tip: "));
        let hint = tips.collect::<Vec<_>>().join("; ");
        Self {
            error: error.to_owned(),
            hint: (!hint.is_empty()).then_some(hint),
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
