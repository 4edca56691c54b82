//! `rvenv ENV_DIR...` and `rvenv create`: makes environments.

mod creation;
mod outcome;
mod repair;

use crate::commands::create::creation::{Creation, Done};
use crate::commands::create::outcome::{Made, Outcome};
use crate::commands::json::{self, Failure, Output};
use crate::commands::{self, Context, is_set};
use crate::error::{Hinted, Reported};
use crate::sys::link::LinkMode;
use crate::sys::{interrupt, platform};
use crate::ui::Ui;
use crate::venv::check::Anatomy;
use crate::venv::create::{Existing, Options, Prompt};
use crate::venv::executables::Executables;
use crate::venv::interpreter::{self, Known};
use crate::venv::layout::Layout;
use crate::venv::target;
use anyhow::{Context as _, Result, bail};
use clap::builder::FalseyValueParser;
use clap::{ArgAction, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(crate) const AFTER_HELP: &str = "\
Once an environment has been created, activate it, e.g. by `source ENV_DIR/bin/activate`.
A directory that has a subcommand's name is given as `./create`.";

/// `rvenv [OPTIONS] ENV_DIR...`, as for `python -m venv`.
#[derive(Debug, clap::Args)]
pub(crate) struct DropIn {
    /// A directory to create the environment in
    #[arg(value_name = "ENV_DIR", required = true, value_hint = ValueHint::DirPath)]
    env_dirs: Vec<OsString>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
#[command(args_override_self = true, after_help = format!("{AFTER_HELP}\n\n{}", outcome::SHAPE))]
pub(crate) struct Args {
    /// A directory to create the environment in
    #[arg(value_name = "ENV_DIR", default_value = ".venv", value_hint = ValueHint::DirPath)]
    env_dirs: Vec<OsString>,
    #[command(flatten)]
    flags: Flags,
}

/// The flags of `python -m venv`, in its order, and ours.
#[derive(Debug, clap::Args)]
struct Flags {
    /// Give the environment access to the system site-packages
    #[arg(long, action = ArgAction::SetTrue, env = "RVENV_SYSTEM_SITE_PACKAGES", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    system_site_packages: bool,
    #[arg(
        long,
        conflicts_with = "copies",
        help = "Link to the interpreter, the default except on Windows [env: RVENV_SYMLINKS]"
    )]
    symlinks: bool,
    #[arg(
        long,
        alias = "co",
        help = "Copy the interpreter instead of linking to it [env: RVENV_COPIES]"
    )]
    copies: bool,
    #[arg(
        long,
        help = "Replace all that is in the environment's directory [env: RVENV_CLEAR]"
    )]
    clear: bool,
    #[arg(
        long,
        help = "Mend an environment: its Python was upgraded or is gone, it was moved, its pip is missing [env: RVENV_UPGRADE]"
    )]
    upgrade: bool,
    #[arg(
        long,
        conflicts_with_all = ["clear", "upgrade"],
        help = "Do nothing where there is a healthy environment, mend a broken one, create a missing one [env: RVENV_ENSURE]"
    )]
    ensure: bool,
    /// Leave pip out
    #[arg(long, action = ArgAction::SetTrue, env = "RVENV_WITHOUT_PIP", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    without_pip: bool,
    #[arg(
        long,
        alias = "p",
        help = "The name to show in an activated shell; `.` is the current directory's [env: RVENV_PROMPT]"
    )]
    prompt: Option<String>,
    /// Upgrade pip (and setuptools below 3.12) to the latest version in the index
    #[arg(long, action = ArgAction::SetTrue, env = "RVENV_UPGRADE_DEPS", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    upgrade_deps: bool,
    /// Leave the `.gitignore` out
    #[arg(long, action = ArgAction::SetTrue, env = "RVENV_WITHOUT_SCM_IGNORE_FILES", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    without_scm_ignore_files: bool,
    /// The Python to use: a version (`3.12`, `>=3.10`, `pypy3.10`), a path, or a name on PATH; of several the first that is found
    #[arg(
        short,
        long,
        value_name = "PYTHON",
        env = "RVENV_PYTHON",
        hide_env_values = true,
        value_hint = ValueHint::AnyPath
    )]
    python: Vec<OsString>,
    /// How files get from the store into the environment: `auto` clones them where that can be done, else makes hard links,
    /// else copies
    #[arg(
        long,
        value_name = "MODE",
        default_value = "auto",
        env = "RVENV_LINK_MODE",
        hide_env_values = true
    )]
    link_mode: Linking,
    /// Clear a directory although it is not an environment
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: Output,
}

