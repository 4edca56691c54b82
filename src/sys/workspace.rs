//! Temporary directories of which can be told whether anybody still works in them: each is locked for as long as its process
//! runs, however that ends.

use crate::sys::platform;
use crate::sys::remove::{Count, remove_tree};
use anyhow::Result;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What ends the name of a temporary directory: digits to these bases. No word begins and ends with a number.
const ENDING: [u32; 6] = [10, 36, 36, 36, 36, 10];

/// The file in a temporary directory that nobody is to remove.
const KEPT: &str = "kept";

/// The mode of a directory that nobody else can look into, as `platform` tells it.
#[cfg(unix)]
const PRIVATE: u32 = 0o700;
#[cfg(windows)]
const PRIVATE: u32 = 0o666;

/// How many names are tried, should somebody have taken the first ones on purpose.
const MOST_NAMES: usize = 1000;

/// A new, empty directory; gone with everything in it when this is dropped.
#[derive(Debug)]
pub(crate) struct Workspace {
    path: PathBuf,
    is_kept: bool,
    /// `None` where directories cannot be locked.
    _lock: Option<File>,
}

impl Workspace {
    /// Makes one in `dir` whose name begins with `prefix`, with the mode of an ordinary directory.
    ///
    /// # Errors
    /// When none can be made there.
    pub(crate) fn make_in(dir: &Path, prefix: &str) -> io::Result<Self> {
        Self::make(dir, prefix, |path| fs::create_dir(path))
    }

    /// Makes one that nobody else can look into, for a `dir` that others may write to.
    ///
    /// # Errors
    /// When none can be made there.
    pub(crate) fn make_private_in(dir: &Path, prefix: &str) -> io::Result<Self> {
        Self::make(dir, prefix, platform::make_private)
    }

    fn make(
        dir: &Path,
        prefix: &str,
        create: impl Fn(&Path) -> io::Result<()>,
    ) -> io::Result<Self> {
        let make = |path: &Path| {
            create(path)?;
            locked(path)
        };
        let (path, lock) = with_free_name(dir, prefix, make)?;
        Ok(Self {
            path,
            is_kept: false,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the directory, wherever it is by now, to others.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }

    /// Gives what is in it a name that nobody takes for that of a temporary directory, and returns its path.
    pub(crate) fn rescue(mut self) -> PathBuf {
        self.is_kept = true;
        let name = self.path.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let rescued = self
            .path
            .with_file_name(format!("{}-rescued", name.trim_start_matches('.')));
        if fs::rename(&self.path, &rescued).is_ok() {
            return rescued;
        }
        // What cannot be marked either cannot be removed.
        File::create(self.path.join(KEPT)).ok();
        self.path.clone()
    }

    /// Removes it before this is dropped.
    ///
    /// # Errors
    /// When something in it cannot be removed; it stays then.
    pub(crate) fn remove(&mut self) -> Result<()> {
        self.is_kept = true;
        remove_tree(&self.path, "", Count::Nothing)?;
        Ok(())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed now is left to whoever sweeps here next.
            self.remove().ok();
        }
    }
}

/// Locks a directory that was just made.
///
/// # Errors
/// `AlreadyExists` when somebody has taken it for a leftover; a directory of another name is to be made then.
fn locked(path: &Path) -> io::Result<Option<File>> {
    match hold(path) {
        Ok(Hold::Held(lock)) => Ok(Some(lock)),
        Ok(Hold::Busy | Hold::Gone) => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => Ok(None),
    }
}

/// A directory that somebody wants to be alone in.
#[derive(Debug)]
pub(crate) enum Hold {
    /// Until this is dropped.
    Held(File),
    /// Another process holds it.
    Busy,
    /// It is not there any more.
    Gone,
}

/// Locks a directory, for as long as the file is open that this returns.
///
/// # Errors
/// When it is no directory, a symlink included, cannot be read, or its file system has no locks.
pub(crate) fn hold(path: &Path) -> io::Result<Hold> {
    let directory = match platform::open_directory(path) {
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Hold::Gone),
        directory => directory?,
    };
    match directory.try_lock() {
        Ok(()) if platform::names(&directory.metadata()?) == 0 => Ok(Hold::Gone),
        Ok(()) => Ok(Hold::Held(directory)),
        Err(TryLockError::WouldBlock) => Ok(Hold::Busy),
        Err(TryLockError::Error(err)) => Err(err),
    }
}

/// Renames a directory to what one that [`Workspace::make_in`] makes would be called, and returns that path.
///
/// # Errors
/// When it cannot be renamed.
pub(crate) fn rename_aside(path: &Path, dir: &Path, prefix: &str) -> io::Result<PathBuf> {
    let (aside, ()) = with_free_name(dir, prefix, |aside| fs::rename(path, aside))?;
    Ok(aside)
}

/// Calls `make` with one path after the other until it does not find something there.
fn with_free_name<T>(
    dir: &Path,
    prefix: &str,
    make: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(PathBuf, T)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut seed = now.unwrap_or_default().subsec_nanos();
    let mut outcome = Err(ErrorKind::AlreadyExists.into());
    for _ in 0..MOST_NAMES {
        let path = dir.join(format!("{prefix}{}", ending(seed)));
        outcome = make(&path).map(|made| (path, made));
        match &outcome {
            Err(err) if is_taken(err) => seed = seed.wrapping_add(1),
            _ => break,
        }
    }
    outcome
}

