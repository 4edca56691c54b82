//! One file per subcommand: its flags and help, and what it does.

pub(crate) mod activate_script;
mod activation;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod color;
pub(crate) mod completions;
pub(crate) mod create;
pub(crate) mod delete;
mod json;
pub(crate) mod list;
pub(crate) mod man;
mod measure;
pub(crate) mod mistake;
pub(crate) mod python;
pub(crate) mod run;
mod survey;

use crate::commands::json::Failure;
use crate::error::{self, Reported};
use crate::sys::interrupt::{self, Interrupted};
use crate::sys::platform;
use crate::ui::Ui;
use anyhow::{Context as _, Error, Result, bail};
use std::env::{self, VarError};
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Returns whether a variable asks for something, by clap's understanding of such: neither blank nor a way to say no.
pub(crate) fn is_set(variable: &str) -> bool {
    const NO: [&str; 7] = ["", "0", "n", "no", "f", "false", "off"];
    env::var(variable).is_ok_and(|value| !NO.contains(&value.to_lowercase().as_str()))
}

/// Returns the text of a variable that is not blank.
///
/// # Errors
/// When it is no text.
fn variable(name: &str) -> Result<Option<String>> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("the variable `{name}` is not UTF-8"),
    }
}

/// Returns the Pythons that were asked for; an empty variable asks for nothing.
fn asked(requests: &[OsString]) -> Vec<OsString> {
    let requests = requests.iter().filter(|request| !request.is_empty());
    requests.cloned().collect()
}

/// Writes data, which is all that goes to stdout.
///
/// # Errors
/// When the disk is full, for one.
fn print(data: &[u8]) -> Result<()> {
    let mut stdout = io::stdout();
    match stdout.write_all(data).and_then(|()| stdout.flush()) {
        // Who reads no more has read enough.
        Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("failed to write to stdout"),
    }
}

/// What stdout gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// What a person reads.
    #[default]
    Text,
    /// What a program reads, errors included.
    Json,
}

/// The id of the flag that asks for [`Format::Json`].
pub(crate) const JSON: &str = "json";

/// Says what went wrong, unless that has been said, and returns what to exit with.
pub(crate) fn report(ui: Ui, format: Format, err: Error) -> ExitCode {
    let is_said = err.is::<Reported>();
    let code = interrupt::signal().map_or(error::code(&err), |signal| 128 + signal);
    match format {
        _ if is_said => {}
        Format::Text => ui.error(&reason(err)),
        // There is nobody to tell that nobody reads it.
        Format::Json => drop(json::print_object(&Failure::new(&reason(err)))),
    }
    ExitCode::from(code)
}

/// Returns why something really failed: after an interruption, what failed for that may say anything.
fn reason(err: Error) -> Error {
    interrupt::signal().map_or(err, |_| Interrupted.into())
}

/// Says as JSON what is wrong with what was typed, of which a person would have been told `text`.
pub(crate) fn report_usage(text: &str) {
    drop(json::print_object(&Failure::of_usage(text)));
}

/// What every command gets.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) ui: Ui,
    /// As asked for.
    pub(crate) cache_dir: Option<OsString>,
    /// The whole command line, for what describes it.
    pub(crate) command: fn() -> clap::Command,
}

impl Context {
    /// Returns the absolute path of where to keep what can be made again, or `None` where there is no such place.
    pub(crate) fn cache_dir(&self) -> Option<PathBuf> {
        let asked = self.cache_dir.as_deref().filter(|dir| !dir.is_empty());
        let own = || Some(platform::cache_dir()?.join("rvenv"));
        std::path::absolute(asked.map(PathBuf::from).or_else(own)?).ok()
    }
}
