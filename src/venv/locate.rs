//! Which environment is meant where none is named.

use crate::error::Hinted;
use crate::sys::fs;
use crate::venv::environment::{self, Environment};
use crate::venv::target;
use anyhow::Result;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The usual name of an environment, and of a file that says where it is (PEP 832).
const USUAL_NAME: &str = ".venv";

/// Returns the environment at `path`, which may also be a file that says where it is.
///
/// # Errors
/// When there is none.
pub(crate) fn named(path: &Path) -> Result<Environment> {
    let root = target::resolve(&directory(path)?)?;
    Environment::open(&root).ok_or_else(|| {
        let message = format!(
            "`{}` is not a virtual environment: it has no pyvenv.cfg",
            root.display()
        );
        Hinted::error(message, format!("make one with `rvenv {}`", path.display()))
    })
}

/// Returns the directory that `path` means, which may also be a file that says where it is, be it an environment or not.
///
/// # Errors
/// When it is a file that says nothing.
pub(crate) fn directory(path: &Path) -> Result<PathBuf> {
    redirected(&fs::absolute(path)?)
}

/// Returns the environment that a file at `path` leads to; `None` where that is no file, or leads to none.
pub(crate) fn led_to(path: &Path) -> Option<Environment> {
    let is_file = path.symlink_metadata().is_ok_and(|it| it.is_file());
    is_file.then(|| named(path).ok()).flatten()
}

/// Returns `.venv` in `here` or the nearest directory above that has one, else the only environment directly in `here`.
///
/// # Errors
/// When there is none, or when there are several to choose from.
pub(crate) fn from(here: &Path) -> Result<Environment> {
    usual(here).map_or_else(|| only_in(here), |path| named(&path))
}

/// Returns the directory that [`from`] looks at, also where what is there is broken.
///
/// # Errors
/// When there is none, or when there are several to choose from.
pub(crate) fn root_from(here: &Path) -> Result<PathBuf> {
    match usual(here) {
        Some(path) => directory(&path),
        None => Ok(only_in(here)?.root().to_owned()),
    }
}

fn usual(here: &Path) -> Option<PathBuf> {
    let mut usual = here.ancestors().map(|dir| dir.join(USUAL_NAME));
    usual.find(|path| path.exists())
}

fn only_in(here: &Path) -> Result<Environment> {
    let mut inside = environments_in(here)?;
    match inside.len() {
        1 => named(inside.remove(0).root()),
        0 => Err(Hinted::error(
            format!(
                "there is no environment in `{}`, and no `{USUAL_NAME}` in it or above",
                here.display()
            ),
            "name one, or make one with `rvenv .venv`",
        )),
        _ => Err(Hinted::error(
            format!(
                "there are several environments in `{}`: {}",
                here.display(),
                names(&inside)
            ),
            "name the one that you mean",
        )),
    }
}

/// Returns the environments directly in `here`, each under one of its names.
fn environments_in(here: &Path) -> Result<Vec<Environment>> {
    let mut seen = HashSet::new();
    let mut paths = environment::entries(here)?;
    paths.retain(|path| seen.insert(path.canonicalize().ok()));
    Ok(paths
        .iter()
        .filter_map(|path| Environment::open(path))
        .collect())
}

fn names(environments: &[Environment]) -> String {
    let name = |environment: &Environment| {
        let name = environment.root().file_name().unwrap_or_default();
        format!("`{}`", name.display())
    };
    environments.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Returns the directory that a redirect file names, relative to the file; anything else is what it is (PEP 832).
fn redirected(path: &Path) -> Result<PathBuf> {
    if !path.is_file() {
        return Ok(path.to_owned());
    }
    let text = fs::read_to_string(path)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    if line.is_empty() || line.contains('\n') {
        let message = format!(
            "`{}` is a file that does not say where an environment is",
            path.display()
        );
        return Err(Hinted::error(
            message,
            "it holds one line, the path of the environment (PEP 832)",
        ));
    }
    fs::absolute(&path.parent().unwrap_or(path).join(line))
}