/// How files get from the store into an environment.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Linking {
    #[value(alias = "")]
    Auto,
    Clone,
    Hardlink,
    Copy,
    Symlink,
}

impl Linking {
    pub(super) fn mode(self) -> Option<LinkMode> {
        match self {
            Self::Auto => None,
            Self::Clone => Some(LinkMode::Clone),
            Self::Hardlink => Some(LinkMode::Hardlink),
            Self::Copy => Some(LinkMode::Copy),
            Self::Symlink => Some(LinkMode::Symlink),
        }
    }
}

impl DropIn {
    pub(crate) fn env_dirs(&self) -> &[OsString] {
        &self.env_dirs
    }

    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        run(context, &self.env_dirs, &self.flags)
    }
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        run(context, &self.env_dirs, &self.flags)
    }
}

/// What to make, and of what.
pub(super) struct Order {
    /// The Pythons to make it of; of several the first that is found.
    pub(super) requests: Vec<OsString>,
    pub(super) options: Options,
    pub(super) link_mode: Option<LinkMode>,
}

/// Makes the environments, and says what came of it.
fn run(context: &Context, env_dirs: &[OsString], flags: &Flags) -> Result<()> {
    interrupt::listen().context("failed to listen for signals")?;
    if !flags.output.json {
        return make(context, env_dirs, &flags.order()?, |_, _| ());
    }
    let mut environments = Vec::new();
    let made = flags.order().and_then(|order| {
        make(context, env_dirs, &order, |root, done| {
            environments.push(Made::new(root, done));
        })
    });
    let err = made.err().map(commands::reason);
    json::print_object(&Outcome {
        environments,
        failure: err.as_ref().map(Failure::new),
    })?;
    err.map_or(Ok(()), |_| Err(Reported.into()))
}

/// Makes the environments one after the other, tells `made` of each, and stops at the first that fails, as `venv` does.
pub(super) fn make(
    context: &Context,
    env_dirs: &[OsString],
    order: &Order,
    mut made: impl FnMut(&Path, Done),
) -> Result<()> {
    let (requests, options) = (&order.requests, &order.options);
    let cache_dir = context.cache_dir();
    let cache_dir = cache_dir.as_deref();
    let mut asked: Option<Known> = None;
    for env_dir in env_dirs {
        let root = target::resolve(Path::new(env_dir))?;
        if requests.is_empty() && repair::is_ensured(context.ui, &root, options, None) {
            made(&root, Done::nothing());
            continue;
        }
        let own = own_python(context.ui, cache_dir, &root, options.existing, requests)?;
        let is_settled = requests.is_empty() || options.existing == Existing::Ensure;
        let found = match (&own, &mut asked) {
            (Some(own), _) if is_settled => own,
            (own, Some(asked)) => of_same_version(asked, own.as_ref()),
            (own, asked) => {
                let found = interpreter::find(context.ui, cache_dir, requests)?;
                of_same_version(asked.insert(found), own.as_ref())
            }
        };
        let base = interpreter::outside(cache_dir, &found.interpreter, &root)?;
        let Known { interpreter, memo } = base.as_ref().unwrap_or(found);
        let creation = Creation {
            context,
            cache_dir,
            interpreter,
            memo,
            layout: &Layout::new(&root, interpreter),
            options,
            link_mode: order.link_mode,
        };
        made(&root, creation.create(Path::new(env_dir))?);
    }
    Ok(())
}

/// Returns the Python of the environment in `root`, where that is to be mended and its Python is what was asked for.
fn own_python(
    ui: Ui,
    cache_dir: Option<&Path>,
    root: &Path,
    existing: Existing,
    requests: &[OsString],
) -> Result<Option<Known>> {
    if !matches!(existing, Existing::Upgrade | Existing::Ensure) {
        return Ok(None);
    }
    let anatomy = Anatomy::of(root);
    if !anatomy.is_environment() {
        return Ok(None);
    }
    let own = interpreter::of_environment(ui, cache_dir, &anatomy);
    if requests.is_empty() {
        return own;
    }
    // What is asked for may be there where that is not.
    let own = own.ok().flatten();
    Ok(own.filter(|own| interpreter::is_described(requests, &own.interpreter)))
}

