//! Launchers of an environment that was moved: each starts the interpreter beside it again.

use crate::seed::check::launchers;
use crate::seed::launcher;
use crate::seed::record::{self, Row};
use crate::shell::read;
use crate::sys::{fs, platform};
use crate::venv::layout::Layout;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Writes into `place`, which is to be merged with the environment, its launchers that start another interpreter than the
/// environment's own, with a line that starts that one, and their `RECORD`s. Nothing else of them is changed, and what
/// `place` has already is left alone.
///
/// # Errors
/// When a launcher or a `RECORD` cannot be read or written.
pub(crate) fn repoint(place: &Path, layout: &Layout) -> Result<()> {
    let site_packages = layout.root.join(&layout.purelib);
    if !site_packages.is_dir() {
        return Ok(());
    }
    let moved = Move { place, layout };
    let paths = fs::list(&site_packages)?.into_iter();
    let own = paths.filter(|path| !path.is_symlink());
    let records = own.map(|path| path.join("RECORD"));
    records
        .filter(|record| is_own_file(record) && !moved.is_new(record))
        .try_for_each(|record| moved.repoint_recorded(&record))?;
    moved.repoint_others()
}

/// An environment on its way to another place.
struct Move<'a> {
    place: &'a Path,
    layout: &'a Layout,
}

impl Move<'_> {
    fn repoint_recorded(&self, file: &Path) -> Result<()> {
        // What cannot be understood names no launcher.
        let Ok(mut rows) = record::parse(&fs::read(file)?) else {
            return Ok(());
        };
        let mut changed = false;
        for row in &mut rows {
            if let Some(path) = self.launcher_path(row)? {
                changed |= self.repoint_launcher(&path, row)?;
            }
        }
        if changed {
            self.write_like(file, &record::render(rows)?)?;
        }
        Ok(())
    }

    /// Does the same with what nobody recorded, where it starts the Python of the place that the environment was moved from,
    /// which its old activation script tells.
    fn repoint_others(&self) -> Result<()> {
        let bin = self.layout.root.join(&self.layout.scripts);
        let script = fs::read_to_string(&bin.join("activate"));
        let place = script.ok().and_then(|text| read::place("activate", &text));
        let old = place.map(|place| Path::new(&place).join(&self.layout.scripts));
        let Some(old) = old.filter(|old| *old != bin) else {
            return Ok(());
        };
        for path in fs::list(&bin)? {
            let text = is_own_file(&path).then(|| fs::read_to_string(&path).ok());
            let python = text.flatten().and_then(|text| launcher::python(&text));
            if !self.is_new(&path) && python.is_some_and(|it| Path::new(&it).parent() == Some(&old))
            {
                self.repoint_launcher(&path, &mut Row::bare(""))?;
            }
        }
        Ok(())
    }

    /// Returns the path of a row that is a file in `bin`, and no symlink.
    fn launcher_path(&self, row: &Row) -> Result<Option<PathBuf>> {
        let Self { layout, .. } = self;
        if !row.is_outside() && !Path::new(&row.0).is_absolute() {
            return Ok(None);
        }
        let path = fs::absolute(&layout.root.join(&layout.purelib).join(&row.0))?;
        let is_in_bin = path.parent() == Some(&layout.root.join(&layout.scripts));
        Ok(Some(path).filter(|path| is_in_bin && is_own_file(path) && !self.is_new(path)))
    }

    /// Writes the successor of a launcher that starts another Python, and returns whether its row has changed.
    fn repoint_launcher(&self, path: &Path, row: &mut Row) -> Result<bool> {
        let bin = self.layout.root.join(&self.layout.scripts);
        let is_there = |name: &str| {
            let own = bin.join(name);
            own.exists() || self.is_new(&own)
        };
        let old = fs::read(path)?;
        let Some(new) = launcher::repointed(&old, &bin, is_there) else {
            return Ok(false);
        };
        if new == old || launchers::elsewhere(path, &fs::real(&bin)).is_none() {
            return Ok(false);
        }
        self.write_like(path, &new)?;
        let recorded = Row::of(&row.0, &new);
        let is_right = recorded == *row;
        *row = recorded;
        Ok(!is_right)
    }

    /// Returns where a file of the environment is until it is put into place.
    fn staged(&self, path: &Path) -> PathBuf {
        let root = &self.layout.root;
        self.place.join(path.strip_prefix(root).unwrap_or(path))
    }

    fn is_new(&self, path: &Path) -> bool {
        self.staged(path).symlink_metadata().is_ok()
    }

    /// Writes the successor of a file, with its permission bits.
    fn write_like(&self, path: &Path, contents: &[u8]) -> Result<()> {
        let staged = self.staged(path);
        fs::create_dir_all(staged.parent().unwrap_or(self.place))?;
        let mode = platform::mode(&fs::symlink_metadata(path)?);
        fs::write_new_with_mode(&staged, contents, mode)
    }
}

/// Returns whether there is a file, and no symlink to one: what that leads to may be anybody's.
fn is_own_file(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file())
}
