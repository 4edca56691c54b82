//! Remembering something about a path: a folder of files, each named by a hash of the path it is about, and read at once.
//!
//! A file has two parts: what its first owner knows of the path, and what a later one makes of that. Whether they still
//! hold is for the owners to say, who also keep the path itself in them: two paths may share a file.

use crate::sys::{fs, platform};
use anyhow::{Result, ensure};
use foldhash::fast::FixedState;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::hash::{BuildHasher as _, DefaultHasher, Hasher as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What a file begins with, before the length in bytes and the hash of its first part, and those of its second.
const MAGIC: [u8; 8] = *b"rvenv\0m3";
const HEADER: usize = MAGIC.len() + 4 * size_of::<u64>();

/// What says that it is larger than this is no length but garbage.
const LARGEST_PART: usize = 64 << 20;

/// How many hexadecimal digits the name of a file has.
const DIGITS: usize = 16;

/// How much of a file is read at once, in bytes: as a rule all of its first part.
const BEGINNING: usize = 4096;

/// What is remembered about one path.
#[derive(Debug)]
pub(crate) struct Memo {
    /// Where it is kept, if anywhere.
    path: Option<PathBuf>,
    first: Vec<u8>,
    /// Where the second part is; it is read when it is wanted.
    second: Option<(File, Part)>,
}

impl Memo {
    /// Returns a memo that is kept nowhere.
    pub(crate) fn nowhere() -> Self {
        Self {
            path: None,
            first: Vec::new(),
            second: None,
        }
    }

    /// Reads what `folder` remembers about `path`; both parts are empty where that is nothing, or is damaged.
    pub(crate) fn read(folder: Option<&Path>, path: &Path) -> Self {
        folder.map_or_else(Self::nowhere, |folder| {
            Self::of_file(folder.join(file_name(path)))
        })
    }

    /// Reads one of [`files`].
    pub(crate) fn of_file(path: PathBuf) -> Self {
        let parts = platform::open(&path).ok().and_then(parts);
        let (first, second) =
            parts.map_or_else(Default::default, |(first, second)| (first, Some(second)));
        let path = Some(path);
        Self {
            path,
            first,
            second,
        }
    }

    /// Returns the first part, or `None` where it is no such thing.
    pub(crate) fn first<T: DeserializeOwned>(&self) -> Option<T> {
        postcard::from_bytes(&self.first).ok()
    }

    /// Returns the second part as bytes.
    pub(crate) fn second(&self) -> Vec<u8> {
        let second = self.second.as_ref();
        second
            .and_then(|(file, part)| part.read(file))
            .unwrap_or_default()
    }

    /// Remembers a first part, and no second one.
    ///
    /// # Errors
    /// When the folder cannot be made or written to, or is a symlink: what that leads to may be anybody's.
    pub(crate) fn remember_first(&mut self, what: &impl Serialize) -> Result<()> {
        self.first = postcard::to_stdvec(what)?;
        self.second = None;
        self.write(b"")
    }

    /// Remembers a second part beside the first; this memo itself stays as it was read.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(crate) fn remember_second(&self, what: &[u8]) -> Result<()> {
        self.write(what)
    }

    fn write(&self, second: &[u8]) -> Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let number = |part: &[u8]| {
            [part.len() as u64, hash(part)]
                .map(u64::to_le_bytes)
                .concat()
        };
        let numbers = [number(&self.first), number(second)].concat();
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder)?;
        let is_symlink = fs::symlink_metadata(folder)?.is_symlink();
        ensure!(!is_symlink, "`{}` is a symlink", folder.display());
        fs::write_atomic(path, &[&MAGIC, &numbers[..], &self.first, second].concat())
    }
}

/// Where a part of a file is, and the hash of what is to be there.
#[derive(Debug)]
struct Part {
    range: Range<usize>,
    hash: u64,
}

impl Part {
    /// Returns the bytes, or `None` where they are not what they were, as after a full disk.
    fn read(&self, file: &File) -> Option<Vec<u8>> {
        let length = Some(self.range.len()).filter(|length| *length <= LARGEST_PART)?;
        let mut bytes = platform::read_at(file, self.range.start as u64, length).ok()?;
        bytes.truncate(length);
        self.checked(&bytes).is_some().then_some(bytes)
    }

    fn checked<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        (bytes.len() == self.range.len() && hash(bytes) == self.hash).then_some(bytes)
    }
}