/// Returns how the interpreter gets into an environment where nothing is typed: as a variable says, else the platform.
///
/// # Errors
/// When the variables contradict each other.
pub(super) fn usual_executables() -> Result<Executables> {
    let choices = [
        (false, "RVENV_SYMLINKS", Executables::Symlink),
        (false, "RVENV_COPIES", Executables::Copy),
    ];
    Ok(meant(&choices)?.unwrap_or(if platform::LINKS_BY_DEFAULT {
        Executables::Symlink
    } else {
        Executables::Copy
    }))
}

/// Returns what was found, or an environment's own Python where that is of another version.
fn of_same_version<'a>(found: &'a Known, own: Option<&'a Known>) -> &'a Known {
    let version = |known: &Known| known.interpreter.version.x_y();
    own.filter(|own| version(own) != version(found))
        .unwrap_or(found)
}

impl Flags {
    fn order(&self) -> Result<Order> {
        Ok(Order {
            requests: commands::asked(&self.python),
            options: self.options()?,
            link_mode: self.link_mode.mode(),
        })
    }

    fn options(&self) -> Result<Options> {
        Ok(Options {
            system_site_packages: self.system_site_packages,
            executables: self.executables()?,
            existing: self.existing()?,
            prompt: self.prompt()?,
            with_pip: !self.without_pip,
            upgrade_deps: self.upgrade_deps,
            scm_ignore_files: !self.without_scm_ignore_files,
            force: self.force,
        })
    }

    /// What is typed wins over the variables.
    fn executables(&self) -> Result<Executables> {
        match (self.copies, self.symlinks) {
            (true, _) => Ok(Executables::Copy),
            (_, true) => Ok(Executables::Symlink),
            _ => usual_executables(),
        }
    }

    fn existing(&self) -> Result<Existing> {
        if self.clear && self.upgrade {
            bail!(Hinted::error(
                "you cannot supply --upgrade and --clear together",
                "`--clear` makes the environment anew; `--upgrade` keeps its packages"
            ));
        }
        let choices = [
            (self.clear, "RVENV_CLEAR", Existing::Clear),
            (self.upgrade, "RVENV_UPGRADE", Existing::Upgrade),
            (self.ensure, "RVENV_ENSURE", Existing::Ensure),
        ];
        Ok(meant(&choices)?.unwrap_or(Existing::Keep))
    }

    fn prompt(&self) -> Result<Option<Prompt>> {
        // Typed, it may be empty.
        let variable = || commands::variable("RVENV_PROMPT").transpose();
        let typed = self.prompt.clone().map(Ok).or_else(variable);
        let Some(typed) = typed.transpose()? else {
            return Ok(None);
        };
        if typed.contains(target::is_control) {
            let message = format!(
                "the prompt `{}` has a control character",
                typed.escape_debug()
            );
            bail!(Hinted::error(
                message,
                "choose a prompt that fits on one line"
            ));
        }
        let here = if typed == "." {
            std::env::current_dir().context("failed to find the current directory")?
        } else {
            PathBuf::new()
        };
        let current_dir_name = here
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Some(Prompt {
            typed,
            current_dir_name,
        }))
    }
}

/// Returns what one of several flags that exclude each other means: the one that is typed, else the one whose variable is set.
///
/// # Errors
/// When none is typed and several variables are set.
fn meant<T: Copy>(choices: &[(bool, &str, T)]) -> Result<Option<T>> {
    if let Some((_, _, typed)) = choices.iter().find(|(is_typed, _, _)| *is_typed) {
        return Ok(Some(*typed));
    }
    let set = choices.iter().filter(|(_, variable, _)| is_set(variable));
    match set.collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        [(_, _, value)] => Ok(Some(*value)),
        [(_, one, _), (_, other, _), ..] => bail!(Hinted::error(
            format!("`{one}` and `{other}` are both set"),
            "unset one of them, or type the flag that is meant"
        )),
    }
}
