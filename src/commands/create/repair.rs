//! `--upgrade` and `--ensure`: what is wrong with an environment, and what of that was mended.

use crate::commands::check;
use crate::error::Hinted;
use crate::seed;
use crate::sys::fs;
use crate::ui::Ui;
use crate::venv::check::{Anatomy, Depth, Finding, Kind, Mend, protect, world_writable};
use crate::venv::create::{Existing, Options, Prompt};
use crate::venv::environment::Environment;
use crate::venv::executables::Executables;
use crate::venv::interpreter::Interpreter;
use anyhow::Result;
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
    take_from_everybody(ui, &anatomy);
    let lacks = reason(&anatomy, &environment, options, interpreter);
    match &lacks {
        Some(lack) => ui.note(format_args!("`{}`: {lack}", root.display())),
        None => ui.summary(format_args!("`{}` is healthy", root.display())),
    }
    lacks.is_none()
}

/// Mends what everybody may write to, where the file system has modes.
fn take_from_everybody(ui: Ui, anatomy: &Anatomy) {
    let Some(Finding { message, .. }) = world_writable(anatomy) else {
        return;
    };
    if protect(anatomy).is_ok() && world_writable(anatomy).is_none() {
        ui.answer(format_args!("mended: {message}"));
    } else {
        ui.warn(message);
    }
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
    // On a file system without modes it would be mended each time.
    let counts = |finding: &Finding| finding.is_broken() && finding.kind != Kind::WorldWritable;
    let mut findings = findings(anatomy, Depth::Glance, options).into_iter();
    findings.find(counts).map(|finding| finding.message)
}

/// Returns what is wrong; where no pip was asked for, it is not wrong that there is none.
fn findings(anatomy: &Anatomy, depth: Depth, options: &Options) -> Vec<Finding> {
    let mut findings = check::findings(anatomy, depth);
    findings.retain(|finding| options.with_pip || !is_about_pip(finding));
    findings
}

fn is_about_pip(finding: &Finding) -> bool {
    matches!(finding.kind, Kind::PipMissing | Kind::PipNotImportable)
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
    let is_there = home == Some(fs::real(&interpreter.home));
    let is_same = || fs::real(&anatomy.python()) == interpreter.real_executable;
    (is_there || is_same()) && version.is_none_or(is_prefix)
}

/// Returns the options for what is at `root`: one that is mended keeps the settings that nothing was said about.
pub(super) fn adapted(options: &Options, root: &Path) -> Options {
    let mut options = options.clone();
    if !matches!(options.existing, Existing::Upgrade | Existing::Ensure) {
        return options;
    }
    let anatomy = Anatomy::of(root);
    let is_ensured = options.existing == Existing::Ensure;
    if !anatomy.is_environment() {
        if is_ensured {
            options.existing = Existing::Keep;
        }
        return options;
    }
    options.existing = Existing::Upgrade;
    options.with_pip &= is_to_have_pip(&anatomy, is_ensured);
    if anatomy.is_copied() {
        options.executables = Executables::Copy;
    }
    if let Some(environment) = Environment::open(root) {
        options.system_site_packages |= environment.sees_the_system();
        options.prompt = options.prompt.or_else(|| kept_prompt(&environment));
    }
    options
}

/// Returns whether an environment has a pip, or lacks one. `--upgrade` gives one to those of venv that were made without, as
/// venv does.
fn is_to_have_pip(anatomy: &Anatomy, is_ensured: bool) -> bool {
    let is_of_uv = anatomy.get("uv").is_some();
    let lacks = || {
        let findings = check::findings(anatomy, Depth::Glance);
        findings.iter().any(is_about_pip)
    };
    seed::check::has_pip(anatomy) || !is_ensured && !is_of_uv || lacks()
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
    ///
    /// # Errors
    /// When something is wrong that cannot be mended.
    pub(super) fn of(root: &'a Path, options: &'a Options) -> Result<Option<Self>> {
        let anatomy = Anatomy::of(root);
        if options.existing != Existing::Upgrade || !anatomy.is_environment() {
            return Ok(None);
        }
        let findings = findings(&anatomy, Depth::Whole, options);
        let is_fatal = |finding: &&Finding| finding.is_broken() && finding.mend == Mend::Clear;
        match findings.iter().find(is_fatal) {
            Some(fatal) => Err(unmendable("cannot be mended", fatal, root)),
            None => Ok(Some(Self {
                root,
                options,
                findings,
            })),
        }
    }

    /// Says and returns what is not wrong any more, and says what still is.
    ///
    /// # Errors
    /// When something is left that a look of this depth sees and that does not belong to a package.
    pub(super) fn say_what_is_mended(mut self, ui: Ui, depth: Depth) -> Result<Vec<Finding>> {
        let anatomy = Anatomy::of(self.root);
        // Not every file system has modes.
        protect(&anatomy).ok();
        let left = findings(&anatomy, Depth::Whole, self.options);
        let is_left = |kind| left.iter().any(|finding| finding.kind == kind);
        self.findings.retain(|finding| !is_left(finding.kind));
        for finding in &self.findings {
            ui.answer(format_args!("mended: {}", finding.message));
        }
        let seen = findings(&anatomy, depth, self.options);
        for finding in left.iter().filter(|finding| finding.is_broken()) {
            if finding.mend == Mend::Upgrade && seen.contains(finding) {
                return Err(unmendable("is still broken", finding, self.root));
            }
            let command = check::command(&finding.mend, &anatomy);
            ui.warn(format_args!("{}; mend it with: {command}", finding.message));
        }
        Ok(self.findings)
    }
}

fn unmendable(problem: &str, finding: &Finding, root: &Path) -> anyhow::Error {
    Hinted::error(
        format!("`{}` {problem}: {}", root.display(), finding.message),
        "`--clear` makes it anew, without its packages",
    )
}
