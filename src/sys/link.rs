//! Putting the files of one tree into another without copying bytes, where the file system can.

use crate::sys::fs::Look;
use crate::sys::interrupt;
use crate::sys::parallel::{self, WORTH_A_THREAD};
use crate::sys::platform::{self, Folder};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How often to look whether a directory is there before sleeping until it is.
const PATIENCE: u32 = 2000;
const NAP: Duration = Duration::from_micros(100);

/// How files get from one tree into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkMode {
    /// Files of their own that share their blocks until one of them is written to.
    Clone,
    /// The same file under another name.
    Hardlink,
    Copy,
    /// Symlinks to the files of the first tree.
    Symlink,
}

/// A file of a tree.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Leaf<'a> {
    /// Relative to the tree, with `/`.
    pub(crate) path: &'a str,
    /// How many of the tree's directories must be there before the file can be.
    pub(crate) directories: usize,
    /// What it looks like when nobody has changed it, where that is to be checked.
    pub(crate) look: Option<Look>,
}

/// What became of linking a tree.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    Whole,
    /// This file is not there, or is not what it was; some others are linked.
    Spoilt(String),
}

/// A tree and the one that it gets into.
#[derive(Debug)]
pub(crate) struct Linker<'a> {
    from: (&'a Path, Folder),
    to: (&'a Path, Folder),
    mode: LinkMode,
    /// Whether a file had to be copied.
    copies: AtomicBool,
}

impl<'a> Linker<'a> {
    /// Returns what links the tree in `from` into the directory `to`.
    ///
    /// # Errors
    /// When one of them cannot be opened.
    pub(crate) fn open(from: &'a Path, to: &'a Path, mode: LinkMode) -> io::Result<Self> {
        let (source, target) = (Folder::open(from)?, Folder::open(to)?);
        let copies = AtomicBool::new(false);
        Ok(Self {
            from: (from, source),
            to: (to, target),
            mode,
            copies,
        })
    }

    /// Returns how files were linked, `Copy` where not all could be as was asked for.
    pub(crate) fn mode(&self) -> LinkMode {
        if self.copies.load(Ordering::Relaxed) {
            LinkMode::Copy
        } else {
            self.mode
        }
    }

    /// Makes `directories`, parents first, and in them the `leaves`, those of one directory together: bytes, permission bits
    /// and modification times as in the first tree.
    ///
    /// This thread makes the directories, and then does what else there is to do in them (`meanwhile`), while others link
    /// into those that are there already.
    ///
    /// # Errors
    /// When a directory or file is there already, or can be neither linked nor copied, and those of `meanwhile`.
    pub(crate) fn link(
        &self,
        directories: &[&str],
        leaves: &[Leaf],
        meanwhile: impl FnOnce() -> Result<()>,
    ) -> Result<Linked> {
        let work = Work {
            linker: self,
            folders: leaves
                .chunk_by(|one, other| one.directories == other.directories)
                .collect(),
            made: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
        };
        let threads = parallel::most_threads().min(leaves.len() / WORTH_A_THREAD);
        thread::scope(|scope| {
            let help = || work.link_leaves();
            let start = |_| thread::Builder::new().spawn_scoped(scope, help).ok();
            let helpers: Vec<_> = (1..threads).filter_map(start).collect();
            let own = work
                .make(directories)
                .and_then(|()| meanwhile())
                .and_then(|()| work.link_leaves());
            let others = helpers
                .into_iter()
                .map(|helper| helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
            others.fold(own, |outcome, other| match (outcome, other) {
                (Err(err), _) | (_, Err(err)) => Err(err),
                (Ok(Linked::Whole), other) => other,
                (spoilt, _) => spoilt,
            })
        })
    }

    fn link_leaf(&self, leaf: &Leaf) -> Result<Linked> {
        let (source, target) = (&self.from.1, &self.to.1);
        if leaf
            .look
            .is_some_and(|look| !source.look(leaf.path).is_ok_and(|found| found == look))
        {
            return Ok(Linked::Spoilt(leaf.path.to_owned()));
        }
        let path = leaf.path;
        let linked = match self.mode() {
            LinkMode::Copy => self.by_path(path, copy),
            LinkMode::Hardlink => self.or_copy(path, source.link(path, target)),
            LinkMode::Clone => self.or_copy(path, self.by_path(path, clone)),
            LinkMode::Symlink => self.or_copy(path, self.by_path(path, platform::symlink)),
        };
        match linked {
            Ok(()) => Ok(Linked::Whole),
            Err(err) if err.kind() == ErrorKind::NotFound => Ok(Linked::Spoilt(path.to_owned())),
            Err(err) => {
                let to = self.to.0.join(path);
                Err(err).with_context(|| format!("failed to make `{}`", to.display()))
            }
        }
    }

    fn by_path(&self, path: &str, call: fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
        call(&self.from.0.join(path), &self.to.0.join(path))
    }

    /// Copies a file where linking it failed.
    fn or_copy(&self, path: &str, linked: io::Result<()>) -> io::Result<()> {
        let Err(err) = linked else {
            return Ok(());
        };
        // Of a file with too many links the next one may have none.
        if err.kind() != ErrorKind::TooManyLinks {
            self.copies.store(true, Ordering::Relaxed);
        }
        self.by_path(path, copy)
    }
}

/// A tree in the making.
struct Work<'a> {
    linker: &'a Linker<'a>,
    /// The files of each directory.
    folders: Vec<&'a [Leaf<'a>]>,
    /// How many directories there are; all there can be once there will be no more.
    made: AtomicUsize,
    /// The first of the folders that nobody has taken yet.
    next: AtomicUsize,
}

