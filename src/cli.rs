//! The command line: one row per subcommand, and the drop-in form, which has none.

use crate::commands::color::When;
use crate::commands::mistake::{self, Typed};
use crate::commands::{
    self, Context, Format, activate_script, cache, check, completions, create, delete, is_set,
    list, man, python, run,
};
use crate::ui::{Ui, Verbosity};
use anyhow::Result;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{
    Arg, ArgMatches, Args as _, CommandFactory as _, FromArgMatches, Parser, Subcommand, ValueHint,
};
use std::ffi::OsString;
use std::process::ExitCode;

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
    #[arg(skip)]
    format: Format,
}

/// Every subcommand: its file, its name, and what it does.
macro_rules! commands {
    ($($variant:ident($module:ident): $name:literal, $about:literal;)*) => {
        #[derive(Debug)]
        enum Command {
            $($variant($module::Args)),*
        }

        impl Command {
            const NAMES: &[&str] = &[$($name),*];
        }

        impl Subcommand for Command {
            fn augment_subcommands(command: clap::Command) -> clap::Command {
                command.subcommands([$(deferred::<$module::Args>($name, $about)),*])
            }

            fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
                Self::augment_subcommands(command)
            }

            fn has_subcommand(name: &str) -> bool {
                Self::NAMES.contains(&name)
            }
        }

        impl FromArgMatches for Command {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                match matches.subcommand() {
                    $(Some(($name, matches)) => {
                        $module::Args::from_arg_matches(matches).map(Self::$variant)
                    })*
                    _ => Err(clap::Error::new(ErrorKind::MissingSubcommand)),
                }
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }

        impl Command {
            fn run(&self, context: &Context) -> anyhow::Result<()> {
                match self {
                    $(Self::$variant(args) => args.run(context)),*
                }
            }
        }
    };
}

commands! {
    Create(create): "create", "Create environments; without a directory in `.venv`";
    ActivateScript(activate_script): "activate-script",
        "Print a script for the shell to evaluate, which activates an environment";
    Delete(delete): "delete", "Delete environments, and nothing else";
    Run(run): "run", "Run a command in an environment, or in a throwaway one";
    Check(check): "check", "Say what is wrong with environments, and how to mend it";
    List(list): "list", "List the environments below a directory: Python, size, last use, health";
    Python(python): "python", "List the Pythons that are installed, or find the one that is meant";
    Cache(cache): "cache", "Show, check and clean the store";
    Completions(completions): "completions", "Print what completes command lines in a shell";
    Man(man): "man", "Print a manual page";
}

/// Returns a command whose arguments are put together when it is typed: for all of them that takes longer than making the
/// files of an environment without pip.
fn deferred<A: clap::Args>(name: &'static str, about: &'static str) -> clap::Command {
    let put_together = |command: clap::Command| {
        let about = command.get_about().cloned().unwrap_or_default();
        A::augment_args(command).about(about)
    };
    clap::Command::new(name).about(about).defer(put_together)
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
        hide_env_values = true,
        value_hint = ValueHint::DirPath
    )]
    cache_dir: Option<OsString>,
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

