//! What trees take on disk, each file counted once, however many names it has.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

use foldhash::fast::FixedState;
pub(crate) use platform::Surveyor;
use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::path::Path;

/// What one tree takes, in bytes; symlinks are not followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Footprint {
    pub(crate) total: u64,
    /// Those of the total that are of files which have another name outside of the tree.
    pub(crate) shared: u64,
    /// How many directories of the tree cannot be listed.
    pub(crate) unreadable: usize,
}

/// The files of a tree that were seen when it was measured, so that nobody has to look at them again.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// What the paths of all of them begin with.
    root: Vec<u8>,
    /// The rests of the paths, one behind the other: each on its own would keep the threads waiting for memory.
    paths: Vec<u8>,
    /// Where the rest of the path of a file is, and how many bytes are in it, by the hash of that rest; of two with the same
    /// hash, the first.
    files: HashMap<u64, (Range<usize>, u64), FixedState>,
}

impl Catalogue {
    /// Returns one of a directory, in which nothing was seen yet.
    #[cfg(unix)]
    fn of(root: &Path) -> Self {
        Self {
            root: root.join("").into_os_string().into_encoded_bytes(),
            ..Self::default()
        }
    }

    /// Takes a file in.
    #[cfg(unix)]
    fn add(&mut self, folder: &[u8], name: &[u8], length: u64) {
        let start = self.paths.len();
        self.paths.extend_from_slice(folder);
        self.paths.extend(folder.last().map(|_| b'/'));
        self.paths.extend_from_slice(name);
        let path = start..self.paths.len();
        let hash = hash(&self.paths[path.clone()]);
        self.files.entry(hash).or_insert((path, length));
    }

    /// Returns how many bytes were in a file; `None` for what was not seen, or is no file, a symlink to one included.
    pub(crate) fn length(&self, path: &Path) -> Option<u64> {
        self.length_of(path.as_os_str().as_encoded_bytes())
    }

    /// Returns what was seen in `folder` and below.
    pub(crate) fn below(&self, folder: &Path) -> Below<'_> {
        let path = folder.join("").into_os_string().into_encoded_bytes();
        Below {
            catalogue: self,
            folder: path.len(),
            path,
        }
    }

    fn length_of(&self, path: &[u8]) -> Option<u64> {
        let below = path.strip_prefix(self.root.as_slice())?;
        let (path, length) = self.files.get(&hash(below))?;
        (&self.paths[path.clone()] == below).then_some(*length)
    }
}

/// The files below a folder of which many are asked for, all in the same place.
#[derive(Debug)]
pub(crate) struct Below<'a> {
    catalogue: &'a Catalogue,
    /// That of the folder, and of the last file that was asked for.
    path: Vec<u8>,
    /// How much of it is the folder.
    folder: usize,
}

impl Below<'_> {
    /// Returns what [`Catalogue::length`] does of a path relative to the folder.
    pub(crate) fn length(&mut self, path: &str) -> Option<u64> {
        self.path.truncate(self.folder);
        self.path.extend_from_slice(path.as_bytes());
        self.catalogue.length_of(&self.path)
    }
}

fn hash(path: &[u8]) -> u64 {
    FixedState::default().hash_one(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::sys::fs;
    use std::fs::hard_link;
    use std::process::Command;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    /// What `du` says of trees, all together.
    fn du(trees: &[&Path]) -> u64 {
        let mut du = Command::new("du");
        // In blocks of 512 bytes: not all file systems have larger ones.
        du.env_clear().env("POSIXLY_CORRECT", "1");
        let output = du.arg("-sc").args(trees).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().unwrap();
        let blocks = last.split_whitespace().next().unwrap();
        blocks.parse::<u64>().unwrap() * 512
    }

    #[test]
    fn a_file_counts_once_and_is_shared_if_it_has_a_name_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
        for tree in [&one, &other] {
            fs::create_dir_all(&tree.join("sub/sub")).unwrap();
            fs::write_new(&tree.join("sub/own"), &[7; 8192]).unwrap();
        }
        fs::symlink("own".as_ref(), &one.join("sub/link")).unwrap();
        fs::write_new(&one.join("twice"), &[7; 4096]).unwrap();
        hard_link(one.join("twice"), one.join("sub/sub/again")).unwrap();
        fs::write_new(&one.join("everywhere"), &[7; 16384]).unwrap();
        for name in ["one/sub/too", "other/everywhere", "other/sub/too"] {
            hard_link(one.join("everywhere"), dir.path().join(name)).unwrap();
        }
        for tree in [&one, &other] {
            let (footprint, catalogue) = Surveyor::default().measure(tree).unwrap();
            assert_eq!(footprint.unreadable, 0);
            assert_eq!(catalogue.length(&tree.join("sub/own")), Some(8192));
            assert_eq!(catalogue.length(&tree.join("sub/too")), Some(16384));
            let mut below = catalogue.below(&tree.join("sub"));
            assert_eq!(
                [below.length("own"), below.length("to")],
                [Some(8192), None]
            );
            for nothing in [tree.join("sub"), tree.join("sub/link"), dir.path().into()] {
                assert_eq!(catalogue.length(&nothing), None);
            }
        }
        // Some file systems give a new file its place seconds later.
        let started = Instant::now();
        while measured(&one, &other) != found(&one, &other) {
            let is_late = started.elapsed() > Duration::from_secs(60);
            let [ours, theirs] = [measured(&one, &other), found(&one, &other)];
            assert!(!is_late, "{ours:?} is not {theirs:?}");
            sleep(Duration::from_millis(500));
        }
        assert!(
            Surveyor::default()
                .measure(&dir.path().join("missing"))
                .is_err()
        );
    }

    /// What two trees take, what of it they share, and what they take together with the second, measured again by another.
    fn measured(one: &Path, other: &Path) -> [u64; 5] {
        let [mut surveyor, mut later] = [Surveyor::default(), Surveyor::default()];
        let [one, two] = [one, other].map(|tree| surveyor.measure(tree).unwrap().0);
        later.measure(other).unwrap();
        let together = Surveyor::total([surveyor, later]);
        [one.total, one.shared, two.total, two.shared, together]
    }

    /// What [`measured`] is to be, as `du` has it.
    fn found(one: &Path, other: &Path) -> [u64; 5] {
        let shared = du(&[&one.join("everywhere")]);
        let [whole, two] = [du(&[one, other]), du(&[other])];
        [du(&[one]), shared, two, shared, whole + two - shared]
    }
}
