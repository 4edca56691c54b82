//! `--upgrade` and `--ensure`: what is wrong with an environment, and what of that was mended.

use crate::commands::check;
use crate::error::Hinted;
use crate::seed;
use crate::sys::fs;
use crate::ui::Ui;
use crate::venv::check::{Anatomy, Depth, Finding, Kind, Mend, protect};
use crate::venv::create::{Existing, Options, Prompt};
use crate::venv::environment::Environment;
use crate::venv::interpreter::Interpreter;
use anyhow::{Result, bail};
use std::path::Path;

/// Returns whether there is what `--ensure` asks for: a healthy environment, of `interpreter` where one is given, with the
/// settings that were asked for.
pub(super) fn is_ensured(
    ui: Ui,
    root: &Path,
    options: &Options,
    interpreter: Option<&Interpreter>,
) -> bool {
    let is_asked = options.existing == Existing::Ensure;
    let environment = is_asked.then(|| Environment::open(root)).flatten();
    let Some(environment) = environment else {
        return false;
    };
    let anatomy = Anatomy::of(root);
    let lacks = reason(&anatomy, &environment, options, interpreter);
    match &lacks {
        Some(lack) => ui.note(format_args!("`{}`: {lack}", root.display())),
        None => ui.summary(format_args!("`{}` is healthy", root.display())),
    }
    lacks.is_none()
}

/// Returns why an environment is not what `--ensure` asks for.
fn reason(
    anatomy: &Anatomy,
    environment: &Environment,
    options: &Options,
    interpreter: Option<&Interpreter>,
) -> Option<String> {
    let is_other = |interpreter: &&Interpreter| !is_of(anatomy, interpreter);
    if let Some(interpreter) = interpreter.filter(is_other) {
        return Some(format!("it is not of {}", interpreter.title()));
    }
    if options.system_site_packages && !environment.sees_the_system() {
        return Some("it does not see the packages of the system".to_owned());
    }
    if options.with_pip && !seed::check::has_pip(anatomy) {
        return Some("there is no pip".to_owned());
    }
    let mut findings = findings(anatomy, Depth::Glance, options).into_iter();
    let broken = findings.find(Finding::is_broken)?;
    Some(broken.message)
}

/// Returns what is wrong; where no pip was asked for, it is not wrong that there is none.
fn findings(anatomy: &Anatomy, depth: Depth, options: &Options) -> Vec<Finding> {
    let is_about_pip = |kind| matches!(kind, Kind::PipMissing | Kind::PipNotImportable);
    let mut findings = check::findings(anatomy, depth);
    findings.retain(|finding| options.with_pip || !is_about_pip(finding.kind));
    findings
}

/// Returns whether an environment is of this very interpreter, as far as its `pyvenv.cfg` says.
fn is_of(anatomy: &Anatomy, interpreter: &Interpreter) -> bool {
    let home = anatomy.get("home").map(Path::new).map(fs::real);
    let version = anatomy.cfg.as_ref().ok().and_then(|cfg| cfg.full_version());
    let is_prefix = |recorded: &str| {
        let own = interpreter.version.to_string();
        recorded == own
            || recorded
                .strip_prefix(&own)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    home == Some(fs::real(&interpreter.home)) && version.is_none_or(is_prefix)
}

/// Returns the options for what is at `root`: one that is mended keeps the settings that nothing was said about.
pub(super) fn adapted(options: &Options, root: &Path) -> Options {
    let mut options = options.clone();
    if options.existing == Existing::Ensure {
        options.existing = if Anatomy::of(root).is_environment() {
            Existing::Upgrade
        } else {
            Existing::Keep
        };
    }
    if options.existing == Existing::Upgrade
        && let Some(environment) = Environment::open(root)
    {
        options.system_site_packages |= environment.sees_the_system();
        options.prompt = options.prompt.or_else(|| kept_prompt(&environment));
    }
    options
}

fn kept_prompt(environment: &Environment) -> Option<Prompt> {
    let shown = environment.prompt()?;
    Some(Prompt {
        typed: shown.clone(),
        current_dir_name: shown,
    })
}

/// What is wrong with an environment before it is mended.
pub(super) struct Ailments<'a> {
    root: &'a Path,
    options: &'a Options,
    findings: Vec<Finding>,
}

impl<'a> Ailments<'a> {
    /// Returns what is wrong with what is at `root`, `None` where that is not to be mended.
    pub(super) fn of(root: &'a Path, options: &'a Options) -> Option<Self> {
        let is_wanted = options.existing == Existing::Upgrade;
        let anatomy = is_wanted.then(|| Anatomy::of(root))?;
        let findings = || findings(&anatomy, Depth::Whole, options);
        anatomy.is_environment().then(|| Self {
            root,
            options,
            findings: findings(),
        })
    }

    /// Says what is not wrong any more, and what still is.
    ///
    /// # Errors
    /// When something is left that does not belong to a package.
    pub(super) fn say_what_is_mended(self, ui: Ui) -> Result<()> {
        let anatomy = Anatomy::of(self.root);
        protect(&anatomy)?;
        let left = findings(&anatomy, Depth::Whole, self.options);
        let is_left = |kind| left.iter().any(|finding| finding.kind == kind);
        for finding in self.findings.iter().filter(|it| !is_left(it.kind)) {
            ui.answer(format_args!("mended: {}", finding.message));
        }
        for finding in left.iter().filter(|finding| finding.is_broken()) {
            let command = check::command(&finding.mend, &anatomy);
            if !matches!(finding.mend, Mend::Reinstall(..)) {
                let root = self.root.display();
                bail!(Hinted::error(
                    format!("`{root}` is still broken: {}", finding.message),
                    format!("`{command}` mends it"),
                ));
            }
            ui.warn(format_args!("{}; mend it with: {command}", finding.message));
        }
        Ok(())
    }
}
