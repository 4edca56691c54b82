//! Finding the interpreter that an environment was made of.

use crate::error::Hinted;
use crate::sys::fs;
use crate::ui::Ui;
use crate::venv::check::{Anatomy, Version};
use crate::venv::environment::Environment;
use crate::venv::interpreter::place::{ALL_STEMS, Place};
use crate::venv::interpreter::probe::Patience;
use crate::venv::interpreter::request::Spec;
use crate::venv::interpreter::{Interpreter, Known, cache, search};
use crate::venv::layout::Layout;
use anyhow::Result;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Returns what `interpreter` was made of, where it is in the very environment that is at `root`, or in one that was made
/// of that: below 3.11 an environment's interpreter takes itself for the base, and would become a link to itself.
///
/// # Errors
/// When there is none outside of `root`.
pub(crate) fn outside(
    cache_dir: Option<&Path>,
    interpreter: &Interpreter,
    root: &Path,
) -> Result<Option<Known>> {
    if root.symlink_metadata().is_err() {
        return Ok(None);
    }
    let root = fs::real(root);
    let is_inside = |path: &Path| fs::is_below(path, &root);
    let ancestors = ancestors(&interpreter.base_executable);
    let Some(last_inside) = ancestors.iter().rposition(|path| is_inside(path)) else {
        return Ok(None);
    };
    let environment = Environment::open(&root);
    let home = environment.as_ref().and_then(Environment::home);
    let named = home.map(|home| home.join(interpreter.executable_name()));
    let candidates = ancestors
        .into_iter()
        .skip(last_inside + 1)
        .chain(named.filter(|path| !is_inside(path)));
    let mut bases =
        candidates.filter_map(|path| cache::ask(cache_dir, &path, Patience::InPassing).ok());
    let is_same = |base: &Known| {
        let base = &base.interpreter;
        (&base.implementation, base.version) == (&interpreter.implementation, interpreter.version)
    };
    bases.find(is_same).map(Some).ok_or_else(|| {
        let path = interpreter.executable.display();
        Hinted::error(
            format!("`{path}` is in the environment that is to be made of it"),
            "name a Python outside of it with `--python`",
        )
    })
}

/// Returns what the environment in `anatomy` was made of, or another of that version on `PATH` where that is gone; `None`
/// where the environment does not tell its version.
///
/// # Errors
/// When there is none.
pub(crate) fn of_environment(
    ui: Ui,
    cache_dir: Option<&Path>,
    anatomy: &Anatomy,
) -> Result<Option<Known>> {
    let version = match anatomy.version() {
        Some(version) => version,
        None if anatomy.libraries.is_empty() => return Ok(None),
        None => return Err(unknown(anatomy)),
    };
    let fits = |known: &Known| {
        let layout = Layout::new(&anatomy.root, &known.interpreter);
        known.interpreter.version.x_y() == version.to_string() && anatomy.has_packages_in(&layout)
    };
    for candidate in bases(anatomy, version) {
        match cache::ask(cache_dir, &candidate, Patience::InPassing) {
            Ok(known) if fits(&known) => return Ok(Some(known)),
            Ok(known) => {
                let title = known.interpreter.title();
                ui.note(format_args!(
                    "skipped: `{}` is {title}",
                    candidate.display()
                ));
            }
            Err(err) => ui.note(format_args!("skipped: {err:#}")),
        }
    }
    let root = anatomy.root.display();
    Err(Hinted::error(
        format!(
            "`{root}` is of Python {version}, of which there is none, neither where it was nor elsewhere"
        ),
        "name one with `--python`; or `--clear` makes the environment anew of another version, without its packages",
    ))
}

/// Returns what may be the base of an environment: what its links lead to, what is in its `home`, and what is on `PATH` or
/// installed elsewhere.
fn bases(anatomy: &Anatomy, version: Version) -> impl Iterator<Item = PathBuf> {
    let root = fs::real(&anatomy.root);
    let linked = first_outside(&anatomy.python(), |path| fs::is_below(path, &root));
    let home = anatomy.get("home").map(|home| Place {
        dir: PathBuf::from(home),
        keeper: "home",
        says: None,
    });
    let spec = Spec::of(version.0, version.1);
    let places = home.into_iter().chain(search::everywhere());
    let elsewhere = places.flat_map(move |place| {
        let paths = place
            .admits(&spec)
            .then(|| place.executables(&spec, ALL_STEMS));
        paths.into_iter().flatten().collect::<Vec<_>>()
    });
    let mut seen = HashSet::new();
    let all = linked.into_iter().chain(elsewhere);
    all.filter(move |path| {
        path.is_file() && !fs::is_below(path, &root) && seen.insert(path.clone())
    })
}

fn unknown(anatomy: &Anatomy) -> anyhow::Error {
    let root = anatomy.root.display();
    Hinted::error(
        format!("nothing tells which Python `{root}` is an environment of"),
        "name it with `--python`; or `--clear` makes the environment anew, without its packages",
    )
}

/// Returns the first path outside of an environment that the links of its interpreter lead to.
fn first_outside(path: &Path, is_inside: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    ancestors(path).into_iter().find(|path| !is_inside(path))
}

/// Returns what an interpreter comes from, itself first: what a link leads to, and for a copy what is in `home` of its
/// environment.
fn ancestors(path: &Path) -> Vec<PathBuf> {
    let of_copy = |path: &Path| {
        let environment = Environment::open(path.parent()?.parent()?)?;
        Some(environment.home()?.join(path.file_name()?))
    };
    let next = |path: &PathBuf| match std::fs::read_link(path) {
        Ok(target) => Some(path.parent()?.join(target)),
        Err(_) => of_copy(path),
    };
    // As many links as Linux follows.
    std::iter::successors(Some(path.to_owned()), next)
        .take(40)
        .collect()
}
