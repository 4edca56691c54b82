//! `rvenv run`: runs a command in an environment, there already or made for it and thrown away.

mod activation;
mod packages;
mod program;
mod throwaway;

use crate::commands::check::command as mending;
use crate::commands::create::Linking;
use crate::commands::json::Output;
use crate::commands::run::activation::Activation;
use crate::commands::run::throwaway::Throwaway;
use crate::commands::{self, Context, is_set};
use crate::error::Hinted;
use crate::shell::SHELLS;
use crate::sys::{fs, handover, interrupt, platform};
use crate::venv::check::{self, Anatomy, Mend};
use crate::venv::environment::Environment;
use crate::venv::interpreter::{self, Known};
use crate::venv::locate;
use anyhow::{Context as _, Error, Result, bail};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What to exit with for wrong usage.
const USAGE: u8 = 2;

const AFTER_HELP: &str = "\
The command runs as in a shell in which the environment is activated. On Unix it takes the place of this process, unless \
`--temp` has an environment to remove afterwards; then signals are passed on to it.

Exits as the command does; with 127 where that is not found, 126 where it cannot be executed, 1 where something fails \
before it runs, and 2 for wrong usage.

--json prints:
  {\"error\", \"hint\"}";

#[derive(Debug, clap::Args)]
#[command(
    args_override_self = true,
    override_usage = "rvenv run [OPTIONS] [ENV_DIR] -- CMD [ARGS]...\n       rvenv run [OPTIONS] --temp -- CMD [ARGS]...",
    after_help = AFTER_HELP,
    mut_arg(commands::JSON, |arg| arg.help("Print what fails before the command runs as JSON"))
)]
pub(crate) struct Args {
    /// The environment, whoever made it; else `.venv` here or above, else the only one in this directory
    #[arg(value_name = "ENV_DIR", conflicts_with = "temp")]
    env_dir: Option<PathBuf>,
    /// The command and its arguments, behind `--`
    #[arg(value_name = "CMD", last = true)]
    command: Vec<OsString>,
    #[arg(
        long,
        help = "Run in a new environment in the temporary directory, which is removed afterwards [env: RVENV_TEMP]"
    )]
    temp: bool,
    #[arg(
        short,
        long,
        value_name = "PYTHON",
        help = "The Python of the new environment, as for making one; an environment that is there must be of it \
                [env: RVENV_PYTHON]"
    )]
    python: Vec<OsString>,
    #[arg(
        long,
        value_name = "REQUIREMENT",
        help = "Install this with the environment's pip first; may be repeated; the variable counts with `--temp` \
                [env: RVENV_WITH]"
    )]
    with: Vec<OsString>,
    #[arg(
        long,
        conflicts_with = "env_dir",
        help = "Give the new environment access to the system site-packages [env: RVENV_SYSTEM_SITE_PACKAGES]"
    )]
    system_site_packages: bool,
    #[arg(
        long,
        conflicts_with_all = ["env_dir", "with"],
        help = "Leave pip out of the new environment [env: RVENV_WITHOUT_PIP]"
    )]
    without_pip: bool,
    /// How files get from the store into the new environment, as for making one
    #[arg(
        long,
        value_name = "MODE",
        default_value = "auto",
        env = "RVENV_LINK_MODE",
        hide_env_values = true,
        hide_possible_values = true
    )]
    link_mode: Linking,
    #[command(flatten)]
    output: Output,
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        if self.command.is_empty() {
            return Err(self.nothing_to_run());
        }
        if self.is_temporary() {
            return self.run_in_throwaway(context);
        }
        self.refuse_what_is_for_a_new_one()?;
        let environment = self.environment()?;
        let anatomy = usable(&environment)?;
        if !self.python.is_empty() || !self.with.is_empty() {
            interrupt::listen().context("failed to listen for signals")?;
        }
        self.refuse_another_python(context, &anatomy)?;
        let activation = Activation::of(&environment)?;
        packages::install(context.ui, &anatomy, &activation, &self.with)?;
        let mut command = self.prepared(&activation)?;
        interrupt::check()?;
        let err = handover::replace(&mut command);
        Err(program::unstartable(&command, &err))
    }

    /// An environment that is named wins over the variable.
    fn is_temporary(&self) -> bool {
        self.temp || self.env_dir.is_none() && is_set("RVENV_TEMP")
    }

    fn run_in_throwaway(&self, context: &Context) -> Result<()> {
        interrupt::listen().context("failed to listen for signals")?;
        let requirements = self.requirements();
        let throwaway = Throwaway::make(context, self, &requirements)?;
        let environment = throwaway.environment()?;
        let anatomy = Anatomy::of(environment.root());
        let activation = Activation::of(&environment)?;
        packages::install(context.ui, &anatomy, &activation, &requirements)?;
        let mut command = self.prepared(&activation)?;
        let ended = handover::accompany(&mut command);
        let status = ended.map_err(|err| program::unstarted(&command, err))?;
        drop(throwaway);
        handover::end_as(status)
    }

    /// Returns the command, to be started with the environment active.
    fn prepared(&self, activation: &Activation) -> Result<Command> {
        let words = self.command.split_first();
        let (name, words) = words.ok_or_else(|| self.nothing_to_run())?;
        let mut command = program::found(name, activation)?;
        activation.apply(command.args(words));
        Ok(command)
    }

    fn environment(&self) -> Result<Environment> {
        match self.env_dir.as_deref() {
            Some(env_dir) => locate::named(env_dir),
            None => locate::from(&fs::absolute(Path::new("."))?),
        }
    }

    /// Refuses options of a new environment where none is made.
    fn refuse_what_is_for_a_new_one(&self) -> Result<()> {
        let flags = [
            (self.system_site_packages, "--system-site-packages"),
            (self.without_pip, "--without-pip"),
        ];
        match flags.iter().find(|(is_typed, _)| *is_typed) {
            Some((_, flag)) => Err(Hinted::with_code(
                USAGE,
                "the following required arguments were not provided: `--temp`",
                format!("`{flag}` is for a new environment, which `--temp` makes"),
            )),
            None => Ok(()),
        }
    }

    /// Refuses what is behind no `--`, of which the first word is taken for an environment.
    fn nothing_to_run(&self) -> Error {
        let word = |path: &PathBuf| SHELLS[0].literal(&path.to_string_lossy());
        let hint = match self.env_dir.as_ref() {
            Some(path) if Environment::open(path).is_none() => {
                format!("write `rvenv run -- {}`", word(path))
            }
            Some(path) => format!("write `rvenv run {} -- CMD`", word(path)),
            None => "write it behind `--`, as in `rvenv run -- python`".to_owned(),
        };
        Hinted::with_code(USAGE, "there is no command, which stands behind `--`", hint)
    }

    /// Refuses an environment that is not of the Python that was typed.
    fn refuse_another_python(&self, context: &Context, anatomy: &Anatomy) -> Result<()> {
        let requests = commands::asked(&self.python);
        if requests.is_empty() {
            return Ok(());
        }
        let cache_dir = context.cache_dir();
        let cache_dir = cache_dir.as_deref();
        let own = interpreter::of_environment(context.ui, cache_dir, anatomy)?;
        let is_described = |own: &Known| interpreter::is_described(&requests, &own.interpreter);
        if own.as_ref().is_some_and(is_described) {
            return Ok(());
        }
        let found = interpreter::find(context.ui, cache_dir, &requests)?;
        let is_found =
            |own: &Known| own.interpreter.real_executable == found.interpreter.real_executable;
        if own.as_ref().is_some_and(is_found) {
            return Ok(());
        }
        let title = own.map(|own| own.interpreter.title());
        let title = title.unwrap_or("an unknown Python".to_owned());
        let asked: Vec<String> = requests
            .iter()
            .map(|it| format!("`{}`", it.display()))
            .collect();
        let (root, asked) = (anatomy.root.display(), asked.join(" or "));
        let message = format!("`{root}` is of {title}, not {asked}");
        bail!(Hinted::error(
            message,
            "leave `--python` out, name another environment, or run in a new one with `--temp`"
        ))
    }
}

/// Returns the error with better advice where an argument may be that of a command that does not stand behind `--`.
pub(crate) fn advised(mut err: clap::Error) -> clap::Error {
    let usage = err.get(ContextKind::Usage).map(ToString::to_string);
    let is_of_run = usage.is_some_and(|usage| usage.contains("rvenv run "));
    if is_of_run && err.kind() == ErrorKind::UnknownArgument {
        let tip = "a command and its arguments stand behind '--', as in 'rvenv run -- pytest -x'";
        let tips = vec![StyledStr::from(tip)];
        err.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    err
}

/// Returns what there is of an environment.
///
/// # Errors
/// When its Python is gone.
fn usable(environment: &Environment) -> Result<Anatomy> {
    let anatomy = Anatomy::of(environment.root());
    if platform::is_executable(&anatomy.python()) {
        return Ok(anatomy);
    }
    let finding = check::findings(&anatomy).into_iter().next();
    let reason = finding.map_or("its Python is gone".to_owned(), |it| it.message);
    let message = format!("nothing can run in `{}`: {reason}", anatomy.root.display());
    let mend = mending(&Mend::Upgrade, &anatomy);
    Err(Hinted::error(message, format!("mend it with: {mend}")))
}

/// Returns what PATH is now.
fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}