impl Work<'_> {
    fn make(&self, directories: &[&str]) -> Result<()> {
        let outcome = directories
            .iter()
            .enumerate()
            .try_for_each(|(index, directory)| {
                self.linker.to.1.make(directory).with_context(|| {
                    format!(
                        "failed to create `{}`",
                        self.linker.to.0.join(directory).display()
                    )
                })?;
                self.made.store(index + 1, Ordering::Release);
                Ok(())
            });
        self.made.store(usize::MAX, Ordering::Release);
        outcome
    }

    /// Links what nobody else has taken, until there is nothing left or one is spoilt: a directory at a time, since two
    /// threads in one directory would wait for each other.
    fn link_leaves(&self) -> Result<Linked> {
        while let Some(leaves) = self.folders.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            interrupt::check()?;
            for leaf in *leaves {
                self.wait_for(leaf.directories);
                if let spoilt @ Linked::Spoilt(_) = self.linker.link_leaf(leaf)? {
                    return Ok(spoilt);
                }
            }
        }
        Ok(Linked::Whole)
    }

    /// A directory takes microseconds, which is less than falling asleep does, unless whoever makes it is held up.
    fn wait_for(&self, directories: usize) {
        let mut looks = 0;
        while self.made.load(Ordering::Acquire) < directories {
            looks += 1;
            if looks < PATIENCE {
                std::hint::spin_loop();
            } else {
                thread::sleep(NAP);
            }
        }
    }
}

/// Makes a clone with the permission bits and the modification time of the original.
fn clone(from: &Path, to: &Path) -> io::Result<()> {
    reflink_copy::reflink(from, to)?;
    like(&File::open(from)?, &File::options().write(true).open(to)?)
}

/// Copies a file with its modification time, without which its bytecode would be stale. What is there already may be
/// a link to somebody else's file, and is never written to.
///
/// # Errors
/// `NotFound` where there is no file to copy that can be read.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let unreadable = |err| io::Error::new(ErrorKind::NotFound, err);
    let mut source = File::open(from).map_err(unreadable)?;
    if !source.metadata()?.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    let mut copy = File::create_new(to)?;
    io::copy(&mut source, &mut copy)?;
    like(&source, &copy)
}

fn like(original: &File, copy: &File) -> io::Result<()> {
    let metadata = original.metadata()?;
    copy.set_permissions(metadata.permissions())?;
    copy.set_modified(metadata.modified()?)
}

/// What a file system can do for clones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clones {
    Made,
    /// Not from the one place to the other; perhaps to another one.
    NotHere,
    /// Not at all.
    Never,
}

