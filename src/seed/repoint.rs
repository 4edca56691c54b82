//! Launchers of an environment that was moved: each starts the interpreter beside it again.

use crate::seed::launcher;
use crate::seed::record::{self, Row};
use crate::sys::fs;
use crate::venv::layout::Layout;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Gives the launchers that a distribution in the environment recorded a line that starts the environment's own
/// interpreter, and records them anew. Nothing else of them is changed.
///
/// # Errors
/// When a launcher or a `RECORD` cannot be written.
pub(crate) fn repoint(layout: &Layout) -> Result<()> {
    let paths = fs::list(&layout.root.join(&layout.purelib))?;
    let records = paths.iter().map(|path| path.join("RECORD"));
    records
        .filter(|record| record.is_file())
        .try_for_each(|record| repoint_recorded(layout, &record))
}

fn repoint_recorded(layout: &Layout, file: &Path) -> Result<()> {
    // What cannot be understood names no launcher.
    let Ok(mut rows) = record::parse(&fs::read(file)?) else {
        return Ok(());
    };
    let bin = layout.root.join(&layout.scripts);
    let mut changed = false;
    for row in &mut rows {
        if let Some(path) = launcher_path(layout, &bin, row)? {
            changed |= repoint_launcher(&bin, &path, row)?;
        }
    }
    if changed {
        fs::replace(file, &record::render(rows)?)?;
    }
    Ok(())
}

/// Returns the path of a row that is a file in `bin`, and no symlink.
fn launcher_path(layout: &Layout, bin: &Path, row: &Row) -> Result<Option<PathBuf>> {
    if !row.0.starts_with("..") {
        return Ok(None);
    }
    let path = fs::absolute(&layout.root.join(&layout.purelib).join(&row.0))?;
    let is_file = path
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file());
    Ok(Some(path).filter(|path| is_file && path.parent() == Some(bin)))
}

fn repoint_launcher(bin: &Path, path: &Path, row: &mut Row) -> Result<bool> {
    let Ok(text) = String::from_utf8(fs::read(path)?) else {
        return Ok(false);
    };
    let Some(repointed) = launcher::repointed(&text, bin).filter(|repointed| *repointed != text)
    else {
        return Ok(false);
    };
    fs::replace(path, repointed.as_bytes())?;
    *row = Row::of(&row.0, repointed.as_bytes());
    Ok(true)
}
