//! `--temp`: an environment that is gone when this process ends, or is swept by the next one where it was killed.

use crate::commands::create::{self, Order};
use crate::commands::measure::count;
use crate::commands::run::Args;
use crate::commands::{self, Context, is_set};
use crate::error::Hinted;
use crate::sys::fs;
use crate::sys::workspace::{self, Workspace};
use crate::ui::Ui;
use crate::venv::create::{Existing, Options};
use crate::venv::environment::Environment;
use crate::venv::{locate, replace};
use anyhow::Result;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// How the names of the directories begin that hold one environment each.
const PREFIX: &str = "rvenv-run-";

/// What the environment is called, also by a shell that is run in it.
const NAME: &str = "temp";

/// An environment; gone with everything in it when this is dropped.
pub(super) struct Throwaway {
    workspace: Workspace,
    ui: Ui,
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        if let Err(err) = self.workspace.remove() {
            let path = self.workspace.path().display();
            self.ui
                .warn(format_args!("a part of `{path}` is left: {err:#}"));
        }
    }
}

impl Throwaway {
    /// Makes one in the temporary directory; what killed processes of this user have left there is removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn make(context: &Context, args: &Args, requirements: &[OsString]) -> Result<Self> {
        let dir = temporary_directory()?;
        sweep(context.ui, &dir);
        let workspace = Workspace::make_private_in(&dir, PREFIX).map_err(|err| {
            let message = format!("nothing can be made in `{}`: {}", dir.display(), err.kind());
            Hinted::error(message, "set TMPDIR to a directory that you may write to")
        })?;
        let ui = context.ui;
        let throwaway = Self { workspace, ui };
        let context = Context {
            ui: ui.without_answers(),
            cache_dir: context.cache_dir.clone(),
            ..*context
        };
        let root = throwaway.root().into_os_string();
        create::make(&context, &[root], &args.order(requirements)?, |_, _| ())?;
        Ok(throwaway)
    }

    fn root(&self) -> PathBuf {
        self.workspace.path().join(NAME)
    }

    pub(super) fn environment(&self) -> Result<Environment> {
        locate::named(&self.root())
    }
}

/// Removes what killed processes of this user have left in `dir`, but nothing that may be somebody's: only what holds an
/// environment, and what rvenv was making it from.
fn sweep(ui: Ui, dir: &Path) {
    let is_own = |name: &OsStr| name == NAME || replace::is_temporary(Path::new(name));
    let swept = workspace::sweep_private(dir, PREFIX, is_own);
    if swept > 0 {
        let environments = count(swept, "throwaway environment");
        ui.note(format_args!(
            "removed {environments} that killed runs had left"
        ));
    }
}

/// Returns the absolute path of where this user's programs put what is temporary.
fn temporary_directory() -> Result<PathBuf> {
    let dir = env::temp_dir();
    // An empty variable is as good as none, as for `mktemp`.
    fs::absolute(if dir.as_os_str().is_empty() {
        Path::new("/tmp")
    } else {
        &dir
    })
}

impl Args {
    /// Returns what is to be installed: what is typed, else what the variable lists, as pip splits its own. The variable never
    /// changes an environment that stays.
    pub(super) fn requirements(&self) -> Vec<OsString> {
        if !self.with.is_empty() || self.without_pip {
            return self.with.clone();
        }
        let listed = env::var("RVENV_WITH").unwrap_or_default();
        listed.split_whitespace().map(OsString::from).collect()
    }

    /// Returns what to make: as typed, else as the variables say.
    ///
    /// # Errors
    /// When the variables contradict each other.
    fn order(&self, requirements: &[OsString]) -> Result<Order> {
        let variable = || env::var_os("RVENV_PYTHON").into_iter().collect();
        let python = Some(self.python.clone()).filter(|python| !python.is_empty());
        let leaves_pip_out = self.without_pip || is_set("RVENV_WITHOUT_PIP");
        let options = Options {
            system_site_packages: self.system_site_packages || is_set("RVENV_SYSTEM_SITE_PACKAGES"),
            executables: create::usual_executables()?,
            existing: Existing::Keep,
            prompt: None,
            with_pip: !leaves_pip_out || !requirements.is_empty(),
            upgrade_deps: is_set("RVENV_UPGRADE_DEPS"),
            scm_ignore_files: false,
            force: false,
        };
        Ok(Order {
            requests: commands::asked(&python.unwrap_or_else(variable)),
            options,
            link_mode: self.link_mode.mode(),
        })
    }
}
