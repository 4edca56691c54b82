//! Staging: an environment is built beside or inside its target, and put there by renames as the last step.

use crate::error::Hinted;
use crate::sys::remove::{Count, remove_tree};
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::create::Existing;
use crate::venv::pyvenv_cfg;
use crate::venv::target::Found;
use anyhow::{Context as _, Result, bail};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How many characters of a name are in that of its temporary directory.
const LONGEST_BEGINNING: usize = 50;

/// What stands in the name of every directory that is rvenv's own and temporary.
const MARK: &str = ".rvenv-";

/// Returns whether a path is that of a directory that a run has left behind, or is using now.
pub(crate) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && name.contains(MARK)
}

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
        let dir = match manner {
            Manner::Rename | Manner::Exchange => temporary(beside, target),
            Manner::Merge | Manner::Refill => temporary(target, target),
        };
        let (dir, parents) =
            with_parents(dir, beside, target).map_err(|err| unwritable(target, &err))?;
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
    /// When the target cannot be changed; it is as it was then, or the error says where the rest of it is.
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
            Manner::Merge => merge(ui, dir, &target)?,
            Manner::Refill => refill(ui, &dir, &target)?,
        };
        parents.keep();
        Ok(outcome)
    }
}

/// Makes the directories above `target` where it turns out that they are missing.
fn with_parents(
    dir: io::Result<TempDir>,
    beside: &Path,
    target: &Path,
) -> io::Result<(TempDir, MadeParents)> {
    match dir {
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            let parents = MadeParents::of(target)?;
            Ok((temporary(beside, target)?, parents))
        }
        dir => Ok((dir?, MadeParents::none())),
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
    is_here || platform::is_mount_point(target) || temporary(parent, target).is_err()
}

/// Makes a temporary directory with the modes of an ordinary one.
fn temporary(dir: &Path, target: &Path) -> io::Result<TempDir> {
    let prefix = prefix(target);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    platform::with_directory_mode(&mut builder);
    builder.tempdir_in(dir)
}

/// Renames `target` to what a temporary directory beside it would be called, and returns that.
pub(crate) fn rename_aside(target: &Path) -> io::Result<PathBuf> {
    let prefix = prefix(target);
    let mut builder = tempfile::Builder::new();
    let parent = target.parent().unwrap_or(target);
    let aside = builder
        .prefix(&prefix)
        .make_in(parent, |aside| std::fs::rename(target, aside))?;
    Ok(aside.into_temp_path().keep()?)
}

/// Returns how the names of the temporary directories of `target` begin.
fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // A name may have 255 bytes, and a character at most four.
    let beginning: String = name
        .trim_start_matches('.')
        .chars()
        .take(LONGEST_BEGINNING)
        .collect();
    format!(".{beginning}{MARK}")
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
    fs::set_mode(dir.path(), platform::mode(&fs::metadata(target)?))?;
    if platform::exchange(dir.path(), target).is_err() {
        return rename_twice(ui, dir, target);
    }
    discard(ui, dir);
    Ok(Outcome::Done)
}

/// Does what [`platform::exchange`] does, for file systems that have no such call.
fn rename_twice(ui: Ui, dir: TempDir, target: &Path) -> Result<Outcome> {
    let mut aside = temporary(target.parent().unwrap_or(target), target)?;
    let mut undo = Undo::default();
    let moved = undo
        .rename(target, &aside.path().join("old"))
        .and_then(|()| undo.rename(dir.path(), target));
    undo.settle(moved, &mut aside)?;
    drop(dir.keep());
    discard(ui, aside);
    Ok(Outcome::Done)
}

/// Removes what was replaced; that is no reason to fail once the new environment is in place.
fn discard(ui: Ui, old: TempDir) {
    let path = old.keep();
    if let Err(err) = remove_tree(&path, pyvenv_cfg::FILE_NAME, Count::Nothing) {
        ui.warn(format_args!(
            "failed to remove what was replaced, now in `{}`: {err:#}",
            path.display()
        ));
    }
}

/// What is replaced goes to where its successor was, and back again if a later step fails.
fn merge(ui: Ui, mut dir: TempDir, target: &Path) -> Result<Outcome> {
    let mut moves = Vec::new();
    plan(dir.path(), target, &mut moves)?;
    // What makes the directory an environment comes last.
    moves.sort_by_key(|(from, _)| from.ends_with(pyvenv_cfg::FILE_NAME));
    let mut undo = Undo::default();
    let outcome = moves
        .iter()
        .try_for_each(|(from, to)| undo.replace(from, to));
    undo.settle(outcome, &mut dir)?;
    discard(ui, dir);
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
    let mut aside = temporary(target, target)?;
    let mut undo = Undo::default();
    let moved = move_all(&mut undo, target, aside.path())
        .and_then(|()| move_all(&mut undo, dir.path(), target));
    undo.settle(moved, &mut aside)?;
    discard(ui, aside);
    Ok(Outcome::Done)
}

/// Moves all that is in one directory into another, `pyvenv.cfg` last; temporary directories stay.
fn move_all(undo: &mut Undo, from: &Path, to: &Path) -> Result<()> {
    let mut paths = fs::list(from)?;
    paths.retain(|path| !is_temporary(path));
    paths.sort_by_key(|path| path.ends_with(pyvenv_cfg::FILE_NAME));
    paths
        .iter()
        .try_for_each(|path| undo.rename(path, &to.join(path.file_name().unwrap_or_default())))
}

/// One step that can be taken back.
#[derive(Debug)]
enum Step {
    Renamed(PathBuf, PathBuf),
    Exchanged(PathBuf, PathBuf),
}

/// The steps that were taken, to be taken back, last first, when a further one fails.
#[derive(Debug, Default)]
struct Undo {
    steps: Vec<Step>,
}

impl Undo {
    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        if to.symlink_metadata().is_ok() {
            bail!("`{}` appeared meanwhile", to.display());
        }
        fs::rename(from, to)?;
        self.steps
            .push(Step::Renamed(from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// Puts `from` in the place of `to`; where the file system can, `to` goes to where `from` was.
    fn replace(&mut self, from: &Path, to: &Path) -> Result<()> {
        if to.symlink_metadata().is_err() {
            return self.rename(from, to);
        }
        if platform::exchange(from, to).is_ok() {
            self.steps
                .push(Step::Exchanged(from.to_owned(), to.to_owned()));
            return Ok(());
        }
        fs::rename(from, to)
    }

    /// Takes everything back where `outcome` is a failure. What cannot be taken back stays in `aside`, which is kept.
    fn settle(self, outcome: Result<()>, aside: &mut TempDir) -> Result<()> {
        let Err(err) = outcome else {
            return Ok(());
        };
        let back = self.steps.iter().rev().map(|step| match step {
            Step::Renamed(from, to) => fs::rename(to, from),
            Step::Exchanged(from, to) => Ok(platform::exchange(from, to)?),
        });
        // Every step is tried, whatever became of the one before.
        if back.filter(Result::is_err).count() == 0 {
            return Err(err);
        }
        aside.disable_cleanup(true);
        Err(err.context(format!(
            "not all could be put back: what was there is in `{}`",
            aside.path().display()
        )))
    }
}

/// The directories above a target that had to be made, removed again unless they are kept.
#[derive(Debug)]
struct MadeParents {
    innermost_first: Vec<PathBuf>,
}

impl MadeParents {
    fn none() -> Self {
        let innermost_first = Vec::new();
        Self { innermost_first }
    }

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
