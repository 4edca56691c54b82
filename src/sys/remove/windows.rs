//! Windows: std does it, by handles and without following links.

use super::{Count, Removed};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::io;
use std::path::Path;

/// Removes the directory `path` with all that is in it, `last` in no order; nothing is counted.
///
/// # Errors
/// When it is no directory, or when something in it cannot be removed.
pub(crate) fn remove_tree(path: &Path, _last: &str, _count: Count) -> Result<Removed> {
    if path.is_symlink() {
        bail!("`{}` is a symlink", path.display());
    }
    match fs::remove_dir_all(path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => {
            Err(err).with_context(|| format!("failed to remove `{}`", path.display()))
        }
        _ => Ok(Removed::default()),
    }
}
