//! Putting an environment into a directory that stays: entry by entry, `pyvenv.cfg` last.

use crate::error::Hinted;
use crate::sys::workspace::Workspace;
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::pyvenv_cfg;
use crate::venv::replace::undo::Undo;
use crate::venv::replace::{OLD, Outcome, Succession, discard, is_temporary, workspace_in};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// What is replaced goes to where its successor was, and back again if a later step fails.
pub(super) fn merge(
    ui: Ui,
    workspace: Workspace,
    target: &Path,
    succession: &Succession,
) -> Result<Outcome> {
    let units = succession.units.iter().map(|unit| target.join(unit));
    let mut plan = Plan {
        units: units.collect(),
        moves: Vec::new(),
    };
    plan.merge(workspace.path(), target)?;
    for (number, gone) in succession.gone.iter().enumerate() {
        let aside = workspace.path().join(format!("gone-{number}"));
        plan.moves.push((target.join(gone), aside));
    }
    let mut undo = Undo::default();
    let mut moves = plan.in_order(target).iter();
    let outcome = moves.try_for_each(|(from, to)| undo.replace(from, to));
    let workspace = undo.settle(outcome, workspace)?;
    discard(ui, workspace);
    Ok(Outcome::Done)
}

/// The renames that put one directory's entries into another.
struct Plan {
    /// The directories that are replaced as a whole.
    units: Vec<PathBuf>,
    moves: Vec<(PathBuf, PathBuf)>,
}

impl Plan {
    /// Collects the renames that put everything below `from` below `to`.
    ///
    /// # Errors
    /// When one cannot be.
    fn merge(&mut self, from: &Path, to: &Path) -> Result<()> {
        for source in fs::list(from)? {
            let destination = to.join(source.file_name().unwrap_or_default());
            let is_dir = fs::symlink_metadata(&source)?.is_dir();
            match std::fs::symlink_metadata(&destination) {
                Ok(there) if is_dir && there.is_dir() && !self.units.contains(&destination) => {
                    self.merge(&source, &destination)?;
                }
                Ok(there) if is_dir != there.is_dir() && (is_dir || !is_kept(&destination)) => {
                    return Err(in_the_way(&destination));
                }
                Ok(_) if is_kept(&destination) => {}
                _ => self.moves.push((source, destination)),
            }
        }
        Ok(())
    }

    /// Returns the renames in an order that can end anywhere: what is half done is done again by the next run. A package is
    /// there when its own directory of records is, and a script that has changed is told by these.
    fn in_order(&mut self, target: &Path) -> &[(PathBuf, PathBuf)] {
        let units = &self.units;
        let scripts = target.join(platform::SCRIPTS_DIR);
        self.moves.sort_by_key(|(from, to)| {
            if to.ends_with(pyvenv_cfg::FILE_NAME) {
                Turn::Configuration
            } else if units.contains(to) {
                Turn::Unit
            } else if to.starts_with(&scripts) {
                Turn::Script
            } else if from.is_dir() {
                Turn::Directory
            } else {
                Turn::File
            }
        });
        &self.moves
    }
}

/// When something is renamed, first come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Unit,
    File,
    Script,
    Directory,
    Configuration,
}

/// Returns whether what is there already stays: somebody's own `.gitignore`, and a `lib64` that is a directory.
fn is_kept(destination: &Path) -> bool {
    destination.ends_with(".gitignore")
        || destination.ends_with("lib64") && !destination.is_symlink()
}

fn in_the_way(path: &Path) -> anyhow::Error {
    let message = format!(
        "`{}` is in the way: a file or a symlink where a directory belongs, or the reverse",
        path.display()
    );
    Hinted::error(
        message,
        "move it away, or make the environment anew with `--clear`",
    )
}

/// Moves everything in `target` aside and everything of the workspace in; on failure, everything back. As long as that
/// takes there is no `pyvenv.cfg`, so that what is there is no environment.
pub(super) fn refill(ui: Ui, workspace: &Workspace, target: &Path) -> Result<Outcome> {
    let aside = workspace_in(target, target)?;
    let mut undo = Undo::default();
    let mut new = movable(workspace.path())?;
    new.sort_by_key(|path| path.ends_with(pyvenv_cfg::FILE_NAME));
    let moved =
        move_out(&mut undo, target, &aside).and_then(|()| move_all(&mut undo, &new, target));
    let aside = undo.settle(moved, aside)?;
    discard(ui, aside);
    Ok(Outcome::Done)
}

/// Moves everything in `target` into a temporary directory in it; on failure, everything back.
pub(crate) fn empty(target: &Path) -> Result<Workspace> {
    let aside = workspace_in(target, target)?;
    let mut undo = Undo::default();
    let moved = move_out(&mut undo, target, &aside);
    undo.settle(moved, aside)
}

/// Moves what is in `target` out of it, `pyvenv.cfg` first.
fn move_out(undo: &mut Undo, target: &Path, aside: &Workspace) -> Result<()> {
    let old = aside.path().join(OLD);
    fs::create_dir(&old)?;
    let mut paths = movable(target)?;
    paths.sort_by_key(|path| !path.ends_with(pyvenv_cfg::FILE_NAME));
    move_all(undo, &paths, &old)
}

/// Returns what is in a directory, temporary directories aside.
fn movable(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = fs::list(dir)?;
    paths.retain(|path| !is_temporary(path));
    Ok(paths)
}

fn move_all(undo: &mut Undo, paths: &[PathBuf], to: &Path) -> Result<()> {
    paths
        .iter()
        .try_for_each(|path| undo.rename(path, &to.join(path.file_name().unwrap_or_default())))
}
