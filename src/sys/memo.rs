//! Remembering something about a path: a folder of files, each named by a hash of the path it is about, and read at once.
//!
//! A file has two parts: what its first owner knows of the path, and what a later one makes of that. Whether they still
//! hold is for the owners to say, who also keep the path itself in them: two paths may share a file.

use crate::sys::{fs, platform};
use anyhow::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

/// What a file begins with, before the length in bytes of its first part and that of its second.
const MAGIC: [u8; 8] = *b"rvenv\0m2";
const HEADER: usize = MAGIC.len() + 2 * size_of::<u64>();

/// How many hexadecimal digits the name of a file has.
const DIGITS: usize = 16;

/// What is remembered about one path.
#[derive(Debug, Clone)]
pub(crate) struct Memo {
    /// Where it is kept, if anywhere.
    file: Option<PathBuf>,
    bytes: Vec<u8>,
    /// Where the second part begins.
    middle: usize,
}

impl Memo {
    /// Returns a memo that is kept nowhere.
    pub(crate) fn nowhere() -> Self {
        Self::new(None, Vec::new())
    }

    /// Reads what `folder` remembers about `path`; both parts are empty where that is nothing, or is damaged.
    pub(crate) fn read(folder: Option<&Path>, path: &Path) -> Self {
        let file = folder.map(|folder| folder.join(file_name(path)));
        let bytes = file.as_deref().map(platform::read);
        Self::new(file, bytes.and_then(io::Result::ok).unwrap_or_default())
    }

    /// Reads one of [`files`].
    pub(crate) fn of_file(file: PathBuf) -> Self {
        let bytes = platform::read(&file).unwrap_or_default();
        Self::new(Some(file), bytes)
    }

    fn new(file: Option<PathBuf>, bytes: Vec<u8>) -> Self {
        let (bytes, middle) = match middle(&bytes) {
            Some(middle) => (bytes, middle),
            None => (file_of(b"", b""), HEADER),
        };
        Self {
            file,
            bytes,
            middle,
        }
    }

    /// Returns the first part, or `None` where it is no such thing.
    pub(crate) fn first<T: DeserializeOwned>(&self) -> Option<T> {
        postcard::from_bytes(&self.bytes[HEADER..self.middle]).ok()
    }

    /// Returns the second part as bytes.
    pub(crate) fn second(&self) -> &[u8] {
        &self.bytes[self.middle..]
    }

    /// Remembers a first part, and no second one.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub(crate) fn remember_first(&mut self, what: &impl Serialize) -> Result<()> {
        let bytes = file_of(&postcard::to_stdvec(what)?, b"");
        *self = Self::new(self.file.take(), bytes);
        self.write(&self.bytes)
    }

    /// Remembers a second part beside the first; this memo itself stays as it was read.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(crate) fn remember_second(&self, what: &[u8]) -> Result<()> {
        self.write(&file_of(&self.bytes[HEADER..self.middle], what))
    }

    fn write(&self, bytes: &[u8]) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        fs::create_dir_all(file.parent().unwrap_or(file))?;
        fs::write_atomic(file, bytes)
    }
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

fn file_of(first: &[u8], second: &[u8]) -> Vec<u8> {
    let length = |part: &[u8]| (part.len() as u64).to_le_bytes();
    [&MAGIC, &length(first)[..], &length(second), first, second].concat()
}

/// Returns where the second part of a file begins, or `None` where it is not as long as it says, as after a full disk.
fn middle(bytes: &[u8]) -> Option<usize> {
    let lengths = bytes.get(..HEADER)?.strip_prefix(&MAGIC)?;
    let (first, second) = lengths.split_at(size_of::<u64>());
    let length = |bytes: &[u8]| usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok();
    let middle = HEADER.checked_add(length(first)?)?;
    (middle.checked_add(length(second)?)? == bytes.len()).then_some(middle)
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
        assert_eq!((memo.first::<String>(), memo.second()), (None, &b""[..]));
        memo.remember_first(&"facts").unwrap();
        memo.remember_second(b"more").unwrap();
        assert_eq!(read().first::<String>().as_deref(), Some("facts"));
        assert_eq!(read().second(), b"more");
        let file = dir.path().join(file_name(Path::new("/a")));
        fs::write_new(&dir.path().join("another"), b"").unwrap();
        assert_eq!(files(dir.path()).unwrap(), std::slice::from_ref(&file));
        assert_eq!(Memo::of_file(file.clone()).second(), b"more");
        let bytes = fs::read(&file).unwrap();
        for damaged in [
            &bytes[..bytes.len() - 1],
            &bytes[..5],
            b"",
            &[0; 64],
            &[&bytes[..], b"x"].concat(),
        ] {
            std::fs::write(&file, damaged).unwrap();
            assert_eq!(read().first::<String>(), None);
            assert_eq!(read().second(), b"");
        }
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
