//! The directories in which executables are looked for, and which of them may be a Python that was asked for.

use crate::sys::{fs, platform};
use crate::venv::interpreter::pyenv::{self, Shim};
use crate::venv::interpreter::request::{Spec, dotted};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::env;
use std::iter;
use std::path::{Path, PathBuf};

/// What executables of a kind of interpreter are called, before the version.
pub(super) type Stems = &'static [&'static str];

/// What all are called.
pub(super) const ALL_STEMS: Stems = &["python", "pypy", "graalpy"];

/// What those are called that nobody means who asks for a Python.
const ALTERNATIVE_STEMS: Stems = &["pypy", "graalpy"];

/// What stands behind the version in the names of builds that are not the usual one.
const BUILD_TAGS: [&str; 4] = ["t", "td", "d", "-dbg"];

/// A directory with executables.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) dir: PathBuf,
    /// Who put it there: `PATH`, `pyenv`.
    pub(super) keeper: &'static str,
    /// What the name of the installation says of its interpreter.
    pub(super) says: Option<Spec>,
}

/// Returns the directories on `PATH`, in its order.
pub(super) fn on_path() -> impl Iterator<Item = Place> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = env::split_paths(&path).collect();
    let mut seen = HashSet::new();
    let is_new = move |dir: &PathBuf| !is_nowhere(dir) && seen.insert(dir.clone());
    let places = dirs.into_iter().filter(is_new);
    places
        .filter_map(|dir| std::path::absolute(dir).ok())
        .map(|dir| Place {
            dir,
            keeper: "PATH",
            says: None,
        })
}

/// Returns whether there is no Python in a directory on `PATH`: what is in that of the Microsoft Store opens the Store.
fn is_nowhere(dir: &Path) -> bool {
    let is_store = || {
        dir.to_string_lossy()
            .to_lowercase()
            .ends_with(r"microsoft\windowsapps")
    };
    dir.as_os_str().is_empty() || is_store()
}

/// Returns the directories of an installation or environment that may have its interpreter.
pub(super) fn within(root: &Path, keeper: &'static str) -> impl Iterator<Item = Place> {
    let dirs = [root.join("bin"), root.join("Scripts"), root.to_owned()];
    dirs.into_iter().map(move |dir| Place {
        dir,
        keeper,
        says: None,
    })
}

impl Place {
    /// Returns whether an interpreter that fits may be here.
    pub(super) fn admits(&self, spec: &Spec) -> bool {
        self.says
            .as_ref()
            .is_none_or(|says| spec.admits(says) && says.is_recent())
    }

    /// Returns the executables with a name that `spec` admits: first those that are called as is usual, then all others,
    /// the latest version first. Shims of pyenv are resolved.
    pub(super) fn executables<'a>(
        &'a self,
        spec: &'a Spec,
        stems: Stems,
    ) -> impl Iterator<Item = PathBuf> + 'a {
        let usual = usual_names(spec, stems).into_iter();
        let usual = usual.map(|name| self.dir.join(format!("{name}{}", env::consts::EXE_SUFFIX)));
        let others = iter::once_with(move || match spec.pinned() {
            Some(_) => Vec::new(),
            None => self.others(spec, stems),
        });
        let paths = usual.chain(others.flatten());
        paths
            .filter(|path| platform::is_executable(path))
            .filter_map(resolved)
    }

    /// Returns what an executable here is by its name or that of the installation.
    pub(super) fn by_name(&self, path: &Path) -> String {
        let own = || named(path, ALL_STEMS);
        let Some(name) = self.says.clone().or_else(own) else {
            return "another one".to_owned();
        };
        match name.parts() {
            _ if !name.is_recent() => "too old".to_owned(),
            [] => name.typed,
            parts => {
                let implementation = name.implementation.unwrap_or_default();
                format!("{implementation} {}", dotted(parts))
                    .trim()
                    .to_owned()
            }
        }
    }

    /// Returns the executables that are called by a version, the latest first.
    fn others(&self, spec: &Spec, stems: Stems) -> Vec<PathBuf> {
        let Ok(paths) = fs::list(&self.dir) else {
            return Vec::new();
        };
        let named = paths
            .into_iter()
            .filter_map(|path| Some((named(&path, stems)?, path)));
        let mut admitted: Vec<_> = named
            .filter(|(name, _)| name.is_recent() && spec.admits(name))
            .collect();
        admitted.sort_by_key(|(name, path)| (Reverse(name.pinned()), path.clone()));
        admitted.into_iter().map(|(_, path)| path).collect()
    }
}

/// Returns what the name of an executable says, `None` where it is no interpreter's.
fn named(path: &Path, stems: Stems) -> Option<Spec> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(env::consts::EXE_SUFFIX)?;
    let is_named = stems.iter().any(|stem| name.starts_with(stem));
    is_named.then(|| Spec::parse(name))?
}

/// Returns the names that an interpreter may have by convention, most wanted first.
fn usual_names(spec: &Spec, stems: Stems) -> Vec<String> {
    let mut names = Vec::new();
    if stems.iter().any(|stem| spec.typed.starts_with(stem)) {
        names.push(spec.typed.clone());
    }
    for stem in stems {
        if let Some((major, minor)) = spec.pinned() {
            let tags = spec.tags().into_iter().chain([""]);
            names.extend(tags.map(|tag| format!("{stem}{major}.{minor}{tag}")));
        }
        names.extend([format!("{stem}3"), (*stem).to_owned()]);
        if let Some((major, minor)) = spec.pinned() {
            let others = BUILD_TAGS
                .iter()
                .map(|tag| format!("{stem}{major}.{minor}{tag}"));
            names.extend(
                others.filter(|name| Spec::parse(name).is_some_and(|name| spec.admits(&name))),
            );
        }
    }
    names
}

/// Returns what a file on `PATH` leads to, `None` where it is a shim that leads nowhere.
pub(super) fn resolved(path: PathBuf) -> Option<PathBuf> {
    match pyenv::resolve(&path) {
        Shim::No => Some(path),
        Shim::To(path) => Some(path),
        Shim::Nowhere => None,
    }
}

impl Spec {
    /// Returns what the executables that fit are called, before the version.
    pub(super) fn stems(&self) -> Stems {
        match self.implementation {
            Some("pypy") => &["pypy", "python"],
            Some("graalpy") => &["graalpy", "python"],
            _ => &["python"],
        }
    }

    /// Returns what those are called that fit, and were hardly meant.
    pub(super) fn alternative_stems(&self) -> Stems {
        match self.implementation {
            None => ALTERNATIVE_STEMS,
            Some(_) => &[],
        }
    }
}
