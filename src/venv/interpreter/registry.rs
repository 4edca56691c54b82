//! The interpreters that are registered with Windows (PEP 514).

use crate::venv::interpreter::place::Place;
#[cfg(windows)]
use crate::venv::interpreter::request::Spec;
#[cfg(windows)]
use std::path::{Path, PathBuf};
#[cfg(windows)]
use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};

/// Returns the directories of registered installations, the user's own first; elsewhere there is no registry.
#[cfg(not(windows))]
pub(super) fn places() -> Vec<Place> {
    Vec::new()
}

/// Returns the directories of registered installations, the user's own first.
#[cfg(windows)]
pub(super) fn places() -> Vec<Place> {
    let keys = [
        (CURRENT_USER, r"Software\Python"),
        (LOCAL_MACHINE, r"Software\Python"),
        (LOCAL_MACHINE, r"Software\Wow6432Node\Python"),
    ];
    let open = |(hive, path): (&Key, &str)| hive.open(path).ok();
    keys.into_iter()
        .filter_map(open)
        .flat_map(|key| companies(&key))
        .collect()
}

/// Whose tags are versions; others' are anything.
#[cfg(windows)]
const VERSIONED: [&str; 3] = ["PythonCore", "PyPy", "Astral"];

#[cfg(windows)]
fn companies(key: &Key) -> Vec<Place> {
    let Ok(companies) = key.keys() else {
        return Vec::new();
    };
    // The launcher's own entries are not interpreters.
    let companies = companies.filter(|company| company != "PyLauncher");
    let tags = companies.filter_map(|company| Some(tags(&key.open(&company).ok()?, &company)));
    tags.flatten().collect()
}

#[cfg(windows)]
fn tags(key: &Key, company: &str) -> Vec<Place> {
    let place = |tag: String| {
        let says = VERSIONED.contains(&company).then(|| Spec::parse(&tag));
        Some(Place {
            dir: directory(&key.open(format!(r"{tag}\InstallPath")).ok()?)?,
            keeper: "registry",
            says: says.flatten(),
        })
    };
    let tags = key.keys().into_iter().flatten();
    tags.filter_map(place).collect()
}

/// Returns where the executable is, which may be named itself.
#[cfg(windows)]
fn directory(installation: &Key) -> Option<PathBuf> {
    let executable = installation.get_string("ExecutablePath").ok();
    let parent = executable.and_then(|path| Some(Path::new(&path).parent()?.to_owned()));
    parent.or_else(|| installation.get_string("").ok().map(PathBuf::from))
}
