//! Finding the directories that hold a file of a certain name, below others, on all cores. Symlinks are not followed, and
//! file systems that are no storage are left out.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

use crate::sys::parallel;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What to look for; directories that are found are not entered.
#[derive(Debug)]
pub(crate) struct Terms<Skip, Judge, Report> {
    /// The name of the file.
    pub(crate) marker: &'static str,
    /// How many levels below where the search begins to look; 0 for these places only.
    pub(crate) levels: usize,
    /// Whether a directory of that name is not entered.
    pub(crate) is_skipped: Skip,
    /// What a directory that holds the file is; `None` for nothing that is looked for.
    pub(crate) judge: Judge,
    /// Is told now and then how many directories were entered, and how many of them are what is looked for.
    pub(crate) report: Report,
}

/// What was found, in no order.
#[derive(Debug)]
pub(crate) struct Outcome<T> {
    pub(crate) found: Vec<T>,
    /// Directories that cannot be listed.
    pub(crate) unreadable: Vec<PathBuf>,
}

/// A directory to look at.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    levels: usize,
    /// That of the directory that holds it.
    device: Option<u64>,
}

/// What kind of thing an entry of a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Directory,
    /// A symlink to a directory, too.
    Other,
}

/// How many directories there are between two reports.
const REPORTED: usize = 256;

/// Looks at `roots` and below them.
pub(crate) fn below<T, Skip, Judge, Report>(
    roots: Vec<PathBuf>,
    terms: &Terms<Skip, Judge, Report>,
) -> Outcome<T>
where
    T: Send,
    Skip: Fn(&OsStr) -> bool + Sync,
    Judge: Fn(&Path) -> Option<T> + Sync,
    Report: Fn(usize, usize) + Sync,
{
    let (found, unreadable) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let entered = AtomicUsize::new(0);
    let places = roots.into_iter().map(|path| Place {
        path,
        levels: terms.levels,
        device: None,
    });
    parallel::spread(places.collect(), |place| {
        if entered.fetch_add(1, Ordering::Relaxed) % REPORTED == REPORTED - 1 {
            (terms.report)(entered.load(Ordering::Relaxed), lock(&found).len());
        }
        let (is_marked, places) = match look(&place, terms.marker, &terms.is_skipped) {
            Ok(seen) => seen,
            Err(err) if err.kind() == ErrorKind::NotFound => return Vec::new(),
            Err(_) => {
                lock(&unreadable).push(place.path);
                return Vec::new();
            }
        };
        match is_marked.then(|| (terms.judge)(&place.path)).flatten() {
            Some(thing) => {
                lock(&found).push(thing);
                Vec::new()
            }
            None => places,
        }
    });
    Outcome {
        found: unlocked(found),
        unreadable: unlocked(unreadable),
    }
}

/// Returns whether the marker is in a directory, and the directories to look at next.
fn look(
    place: &Place,
    marker: &str,
    is_skipped: impl Fn(&OsStr) -> bool,
) -> io::Result<(bool, Vec<Place>)> {
    let (mut is_marked, mut names) = (false, Vec::new());
    let device = platform::read(&place.path, place.device, |name, entry| {
        if name == marker {
            is_marked = true;
        } else if entry == Entry::Directory && place.levels > 0 && !is_skipped(name) {
            names.push(name.to_owned());
        }
    })?;
    let below = names.into_iter().map(|name| Place {
        path: place.path.join(name),
        levels: place.levels - 1,
        device,
    });
    Ok((is_marked, below.collect()))
}

fn lock<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unlocked<T>(list: Mutex<Vec<T>>) -> Vec<T> {
    list.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::sys::fs;
    use std::os::unix::fs::symlink;

    /// Returns what is found below `root`, in order: the paths relative to it, without those that a file `not` is in.
    fn found(root: &Path, levels: usize) -> Vec<String> {
        let terms = Terms {
            marker: "mark",
            levels,
            is_skipped: |name: &OsStr| name == "skipped",
            judge: |path: &Path| (!path.join("not").exists()).then(|| path.to_owned()),
            report: |_, _| {},
        };
        let outcome = below(vec![root.to_owned()], &terms);
        assert!(outcome.unreadable.is_empty());
        let relative = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
        let mut found: Vec<String> = outcome.found.iter().map(relative).collect();
        found.sort();
        found
    }

    #[test]
    fn what_holds_the_file_is_found_and_not_entered() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for file in [
            "a/mark",
            "a/inside/mark",
            "b/c/mark",
            "b/skipped/mark",
            "d/mark/file",
            "not-this/mark",
            "not-this/not",
            "not-this/but-this/mark",
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write_new(&path, b"").unwrap();
        }
        symlink("..", root.join("b/loop")).unwrap();
        symlink(root.join("a"), root.join("b/link")).unwrap();
        assert_eq!(
            found(root, usize::MAX),
            ["a", "b/c", "d", "not-this/but-this"]
        );
        assert_eq!(found(root, 1), ["a", "d"]);
        assert_eq!(found(root, 0), [""; 0]);
        assert_eq!(found(&root.join("a"), 0), [""]);
        assert_eq!(found(&root.join("b/skipped"), 0), [""]);
    }

    #[test]
    fn what_is_no_storage_is_left_out() {
        let terms = Terms {
            marker: "status",
            levels: usize::MAX,
            is_skipped: |_: &OsStr| false,
            judge: |path: &Path| Some(path.to_owned()),
            report: |_, _| {},
        };
        let outcome = below(vec![PathBuf::from("/proc")], &terms);
        assert!(outcome.found.is_empty() && outcome.unreadable.is_empty());
    }
}