fn is_taken(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory
    )
}

/// Returns what ends a name. Nobody is to be kept from guessing it: what is there is never used.
fn ending(mut seed: u32) -> String {
    let mut digit = |base: u32| {
        let digit = seed % base;
        seed /= base;
        char::from_digit(digit, base).unwrap_or_default()
    };
    ENDING.map(&mut digit).iter().collect()
}

/// Returns whether a name is one that [`Workspace::make_in`] gives.
pub(crate) fn is_name(name: &OsStr, prefix: &str) -> bool {
    let rest = name.to_str().and_then(|name| name.strip_prefix(prefix));
    rest.is_some_and(is_ending)
}

/// Returns whether a text is what ends the name of a temporary directory.
pub(crate) fn is_ending(text: &str) -> bool {
    let is_digit = |(digit, base): (char, u32)| digit.is_digit(base) && !digit.is_uppercase();
    text.chars().count() == ENDING.len() && text.chars().zip(ENDING).all(is_digit)
}

/// Removes the directories of that prefix in `dir` that killed processes of this user have left, and returns their number.
/// Those that somebody works in stay, and those of which it cannot be told.
pub(crate) fn sweep(dir: &Path, prefix: &str) -> usize {
    sweep_if(dir, prefix, |_, _| true)
}

/// The same in a `dir` that others use, too, of what [`Workspace::make_private_in`] makes: only what nobody else can look into
/// goes, and only where all that is directly in it `is_expected`.
pub(crate) fn sweep_private(
    dir: &Path,
    prefix: &str,
    is_expected: impl Fn(&OsStr) -> bool,
) -> usize {
    sweep_if(dir, prefix, |path, metadata| {
        let strange = platform::names_in(path, |name| !is_expected(name));
        platform::mode(metadata) & 0o777 == PRIVATE && strange.is_ok_and(|names| names.is_empty())
    })
}

fn sweep_if(dir: &Path, prefix: &str, is_left: impl Fn(&Path, &Metadata) -> bool) -> usize {
    let names = platform::names_in(dir, |name| is_name(name, prefix));
    let leftovers = names.unwrap_or_default().into_iter();
    leftovers
        .filter(|name| remove_left(&dir.join(name), &is_left))
        .count()
}

/// Returns whether a running process works in a directory of that prefix in `dir`.
pub(crate) fn is_busy(dir: &Path, prefix: &str) -> bool {
    let names = platform::names_in(dir, |name| is_name(name, prefix)).unwrap_or_default();
    let is_held = |name: &OsString| matches!(hold(&dir.join(name)), Ok(Hold::Busy));
    names.iter().any(is_held)
}

fn remove_left(path: &Path, is_left: impl Fn(&Path, &Metadata) -> bool) -> bool {
    let Ok(Hold::Held(directory)) = hold(path) else {
        return false;
    };
    let metadata = directory.metadata();
    metadata.is_ok_and(|it| platform::is_own(&it) && is_left(path, &it))
        && path.join(KEPT).symlink_metadata().is_err()
        && remove_tree(path, "", Count::Nothing).is_ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_works_in_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let prefix = ".env.rvenv-";
        let used = Workspace::make_in(dir.path(), prefix).unwrap();
        let left = dir.path().join(".env.rvenv-1bcde6");
        let others = [".env.rvenv-backup", ".other.rvenv-1bcde6", "env"];
        let link = dir.path().join(".env.rvenv-123457");
        fs::create_dir_all(left.join("below")).unwrap();
        for other in others {
            fs::create_dir(dir.path().join(other)).unwrap();
        }
        std::os::unix::fs::symlink(dir.path().join("env"), &link).unwrap();
        assert_eq!(sweep(dir.path(), prefix), 1);
        assert!(!left.exists() && used.path().is_dir() && link.is_dir());
        assert!(others.iter().all(|other| dir.path().join(other).is_dir()));
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
    }

    #[test]
    fn a_private_one_is_nobody_elses_business() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let mut both = Vec::new();
        for _ in 0..2 {
            let workspace = Workspace::make_private_in(dir.path(), "rvenv-").unwrap();
            assert_eq!(workspace.path().parent(), Some(dir.path()));
            assert!(is_name(workspace.path().file_name().unwrap(), "rvenv-"));
            let mode = fs::metadata(workspace.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o700);
            both.push(workspace);
        }
        assert_eq!(sweep(dir.path(), "rvenv-"), 0);
        drop(both);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_rescued_is_not_swept() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::make_in(dir.path(), ".env.rvenv-").unwrap();
        fs::write(workspace.path().join("file"), "mine").unwrap();
        let rescued = workspace.rescue();
        assert_eq!(sweep(dir.path(), ".env.rvenv-"), 0);
        assert_eq!(fs::read(rescued.join("file")).unwrap(), b"mine");
    }

    #[test]
    fn a_directory_is_held_by_one_until_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("env");
        assert!(matches!(hold(&path), Ok(Hold::Gone)));
        fs::create_dir(&path).unwrap();
        let held = hold(&path).unwrap();
        assert!(matches!(held, Hold::Held(_)));
        assert!(matches!(hold(&path), Ok(Hold::Busy)));
        drop(held);
        assert!(matches!(hold(&path), Ok(Hold::Held(_))));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        hold(&link).unwrap_err();
    }
}
