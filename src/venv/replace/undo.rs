//! Renames that are taken back when a later one fails.

use crate::sys::workspace::Workspace;
use crate::sys::{fs, platform};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// One step that can be taken back.
#[derive(Debug)]
enum Step {
    Renamed(PathBuf, PathBuf),
    Exchanged(PathBuf, PathBuf),
    /// What was at the second path is kept at the first.
    Kept(PathBuf, PathBuf),
}

/// The steps that were taken, to be taken back, last first, when a further one fails.
#[derive(Debug, Default)]
pub(super) struct Undo {
    steps: Vec<Step>,
}

impl Undo {
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        if to.symlink_metadata().is_ok() {
            bail!("`{}` appeared meanwhile", to.display());
        }
        fs::rename(from, to)?;
        self.steps
            .push(Step::Renamed(from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// Puts `from` in the place of `to`, in one step; what was there goes to where `from` was.
    pub(super) fn replace(&mut self, from: &Path, to: &Path) -> Result<()> {
        let Ok(there) = to.symlink_metadata() else {
            return self.rename(from, to);
        };
        if platform::exchange(from, to).is_ok() {
            self.steps
                .push(Step::Exchanged(from.to_owned(), to.to_owned()));
            return Ok(());
        }
        self.replace_without_exchange(from, to, there.is_dir())
    }

    /// Does what [`Undo::replace`] does where there is no call for it: a directory makes room first; a file is replaced in
    /// one step, and kept under another name where the file system has hard links.
    fn replace_without_exchange(&mut self, from: &Path, to: &Path, is_dir: bool) -> Result<()> {
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        let aside = from.with_file_name(format!("{name}.replaced"));
        if is_dir {
            self.rename(to, &aside)?;
            return self.rename(from, to);
        }
        let is_kept = std::fs::hard_link(to, &aside).is_ok();
        fs::rename(from, to)?;
        if is_kept {
            self.steps.push(Step::Kept(aside, to.to_owned()));
        }
        Ok(())
    }

    /// Takes everything back where `outcome` is a failure. What cannot be taken back is in `aside`, which stays then,
    /// under another name.
    pub(super) fn settle(self, outcome: Result<()>, aside: Workspace) -> Result<Workspace> {
        let Err(err) = outcome else {
            return Ok(aside);
        };
        let back = self.steps.iter().rev().map(|step| match step {
            Step::Renamed(from, to) => fs::rename(to, from),
            Step::Exchanged(from, to) => Ok(platform::exchange(from, to)?),
            Step::Kept(kept, to) => fs::rename(kept, to),
        });
        // Every step is tried, whatever became of the one before.
        if back.filter(Result::is_err).count() == 0 {
            return Err(err);
        }
        let place = aside.rescue();
        Err(err.context(format!(
            "not all could be put back: what was there is in `{}`",
            place.display()
        )))
    }
}
