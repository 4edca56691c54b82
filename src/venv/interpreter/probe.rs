//! Asking an interpreter about itself.

use crate::error::Hinted;
use crate::sys::process::{self, Output};
use crate::venv::interpreter::Interpreter;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PROBE: &str = include_str!("probe.py");

/// What stands before the answer, so that whatever else is printed does not matter.
const MARK: &[u8] = b"@RVENV@";

/// The variable that says how many seconds an interpreter may take to answer, and what it is without.
const LIMIT_VARIABLE: &str = "RVENV_PROBE_TIMEOUT";
const LIMIT: Duration = Duration::from_secs(30);
const LIMIT_IN_PASSING: Duration = Duration::from_secs(10);
const LONGEST_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether this very interpreter was asked for, or it is one among others.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    Asked,
    InPassing,
}

/// What an interpreter says about itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Facts(Box<Interpreter>),
    /// Nothing but its version, Python 2 or below 3.6, and whether it is itself what was called.
    TooOld(OldVersion),
}

/// Starts the interpreter at `path` and returns what it says about itself.
///
/// # Errors
/// When it does not start, does not answer in time, or is no Python at all.
pub(super) fn probe(path: &Path, patience: Patience) -> Result<Answer> {
    let limit = limit(patience);
    let mut command = Command::new(path);
    command.args(["-I", "-S", "-B", "-"]);
    let output = process::run(&mut command, PROBE.as_bytes(), limit)
        .map_err(|err| refusal(format!("`{}` does not run: {err:#}", path.display())))?;
    if let Some(answer) = answer(&output.stdout) {
        return Ok(Answer::Facts(Box::new(parse(path, answer)?)));
    }
    match old_version(path, limit) {
        Some(version) => Ok(Answer::TooOld(version)),
        None => Err(explain(path, &output)),
    }
}

fn limit(patience: Patience) -> Duration {
    let usual = match patience {
        Patience::Asked => LIMIT,
        Patience::InPassing => LIMIT_IN_PASSING,
    };
    let seconds = std::env::var(LIMIT_VARIABLE)
        .ok()
        .and_then(|value| value.parse().ok());
    seconds.map_or(usual, |seconds| {
        Duration::from_secs(seconds).min(LONGEST_LIMIT)
    })
}

/// Returns the line after the last mark.
fn answer(stdout: &[u8]) -> Option<&[u8]> {
    let start = stdout
        .windows(MARK.len())
        .rposition(|window| window == MARK)?
        + MARK.len();
    stdout[start..].split(|byte| *byte == b'\n').next()
}

fn parse(path: &Path, answer: &[u8]) -> Result<Interpreter> {
    let interpreter: Interpreter =
        serde_json::from_slice(answer).map_err(|err| misunderstood(path, answer, &err))?;
    if interpreter.base_executable.as_os_str().is_empty() {
        return Err(refusal(format!(
            "`{}` cannot tell its own path",
            path.display()
        )));
    }
    // CPython takes `x/..` out of a path though `x` may be a link to elsewhere.
    let base = interpreter.base_executable.as_path();
    if is_missing(base) {
        let (shown, base) = (path.display(), base.display());
        let message = format!("`{shown}` says that it is `{base}`, which does not exist");
        return Err(refusal(message));
    }
    let paths = [
        &interpreter.executable,
        &interpreter.real_executable,
        &interpreter.base_executable,
    ];
    if paths.into_iter().any(|path| {
        path.to_string_lossy()
            .contains(|char: char| char.is_ascii_control())
    }) {
        let shown = path.display().to_string().escape_debug().to_string();
        return Err(refusal(format!(
            "the path of `{shown}` has a control character"
        )));
    }
    Ok(interpreter)
}

fn misunderstood(path: &Path, answer: &[u8], err: &serde_json::Error) -> anyhow::Error {
    // What Python makes of a byte that is not part of a character (PEP 383).
    const NO_CHARACTER: &[u8] = br"\udc";
    let is_there = |what: &[u8]| answer.windows(what.len()).any(|window| window == what);
    let problem = if is_there(NO_CHARACTER) {
        "says of itself a path that is not UTF-8, as `pyvenv.cfg` has to be".to_owned()
    } else {
        format!("is not a Python that rvenv understands: {err}")
    };
    refusal(format!("`{}` {problem}", path.display()))
}

/// Returns whether nothing is at `path`, for what cannot be looked at may be there.
fn is_missing(path: &Path) -> bool {
    let found = path.symlink_metadata();
    found.is_err_and(|err| err.kind() == ErrorKind::NotFound)
}

/// Returns why there was no answer.
fn explain(path: &Path, output: &Output) -> anyhow::Error {
    let shown = path.display();
    if output.status.success() {
        return refusal(format!(
            "`{shown}` is not a Python: it runs, but does not do what it is told"
        ));
    }
    let complaint = output.last_complaint();
    refusal(format!(
        "`{shown}` does not work as a Python ({}): {complaint}",
        output.status
    ))
}

/// What an interpreter says that is too old for the probe.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct OldVersion {
    major: u16,
    minor: u16,
    pub(super) is_itself: bool,
}

/// What any Python can answer: its version, and whether it is what was called.
const OLD_PROBE: &str = "import os, sys
itself = os.path.realpath(sys.executable) == os.path.realpath(sys.argv[1])
print('@RVENV@{\"major\": %d, \"minor\": %d, \"is_itself\": %s}' % (sys.version_info[:2] + (str(itself).lower(),)))";

/// Returns an error that says that an interpreter is too old.
pub(super) fn too_old(path: &Path, version: OldVersion) -> anyhow::Error {
    let (shown, OldVersion { major, minor, .. }) = (path.display(), version);
    let message = format!("`{shown}` is Python {major}.{minor}, which is too old");
    Hinted::error(message, "name a Python 3.6 or later with `--python`")
}

/// Returns what an interpreter says that is too old for the probe.
fn old_version(path: &Path, limit: Duration) -> Option<OldVersion> {
    let mut command = Command::new(path);
    command.args(["-E", "-S", "-c", OLD_PROBE]).arg(path);
    let output = process::run(&mut command, b"", limit).ok()?;
    let version: OldVersion = serde_json::from_slice(answer(&output.stdout)?).ok()?;
    ((version.major, version.minor) < (3, 6)).then_some(version)
}

fn refusal(message: String) -> anyhow::Error {
    Hinted::error(message, "name another interpreter with `--python`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_printed_before_the_answer_does_not_matter() {
        for (stdout, expected) in [
            (&b"@RVENV@{}\n"[..], Some(&b"{}"[..])),
            (b"welcome!\n@RVENV@no\n@RVENV@{}\r\nbye", Some(b"{}\r")),
            (b"welcome!", None),
            (b"", None),
        ] {
            assert_eq!(answer(stdout), expected);
        }
    }
}
