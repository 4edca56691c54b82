//! rvenv makes, in milliseconds, what `python -m venv` makes.
//!
//! The code, from the top down; imports point down, and a test says so:
//!
//! - `cli`, `commands`: flags, help, what each command does step by step
//! - `seed`: pip into an environment, by way of the store
//! - `venv`: what an environment is; `shell`: strings in, activation script out
//! - `sys`: the operating system; `ui`: the person; `error`: errors with advice

mod cli;
mod commands;
mod error;
mod seed;
mod shell;
mod sys;
mod ui;
mod venv;

use std::process::ExitCode;

/// musl's own asks the kernel for pages and gives them back all the time: half the time of an environment without pip.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    sys::platform::umask();
    let cli = match cli::Cli::typed() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let (ui, format) = (cli.ui(), cli.format());
    match cli.run(ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => commands::report(ui, format, err),
    }
}
