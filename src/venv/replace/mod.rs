//! Staging: an environment is built beside or inside its target, and put there by renames as the last step.

mod merge;
mod undo;

pub(crate) use merge::empty;

use crate::error::Hinted;
use crate::sys::remove::{Count, remove_tree};
use crate::sys::workspace::{self, Workspace};
use crate::sys::{fs, interrupt, platform};
use crate::ui::Ui;
use crate::venv::create::Existing;
use crate::venv::pyvenv_cfg::{self, PyvenvCfg};
use crate::venv::replace::undo::Undo;
use crate::venv::turn::Turn;
use anyhow::{Context as _, Result};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// How many characters of a name are in that of its temporary directory.
const LONGEST_BEGINNING: usize = 50;

/// What stands in the name of every directory that is rvenv's own and temporary.
const MARK: &str = ".rvenv-";

/// What the old environment is called in a temporary directory that it was moved to, in which nothing else is.
const OLD: &str = "old";

/// Returns whether a path is that of a directory that a run has left behind, or is using now.
pub(crate) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = name
        .strip_prefix('.')
        .and_then(|name| name.rsplit_once(MARK));
    end.is_some_and(|(_, end)| workspace::is_ending(end))
}

/// Returns whether a killed run was about to move everything out of a directory, an environment's `pyvenv.cfg` first, or has
/// left nothing but its own in it.
pub(crate) fn was_being_emptied(dir: &Path) -> bool {
    let prefix = prefix(dir);
    let names = platform::names_in(dir, |_| true).unwrap_or_default();
    let own = names
        .iter()
        .filter(|name| workspace::is_name(name, &prefix));
    let has_moved = |name: &OsString| {
        let cfg = PyvenvCfg::read(&dir.join(name).join(OLD));
        cfg.is_ok_and(|cfg| cfg.get("home").is_some())
    };
    own.clone().any(has_moved) || !names.is_empty() && names.len() == own.count()
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

/// What is not merged with what is there already; paths are relative to the environment.
#[derive(Debug, Default)]
pub(crate) struct Succession {
    /// Directories that take the place of those that are there, as a whole.
    pub(crate) units: Vec<PathBuf>,
    /// Directories that go.
    pub(crate) gone: Vec<PathBuf>,
}

/// A directory that becomes, or becomes part of, `target`; gone with everything in it unless it is committed.
#[derive(Debug)]
pub(crate) struct Stage {
    workspace: Workspace,
    target: PathBuf,
    manner: Manner,
    parents: MadeParents,
}

impl Stage {
    /// Makes an empty directory on the file system of `target`; what killed runs have left there is removed. Where there is
    /// something, it is this process's `turn` to change it.
    ///
    /// # Errors
    /// When none can be made where it has to be.
    pub(crate) fn open(
        ui: Ui,
        target: &Path,
        existing: Existing,
        turn: Option<&Turn>,
    ) -> Result<Self> {
        let opened = if turn.is_none() {
            sweep_in(ui, target, &[beside(target)]);
            open_beside(target)
        } else {
            sweep(ui, target);
            open_where_something_is(target, existing)
        };
        let (workspace, manner, parents) = opened.map_err(|err| unwritable(target, &err))?;
        Ok(Self {
            workspace,
            target: target.to_owned(),
            manner,
            parents,
        })
    }

    /// Returns the directory to build in.
    pub(crate) fn path(&self) -> &Path {
        self.workspace.path()
    }

    /// Puts what was built at the target, of what is there already in the manner of `succession`.
    ///
    /// # Errors
    /// When the target cannot be changed, or this process is interrupted before; it is as it was then, or the error says
    /// where the rest of it is.
    pub(crate) fn commit(self, ui: Ui, succession: &Succession) -> Result<Outcome> {
        interrupt::check()?;
        let Self {
            workspace, target, ..
        } = self;
        let outcome = match self.manner {
            Manner::Rename => rename(workspace, &target)?,
            Manner::Exchange => exchange(ui, workspace, &target)?,
            Manner::Merge => merge::merge(ui, workspace, &target, succession)?,
            Manner::Refill => merge::refill(ui, &workspace, &target)?,
        };
        self.parents.keep();
        Ok(outcome)
    }
}

type Opened = (Workspace, Manner, MadeParents);

/// Makes the directories above `target`, too, where it turns out that they are missing.
fn open_beside(target: &Path) -> io::Result<Opened> {
    let make = || Workspace::make_in(beside(target), &prefix(target));
    let (workspace, parents) = match make() {
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            let parents = MadeParents::of(target)?;
            (make()?, parents)
        }
        workspace => (workspace?, MadeParents::none()),
    };
    Ok((workspace, Manner::Rename, parents))
}