/// Returns the first part of a file, and where the second one is; `None` where it is none of ours.
fn parts(file: File) -> Option<(Vec<u8>, (File, Part))> {
    let beginning = platform::read_at(&file, 0, BEGINNING).ok()?;
    let numbers = beginning.get(..HEADER)?.strip_prefix(&MAGIC)?;
    let mut numbers = numbers
        .chunks(size_of::<u64>())
        .map(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
    let mut part = |start: usize| {
        let length = usize::try_from(numbers.next()??).ok()?;
        let range = start..start.checked_add(length)?;
        let hash = numbers.next()??;
        Some(Part { range, hash })
    };
    let first = part(HEADER)?;
    let second = part(first.range.end)?;
    let bytes = match beginning.get(first.range.clone()) {
        Some(bytes) => first.checked(bytes)?.to_vec(),
        None => first.read(&file)?,
    };
    Some((bytes, (file, second)))
}

/// It tells damage, not malice; another one than an earlier build's only makes a file be written again.
fn hash(bytes: &[u8]) -> u64 {
    FixedState::default().hash_one(bytes)
}

/// Returns the files in a folder that may be memos, by their names.
///
/// # Errors
/// When it cannot be listed.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_memo = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        name.len() == DIGITS && name.iter().all(u8::is_ascii_hexdigit)
    };
    let mut files = fs::list(folder)?;
    files.retain(is_memo);
    Ok(files)
}

/// The hash need not be the same for ever: a file that is not found is written again.
fn file_name(path: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(path.as_os_str().as_encoded_bytes());
    format!("{:0DIGITS$x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_comes_back_and_damage_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let read = || Memo::read(Some(dir.path()), Path::new("/a"));
        let mut memo = read();
        assert_eq!((memo.first::<String>(), memo.second()), (None, Vec::new()));
        memo.remember_first(&"facts").unwrap();
        memo.remember_second(b"more").unwrap();
        assert_eq!(read().first::<String>().as_deref(), Some("facts"));
        assert_eq!(read().second(), b"more");
        let file = dir.path().join(file_name(Path::new("/a")));
        fs::write_new(&dir.path().join("another"), b"").unwrap();
        assert_eq!(files(dir.path()).unwrap(), std::slice::from_ref(&file));
        assert_eq!(Memo::of_file(file.clone()).second(), b"more");
        let bytes = fs::read(&file).unwrap();
        let cut_off = &bytes[..bytes.len() - 1];
        let lengths = [&bytes[..MAGIC.len()], &[0xff; 64]].concat();
        let mut flipped = bytes.clone();
        flipped[HEADER + 1] ^= 1;
        let mut last_flipped = bytes.clone();
        *last_flipped.last_mut().unwrap() ^= 1;
        for (damaged, first) in [
            (cut_off, Some("facts")),
            (&last_flipped, Some("facts")),
            (&flipped, None),
            (&bytes[..HEADER + 2], None),
            (&bytes[..5], None),
            (b"", None),
            (&[0; 64], None),
            (&lengths, None),
        ] {
            std::fs::write(&file, damaged).unwrap();
            assert_eq!(read().first::<String>().as_deref(), first);
            assert_eq!(read().second(), b"");
        }
    }

    #[test]
    fn a_first_part_may_be_long() {
        let dir = tempfile::tempdir().unwrap();
        let mut memo = Memo::read(Some(dir.path()), Path::new("/a"));
        let long = "long".repeat(BEGINNING);
        memo.remember_first(&long).unwrap();
        memo.remember_second(b"more").unwrap();
        let memo = Memo::read(Some(dir.path()), Path::new("/a"));
        assert_eq!(
            (memo.first(), memo.second()),
            (Some(long), b"more".to_vec())
        );
    }

    #[test]
    fn new_facts_take_what_was_made_of_the_old_ones_along() {
        let dir = tempfile::tempdir().unwrap();
        let mut memo = Memo::read(Some(dir.path()), Path::new("/a"));
        memo.remember_first(&1).unwrap();
        memo.remember_second(b"of 1").unwrap();
        Memo::read(Some(dir.path()), Path::new("/a"))
            .remember_first(&2)
            .unwrap();
        assert_eq!(Memo::read(Some(dir.path()), Path::new("/a")).second(), b"");
    }
}
