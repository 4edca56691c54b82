//! `std::fs` with the path in every error, and writing that is never seen half done.

use crate::sys::access::open_unnoticed;
use crate::sys::platform;
use anyhow::{Context as _, Result};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Runs `call` on `path`; its error says what could not be done to which path.
fn at<T>(verb: &str, path: &Path, call: impl FnOnce(&Path) -> io::Result<T>) -> Result<T> {
    call(path).with_context(|| format!("failed to {verb} `{}`", path.display()))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    at("read", path, |path| fs::read(path))
}

pub(crate) fn read_to_string(path: &Path) -> Result<String> {
    at("read", path, |path| fs::read_to_string(path))
}

pub(crate) fn open(path: &Path) -> Result<File> {
    at("open", path, |path| File::open(path))
}

/// Reads the first `most` bytes of a file, and waits for nobody: what is no file, a pipe for one, is an error. Where the system
/// lets it, that does not count as an access.
pub(crate) fn read_head(path: &Path, most: u64) -> Result<Vec<u8>> {
    at("read", path, |path| {
        let file = open_unnoticed(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    })
}

/// Writes a new file; what exists already is an error, a symlink at `path` included.
pub(crate) fn write_new(path: &Path, contents: &[u8]) -> Result<()> {
    at("write", path, |path| {
        platform::create_new(path, 0o666)?.write_all(contents)
    })
}

/// Writes a new file with these permission bits, whatever the umask.
pub(crate) fn write_new_with_mode(path: &Path, contents: &[u8], mode: u32) -> Result<()> {
    at("write", path, |path| {
        platform::create_new(path, mode)?.write_all(contents)?;
        if mode & platform::umask() == 0 {
            return Ok(());
        }
        platform::set_mode(path, mode)
    })
}

/// Writes a file that is there whole or not at all, replacing what was at `path`.
pub(crate) fn write_atomic(path: &Path, contents: &[u8]) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    at("write", path, |path| {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(contents)?;
        file.persist(path)?;
        Ok(())
    })
}

/// Writes a file, over what is there.
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<()> {
    at("write", path, |path| fs::write(path, contents))
}

pub(crate) fn create_dir(path: &Path) -> Result<()> {
    at("create", path, |path| fs::create_dir(path))
}

pub(crate) fn create_dir_all(path: &Path) -> Result<()> {
    at("create", path, |path| fs::create_dir_all(path))
}

pub(crate) fn remove_file(path: &Path) -> Result<()> {
    at("remove", path, |path| fs::remove_file(path))
}

/// Removes an empty directory.
pub(crate) fn remove_dir(path: &Path) -> Result<()> {
    at("remove", path, |path| fs::remove_dir(path))
}

/// Removes a directory and everything in it; symlinks are not followed.
pub(crate) fn remove_dir_all(path: &Path) -> Result<()> {
    at("remove", path, |path| fs::remove_dir_all(path))
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| {
        format!(
            "failed to rename `{}` to `{}`",
            from.display(),
            to.display()
        )
    })
}

pub(crate) fn symlink(target: &Path, link: &Path) -> Result<()> {
    at("create the symlink", link, |link| {
        platform::symlink(target, link)
    })
}

/// Copies the bytes and the permission bits of a file; the copy has its own inode.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("failed to copy `{}` to `{}`", from.display(), to.display()))
}

/// Gives a file, or a symlink, a further name; where the file system has no links, to a copy.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    match fs::read_link(from) {
        Ok(target) => symlink(&target, to),
        Err(_) => copy(from, to),
    }
}

pub(crate) fn metadata(path: &Path) -> Result<Metadata> {
    at("look at", path, |path| fs::metadata(path))
}

pub(crate) fn symlink_metadata(path: &Path) -> Result<Metadata> {
    at("look at", path, |path| fs::symlink_metadata(path))
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<()> {
    at("set the mode of", path, |path| {
        platform::set_mode(path, mode)
    })
}

/// Returns the paths in a directory, sorted.
pub(crate) fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = at("list", dir, |dir| {
        fs::read_dir(dir)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()
    })?;
    paths.sort();
    Ok(paths)
}

/// Returns everything below a directory with its path relative to that, parents before children; no symlink is followed,
/// and what goes away meanwhile is left out.
pub(crate) fn walk(dir: &Path) -> Result<Vec<(PathBuf, Metadata)>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let paths = match list(&dir.join(&folder)) {
            Err(err) if !folder.as_os_str().is_empty() && is_not_found(&err) => continue,
            paths => paths?,
        };
        for path in paths {
            let name = folder.join(path.file_name().unwrap_or_default());
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(name.clone());
            }
            found.push((name, metadata));
        }
    }
    Ok(found)
}

/// What a symlink that leads to itself fails with.
const LOOP: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };

/// Returns whether an error says that nothing is there, and not only nothing that this user or this moment shows.
pub(crate) fn is_absent(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    ) || err.raw_os_error() == Some(LOOP)
}

/// Returns whether an error is that something is not there.
pub(crate) fn is_not_found(err: &anyhow::Error) -> bool {
    err.downcast_ref::<io::Error>()
        .is_some_and(|err| err.kind() == io::ErrorKind::NotFound)
}

/// Returns the absolute form of `path` as Python's `os.path.abspath` does: lexically, `..` and `.` resolved,
/// no symlink followed, no trailing slash.
///
/// # Errors
/// When the current directory is gone.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    use std::path::Component;
    let path = at("find", path, |path| std::path::absolute(path))?;
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    Ok(normal)
}

/// Returns `path` without symlinks, as far as it is there.
pub(crate) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Returns whether the directory that holds `path` is `root`, which has no symlinks, or below it, wherever symlinks on
/// the way lead.
pub(crate) fn is_below(path: &Path, root: &Path) -> bool {
    let directory = path.parent().and_then(|parent| parent.canonicalize().ok());
    directory.is_some_and(|directory| directory.starts_with(root))
}

/// What a file in a tree looks like when nobody has changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Look {
    /// Permission bits.
    pub(crate) mode: u32,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// Bytes.
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i64,
}

/// A path that something depends on, and what was there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Witness {
    path: PathBuf,
    /// Device, inode, size in bytes, modification and change time in nanoseconds, zero where a platform has none; `None`
    /// where nothing could be seen.
    stamp: Option<[u64; 5]>,
}

impl Witness {
    pub(crate) fn of(path: PathBuf) -> Self {
        let stamp = stamp(&path);
        Self { path, stamp }
    }

    /// Returns whether nothing has changed there, as far as can be told without reading it.
    pub(crate) fn still_holds(&self) -> bool {
        stamp(&self.path) == self.stamp
    }
}

/// Returns what is the same for all paths of a file, and as good as never for those of two; `None` where nothing is there.
pub(crate) fn stamp(path: &Path) -> Option<[u64; 5]> {
    fs::metadata(path)
        .ok()
        .map(|metadata| platform::stamp(&metadata))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_lexical() {
        for (path, expected) in [("/a/../b/./c/", "/b/c"), ("/..", "/"), ("/a//b", "/a/b")] {
            assert_eq!(absolute(Path::new(path)).unwrap(), Path::new(expected));
        }
    }

    #[test]
    fn new_files_never_replace_or_follow() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_new(&path, b"first").unwrap();
        assert!(write_new(&path, b"second").is_err());
        assert_eq!(read(&path).unwrap(), b"first");
        let message = format!("{:#}", read(&dir.path().join("missing")).unwrap_err());
        assert!(message.contains("missing"), "{message}");
    }
}
