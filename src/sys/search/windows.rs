//! Windows: what is mounted in a directory is a link there, which is not followed.

use super::Entry;
use std::ffi::OsStr;
use std::path::Path;
use std::{fs, io};

/// Calls `visit` for each entry of a directory; returns no device.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read(
    path: &Path,
    _device: Option<u64>,
    mut visit: impl FnMut(&OsStr, Entry),
) -> io::Result<Option<u64>> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = match entry.file_type() {
            Ok(file_type) if file_type.is_dir() => Entry::Directory,
            _ => Entry::Other,
        };
        visit(&entry.file_name(), kind);
    }
    Ok(None)
}
