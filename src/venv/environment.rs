//! An environment on disk, whoever made it.

use crate::sys::{fs, platform};
use crate::venv::pyvenv_cfg::{self, PyvenvCfg};
use crate::venv::replace;
use std::path::{Path, PathBuf};

/// The entries of an environment that was begun and never finished.
const BEGUN_ENTRIES: [&str; 10] = [
    "bin",
    "Scripts",
    "lib",
    "Lib",
    "lib64",
    "include",
    "Include",
    ".gitignore",
    "CACHEDIR.TAG",
    pyvenv_cfg::FILE_NAME,
];

/// What else an environment may consist of.
const FURTHER_ENTRIES: [&str; 11] = [
    "share",
    "etc",
    "man",
    // Of PyPy, and of virtualenv before 20.
    "lib-python",
    "lib_pypy",
    "local",
    "pip-selfcheck.json",
    // Of tools that keep something of theirs in their environments: uv, tox, pipx, virtualenvwrapper.
    ".lock",
    ".tox-info.json",
    "pipx_metadata.json",
    ".project",
];

/// The entries that tell a project or a repository.
const PROJECT_ENTRIES: [&str; 12] = [
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "package.json",
    "Cargo.toml",
    "Makefile",
];

/// A directory with a `pyvenv.cfg`.
#[derive(Debug)]
pub(crate) struct Environment {
    root: PathBuf,
    cfg: PyvenvCfg,
}

impl Environment {
    /// Returns the environment in `root`, or `None` where there is none.
    pub(crate) fn open(root: &Path) -> Option<Self> {
        let cfg = PyvenvCfg::read(root).ok()?;
        Some(Self {
            root: root.to_owned(),
            cfg,
        })
    }

    /// Returns the directory of the interpreter it was made of.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.cfg.get("home").map(Path::new)
    }

    /// Returns its directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the name for an activated shell to show, where it was given one; without what would end a line in a
    /// script.
    pub(crate) fn prompt(&self) -> Option<String> {
        let mut prompt = self.cfg.prompt()?;
        prompt.retain(|char| !char.is_ascii_control());
        Some(prompt)
    }

    /// Returns whether the packages of the system are seen in it.
    pub(crate) fn sees_the_system(&self) -> bool {
        let value = self.cfg.get("include-system-site-packages");
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the name of the directory of its executables, which may be that of another system.
    pub(crate) fn scripts_dir(&self) -> &'static str {
        let names = ["bin", "Scripts"];
        names
            .into_iter()
            .find(|name| self.root.join(name).is_dir())
            .unwrap_or(platform::SCRIPTS_DIR)
    }
}

/// Returns the first entry of `dir` that tells a project or a repository.
pub(crate) fn project_entry(dir: &Path) -> Option<&'static str> {
    PROJECT_ENTRIES
        .into_iter()
        .find(|name| std::fs::symlink_metadata(dir.join(name)).is_ok())
}

/// Returns whether `dir` is what is left of an environment that never got its `pyvenv.cfg`: an interpreter or a script
/// to activate it in `bin`, and nothing that a Python that is installed there would have, or other programs; or of one that
/// was being cleared or deleted.
pub(crate) fn is_half_made(dir: &Path) -> anyhow::Result<bool> {
    if replace::was_being_emptied(dir) {
        return Ok(true);
    }
    let is_telling = |path: &PathBuf| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        name.starts_with("python") || name.starts_with("activate")
    };
    let scripts = fs::list(&dir.join(platform::SCRIPTS_DIR)).unwrap_or_default();
    let is_begun = entries(dir)?
        .iter()
        .all(|path| is_one_of(path, &BEGUN_ENTRIES));
    Ok(scripts.iter().any(is_telling) && is_begun && !holds_a_library(dir))
}

/// Returns whether there is anything in the libraries of `dir` but `site-packages`, or a header.
fn holds_a_library(dir: &Path) -> bool {
    let below = |name: &str| fs::list(&dir.join(name)).unwrap_or_default();
    let is_site_packages = |path: &PathBuf| path.ends_with("site-packages");
    let libraries = [below("lib"), below("Lib"), below("lib64")].concat();
    let is_library = |path: &PathBuf| {
        let inside = fs::list(path).unwrap_or_default();
        !(is_site_packages(path) || path.is_dir() && inside.iter().all(is_site_packages))
    };
    let headers = [below("include"), below("Include")].concat();
    let is_header = |path: &PathBuf| !fs::list(path).is_ok_and(|inside| inside.is_empty());
    libraries.iter().any(is_library) || headers.iter().any(is_header)
}

fn is_one_of(path: &Path, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| path.file_name() == Some(name.as_ref()))
}

/// Returns the entries of `dir` that no environment has by itself.
pub(crate) fn foreign_entries(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = entries(dir)?;
    paths.retain(|path| !is_one_of(path, &BEGUN_ENTRIES) && !is_one_of(path, &FURTHER_ENTRIES));
    Ok(paths)
}

/// Returns the entries of `dir`; what rvenv itself left there, or has there now, is not counted.
pub(crate) fn entries(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = fs::list(dir)?;
    paths.retain(|path| !replace::is_temporary(path));
    Ok(paths)
}
