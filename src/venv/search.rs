//! Finding environments, whoever made them, and when they were last used.

use crate::error::Hinted;
use crate::sys::fs;
use crate::sys::search::{self, Outcome, Terms};
use crate::ui::Ui;
use crate::venv::check::Anatomy;
use crate::venv::{pyvenv_cfg, replace, target};
use anyhow::Result;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Directories that hold nobody's environments, or those of tools that make them anew.
const SKIPPED: [&str; 5] = ["node_modules", ".git", ".hg", ".svn", ".jj"];

/// An environment that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) anatomy: Anatomy,
    /// When it was last used, as far as its files tell; `None` where they do not.
    pub(crate) last_used: Option<SystemTime>,
}

/// What was found, in the order of the paths.
#[derive(Debug)]
pub(crate) struct Environments {
    pub(crate) found: Vec<Found>,
    /// Directories that cannot be listed.
    pub(crate) unreadable: Vec<PathBuf>,
}

/// Returns the directory to look below that `typed` means; nothing is looked for through a symlink but what that leads to.
///
/// # Errors
/// When it is no directory.
pub(crate) fn root(typed: &Path) -> Result<PathBuf> {
    let root = target::absolute(typed)?;
    let problem = match root.metadata() {
        Ok(metadata) if metadata.is_dir() && root.is_symlink() => return Ok(fs::real(&root)),
        Ok(metadata) if metadata.is_dir() => return Ok(root),
        Ok(_) => "is a file, not a directory",
        Err(_) if root.is_symlink() => "leads to nothing",
        Err(_) => "does not exist",
    };
    Err(Hinted::error(
        format!("`{}` {problem}", root.display()),
        "name a directory to look for environments in, or none for the current one",
    ))
}

/// Returns the environments in `roots` and down to so many levels below them; what is in an environment is not looked at.
pub(crate) fn below(ui: Ui, roots: Vec<PathBuf>, levels: usize) -> Environments {
    let line = ui.activity();
    let terms = Terms {
        marker: pyvenv_cfg::FILE_NAME,
        levels,
        is_skipped,
        judge,
        report: |directories, found| {
            line.show(|| format!("looking … {directories} directories, {found} environments"));
        },
    };
    let is_one_root = roots.len() == 1;
    let Outcome {
        mut found,
        mut unreadable,
    } = search::below(roots, &terms);
    found.sort_unstable_by(|one, other| one.anatomy.root.cmp(&other.anatomy.root));
    unreadable.sort_unstable();
    unreadable.dedup();
    if !is_one_root {
        let mut seen = HashSet::new();
        found.retain(|found| seen.insert(fs::real(&found.anatomy.root)));
    }
    Environments { found, unreadable }
}

fn is_skipped(name: &OsStr) -> bool {
    SKIPPED.iter().any(|skipped| name == *skipped) || replace::is_temporary(Path::new(name))
}

fn judge(root: &Path) -> Option<Found> {
    // Where it cannot be read unnoticed, that is an access too.
    let accessed = root.join(pyvenv_cfg::FILE_NAME).metadata().ok();
    let anatomy = Anatomy::of(root);
    anatomy.is_worth_showing().then(|| Found {
        last_used: last_used(&anatomy, accessed.as_ref()),
        anatomy,
    })
}

/// Returns when a Python of the environment was last started, which reads its `pyvenv.cfg`, or something was put into it.
fn last_used(anatomy: &Anatomy, cfg: Option<&Metadata>) -> Option<SystemTime> {
    let started = cfg.and_then(|metadata| metadata.accessed().ok());
    let written = cfg.and_then(|metadata| metadata.modified().ok());
    let libraries = anatomy.libraries.iter();
    let folders = libraries.map(|library| &library.site_packages);
    let installed = folders
        .chain([&anatomy.scripts])
        .filter_map(|folder| folder.metadata().ok()?.modified().ok());
    installed.chain(started).chain(written).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{Color, Verbosity};
    use std::fs::{File, FileTimes, create_dir_all, write};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn an_environment_has_a_home_or_the_looks_of_one() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str, cfg: &str, files: &[&str], expected: bool| {
            let root = dir.path().join(name);
            for file in files {
                let path = root.join(file);
                create_dir_all(path.parent().unwrap()).unwrap();
                write(path, "").unwrap();
            }
            create_dir_all(&root).unwrap();
            write(root.join(pyvenv_cfg::FILE_NAME), cfg).unwrap();
            assert_eq!(judge(&root).is_some(), expected, "{name}");
        };
        let looks = ["bin/activate", "lib/python3.12/site-packages/module.py"];
        check("bare", "home = /usr/bin\n", &[], true);
        check("homeless", "version = 3.12.1\n", &looks, true);
        check("empty", "", &looks, true);
        check("blank", "home = \n", &[], false);
        check("note", "a text about it\n", &["bin/activate"], false);
    }

    #[test]
    fn the_latest_of_a_start_and_an_installation_counts() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let folders = ["bin", "lib/python3.12/site-packages"].map(|name| root.join(name));
        for folder in &folders {
            create_dir_all(folder).unwrap();
        }
        let cfg = root.join(pyvenv_cfg::FILE_NAME);
        write(&cfg, "home = /usr/bin\n").unwrap();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let check = |accessed, modified, bin, library, expected| {
            let times = FileTimes::new().set_accessed(at(accessed));
            let file = File::options().write(true).open(&cfg).unwrap();
            file.set_times(times.set_modified(at(modified))).unwrap();
            for (folder, seconds) in folders.iter().zip([bin, library]) {
                File::open(folder)
                    .unwrap()
                    .set_modified(at(seconds))
                    .unwrap();
            }
            assert_eq!(judge(root).unwrap().last_used, Some(at(expected)));
        };
        check(50, 10, 10, 20, 50);
        check(10, 50, 10, 20, 50);
        check(10, 10, 50, 20, 50);
        check(10, 10, 10, 50, 50);
    }

    #[test]
    fn several_places_may_overlap() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let env = root.join("folder/env");
        create_dir_all(&env).unwrap();
        write(env.join(pyvenv_cfg::FILE_NAME), "home = /usr/bin\n").unwrap();
        let roots = vec![root.join("folder"), root.clone(), env.clone(), root];
        let ui = Ui::new(Verbosity::Quiet, Color::Never);
        let found = below(ui, roots, usize::MAX).found;
        let paths: Vec<_> = found.iter().map(|found| &found.anatomy.root).collect();
        assert_eq!(paths, [&env]);
    }
}
