//! Staging: an environment is built beside or inside its target, and put there by renames as the last step.

use crate::error::Hinted;
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::create::Existing;
use crate::venv::pyvenv_cfg;
use crate::venv::target::Found;
use anyhow::{Context as _, Result, bail};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What stands in the name of every directory that is rvenv's own and temporary.
const MARK: &str = ".rvenv-";

/// How the staged environment gets to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Renamed to where nothing is.
    Rename,
    /// Exchanged with the directory that is there, which is then removed.
    Exchange,
    /// Entry by entry into the directory that is there; what is not the environment's stays.
    Merge,
    /// Entry by entry, after everything that is there was moved aside.
    Refill,
}

/// What became of a staged environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Somebody else put something at the target first; nothing was changed there.
    Lost,
}

/// A directory that becomes, or becomes part of, `target`; gone with everything in it unless it is committed.
#[derive(Debug)]
pub(crate) struct Stage {
    dir: TempDir,
    target: PathBuf,
    manner: Manner,
    parents: MadeParents,
}

impl Stage {
    /// Makes an empty directory on the file system of `target`.
    ///
    /// # Errors
    /// When none can be made where it has to be.
    pub(crate) fn open(target: &Path, found: Found, existing: Existing) -> Result<Self> {
        let manner = manner(target, found, existing);
        let beside = target.parent().unwrap_or(target);
        let parents = MadeParents::of(target).map_err(|err| unwritable(target, &err))?;
        let dir = match manner {
            Manner::Rename | Manner::Exchange => temporary(beside, target),
            Manner::Merge | Manner::Refill => temporary(target, target),
        };
        let dir = dir.map_err(|err| unwritable(target, &err))?;
        Ok(Self {
            dir,
            target: target.to_owned(),
            manner,
            parents,
        })
    }

    /// Returns the directory to build in.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Puts what was built at the target.
    ///
    /// # Errors
    /// When the target cannot be changed; unless entries had to go one by one, it is as it was then.
    pub(crate) fn commit(self, ui: Ui) -> Result<Outcome> {
        let Self {
            dir,
            target,
            manner,
            parents,
        } = self;
        let outcome = match manner {
            Manner::Rename => rename(dir, &target)?,
            Manner::Exchange => exchange(ui, dir, &target)?,
            Manner::Merge => merge(&dir, &target)?,
            Manner::Refill => refill(ui, &dir, &target)?,
        };
        parents.keep();
        Ok(outcome)
    }
}

fn manner(target: &Path, found: Found, existing: Existing) -> Manner {
    match (found, existing) {
        (Found::Nothing, _) => Manner::Rename,
        (Found::Directory, Existing::Keep | Existing::Upgrade) => Manner::Merge,
        (Found::Directory, Existing::Clear) if must_stay(target) => Manner::Refill,
        (Found::Directory, Existing::Clear) => Manner::Exchange,
    }
}

/// Returns whether a directory cannot be exchanged for another: somebody is in it, or it is a mount point, or its
/// parent may not be written to.
fn must_stay(target: &Path) -> bool {
    let same_place =
        |one: &Path, other: &Path| one.canonicalize().ok() == other.canonicalize().ok();
    let is_here = std::env::current_dir().is_ok_and(|here| same_place(&here, target));
    let parent = target.parent().unwrap_or(target);
    is_here || !platform::is_on_same_device(target, parent) || temporary(parent, target).is_err()
}

/// Makes a temporary directory with the modes of an ordinary one.
fn temporary(dir: &Path, target: &Path) -> io::Result<TempDir> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".{}{MARK}", name.trim_start_matches('.'));
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    platform::with_directory_mode(&mut builder);
    builder.tempdir_in(dir)
}

fn unwritable(target: &Path, err: &io::Error) -> anyhow::Error {
    let message = format!("`{}` cannot be made: {}", target.display(), err.kind());
    Hinted::error(
        message,
        "choose a directory that you may write to, on a disk with room",
    )
}

fn rename(dir: TempDir, target: &Path) -> Result<Outcome> {
    match std::fs::rename(dir.path(), target) {
        Ok(()) => {
            drop(dir.keep());
            Ok(Outcome::Done)
        }
        Err(_) if target.symlink_metadata().is_ok() => Ok(Outcome::Lost),
        Err(err) => Err(err).with_context(|| format!("failed to make `{}`", target.display())),
    }
}

fn exchange(ui: Ui, dir: TempDir, target: &Path) -> Result<Outcome> {
    if platform::exchange(dir.path(), target).is_err() {
        return rename_twice(ui, dir, target);
    }
    discard(ui, dir);
    Ok(Outcome::Done)
}

