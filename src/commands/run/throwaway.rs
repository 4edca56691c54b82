//! `--temp`: an environment that is gone when this process ends, or is swept by the next one where it was killed.

use crate::commands::create::{self, Order};
use crate::commands::run::Args;
use crate::commands::{self, Context, is_set};
use crate::error::Hinted;
use crate::sys::fs;
use crate::sys::workspace::{self, Workspace};
use crate::venv::create::{Existing, Options};
use crate::venv::environment::Environment;
use crate::venv::locate;
use anyhow::Result;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How the names of the directories begin that hold one environment each.
const PREFIX: &str = "rvenv-run-";

/// What the environment is called, also by a shell that is run in it.
const NAME: &str = "temp";

/// An environment; gone with everything in it when this is dropped.
pub(super) struct Throwaway {
    workspace: Workspace,
}

impl Throwaway {
    /// Makes one in the temporary directory; what killed processes of this user have left there is removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn make(context: &Context, args: &Args, requirements: &[OsString]) -> Result<Self> {
        let dir = temporary_directory()?;
        let swept = workspace::sweep(&dir, PREFIX);
        if swept > 0 {
            let ui = context.ui;
            ui.note(format_args!(
                "removed {swept} throwaway environments that killed runs had left"
            ));
        }
        let workspace = Workspace::make_private_in(&dir, PREFIX).map_err(|err| {
            let message = format!("nothing can be made in `{}`: {}", dir.display(), err.kind());
            Hinted::error(message, "set TMPDIR to a directory that you may write to")
        })?;
        let throwaway = Self { workspace };
        let context = Context {
            ui: context.ui.without_answers(),
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
            with_pip: !leaves_pip_out || !requirements.is_empty() && !self.without_pip,
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
