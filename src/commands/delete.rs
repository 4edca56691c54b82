//! `rvenv delete`: removes environments, and nothing else.

use crate::commands::Context;
use crate::commands::measure::size;
use crate::sys::remove::{Count, Removed};
use crate::venv::remove::{self, Loss};
use anyhow::{Result, bail};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory of an environment, whoever made it
    #[arg(value_name = "ENV_DIR", required = true)]
    env_dirs: Vec<OsString>,
    /// Say what would be deleted, and delete nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Delete an environment although it is activated, or although its directory also holds what is not an environment's
    #[arg(long)]
    force: bool,
}

impl Args {
    /// Deletes the environments one after the other; one that fails does not keep the others.
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        if let [env_dir] = self.env_dirs.as_slice() {
            return self.delete(context, env_dir);
        }
        let outcomes = self.env_dirs.iter().map(|dir| self.delete(context, dir));
        let failures = outcomes.filter_map(Result::err);
        let count = failures.map(|err| context.ui.error(&err)).count();
        if count > 0 {
            bail!("{count} of {} were not deleted", self.env_dirs.len());
        }
        Ok(())
    }

    fn delete(&self, context: &Context, env_dir: &OsStr) -> Result<()> {
        let (ui, started) = (context.ui, Instant::now());
        let root = remove::inspect(Path::new(env_dir), self.loss())?;
        if self.dry_run {
            ui.answer(format_args!("would delete `{}`", root.display()));
            return Ok(());
        }
        let count = if ui.summarizes() {
            Count::Bytes
        } else {
            Count::Nothing
        };
        let removed = remove::remove(ui, &root, count)?;
        ui.summary(format_args!(
            "deleted {} {}",
            ui.bold(&env_dir.display().to_string()),
            gain(removed, started.elapsed())
        ));
        Ok(())
    }

    fn loss(&self) -> Loss {
        if self.force {
            Loss::Accepted
        } else {
            Loss::Refused
        }
    }
}

/// Returns what a deletion took and gave, as far as that is known.
fn gain(removed: Removed, time: Duration) -> String {
    let (freed, shared) = (size(removed.freed), size(removed.shared));
    let gain = match removed {
        Removed { freed: 0, .. } => String::new(),
        Removed { shared: 0, .. } => format!(", which freed {freed}"),
        _ => format!(
            ", which freed {freed}; {shared} are shared with the store or other environments"
        ),
    };
    format!("in {} ms{gain}", time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_not_said_to_be_freed() {
        let check = |freed, shared, expected| {
            let removed = Removed { freed, shared };
            assert_eq!(gain(removed, Duration::from_millis(4)), expected);
        };
        check(0, 0, "in 4 ms");
        check(544_768, 0, "in 4 ms, which freed 544 kB");
        check(
            544_768,
            12_951_552,
            "in 4 ms, which freed 544 kB; 12.9 MB are shared with the store or other environments",
        );
    }
}
