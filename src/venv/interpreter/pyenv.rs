//! Which interpreter a shim of pyenv leads to, by pyenv's own rules and without running it.

use crate::sys::fs;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// How much of a file is read, in bytes, and how many versions in it count.
const LONGEST: u64 = 1 << 16;
const MOST_VERSIONS: usize = 64;

/// What a file on `PATH` is to pyenv.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shim {
    /// No shim, but what it seems to be.
    No,
    /// A shim that leads to this executable.
    To(PathBuf),
    /// A shim of something that none of the chosen versions has.
    Nowhere,
}

/// Returns what `path` is to pyenv: the versions are those of `PYENV_VERSION`, else of the nearest `.python-version`,
/// else of pyenv's own `version`.
pub(super) fn resolve(path: &Path) -> Shim {
    static CHOSEN: OnceLock<String> = OnceLock::new();
    if !path.parent().is_some_and(is_shims) {
        return Shim::No;
    }
    let name = path.file_name().unwrap_or_default();
    let chosen = CHOSEN.get_or_init(versions);
    let found = chosen
        .split([':', '\n', ' '])
        .take(MOST_VERSIONS)
        .find_map(|version| executable(version.trim(), name));
    found.map_or(Shim::Nowhere, Shim::To)
}

fn root() -> Option<PathBuf> {
    let set = env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .filter(|root| root.is_absolute());
    set.or_else(|| env::home_dir().map(|home| home.join(".pyenv")))
}

/// Returns the chosen versions, most wanted first, between colons or line ends.
fn versions() -> String {
    let set = env::var("PYENV_VERSION")
        .ok()
        .filter(|versions| !versions.is_empty());
    set.or_else(nearest_version_file)
        .or_else(|| read(&root()?.join("version")))
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

fn nearest_version_file() -> Option<String> {
    let start = env::current_dir().ok()?;
    start
        .ancestors()
        .find_map(|dir| read(&dir.join(".python-version")))
}

/// Reads a file of versions, of which pyenv takes no more either.
fn read(path: &Path) -> Option<String> {
    let bytes = fs::read_head(path, LONGEST).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns where pyenv keeps what is called exactly so.
pub(super) fn installation(name: &str) -> Option<PathBuf> {
    let dir = versions_dir(name)?.join(name);
    dir.is_dir().then_some(dir)
}

/// Returns where pyenv keeps the latest version that begins so.
pub(super) fn latest_installation(name: &str) -> Option<PathBuf> {
    latest(&versions_dir(name)?, name)
}

/// Returns whether a directory has the shims of pyenv.
pub(super) fn is_shims(dir: &Path) -> bool {
    root().is_some_and(|root| dir == root.join("shims"))
}

/// Returns where the installed versions are, `None` where a name would lead out of that: CVE-2022-35861.
fn versions_dir(name: &str) -> Option<PathBuf> {
    let leads_out = name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.');
    root()
        .filter(|_| !leads_out)
        .map(|root| root.join("versions"))
}

/// Returns an executable of an installed version, which may be named by its beginning: `3.12` for the latest 3.12.x.
fn executable(version: &str, name: &OsStr) -> Option<PathBuf> {
    let version = version.strip_prefix("python-").unwrap_or(version);
    let dir = installation(version).or_else(|| latest_installation(version))?;
    Some(dir.join("bin").join(name)).filter(|executable| executable.is_file())
}

fn latest(installed: &Path, prefix: &str) -> Option<PathBuf> {
    let patch = |path: &PathBuf| -> Option<u32> {
        path.file_name()?
            .to_str()?
            .strip_prefix(prefix)?
            .strip_prefix('.')?
            .parse()
            .ok()
    };
    fs::list(installed)
        .ok()?
        .into_iter()
        .filter(|path| patch(path).is_some())
        .max_by_key(patch)
}
