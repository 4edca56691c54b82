//! The program that is to run: where it is, and why it cannot be started, in the exit codes of `env` and `sh`.

use crate::commands::run::activation::Activation;
use crate::error::Hinted;
use anyhow::{Error, Result};
use std::env;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What to exit with where there is no such program, and where it cannot be executed.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Returns the command of that name, by the PATH of the environment.
///
/// # Errors
/// When there is none, or none that can be executed.
pub(super) fn found(name: &OsStr, activation: &Activation) -> Result<Command> {
    // Where there is none any more, what PATH says in full can still be found.
    let here = env::current_dir().unwrap_or_default();
    let path = which::which_in(name, Some(&activation.path), &here)
        .map_err(|_| missing(name, &activation.path))?;
    Ok(called(&here.join(path), name))
}

/// Returns a command that finds itself called as it was typed, as a shell has it.
#[cfg(unix)]
fn called(path: &Path, name: &OsStr) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(path);
    command.arg0(name);
    command
}

/// Returns a command: what it is called is what it is.
#[cfg(windows)]
fn called(path: &Path, _name: &OsStr) -> Command {
    Command::new(path)
}

/// Returns why there is nothing to execute.
fn missing(name: &OsStr, path: &OsStr) -> Error {
    let is_path = Path::new(name).components().count() > 1;
    let mut places: Vec<PathBuf> = if is_path {
        vec![PathBuf::from(name)]
    } else {
        env::split_paths(path).map(|dir| dir.join(name)).collect()
    };
    places.retain(|place| !name.is_empty() && place.exists());
    let shown = name.display();
    match places.first() {
        Some(place) if place.is_dir() => unexecutable(place, "it is a directory"),
        Some(place) => unexecutable(place, "it is not executable"),
        None if is_path => Hinted::with_code(
            NOT_FOUND,
            format!("`{shown}` does not exist"),
            "check the path of the command",
        ),
        None => Hinted::with_code(
            NOT_FOUND,
            format!("`{shown}` is neither in the environment nor on PATH"),
            "if a package has it, `--with PACKAGE` installs that first",
        ),
    }
}

fn unexecutable(place: &Path, reason: &str) -> Error {
    Hinted::with_code(
        NOT_EXECUTABLE,
        format!("`{}` cannot be executed: {reason}", place.display()),
        "name a program; a script can be given to its interpreter, as in `rvenv run -- python SCRIPT`",
    )
}

/// Returns why a program that is there could not be started.
pub(super) fn unstartable(command: &Command, err: &io::Error) -> Error {
    let program = Path::new(command.get_program());
    match err.kind() {
        ErrorKind::NotFound => Hinted::with_code(
            NOT_FOUND,
            format!(
                "`{}` cannot be started: what its first line names is not there",
                program.display()
            ),
            "if that was the Python of an environment that was moved, `rvenv --upgrade` mends it",
        ),
        ErrorKind::PermissionDenied => unexecutable(program, "permission denied"),
        _ => unexecutable(program, &err.to_string()),
    }
}

/// The same for what was started beside this process, which may have been interrupted before.
pub(super) fn unstarted(command: &Command, err: Error) -> Error {
    match err.downcast() {
        Ok(err) => unstartable(command, &err),
        Err(interrupted) => interrupted,
    }
}
