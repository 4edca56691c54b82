//! `rvenv ENV_DIR...` and `rvenv create`: makes environments.

use crate::commands::Context;
use crate::error::Hinted;
use crate::seed::{Replaced, Seed, upgrade_deps};
use crate::shell::{Activation, SHELLS};
use crate::sys::fs;
use crate::venv::create::{self, Existing, Options, Prompt};
use crate::venv::environment::Environment;
use crate::venv::executables::Executables;
use crate::venv::interpreter::{self, Interpreter};
use crate::venv::layout::Layout;
use crate::venv::replace::{Outcome, Stage};
use crate::venv::target;
use anyhow::{Context as _, Result, bail};
use clap::ArgAction;
use clap::builder::FalseyValueParser;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) const AFTER_HELP: &str = "\
Once an environment has been created, activate it, e.g. by `source ENV_DIR/bin/activate`.
A directory that has a subcommand's name is given as `./create`.";

/// `rvenv [OPTIONS] ENV_DIR...`, as for `python -m venv`.
#[derive(Debug, clap::Args)]
pub(crate) struct DropIn {
    /// A directory to create the environment in
    #[arg(value_name = "ENV_DIR", required = true)]
    env_dirs: Vec<OsString>,
    #[command(flatten)]
    flags: Flags,
}

/// `rvenv create [OPTIONS] [ENV_DIR...]`.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// A directory to create the environment in
    #[arg(value_name = "ENV_DIR", default_value = ".venv")]
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
    /// Link to the interpreter, the default except on Windows
    #[arg(long, conflicts_with = "copies", action = ArgAction::SetTrue, env = "RVENV_SYMLINKS", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    symlinks: bool,
    /// Copy the interpreter instead of linking to it
    #[arg(long, alias = "co", action = ArgAction::SetTrue, env = "RVENV_COPIES", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    copies: bool,
    /// Replace all that is in the environment's directory
    #[arg(long)]
    clear: bool,
    /// Bring an environment up to this Python, which was upgraded in place
    #[arg(long)]
    upgrade: bool,
    /// Leave pip out
    #[arg(long, action = ArgAction::SetTrue, env = "RVENV_WITHOUT_PIP", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    without_pip: bool,
    /// The name to show in an activated shell; `.` is the current directory's
    #[arg(long, alias = "p", env = "RVENV_PROMPT", hide_env_values = true)]
    prompt: Option<String>,
    /// Upgrade pip (and setuptools below 3.12) to the latest version in the index
    #[arg(long, action = ArgAction::SetTrue, env = "RVENV_UPGRADE_DEPS", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    upgrade_deps: bool,
    /// Leave the `.gitignore` out
    #[arg(long, action = ArgAction::SetTrue, env = "RVENV_WITHOUT_SCM_IGNORE_FILES", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    without_scm_ignore_files: bool,
    /// The Python to use: a path, or a name on PATH
    #[arg(
        short,
        long,
        value_name = "PYTHON",
        env = "RVENV_PYTHON",
        hide_env_values = true
    )]
    python: Option<OsString>,
    /// Clear a directory although it is not an environment
    #[arg(long)]
    force: bool,
}

impl DropIn {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        run(context, &self.env_dirs, &self.flags)
    }
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        run(context, &self.env_dirs, &self.flags)
    }
}

/// Makes the environments one after the other, and stops at the first that fails, as `venv` does.
fn run(context: &Context, env_dirs: &[OsString], flags: &Flags) -> Result<()> {
    let options = flags.options()?;
    let cache_dir = context.cache_dir();
    let python = flags.python.as_deref().filter(|python| !python.is_empty());
    let interpreter = interpreter::find(context.ui, cache_dir.as_deref(), python)?;
    let creation = Creation {
        context,
        cache_dir: cache_dir.as_deref(),
        interpreter: &interpreter,
        options: &options,
    };
    env_dirs
        .iter()
        .try_for_each(|env_dir| creation.create(Path::new(env_dir)))
}

impl Flags {
    fn options(&self) -> Result<Options> {
        Ok(Options {
            system_site_packages: self.system_site_packages,
            executables: if self.copies {
                Executables::Copy
            } else {
                Executables::Symlink
            },
            existing: self.existing()?,
            prompt: self.prompt()?,
            with_pip: !self.without_pip,
            upgrade_deps: self.upgrade_deps,
            scm_ignore_files: !self.without_scm_ignore_files,
            force: self.force,
        })
    }

