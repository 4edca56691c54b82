//! How much of a disk a tree takes.

use crate::sys::{fs, platform};
use anyhow::Result;
use std::fs::Metadata;
use std::ops::AddAssign;
use std::path::Path;

/// What something takes on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes of what has no other name, which is what removing it frees.
    pub(crate) own: u64,
    /// Bytes of files that have another name as well.
    pub(crate) shared: u64,
    /// How many other names the file has that has most.
    pub(crate) other_names: u64,
}

impl Usage {
    /// Returns what a file takes, or a directory with everything in it; symlinks are not followed.
    ///
    /// # Errors
    /// When it is not there, or cannot be listed.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        let mut usage = Self::of_one(&metadata);
        if metadata.is_dir() {
            for (_, metadata) in fs::walk(path)? {
                usage += Self::of_one(&metadata);
            }
        }
        Ok(usage)
    }

    fn of_one(metadata: &Metadata) -> Self {
        let size = platform::size_on_disk(metadata);
        // A directory has a name more for each directory in it.
        let other_names = platform::names(metadata).saturating_sub(1);
        if metadata.is_dir() || other_names == 0 {
            return Self {
                own: size,
                ..Self::default()
            };
        }
        Self {
            own: 0,
            shared: size,
            other_names,
        }
    }

    /// Returns all bytes on disk.
    pub(crate) fn total(self) -> u64 {
        self.own + self.shared
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.own += other.own;
        self.shared += other.shared;
        self.other_names = self.other_names.max(other.other_names);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_has_another_name_is_shared() {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        fs::create_dir_all(&tree.join("sub")).unwrap();
        fs::write_new(&tree.join("sub/one"), &[7; 8192]).unwrap();
        fs::write_new(&tree.join("two"), &[7; 4096]).unwrap();
        std::fs::hard_link(tree.join("two"), dir.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(dir.path(), tree.join("link")).unwrap();
        let usage = Usage::of(&tree).unwrap();
        assert!(usage.own >= 8192 && usage.own < 65536, "{usage:?}");
        assert!(usage.shared >= 4096 && usage.shared < 8192, "{usage:?}");
        assert_eq!(usage.other_names, 1);
        assert!(Usage::of(&dir.path().join("missing")).is_err());
    }
}