/// What is to be replaced as a whole is replaced from beside, unless the directory itself must stay.
fn open_where_something_is(target: &Path, existing: Existing) -> io::Result<Opened> {
    let manner = match existing {
        Existing::Clear => Manner::Refill,
        Existing::Keep | Existing::Upgrade | Existing::Ensure => Manner::Merge,
    };
    if existing == Existing::Clear
        && !must_stay(target)
        && let Ok((workspace, _, parents)) = open_beside(target)
    {
        return Ok((workspace, Manner::Exchange, parents));
    }
    let workspace = Workspace::make_in(target, &prefix(target))?;
    Ok((workspace, manner, MadeParents::none()))
}

/// Returns whether a directory cannot be exchanged for another: somebody is in it, or it is a mount point.
fn must_stay(target: &Path) -> bool {
    let same_place =
        |one: &Path, other: &Path| one.canonicalize().ok() == other.canonicalize().ok();
    let is_here = std::env::current_dir().is_ok_and(|here| same_place(&here, target));
    is_here || platform::is_mount_point(target)
}

/// Removes what killed runs have left beside and inside `target`, and returns how many directories that were.
pub(crate) fn sweep(ui: Ui, target: &Path) -> usize {
    sweep_in(ui, target, &[beside(target), target])
}

/// Returns whether a running rvenv works beside or inside `target`.
pub(crate) fn is_busy(target: &Path) -> bool {
    let prefix = prefix(target);
    let mut dirs = [beside(target), target].into_iter();
    dirs.any(|dir| workspace::is_busy(dir, &prefix))
}

fn sweep_in(ui: Ui, target: &Path, dirs: &[&Path]) -> usize {
    let prefix = prefix(target);
    let swept = dirs.iter().map(|dir| workspace::sweep(dir, &prefix)).sum();
    if swept > 0 {
        let target = target.display();
        ui.note(format_args!(
            "removed {swept} directories that killed runs had left of `{target}`"
        ));
    }
    swept
}

/// Makes a temporary directory of `target` in `dir`.
fn workspace_in(dir: &Path, target: &Path) -> Result<Workspace> {
    let made = Workspace::make_in(dir, &prefix(target));
    made.with_context(|| format!("failed to make a directory in `{}`", dir.display()))
}

fn beside(target: &Path) -> &Path {
    target.parent().unwrap_or(target)
}

/// Renames `target` to what a temporary directory beside it would be called, and returns that.
pub(crate) fn rename_aside(target: &Path) -> io::Result<PathBuf> {
    workspace::rename_aside(target, beside(target), &prefix(target))
}

/// Returns how the names of the temporary directories of `target` begin.
fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // A name may have 255 bytes, and a character at most four.
    let beginning: String = name.chars().take(LONGEST_BEGINNING).collect();
    format!(".{beginning}{MARK}")
}

fn unwritable(target: &Path, err: &io::Error) -> anyhow::Error {
    let message = format!("`{}` cannot be made: {}", target.display(), err.kind());
    Hinted::error(
        message,
        "choose a directory that you may write to, on a disk with room",
    )
}

fn rename(workspace: Workspace, target: &Path) -> Result<Outcome> {
    match std::fs::rename(workspace.path(), target) {
        Ok(()) => {
            workspace.keep();
            Ok(Outcome::Done)
        }
        Err(_) if target.symlink_metadata().is_ok() => Ok(Outcome::Lost),
        Err(err) => Err(err).with_context(|| format!("failed to make `{}`", target.display())),
    }
}

fn exchange(ui: Ui, workspace: Workspace, target: &Path) -> Result<Outcome> {
    fs::set_mode(workspace.path(), platform::mode(&fs::metadata(target)?))?;
    if platform::exchange(workspace.path(), target).is_err() {
        return rename_twice(ui, workspace, target);
    }
    discard(ui, workspace);
    Ok(Outcome::Done)
}

/// Does what [`platform::exchange`] does, for file systems that have no such call.
fn rename_twice(ui: Ui, workspace: Workspace, target: &Path) -> Result<Outcome> {
    let aside = workspace_in(beside(target), target)?;
    let mut undo = Undo::default();
    let moved = undo
        .rename(target, &aside.path().join(OLD))
        .and_then(|()| undo.rename(workspace.path(), target));
    let aside = undo.settle(moved, aside)?;
    workspace.keep();
    discard(ui, aside);
    Ok(Outcome::Done)
}

/// Removes what was replaced; that is no reason to fail once the new environment is in place.
fn discard(ui: Ui, old: Workspace) {
    let path = old.path();
    if let Err(err) = remove_tree(path, pyvenv_cfg::FILE_NAME, Count::Nothing) {
        ui.warn(format_args!(
            "failed to remove what was replaced, now in `{}`: {err:#}",
            path.display()
        ));
    }
    old.keep();
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
