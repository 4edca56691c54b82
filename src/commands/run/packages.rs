//! `--with`: what is installed before the command runs.

use crate::commands::run::activation::Activation;
use crate::error::Hinted;
use crate::seed;
use crate::sys::process;
use crate::ui::Ui;
use crate::venv::check::Anatomy;
use anyhow::{Result, bail};
use std::ffi::OsString;
use std::process::Command;

/// Has the environment's own pip install `requirements`, in one go. What it says goes to stderr.
///
/// # Errors
/// When there is no pip, or it fails.
pub(super) fn install(
    ui: Ui,
    anatomy: &Anatomy,
    activation: &Activation,
    requirements: &[OsString],
) -> Result<()> {
    if requirements.is_empty() {
        return Ok(());
    }
    refuse_without_pip(anatomy)?;
    let mut pip = Command::new(anatomy.python());
    pip.args(["-m", "pip", "install", "--no-input"]);
    pip.arg("--disable-pip-version-check");
    let output = if ui.speaks() {
        activation.apply(pip.arg("--").args(requirements));
        process::show(&mut pip)?
    } else {
        activation.apply(pip.args(["--quiet", "--"]).args(requirements));
        process::wait(&mut pip)?
    };
    if output.status.success() {
        return Ok(());
    }
    let named: Vec<String> = requirements
        .iter()
        .map(|it| format!("`{}`", it.display()))
        .collect();
    let (named, complaint) = (named.join(", "), output.last_complaint());
    bail!(Hinted::error(
        format!("failed to install {named}: {complaint}"),
        "the command was not run; `pip config list` shows where pip looks",
    ))
}

fn refuse_without_pip(anatomy: &Anatomy) -> Result<()> {
    if seed::check::has_pip(anatomy) {
        return Ok(());
    }
    let root = anatomy.root.display();
    let python = anatomy.python();
    bail!(Hinted::error(
        format!("`{root}` has no pip, which `--with` installs by"),
        format!("`{} -m ensurepip` gives it one", python.display()),
    ))
}
