//! The command line: one variant per subcommand, and the drop-in form, which has none.

use crate::commands::{Context, activate_script, cache, create, delete, is_set};
use crate::ui::{Color, Ui, Verbosity};
use anyhow::Result;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{
    Arg, ArgMatches, Args as _, CommandFactory as _, FromArgMatches, Parser, Subcommand, ValueEnum,
};
use std::path::PathBuf;

/// Creates Python virtual environments, as `python -m venv` does, in milliseconds.
#[derive(Debug, Parser)]
#[command(
    version,
    override_usage = "rvenv [OPTIONS] ENV_DIR...\n       rvenv <COMMAND> [OPTIONS] [...]",
    subcommand_negates_reqs = true,
    args_override_self = true,
    infer_long_args = true,
    after_help = create::AFTER_HELP
)]
pub(crate) struct Cli {
    #[command(flatten)]
    create: create::DropIn,
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug)]
enum Command {
    Create(create::Args),
    ActivateScript(activate_script::Args),
    Delete(delete::Args),
    Cache(cache::Args),
}

const CREATE: &str = "create";
const ACTIVATE_SCRIPT: &str = "activate-script";
const DELETE: &str = "delete";
const CACHE: &str = "cache";

impl Subcommand for Command {
    /// What a command takes is put together when it is typed: all of them take longer than an environment without pip.
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        let named = |name, about| clap::Command::new(name).about(about);
        command.subcommands([
            named(
                CREATE,
                "Create environments; without a directory in `.venv`",
            )
            .defer(create::Args::augment_args),
            named(
                ACTIVATE_SCRIPT,
                "Print a script for the shell to evaluate, which activates an environment",
            )
            .defer(activate_script::Args::augment_args),
            named(DELETE, "Delete environments, and nothing else")
                .defer(delete::Args::augment_args),
            named(CACHE, "Show, check and clean the store").defer(cache::Args::augment_args),
        ])
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        [CREATE, ACTIVATE_SCRIPT, DELETE, CACHE].contains(&name)
    }
}

impl FromArgMatches for Command {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        match matches.subcommand() {
            Some((CREATE, matches)) => create::Args::from_arg_matches(matches).map(Self::Create),
            Some((ACTIVATE_SCRIPT, matches)) => {
                activate_script::Args::from_arg_matches(matches).map(Self::ActivateScript)
            }
            Some((DELETE, matches)) => delete::Args::from_arg_matches(matches).map(Self::Delete),
            Some((CACHE, matches)) => cache::Args::from_arg_matches(matches).map(Self::Cache),
            _ => Err(clap::Error::new(ErrorKind::MissingSubcommand)),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The options of every command.
#[derive(Debug, clap::Args)]
struct Global {
    #[arg(
        short,
        long,
        global = true,
        overrides_with = "verbose",
        help = "Say nothing but errors [env: RVENV_QUIET]"
    )]
    quiet: bool,
    #[arg(
        short,
        long,
        global = true,
        overrides_with = "quiet",
        help = "Say why things are done as they are [env: RVENV_VERBOSE]"
    )]
    verbose: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "RVENV_COLOR",
        hide_env_values = true
    )]
    color: When,
    /// Where to keep unpacked wheels and what is known of interpreters
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "RVENV_CACHE_DIR",
        hide_env_values = true
    )]
    cache_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl Global {
    /// What is typed wins over the variables.
    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ if is_set("RVENV_QUIET") => Verbosity::Quiet,
            _ if is_set("RVENV_VERBOSE") => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

/// Returns a flag of the drop-in form that was typed before a subcommand, and the subcommand.
fn misplaced(matches: &ArgMatches) -> Option<(String, String)> {
    let name = matches.subcommand_name()?;
    let own = create::DropIn::augment_args(clap::Command::default());
    let is_typed = |argument: &&Arg| {
        matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let flag = own
        .get_arguments()
        .filter(is_typed)
        .find_map(Arg::get_long)?;
    Some((format!("--{flag}"), name.to_owned()))
}

impl Cli {
    /// Returns what was typed, or ends with its usage where that makes no sense.
    pub(crate) fn typed() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        if let Some((flag, name)) = misplaced(&matches) {
            let message = format!(
                "'{flag}' is for making environments and cannot be used before the subcommand '{name}'; \
                 a directory of that name is './{name}'"
            );
            command.error(ErrorKind::ArgumentConflict, message).exit();
        }
        let typed = Self::from_arg_matches(&matches).unwrap_or_else(|err| err.exit());
        // They are thousands of small pieces, and the process is about to end.
        std::mem::forget((command, matches));
        typed
    }

    /// Returns how to talk to the person who typed this.
    pub(crate) fn ui(&self) -> Ui {
        let verbosity = self.global.verbosity();
        let color = match self.global.color {
            When::Auto => Color::Auto,
            When::Always => Color::Always,
            When::Never => Color::Never,
        };
        Ui::new(verbosity, color)
    }

    /// Does what was typed.
    ///
    /// # Errors
    /// When that fails or is refused.
    pub(crate) fn run(self, ui: Ui) -> Result<()> {
        let context = Context {
            ui,
            cache_dir: self.global.cache_dir,
        };
        match self.command {
            Some(Command::Create(args)) => args.run(&context),
            Some(Command::ActivateScript(args)) => args.run(&context),
            Some(Command::Delete(args)) => args.run(&context),
            Some(Command::Cache(args)) => args.run(&context),
            None => self.create.run(&context),
        }
    }
}
