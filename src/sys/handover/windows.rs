//! Windows: a process cannot become another; it stays until the program has ended.

use crate::sys::interrupt;
use anyhow::Result;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::io;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

/// Runs the program and ends this process as that has ended.
///
/// # Errors
/// Returns why that cannot be started; else it does not return.
pub(crate) fn replace(command: &mut Command) -> io::Error {
    match wait(command) {
        Ok(status) => end_as(status),
        Err(err) => err,
    }
}

/// Starts the program and waits for its end.
///
/// # Errors
/// When it cannot be started, or this process was interrupted before.
pub(crate) fn accompany(command: &mut Command) -> Result<ExitStatus> {
    interrupt::check()?;
    Ok(wait(command)?)
}

/// The interrupt of a console reaches the program, too, which decides what comes of it.
fn wait(command: &mut Command) -> io::Result<ExitStatus> {
    flag::register(SIGINT, Arc::default())?;
    interrupt::hand_over();
    command.spawn()?.wait()
}

/// Ends this process with the exit code of the program.
#[expect(clippy::exit, reason = "the code is the program's")]
pub(crate) fn end_as(status: ExitStatus) -> ! {
    std::process::exit(status.code().unwrap_or(1))
}