    fn existing(&self) -> Result<Existing> {
        match (self.clear, self.upgrade) {
            (false, false) => Ok(Existing::Keep),
            (true, false) => Ok(Existing::Clear),
            (false, true) => Ok(Existing::Upgrade),
            (true, true) => {
                let hint = "`--clear` makes the environment anew; `--upgrade` keeps its packages";
                bail!(Hinted::error(
                    "you cannot supply --upgrade and --clear together",
                    hint
                ))
            }
        }
    }

    fn prompt(&self) -> Result<Option<Prompt>> {
        let Some(typed) = self.prompt.clone() else {
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

/// What one run makes its environments of.
struct Creation<'a> {
    context: &'a Context,
    cache_dir: Option<&'a Path>,
    interpreter: &'a Interpreter,
    options: &'a Options,
}

impl Creation<'_> {
    fn create(&self, env_dir: &Path) -> Result<()> {
        let started = Instant::now();
        let layout = Layout::new(&target::resolve(env_dir)?, self.interpreter);
        let found = target::inspect(&layout.root, self.options)?;
        target::refuse_another_python(self.interpreter, &layout, self.options)?;
        let stage = Stage::open(&layout.root, found, self.options.existing)?;
        create::build(
            self.context.ui,
            stage.path(),
            self.interpreter,
            &layout,
            self.options,
        )?;
        let replaced = self.install_pip(stage.path(), &layout)?;
        self.write_activation_scripts(stage.path(), &layout)?;
        self.commit(stage, &layout)?;
        replaced
            .iter()
            .try_for_each(|replaced| replaced.remove(&layout))?;
        self.upgrade_deps(&layout)?;
        self.summarize(env_dir, &layout, started);
        Ok(())
    }

    fn install_pip(&self, place: &Path, layout: &Layout) -> Result<Vec<Replaced>> {
        if !self.options.with_pip {
            return Ok(Vec::new());
        }
        let seed = Seed {
            ui: self.context.ui,
            store: self.cache_dir,
            interpreter: self.interpreter,
            layout,
            existing: self.options.existing,
        };
        seed.install(place)
            .with_context(|| format!("failed to install pip into `{}`", layout.root.display()))
    }

    /// Writes the activation scripts that this interpreter's `venv` has, with venv's modes.
    fn write_activation_scripts(&self, place: &Path, layout: &Layout) -> Result<()> {
        let root = layout.root.to_str().context("the path is not UTF-8")?;
        let name = layout
            .root
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let prompt = self
            .options
            .prompt
            .as_ref()
            .map_or(&*name, |prompt| prompt.shown(self.interpreter));
        let activation = Activation {
            root,
            bin: &layout.scripts.to_string_lossy(),
            prompt,
        };
        for shell in SHELLS {
            for script in shell
                .scripts
                .iter()
                .filter(|script| self.has_script(script.file_name))
            {
                let path = place.join(&layout.scripts).join(script.file_name);
                fs::write_new_with_mode(
                    &path,
                    shell.render(script, &activation).as_bytes(),
                    0o644,
                )?;
            }
        }
        Ok(())
    }

    /// Returns whether this interpreter's `venv` writes a script; where it is not installed, what all versions write.
    fn has_script(&self, name: &str) -> bool {
        let scripts = &self.interpreter.activation_scripts;
        if scripts.is_empty() {
            name.to_lowercase().starts_with("activate")
        } else {
            scripts.iter().any(|script| script == name)
        }
    }

    fn commit(&self, stage: Stage, layout: &Layout) -> Result<()> {
        let is_same = || {
            Environment::open(&layout.root).is_some_and(|other| other.is_made_of(self.interpreter))
        };
        match stage.commit(self.context.ui)? {
            Outcome::Done => Ok(()),
            Outcome::Lost if is_same() => {
                self.context
                    .ui
                    .note("another process made the same environment meanwhile");
                Ok(())
            }
            Outcome::Lost => bail!("`{}` appeared meanwhile", layout.root.display()),
        }
    }

    fn upgrade_deps(&self, layout: &Layout) -> Result<()> {
        if !self.options.upgrade_deps {
            return Ok(());
        }
        upgrade_deps::run(self.interpreter, layout)
    }

    fn summarize(&self, env_dir: &Path, layout: &Layout, started: Instant) {
        let activate = env_dir.join(&layout.scripts).join("activate");
        self.context.ui.summary(format_args!(
            "created {} ({}) in {} ms; activate it with: {}",
            self.context.ui.bold(&env_dir.display().to_string()),
            self.interpreter.title(),
            started.elapsed().as_millis(),
            self.context
                .ui
                .bold(&format!("source {}", activate.display())),
        ));
    }
}
