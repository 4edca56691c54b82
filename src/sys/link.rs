//! Putting the files of one tree into another without copying bytes, where the file system can.

use crate::sys::fs;
use anyhow::Result;
use std::cell::Cell;
use std::io;
use std::path::Path;

/// How files get from one tree into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkMode {
    Hardlink,
    /// Also what is done where the other is not possible: another device, a full link count, another user's file.
    Copy,
}

/// Links files one by one, and remembers what the file system is able to do.
#[derive(Debug)]
pub(crate) struct Linker {
    mode: Cell<LinkMode>,
}

impl Linker {
    pub(crate) fn new() -> Self {
        Self {
            mode: Cell::new(LinkMode::Hardlink),
        }
    }

    /// Returns how files were linked, `Copy` where not all could be.
    pub(crate) fn mode(&self) -> LinkMode {
        self.mode.get()
    }

    /// Makes `to`, which is not there yet, the same as `from`: bytes, permission bits and modification time.
    ///
    /// # Errors
    /// When it can be neither linked nor copied.
    pub(crate) fn link(&self, from: &Path, to: &Path) -> Result<()> {
        if self.mode.get() == LinkMode::Hardlink {
            match std::fs::hard_link(from, to) {
                Ok(()) => return Ok(()),
                // Only this one file has too many links; the next may have none.
                Err(err) if err.kind() == io::ErrorKind::TooManyLinks => {}
                Err(_) => self.mode.set(LinkMode::Copy),
            }
        }
        copy(from, to)
    }
}

/// Copies a file with its modification time, without which its bytecode would be stale.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)?;
    fs::set_modified(to, fs::metadata(from)?.modified()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_the_modification_time() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write_new(&from, b"text").unwrap();
        let long_ago =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        fs::set_modified(&from, long_ago).unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), long_ago);
        assert_eq!(fs::read(&to).unwrap(), b"text");
    }
}