/// Does what [`platform::exchange`] does, for file systems that have no such call.
fn rename_twice(ui: Ui, dir: TempDir, target: &Path) -> Result<Outcome> {
    let aside = temporary(target.parent().unwrap_or(target), target)?;
    fs::rename(target, aside.path())?;
    if let Err(err) = fs::rename(dir.path(), target) {
        fs::rename(aside.path(), target)?;
        return Err(err);
    }
    drop(dir.keep());
    discard(ui, aside);
    Ok(Outcome::Done)
}

/// Removes what was replaced; that is no reason to fail once the new environment is in place.
fn discard(ui: Ui, old: TempDir) {
    let path = old.path().to_owned();
    if let Err(err) = old.close() {
        ui.warn(format_args!(
            "failed to remove the old environment, now in `{}`: {err}",
            path.display()
        ));
    }
}

fn merge(dir: &TempDir, target: &Path) -> Result<Outcome> {
    let mut moves = Vec::new();
    plan(dir.path(), target, &mut moves)?;
    // What makes the directory an environment comes last.
    moves.sort_by_key(|(from, _)| from.ends_with(pyvenv_cfg::FILE_NAME));
    for (from, to) in moves {
        fs::rename(&from, &to)?;
    }
    Ok(Outcome::Done)
}

/// Collects the renames that put everything below `from` below `to`, and fails before the first where one cannot be.
fn plan(from: &Path, to: &Path, moves: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    for source in fs::list(from)? {
        let destination = to.join(source.file_name().unwrap_or_default());
        let is_dir = fs::symlink_metadata(&source)?.is_dir();
        match std::fs::symlink_metadata(&destination) {
            Ok(there) if is_dir && there.is_dir() => plan(&source, &destination, moves)?,
            Ok(there) if is_dir || there.is_dir() && !is_kept(&destination) => {
                return Err(in_the_way(&destination));
            }
            Ok(_) if is_kept(&destination) => {}
            _ => moves.push((source, destination)),
        }
    }
    Ok(())
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

/// Moves everything in `target` aside and everything in `dir` in; on failure, everything back.
fn refill(ui: Ui, dir: &TempDir, target: &Path) -> Result<Outcome> {
    let aside = temporary(target, target)?;
    let mut undo = Undo { moves: Vec::new() };
    for path in fs::list(target)?
        .into_iter()
        .filter(|path| path != dir.path() && path != aside.path())
    {
        undo.rename(
            &path,
            &aside.path().join(path.file_name().unwrap_or_default()),
        )?;
    }
    let mut new = fs::list(dir.path())?;
    new.sort_by_key(|path| path.ends_with(pyvenv_cfg::FILE_NAME));
    for path in new {
        undo.rename(&path, &target.join(path.file_name().unwrap_or_default()))?;
    }
    undo.moves.clear();
    discard(ui, aside);
    Ok(Outcome::Done)
}

/// Renames that are taken back, last first, unless they are forgotten.
struct Undo {
    moves: Vec<(PathBuf, PathBuf)>,
}

impl Undo {
    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        if to.symlink_metadata().is_ok() {
            bail!("`{}` appeared meanwhile", to.display());
        }
        fs::rename(from, to)?;
        self.moves.push((from.to_owned(), to.to_owned()));
        Ok(())
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        for (from, to) in self.moves.drain(..).rev() {
            // The first failure is the one that is reported.
            fs::rename(&to, &from).ok();
        }
    }
}

/// The directories above a target that had to be made, removed again unless they are kept.
#[derive(Debug)]
struct MadeParents {
    innermost_first: Vec<PathBuf>,
}

impl MadeParents {
    fn of(target: &Path) -> io::Result<Self> {
        let missing = target
            .ancestors()
            .skip(1)
            .take_while(|parent| !parent.exists());
        let made = Self {
            innermost_first: missing.map(Path::to_owned).collect(),
        };
        for parent in made.innermost_first.iter().rev() {
            match std::fs::create_dir(parent) {
                Err(err) if err.kind() != io::ErrorKind::AlreadyExists => return Err(err),
                _ => {}
            }
        }
        Ok(made)
    }

    fn keep(mut self) {
        self.innermost_first.clear();
    }
}

impl Drop for MadeParents {
    fn drop(&mut self) {
        for parent in &self.innermost_first {
            // Whoever put something into it meanwhile keeps it.
            std::fs::remove_dir(parent).ok();
        }
    }
}