/// Finds out whether clones of the files in `from` can be made in `to`, by making one of `sample`.
pub(crate) fn try_clone(from: &Path, to: &Path, sample: &str) -> Clones {
    let probe = to.join(".rvenv-clone");
    let outcome = reflink_copy::reflink(from.join(sample), &probe);
    // A failed attempt leaves nothing, or cannot be told from it.
    std::fs::remove_file(probe).ok();
    match outcome {
        Ok(()) => Clones::Made,
        Err(err) if platform::is_unsupported(&err) => Clones::Never,
        Err(_) => Clones::NotHere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::fs;
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    const DIRECTORIES: [&str; 3] = ["a", "a/b", "c"];

    /// Two directories, the first of them with a tree in it, and the paths of its files.
    fn trees() -> (tempfile::TempDir, [PathBuf; 2], Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        fs::create_dir_all(&to).unwrap();
        let mut files = Vec::new();
        for (index, directory) in DIRECTORIES.iter().enumerate() {
            fs::create_dir_all(&from.join(directory)).unwrap();
            files.extend((0..100).map(|number| (format!("{directory}/{number}"), index + 1)));
        }
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for (file, _) in &files {
            fs::write_new(&from.join(file), file.as_bytes()).unwrap();
            let written = File::options().write(true).open(from.join(file)).unwrap();
            written.set_modified(long_ago).unwrap();
        }
        (
            dir,
            [from, to],
            files.into_iter().map(|(file, _)| file).collect(),
        )
    }

    fn leaves<'a>(from: &Path, files: &'a [String]) -> Vec<Leaf<'a>> {
        let folder = Folder::open(from).unwrap();
        let leaf = |path: &'a String| Leaf {
            path,
            directories: DIRECTORIES
                .iter()
                .position(|dir| path.rsplit_once('/').unwrap().0 == *dir)
                .unwrap()
                + 1,
            look: folder.look(path).ok(),
        };
        files.iter().map(leaf).collect()
    }

    #[test]
    fn every_mode_makes_the_same_tree_and_replaces_nothing() {
        for mode in [
            LinkMode::Clone,
            LinkMode::Hardlink,
            LinkMode::Copy,
            LinkMode::Symlink,
        ] {
            let (_dir, [from, to], files) = trees();
            let linker = Linker::open(&from, &to, mode).unwrap();
            let leaves = leaves(&from, &files);
            assert_eq!(
                linker.link(&DIRECTORIES, &leaves, || Ok(())).unwrap(),
                Linked::Whole
            );
            assert!(
                linker.mode() == mode || mode == LinkMode::Clone && linker.mode() == LinkMode::Copy
            );
            for file in &files {
                assert_eq!(fs::read(&to.join(file)).unwrap(), file.as_bytes());
                let time =
                    |root: &Path| fs::metadata(&root.join(file)).unwrap().modified().unwrap();
                assert_eq!(time(&from), time(&to), "{mode:?}");
            }
            assert!(
                linker.link(&[], &leaves, || Ok(())).is_err(),
                "{mode:?} replaced a file"
            );
            assert!(linker.link(&DIRECTORIES, &[], || Ok(())).is_err());
        }
    }

    #[test]
    fn a_file_that_was_changed_or_is_gone_is_told() {
        for (file, change) in [("c/7", Some("changed")), ("a/b/99", None)] {
            let (_dir, [from, to], files) = trees();
            let leaves = leaves(&from, &files);
            std::fs::remove_file(from.join(file)).unwrap();
            if let Some(text) = change {
                fs::write_new(&from.join(file), text.as_bytes()).unwrap();
            }
            let linker = Linker::open(&from, &to, LinkMode::Hardlink).unwrap();
            let spoilt = Linked::Spoilt(file.to_owned());
            assert_eq!(
                linker.link(&DIRECTORIES, &leaves, || Ok(())).unwrap(),
                spoilt
            );
        }
    }

    #[test]
    fn a_directory_that_cannot_be_made_stops_everybody() {
        let (_dir, [from, to], files) = trees();
        fs::write_new(&to.join("c"), b"in the way").unwrap();
        let linker = Linker::open(&from, &to, LinkMode::Hardlink).unwrap();
        assert!(
            linker
                .link(&DIRECTORIES, &leaves(&from, &files), || Ok(()))
                .is_err()
        );
    }
}
