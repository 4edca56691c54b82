//! Making one environment: built aside, put into place as the last step.

use crate::commands::create::repair;
use crate::commands::{Context, activation};
use crate::seed::{Replaced, Seed, repoint, upgrade_deps};
use crate::shell::{Activation, SHELLS};
use crate::sys::fs;
use crate::sys::link::LinkMode;
use crate::sys::memo::Memo;
use crate::venv::check::{Depth, Finding};
use crate::venv::create::{self, Existing, Options};
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use crate::venv::replace::{Outcome, Stage, Succession};
use crate::venv::target::{self, Found};
use crate::venv::turn::Turn;
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;

/// The activation scripts of POSIX Pythons since 3.8.
const USUAL_SCRIPTS: [&str; 4] = ["activate", "activate.csh", "activate.fish", "Activate.ps1"];

/// What was done that there is an environment; the names are part of what `--json` promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::commands) enum Action {
    Created,
    /// There was one already, or something else, which is kept.
    Updated,
    /// There was nothing to do.
    Unchanged,
}

/// What came of making an environment.
#[derive(Debug)]
pub(in crate::commands) struct Done {
    pub(super) action: Action,
    /// What had been wrong with it.
    pub(super) mended: Vec<Finding>,
}

impl Done {
    /// Of an environment to which nothing was to be done.
    pub(super) fn nothing() -> Self {
        Self {
            action: Action::Unchanged,
            mended: Vec::new(),
        }
    }
}

/// One environment to make, and what of.
#[derive(Clone, Copy)]
pub(super) struct Creation<'a> {
    pub(super) context: &'a Context,
    pub(super) cache_dir: Option<&'a Path>,
    pub(super) interpreter: &'a Interpreter,
    pub(super) memo: &'a Memo,
    pub(super) layout: &'a Layout,
    pub(super) options: &'a Options,
    pub(super) link_mode: Option<LinkMode>,
}

