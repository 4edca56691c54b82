//! `--upgrade-deps`: the environment's own pip brings itself up to date.

use crate::error::Hinted;
use crate::sys::process;
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use anyhow::{Result, bail};
use std::process::Command;

/// Runs pip as `venv` does: in the environment, with the user's configuration of pip.
///
/// # Errors
/// When pip fails, as without a network; the environment is whole all the same.
pub(crate) fn run(interpreter: &Interpreter, layout: &Layout) -> Result<()> {
    let mut command = Command::new(&layout.python);
    command.args(["-m", "pip", "install", "--upgrade", "pip"]);
    if !interpreter.is_at_least(3, 12) {
        command.arg("setuptools");
    }
    command
        .current_dir(&layout.root)
        .env("VIRTUAL_ENV", &layout.root)
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONPATH");
    let output = process::wait(&mut command)?;
    if !output.status.success() {
        let message = format!(
            "failed to upgrade pip in `{}`: {}",
            layout.root.display(),
            output.last_complaint()
        );
        bail!(Hinted::error(
            message,
            format!(
                "the environment works as it is; try `{} -m pip install --upgrade pip`",
                layout.python.display()
            )
        ));
    }
    Ok(())
}
