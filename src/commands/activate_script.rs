//! `rvenv activate-script`: prints what activates an environment, for a shell to evaluate.

use crate::commands::{Context, activation, print};
use crate::error::Hinted;
use crate::shell::{self, Activation, SHELLS, Shell};
use crate::sys::fs;
use crate::venv::environment::Environment;
use crate::venv::locate;
use anyhow::{Context as _, Result};
use clap::ValueHint;
use clap::builder::{PossibleValue, PossibleValuesParser};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Args {
    /// The environment, whoever made it; else `.venv` here or above, else the only one in this directory
    #[arg(value_name = "ENV_DIR", value_hint = ValueHint::DirPath)]
    env_dir: Option<PathBuf>,
    /// The shell that will read the script; else the one that this is run from
    #[arg(long, env = "RVENV_SHELL", hide_env_values = true, hide_possible_values = true, value_parser = shells())]
    shell: Option<String>,
}

fn shell_names() -> impl Iterator<Item = &'static str> {
    SHELLS.iter().flat_map(|shell| shell.names.iter().copied())
}

/// Returns what reads a shell's name, or nothing, as a blank variable has it.
fn shells() -> PossibleValuesParser {
    let nothing = PossibleValue::new("").hide(true);
    shell_names()
        .map(PossibleValue::new)
        .chain([nothing])
        .into()
}

/// Returns what to type, or to put into a startup file, in each shell.
fn after_help() -> String {
    let lines = |shell: &Shell| format!("  {}:\n      {}\n", shell.names.join(", "), shell.usage);
    let all: String = SHELLS.iter().map(lines).collect();
    format!("What to type, or to put into a startup file, by the name of the shell:\n{all}")
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        let shell = self.shell()?;
        let environment = self.environment()?;
        context.ui.note(format_args!(
            "{} for {}",
            environment.root().display(),
            shell.names[0]
        ));
        print(script(shell, &environment)?.as_bytes())
    }

    fn shell(&self) -> Result<&'static Shell> {
        let typed = self.shell.as_deref().filter(|name| !name.is_empty());
        let found = match typed {
            Some(name) => shell::named(name),
            None => activation::shell().map(|detected| detected.shell),
        };
        found.ok_or_else(|| {
            let names = shell_names().collect::<Vec<_>>().join(", ");
            Hinted::error(
                "it is not clear which shell this is run from",
                format!("name it with `--shell`: {names}"),
            )
        })
    }

    fn environment(&self) -> Result<Environment> {
        match self.env_dir.as_deref() {
            Some(env_dir) => locate::named(env_dir),
            None => locate::from(&fs::absolute(Path::new("."))?),
        }
    }
}

/// Returns the script, for the environment where it is now.
fn script(shell: &Shell, environment: &Environment) -> Result<String> {
    let root = environment
        .root()
        .to_str()
        .context("the path of the environment is not UTF-8")?;
    let name = environment
        .root()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let prompt = environment.prompt().unwrap_or_else(|| name.into_owned());
    let activation = Activation {
        root,
        bin: environment.scripts_dir(),
        prompt: &prompt,
    };
    Ok(shell.evaluate(&activation))
}