/// Returns an argument of the drop-in form that was typed before a subcommand, and the subcommand.
fn misplaced(matches: &ArgMatches) -> Option<(String, String)> {
    let name = matches.subcommand_name()?;
    let own = create::DropIn::augment_args(clap::Command::default());
    let is_typed = |argument: &&Arg| {
        matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let argument = own.get_arguments().find(is_typed)?;
    let flag = argument.get_long().map(|flag| format!("--{flag}"));
    Some((flag.unwrap_or("ENV_DIR".to_owned()), name.to_owned()))
}

/// Returns what the command that was typed, be it one of a subcommand's own, is to print.
fn format(matches: &ArgMatches) -> Format {
    if let Some((_, matches)) = matches.subcommand() {
        return format(matches);
    }
    match matches.try_get_one::<bool>(commands::JSON) {
        Ok(Some(true)) => Format::Json,
        _ => Format::Text,
    }
}

/// Returns what was typed.
fn line() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

/// The subcommands whose stdout is for a shell to evaluate, whatever variables say.
const FOR_SHELLS: [&str; 2] = ["activate-script", "completions"];

/// Returns what a line is to print that cannot be understood.
fn format_asked(line: &[OsString]) -> Format {
    let is_typed = |word: &str| {
        let mut typed = line.iter().take_while(|typed| *typed != "--");
        typed.any(|typed| typed == word)
    };
    let is_asked = is_set("RVENV_JSON") || is_typed("--json");
    if is_asked && !FOR_SHELLS.iter().any(|name| is_typed(name)) {
        Format::Json
    } else {
        Format::Text
    }
}

/// What is wrong with what was typed.
enum Refusal {
    /// It is no command line, or a question, which the text answers.
    Usage(Box<clap::Error>),
    /// It is one, but something else was meant.
    Mistake(anyhow::Error),
}

impl From<clap::Error> for Refusal {
    fn from(err: clap::Error) -> Self {
        let line = line();
        // What is a directory cannot be told in what is not understood.
        let words = line.iter().filter(|word| !mistake::is_option(word));
        let words: Vec<OsString> = words.cloned().collect();
        let is_first = line.first() == words.first();
        match mistake_in(&words, &line).filter(|_| is_first && err.use_stderr()) {
            Some(mistake) => Self::Mistake(mistake),
            None => Self::Usage(Box::new(advised(err))),
        }
    }
}

/// Returns the error that says what was meant by a line that names these directories.
fn mistake_in(env_dirs: &[OsString], line: &[OsString]) -> Option<anyhow::Error> {
    let typed = Typed {
        env_dirs,
        line,
        names: Command::NAMES,
    };
    typed.mistake()
}

/// Returns a usage error with the advice for options of other tools.
fn advised(mut err: clap::Error) -> clap::Error {
    let advice = match err.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) if err.kind() == ErrorKind::UnknownArgument => {
            mistake::advice_on_option(option)
        }
        _ => None,
    };
    if let Some(advice) = advice {
        let tips = vec![StyledStr::from(advice)];
        err.remove(ContextKind::SuggestedArg);
        err.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    err
}

impl Refusal {
    /// Prints a usage error, or the help that was asked for, and returns what to exit with.
    fn report(self) -> ExitCode {
        let line = line();
        let format = format_asked(&line);
        match self {
            Self::Usage(err) if !err.use_stderr() => {
                // Nobody may be there to read it.
                err.print().ok();
                return ExitCode::SUCCESS;
            }
            Self::Usage(err) if format == Format::Json => commands::report_usage(&err.to_string()),
            Self::Usage(err) => drop(err.print()),
            Self::Mistake(err) => {
                let ui = Ui::new(Verbosity::Normal, When::asked(&line));
                commands::report(ui, format, err);
            }
        }
        ExitCode::from(2)
    }
}

impl Cli {
    /// Returns what was typed, or what to exit with where that makes no sense or was a question, which is answered.
    pub(crate) fn typed() -> Result<Self, ExitCode> {
        Self::parse_typed().map_err(Refusal::report)
    }

    fn parse_typed() -> Result<Self, Refusal> {
        let color = When::asked(&line());
        let mut command = Self::command().color(color.into());
        let matches = command.try_get_matches_from_mut(std::env::args_os());
        let matches = matches.map_err(run::advised)?;
        if let Some((argument, name)) = misplaced(&matches) {
            let message = format!(
                "'{argument}' is for making environments and cannot be used before the subcommand '{name}'; \
                 a directory of that name is './{name}'"
            );
            return Err(command.error(ErrorKind::ArgumentConflict, message).into());
        }
        let mut typed = Self::from_arg_matches(&matches)?;
        typed.format = format(&matches);
        typed.refuse_mistakes()?;
        // They are thousands of small pieces, and the process is about to end.
        std::mem::forget((command, matches));
        Ok(typed)
    }

    /// Refuses to make a directory where something else was meant.
    fn refuse_mistakes(&self) -> Result<(), Refusal> {
        if self.command.is_some() {
            return Ok(());
        }
        let mistake = mistake_in(self.create.env_dirs(), &line());
        mistake.map_or(Ok(()), |mistake| Err(Refusal::Mistake(mistake)))
    }

    /// Returns how to print what is asked for, errors included.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Returns how to talk to the person who typed this.
    pub(crate) fn ui(&self) -> Ui {
        let verbosity = self.global.verbosity();
        let ui = Ui::new(verbosity, self.global.color);
        match self.format {
            Format::Text => ui,
            Format::Json => ui.without_answers(),
        }
    }

    /// Does what was typed.
    ///
    /// # Errors
    /// When that fails or is refused.
    pub(crate) fn run(self, ui: Ui) -> Result<()> {
        let context = Context {
            ui,
            cache_dir: self.global.cache_dir,
            command: Self::command,
        };
        match self.command {
            Some(command) => command.run(&context),
            None => self.create.run(&context),
        }
    }
}
