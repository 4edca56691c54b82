//! Taking away what is left of a distribution whose successor is in place.

use crate::seed::record;
use crate::sys::fs;
use crate::venv::layout::Layout;
use anyhow::Result;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// A distribution that another version of it has taken the place of.
#[derive(Debug)]
pub(crate) struct Replaced {
    /// Its `.dist-info`.
    old: PathBuf,
    /// Its successor's.
    new: PathBuf,
}

impl Replaced {
    pub(crate) fn new(old: PathBuf, new: &str) -> Self {
        let new = old.with_file_name(new);
        Self { old, new }
    }

    /// Removes the files that it recorded and its successor did not; nothing outside of the environment.
    ///
    /// # Errors
    /// When a `RECORD` cannot be read, or a file cannot be removed.
    pub(crate) fn remove(&self, layout: &Layout) -> Result<()> {
        let kept: HashSet<PathBuf> = recorded(&self.new)?.into_iter().collect();
        let leftover = recorded(&self.old)?
            .into_iter()
            .filter(|path| !kept.contains(path));
        for path in leftover.filter(|path| path.starts_with(&layout.root)) {
            remove_if_there(&path)?;
            remove_empty_directories(&path, &layout.root.join(&layout.purelib));
        }
        Ok(())
    }
}

/// Returns the absolute paths of what a distribution recorded.
fn recorded(dist_info: &Path) -> Result<Vec<PathBuf>> {
    let site_packages = dist_info.parent().unwrap_or(dist_info);
    let rows = record::parse(&fs::read(&dist_info.join("RECORD"))?)?;
    rows.iter()
        .map(|row| fs::absolute(&site_packages.join(&row.0)))
        .collect()
}

fn remove_if_there(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => fs::remove_file(path),
    }
}

/// Removes the directories above `path` that have become empty, up to `site_packages`.
fn remove_empty_directories(path: &Path, site_packages: &Path) {
    let parents = path.ancestors().skip(1);
    for dir in parents.take_while(|dir| dir.starts_with(site_packages) && *dir != site_packages) {
        // One that is not empty stays, and so do those above it.
        if std::fs::remove_dir(dir).is_err() {
            break;
        }
    }
}
