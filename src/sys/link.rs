//! Putting the files of one tree into another without copying bytes, where the file system can.

use crate::sys::parallel;
use crate::sys::platform::Folder;
use anyhow::{Context as _, Result};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// How files get from one tree into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkMode {
    Hardlink,
    /// Also what is done where the other is not possible: another device, a full link count, another user's file.
    Copy,
}

/// Links trees, and remembers what the file system is able to do.
#[derive(Debug)]
pub(crate) struct Linker {
    copies: AtomicBool,
}

impl Linker {
    pub(crate) fn new() -> Self {
        let copies = AtomicBool::new(false);
        Self { copies }
    }

    /// Returns how files were linked, `Copy` where not all could be.
    pub(crate) fn mode(&self) -> LinkMode {
        if self.copies.load(Ordering::Relaxed) {
            LinkMode::Copy
        } else {
            LinkMode::Hardlink
        }
    }

    /// Makes `files`, which are not there yet, the same below `to` as below `from`: bytes, permission bits and
    /// modification times. Their directories are there.
    ///
    /// # Errors
    /// When one of them is there already, or can be neither linked nor copied.
    pub(crate) fn link<F: AsRef<str> + Sync>(
        &self,
        from: &Path,
        to: &Path,
        files: &[F],
    ) -> Result<()> {
        let [source, target] = [from, to].map(|dir| {
            Folder::open(dir).with_context(|| format!("failed to open `{}`", dir.display()))
        });
        let (source, target) = (source?, target?);
        parallel::for_each(files, |file| {
            let file = file.as_ref();
            if self.is_linked(source.link(file, &target)) {
                return Ok(());
            }
            let (from, to) = (from.join(file), to.join(file));
            copy(&from, &to).with_context(|| {
                format!("failed to copy `{}` to `{}`", from.display(), to.display())
            })
        })
    }

    fn is_linked(&self, outcome: io::Result<()>) -> bool {
        match outcome {
            Ok(()) => return true,
            // Only this one file has too many links; the next may have none.
            Err(err) if err.kind() == io::ErrorKind::TooManyLinks => {}
            Err(_) => self.copies.store(true, Ordering::Relaxed),
        }
        false
    }
}

/// Copies a file with its modification time, without which its bytecode would be stale. What is there already may be
/// a link to somebody else's file, and is never written to.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut copy = File::create_new(to)?;
    io::copy(&mut source, &mut copy)?;
    let metadata = source.metadata()?;
    copy.set_permissions(metadata.permissions())?;
    copy.set_modified(metadata.modified()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::fs;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_copy_keeps_the_modification_time_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write_new(&from, b"text").unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::options()
            .write(true)
            .open(&from)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), long_ago);
        assert_eq!(fs::read(&to).unwrap(), b"text");
        assert!(copy(&from, &to).is_err());
    }

    #[test]
    fn files_are_linked_into_the_directories_that_are_there() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        for name in [&from, &to] {
            fs::create_dir_all(&name.join("sub")).unwrap();
        }
        let files: Vec<String> = (0..100).map(|number| format!("sub/{number}")).collect();
        for file in &files {
            fs::write_new(&from.join(file), file.as_bytes()).unwrap();
        }
        let linker = Linker::new();
        linker.link(&from, &to, &files).unwrap();
        assert_eq!(linker.mode(), LinkMode::Hardlink);
        assert!(
            files
                .iter()
                .all(|file| fs::read(&to.join(file)).unwrap() == file.as_bytes())
        );
        assert!(linker.link(&from, &to, &files).is_err());
    }
}
