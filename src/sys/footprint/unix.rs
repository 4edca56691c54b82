//! Unix: a file that has several names is looked at once, since listing a directory tells the numbers of files.

use super::{Catalogue, Footprint};
use crate::sys::remove::{entries, on_disk};
use anyhow::{Context as _, Result};
use foldhash::fast::FixedState;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::io;
use std::path::Path;

/// Measures trees one after the other.
#[derive(Debug, Default)]
pub(crate) struct Surveyor {
    /// The files that have several names, by device and number.
    files: HashMap<(u64, u64), File, FixedState>,
    /// How many trees were begun.
    trees: usize,
    /// The bytes of what has one name.
    own: u64,
}

/// A file that has several names.
#[derive(Debug, Clone, Copy)]
struct File {
    size: u64,
    /// How many bytes are in it; `None` where it is something else, a symlink for one.
    length: Option<u64>,
    names: u64,
    /// The last tree that it was seen in, and how many of its names are there.
    tree: usize,
    seen: u64,
}

/// What is known of the tree that is being measured.
#[derive(Debug)]
struct Tree {
    top: OwnedFd,
    /// The directories to look into, by their paths relative to the top.
    paths: Vec<CString>,
    footprint: Footprint,
    catalogue: Catalogue,
}

/// A directory of it.
#[derive(Debug)]
struct Folder {
    descriptor: OwnedFd,
    path: CString,
    device: u64,
}

impl Surveyor {
    /// Returns what a directory takes with all that is in it, and what that is.
    ///
    /// # Errors
    /// When it is not there, or cannot be listed.
    pub(crate) fn measure(&mut self, root: &Path) -> Result<(Footprint, Catalogue)> {
        let top = rustix::fs::open(root, FLAGS, Mode::empty()).map_err(io::Error::from);
        let mut tree = Tree {
            top: top.with_context(|| format!("failed to list `{}`", root.display()))?,
            paths: vec![TOP.to_owned()],
            footprint: Footprint::default(),
            catalogue: Catalogue::of(root),
        };
        self.trees += 1;
        while let Some(path) = tree.paths.pop() {
            let outcome = self.enter(&path, &mut tree);
            if outcome.is_err_and(|err| err != Errno::NOENT) {
                tree.footprint.unreadable += 1;
                let stat = rustix::fs::statat(&tree.top, &path, AtFlags::SYMLINK_NOFOLLOW);
                self.add_own(stat.map_or(0, on_disk), &mut tree.footprint);
            }
        }
        Ok((tree.footprint, tree.catalogue))
    }

    /// Returns what all trees that these have measured take together.
    pub(crate) fn total(surveyors: impl IntoIterator<Item = Self>) -> u64 {
        let (mut own, mut shared) = (0, HashMap::new());
        for surveyor in surveyors {
            own += surveyor.own;
            shared.extend(surveyor.files.iter().map(|(id, file)| (*id, file.size)));
        }
        own + shared.values().sum::<u64>()
    }

    fn enter(&mut self, path: &CStr, tree: &mut Tree) -> rustix::io::Result<()> {
        let descriptor = rustix::fs::openat(&tree.top, path, FLAGS, Mode::empty())?;
        let stat = rustix::fs::fstat(&descriptor)?;
        let folder = Folder {
            descriptor,
            path: path.to_owned(),
            device: id(stat).0,
        };
        entries(&folder.descriptor, |name, file_type, number| {
            if name == c"." || name == c".." {
            } else if file_type == FileType::Directory {
                tree.paths.extend(folder.below(name));
            } else {
                self.add(&folder, name, number, tree);
            }
        })?;
        self.add_own(on_disk(stat), &mut tree.footprint);
        Ok(())
    }

    /// Counts what is no directory, as far as that is known.
    fn add(&mut self, folder: &Folder, name: &CStr, number: u64, tree: &mut Tree) {
        if let Some(file) = self.files.get_mut(&(folder.device, number)) {
            return file.count(self.trees, folder, name, tree);
        }
        // What went away meanwhile takes nothing.
        let Ok(stat) = rustix::fs::statat(&folder.descriptor, name, AtFlags::SYMLINK_NOFOLLOW)
        else {
            return;
        };
        let file_type = FileType::from_raw_mode(stat.st_mode);
        let length = u64::try_from(stat.st_size).ok();
        let length = length.filter(|_| file_type == FileType::RegularFile);
        if file_type == FileType::Directory {
            tree.paths.extend(folder.below(name));
        } else if stat.st_nlink < 2 {
            tree.add(folder, name, length);
            self.add_own(on_disk(stat), &mut tree.footprint);
        } else {
            let unseen = File {
                size: on_disk(stat),
                length,
                names: names(stat),
                tree: 0,
                seen: 0,
            };
            // Not every file system tells the same number when it lists a file.
            let file = self.files.entry(id(stat)).or_insert(unseen);
            file.count(self.trees, folder, name, tree);
        }
    }

    fn add_own(&mut self, size: u64, footprint: &mut Footprint) {
        footprint.total += size;
        self.own += size;
    }
}

impl Tree {
    /// Has a file known, if it is one and has a length.
    fn add(&mut self, folder: &Folder, name: &CStr, length: Option<u64>) {
        if let Some(length) = length {
            self.catalogue.add(folder.path(), name.to_bytes(), length);
        }
    }
}

impl File {
    /// Counts one of its names; with the last one it turns out that none is outside of the tree.
    fn count(&mut self, number: usize, folder: &Folder, name: &CStr, tree: &mut Tree) {
        tree.add(folder, name, self.length);
        if self.tree != number {
            (self.tree, self.seen) = (number, 0);
            tree.footprint.total += self.size;
            tree.footprint.shared += self.size;
        }
        self.seen += 1;
        if self.seen == self.names {
            tree.footprint.shared -= self.size;
        }
    }
}

impl Folder {
    /// Returns the path of an entry relative to the top.
    fn below(&self, name: &CStr) -> Option<CString> {
        let path = match self.path() {
            [] => name.to_bytes().to_owned(),
            path => [path, name.to_bytes()].join(&b'/'),
        };
        CString::new(path).ok()
    }

    /// Returns its path relative to the top; nothing for the top itself.
    fn path(&self) -> &[u8] {
        let is_top = self.path.as_c_str() == TOP;
        if is_top { &[] } else { self.path.to_bytes() }
    }
}

const TOP: &CStr = c".";

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Returns device and number.
#[allow(
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    reason = "systems disagree on the types"
)]
fn id(stat: Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}

#[allow(
    clippy::cast_lossless,
    clippy::unnecessary_cast,
    reason = "systems disagree on the type"
)]
fn names(stat: Stat) -> u64 {
    stat.st_nlink as u64
}
