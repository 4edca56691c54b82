//! Taking away what is left of a distribution whose successor is in place.

use crate::seed::record::{self, Row};
use crate::sys::fs;
use crate::venv::layout::Layout;
use anyhow::{Context as _, Result};
use std::collections::{BTreeSet, HashSet};
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

/// A distribution that another version of it takes the place of.
#[derive(Debug)]
pub(crate) struct Replaced {
    /// The absolute paths of what it recorded, and of its `.dist-info`.
    files: Vec<PathBuf>,
    /// Its `.dist-info`.
    old: PathBuf,
    /// Its successor's `.dist-info`.
    new: PathBuf,
}

impl Replaced {
    /// Reads what the distribution with the `.dist-info` `old` recorded, before anything is changed. `new` is that of its
    /// successor, beside it.
    ///
    /// # Errors
    /// When `old` cannot be read.
    pub(crate) fn new(old: &Path, new: &Path) -> Result<Self> {
        let mut files =
            own_files(old).with_context(|| format!("failed to replace `{}`", old.display()))?;
        // Of one without a RECORD that can be understood nothing else is known.
        files.extend(recorded(old).unwrap_or_default());
        let new = old.with_file_name(new.file_name().unwrap_or_default());
        let old = old.to_owned();
        Ok(Self { files, old, new })
    }

    /// Puts what it did not record, in the directories that its successor in `place` has too, in with the successor's, so
    /// that those can take the place of these. Returns them, relative to the environment. Bytecode is left behind.
    ///
    /// # Errors
    /// When a file can be neither linked nor copied.
    pub(crate) fn carry_over(&self, place: &Path, layout: &Layout) -> Result<Vec<PathBuf>> {
        let site_packages = layout.root.join(&layout.purelib);
        let recorded: HashSet<&Path> = self.files.iter().map(PathBuf::as_path).collect();
        let tops = recorded.iter().filter_map(|path| {
            let below = path.strip_prefix(&site_packages).ok()?;
            Some(layout.purelib.join(below.components().next()?))
        });
        let is_directory = |path: &Path| path.is_dir() && !path.is_symlink();
        let tops: BTreeSet<PathBuf> = tops
            .filter(|top| is_directory(&layout.root.join(top)) && is_directory(&place.join(top)))
            .collect();
        for top in &tops {
            carry_below(&recorded, &layout.root.join(top), &place.join(top))?;
        }
        Ok(tops.into_iter().collect())
    }

    /// Returns its `.dist-info`, relative to the environment, where its successor has another.
    pub(crate) fn dist_info(&self, layout: &Layout) -> Option<PathBuf> {
        let inside = self.old.strip_prefix(&layout.root).ok()?;
        (self.old != self.new).then(|| inside.to_owned())
    }

    /// Returns the names, with version, of its successor and of itself, where these differ.
    pub(crate) fn names(&self) -> Option<[&str; 2]> {
        let [new, old] = [&self.new, &self.old].map(|path| path.file_stem()?.to_str());
        let names = [new?, old?];
        (names[0] != names[1]).then_some(names)
    }

    /// Removes the files that it recorded and its successor did not; nothing outside of the environment.
    ///
    /// # Errors
    /// When a file cannot be removed; the others are.
    pub(crate) fn remove(&self, layout: &Layout) -> Result<()> {
        let kept: HashSet<PathBuf> = recorded(&self.new)?.into_iter().collect();
        let root = fs::real(&layout.root);
        let site_packages = layout.root.join(&layout.purelib);
        let gone = self.files.iter().filter(|path| !kept.contains(*path));
        let outcomes = gone.filter(|path| fs::is_below(path, &root)).map(|path| {
            remove_if_there(path)?;
            remove_empty_directories(path, &site_packages);
            Ok(())
        });
        // One that stays does not keep the others.
        outcomes.fold(Ok(()), Result::and)
    }
}

/// Puts everything below `from` that is not recorded, and for which there is no successor, below `to`.
fn carry_below(recorded: &HashSet<&Path>, from: &Path, to: &Path) -> Result<()> {
    for (name, metadata) in fs::walk(from)? {
        let (old, new) = (from.join(&name), to.join(&name));
        let is_bytecode = name
            .components()
            .any(|part| part.as_os_str() == "__pycache__");
        let is_left = metadata.is_dir() || is_bytecode || recorded.contains(old.as_path());
        if !is_left && new.symlink_metadata().is_err() {
            fs::create_dir_all(new.parent().unwrap_or(to))?;
            fs::link_or_copy(&old, &new)?;
        }
    }
    Ok(())
}

/// Returns whether all is there that a distribution recorded, bytecode aside, and has the size that it had.
pub(super) fn is_whole(dist_info: &Path) -> bool {
    let site_packages = dist_info.parent().unwrap_or(dist_info);
    let is_as_it_was = |row: &Row| {
        let metadata = site_packages.join(&row.0).metadata();
        let has_size = |metadata: Metadata| row.is_outside() || row.has_size(metadata.len());
        row.is_bytecode() || metadata.is_ok_and(has_size)
    };
    rows(dist_info).is_ok_and(|rows| rows.iter().all(is_as_it_was))
}

/// Returns the absolute paths of the files in a `.dist-info`.
fn own_files(dist_info: &Path) -> Result<Vec<PathBuf>> {
    let mut found = fs::walk(dist_info)?;
    found.retain(|(_, metadata)| !metadata.is_dir());
    Ok(found.iter().map(|(name, _)| dist_info.join(name)).collect())
}

/// Returns the absolute paths of what a distribution recorded.
fn recorded(dist_info: &Path) -> Result<Vec<PathBuf>> {
    let site_packages = dist_info.parent().unwrap_or(dist_info);
    let rows = rows(dist_info)?.into_iter();
    rows.map(|row| fs::absolute(&site_packages.join(&row.0)))
        .collect()
}

fn rows(dist_info: &Path) -> Result<Vec<Row>> {
    record::parse(&fs::read(&dist_info.join("RECORD"))?)
}

fn remove_if_there(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        // One that becomes empty is removed with what is in it.
        Ok(metadata) if metadata.is_dir() => Ok(()),
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
