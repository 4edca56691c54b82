//! What `--json` prints: one object on stdout, errors included.

use crate::commands::print;
use crate::error;
use crate::sys::fs;
use crate::venv::check::Anatomy;
use crate::venv::pyvenv_cfg::PyvenvCfg;
use anyhow::{Error, Result};
use clap::ArgAction;
use clap::builder::FalseyValueParser;
use serde::Serialize;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

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

/// What an environment says of itself.
#[derive(Debug, Serialize)]
pub(super) struct Identity {
    pub(super) path: String,
    /// The version of Python that it was made of.
    pub(super) python: Option<String>,
    home: Option<String>,
    pub(super) made_by: Option<&'static str>,
}

impl Identity {
    pub(super) fn of(anatomy: &Anatomy) -> Self {
        let cfg = anatomy.cfg.as_ref().ok();
        let version = cfg.and_then(PyvenvCfg::full_version).map(str::to_owned);
        Self {
            path: path(&anatomy.root),
            python: version.or_else(|| anatomy.version().map(|version| version.to_string())),
            home: anatomy.get("home").map(str::to_owned),
            made_by: cfg.map(PyvenvCfg::maker),
        }
    }
}

/// Returns a path as JSON can have it: what is not UTF-8 is replaced.
pub(super) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Returns a time as JSON has it, in whole seconds since 1970 began in UTC.
pub(super) fn seconds(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok();
    since.map(|since| since.as_secs())
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