impl Creation<'_> {
    pub(super) fn create(&self, typed: &Path) -> Result<Done> {
        let started = Instant::now();
        self.context.ui.note(format_args!(
            "using {} (`{}`)",
            self.interpreter.title(),
            self.interpreter.executable.display()
        ));
        let Some((found, mended)) = self.make()? else {
            return Ok(Done::nothing());
        };
        if self.options.upgrade_deps {
            upgrade_deps::run(self.interpreter, self.layout)?;
        }
        let action = match (found, self.options.existing) {
            (Found::Directory, Existing::Keep | Existing::Upgrade | Existing::Ensure) => {
                Action::Updated
            }
            _ => Action::Created,
        };
        self.summarize(typed, action, started);
        Ok(Done { action, mended })
    }

    /// Makes it, once more where somebody else put something there meanwhile. Returns what was there and what of it is
    /// mended, `None` where nothing was to be done.
    fn make(&self) -> Result<Option<(Found, Vec<Finding>)>> {
        let ui = self.context.ui;
        loop {
            let (found, turn) = self.look()?;
            if repair::is_ensured(ui, &self.layout.root, self.options, Some(self.interpreter)) {
                return Ok(None);
            }
            let options = repair::adapted(self.options, &self.layout.root);
            let creation = Creation {
                options: &options,
                ..*self
            };
            if let Some(mended) = creation.mend(found, turn.as_ref(), self.depth())? {
                return Ok(Some((found, mended)));
            }
            ui.note("something was put there meanwhile; trying again");
        }
    }

    /// Returns how closely to look at what has been mended: as closely as at whether there is anything to mend.
    fn depth(&self) -> Depth {
        match self.options.existing {
            Existing::Ensure => Depth::Glance,
            _ => Depth::Whole,
        }
    }

    /// Does its work, and where that is to mend something says and returns what is mended; `None` where it is to be done once
    /// more.
    fn mend(
        &self,
        found: Found,
        turn: Option<&Turn>,
        depth: Depth,
    ) -> Result<Option<Vec<Finding>>> {
        let ailments = repair::Ailments::of(&self.layout.root, self.options)?;
        match (self.stage(found, turn)?, ailments) {
            (Outcome::Done, Some(ailments)) => ailments
                .say_what_is_mended(self.context.ui, depth)
                .map(Some),
            (Outcome::Done, None) => Ok(Some(Vec::new())),
            (Outcome::Lost, _) => Ok(None),
        }
    }

    /// Returns what is there, and this process's turn to change it.
    fn look(&self) -> Result<(Found, Option<Turn>)> {
        if self.inspect()? == Found::Nothing {
            return Ok((Found::Nothing, None));
        }
        let turn = Turn::wait(self.context.ui, &self.layout.root)?;
        // Whoever had the turn before may have changed all of it.
        let found = self.inspect()?;
        Ok((found, Some(turn).filter(|_| found == Found::Directory)))
    }

    /// Returns what is there, which may be taken away while it is looked at.
    fn inspect(&self) -> Result<Found> {
        let root = &self.layout.root;
        match target::inspect(root, self.options) {
            Err(err) if fs::is_not_found(&err) && root.symlink_metadata().is_err() => {
                target::inspect(root, self.options)
            }
            found => found,
        }
    }

    fn stage(&self, found: Found, turn: Option<&Turn>) -> Result<Outcome> {
        let (ui, layout) = (self.context.ui, self.layout);
        if found == Found::Directory {
            target::refuse_another_python(self.interpreter, layout, self.options)?;
        }
        let stage = Stage::open(ui, &layout.root, self.options.existing, turn)?;
        create::build(ui, stage.path(), self.interpreter, layout, self.options)?;
        let replaced = self.install_pip(stage.path(), found)?;
        self.write_activation_scripts(stage.path())?;
        if self.options.existing == Existing::Upgrade {
            repoint::repoint(stage.path(), layout)?;
        }
        let succession = self.carry_over(&replaced, stage.path())?;
        let outcome = stage.commit(ui, &succession)?;
        if outcome == Outcome::Done {
            self.remove_replaced(&replaced);
        }
        Ok(outcome)
    }

    /// Puts what others have added to directories that are replaced into their successors, and returns what becomes of these.
    fn carry_over(&self, replaced: &[Replaced], place: &Path) -> Result<Succession> {
        let mut succession = Succession::default();
        for replaced in replaced {
            succession
                .units
                .extend(replaced.carry_over(place, self.layout)?);
            succession.gone.extend(replaced.dist_info(self.layout));
        }
        Ok(succession)
    }

    fn install_pip(&self, place: &Path, found: Found) -> Result<Vec<Replaced>> {
        if !self.options.with_pip {
            return Ok(Vec::new());
        }
        let seed = Seed {
            ui: self.context.ui,
            store: self.cache_dir,
            interpreter: self.interpreter,
            memo: self.memo,
            link_mode: self.link_mode,
            layout: self.layout,
            existing: (found == Found::Directory).then_some(self.options.existing),
        };
        let root = &self.layout.root;
        seed.install(place)
            .with_context(|| format!("failed to install pip into `{}`", root.display()))
    }

    /// Removes what is left of replaced distributions, which is no reason to fail: their successors are in place. Whoever
    /// upgrades expects them to stay, and is told.
    fn remove_replaced(&self, replaced: &[Replaced]) {
        let ui = self.context.ui;
        for replaced in replaced {
            if let Err(err) = replaced.remove(self.layout) {
                ui.warn(format_args!("{err:#}"));
            }
            let is_expected = self.options.existing != Existing::Upgrade;
            if let Some([new, old]) = replaced.names().filter(|_| !is_expected) {
                ui.answer(format_args!("{new} takes the place of {old}"));
            }
        }
    }

    /// Writes the activation scripts that this interpreter's `venv` has, with venv's modes.
    fn write_activation_scripts(&self, place: &Path) -> Result<()> {
        let root = self.layout.root.to_str().context("the path is not UTF-8")?;
        let name = self
            .layout
            .root
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let prompt = self.options.prompt.as_ref();
        let prompt = prompt.map_or(&*name, |prompt| prompt.shown(self.interpreter));
        let bin = self.layout.scripts.to_string_lossy();
        let activation = Activation {
            root,
            bin: &bin,
            prompt,
        };
        for shell in SHELLS {
            for script in shell
                .scripts
                .iter()
                .filter(|script| self.has_script(script.file_name))
            {
                let path = place.join(&self.layout.scripts).join(script.file_name);
                fs::write_new_with_mode(
                    &path,
                    shell.render(script, &activation).as_bytes(),
                    0o644,
                )?;
            }
        }
        Ok(())
    }

    /// Returns whether this interpreter's `venv` writes a script; where it is not installed, what it usually writes. One that
    /// another tool has written is mended, too.
    fn has_script(&self, name: &str) -> bool {
        let scripts = &self.interpreter.activation_scripts;
        let is_mended = self.options.existing == Existing::Upgrade;
        let own = self.layout.root.join(&self.layout.scripts).join(name);
        if is_mended && own.symlink_metadata().is_ok() {
            true
        } else if scripts.is_empty() {
            USUAL_SCRIPTS.contains(&name)
        } else {
            scripts.iter().any(|script| script == name)
        }
    }

    fn summarize(&self, typed: &Path, action: Action, started: Instant) {
        let ui = self.context.ui;
        if !ui.summarizes() {
            return;
        }
        let done = if action == Action::Updated {
            "updated"
        } else {
            "created"
        };
        let scripts = self.layout.scripts.to_string_lossy();
        let activate = activation::command(typed, &scripts, |script| self.has_script(script));
        ui.summary(format_args!(
            "{done} {} ({}) in {} ms; activate it with: {}",
            ui.bold(&typed.display().to_string()),
            self.interpreter.title(),
            started.elapsed().as_millis(),
            ui.bold(&activate),
        ));
    }
}
