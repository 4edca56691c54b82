//! Finding the interpreter that a command line means.

use crate::error::Hinted;
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::check::Anatomy;
use crate::venv::environment::Environment;
use crate::venv::interpreter::pyenv::{self, Shim};
use crate::venv::interpreter::{Interpreter, Known, cache};
use crate::venv::layout::Layout;
use anyhow::Result;
use std::env;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The names that are looked for when none is asked for, most wanted first.
const DEFAULT_NAMES: [&str; 2] = ["python3", "python"];

/// Returns the interpreter that `request` names, a path or a name on `PATH`; without one that of the activated
/// environment, else the first on `PATH` that runs.
///
/// # Errors
/// When there is none, or when what was asked for by name does not run.
pub(crate) fn find(ui: Ui, cache_dir: Option<&Path>, request: Option<&OsStr>) -> Result<Known> {
    match request {
        Some(request) => cache::ask(cache_dir, &requested(request)?),
        None => first_that_runs(ui, cache_dir),
    }
}

/// Returns what `interpreter` was made of, where that is in the very environment that is at `root`: below 3.11 an
/// environment's interpreter takes itself for the base, and would become a link to itself.
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
    if !is_inside(&interpreter.base_executable) {
        return Ok(None);
    }
    let linked = first_outside(&interpreter.base_executable, is_inside);
    let environment = Environment::open(&root);
    let home = environment.as_ref().and_then(Environment::home);
    let named = home.map(|home| home.join(interpreter.executable_name()));
    let candidates = linked
        .into_iter()
        .chain(named.filter(|path| !is_inside(path)));
    let mut bases = candidates.filter_map(|path| cache::ask(cache_dir, &path).ok());
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
    for candidate in bases(anatomy, &version.to_string()) {
        match cache::ask(cache_dir, &candidate) {
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
            "`{root}` is of Python {version}, of which there is none, neither where it was nor on PATH"
        ),
        "name one with `--python`; or `--clear` makes the environment anew of another version, without its packages",
    ))
}

/// Returns what may be the base of an environment: what its links lead to, what is in its `home`, and what is on `PATH`.
fn bases(anatomy: &Anatomy, version: &str) -> Vec<PathBuf> {
    let root = fs::real(&anatomy.root);
    let linked = first_outside(&anatomy.python(), |path| fs::is_below(path, &root));
    let versioned = ["python", "pypy"].map(|name| format!("{name}{version}"));
    let plain = ["python3", "python", "pypy3", "pypy"].map(str::to_owned);
    let names: Vec<String> = versioned.into_iter().chain(plain).collect();
    let home = anatomy.get("home").map(PathBuf::from);
    let of_home = home
        .iter()
        .flat_map(|home| names.iter().map(|name| home.join(name)));
    let own = linked.into_iter().chain(of_home);
    let is_outside = |path: &PathBuf| path.is_file() && !fs::is_below(path, &root);
    let on_path = names.iter().flat_map(on_path);
    let mut bases: Vec<PathBuf> = Vec::new();
    for base in own.chain(on_path).filter(is_outside) {
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    bases
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
    let next = |path: &PathBuf| Some(path.parent()?.join(std::fs::read_link(path).ok()?));
    // As many links as Linux follows.
    std::iter::successors(Some(path.to_owned()), next)
        .take(40)
        .find(|path| !is_inside(path))
}

fn requested(request: &OsStr) -> Result<PathBuf> {
    let path = Path::new(request);
    if path.components().count() > 1 || path.is_absolute() {
        return requested_path(path);
    }
    on_path(request).next().ok_or_else(|| {
        let message = format!("there is no `{}` on PATH", path.display());
        Hinted::error(message, "give the path of a Python to `--python`, or the name of one on PATH, as in `python3.13`")
    })
}

/// A path stays as it was typed: what an interpreter says of its own path depends on that.
fn requested_path(path: &Path) -> Result<PathBuf> {
    let refusal = |problem: &str| {
        let message = format!("`{}` {problem}", path.display());
        Err(Hinted::error(
            message,
            "give the path of a Python to `--python`, as in `/usr/bin/python3`",
        ))
    };
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => refusal("is a directory, not a Python"),
        Ok(_) => Ok(path.to_owned()),
        Err(err) if err.kind() == ErrorKind::PermissionDenied => {
            refusal("cannot be reached: a directory on the way to it lets nobody else in")
        }
        Err(_) => refusal("does not exist"),
    }
}

fn first_that_runs(ui: Ui, cache_dir: Option<&Path>) -> Result<Known> {
    let candidates = of_active_environment().chain(DEFAULT_NAMES.into_iter().flat_map(on_path));
    for candidate in candidates {
        match cache::ask(cache_dir, &candidate) {
            Ok(known) => return Ok(known),
            Err(err) => ui.note(format_args!("skipped: {err:#}")),
        }
    }
    Err(Hinted::error(
        "there is no Python that runs on PATH, neither `python3` nor `python`",
        "install one, or give the path of one to `--python`",
    ))
}

/// Returns the executables of the activated environment, if there is one.
fn of_active_environment() -> impl Iterator<Item = PathBuf> {
    let root = env::var_os("VIRTUAL_ENV")
        .map(PathBuf::from)
        .filter(|root| root.is_absolute());
    let names = DEFAULT_NAMES.map(|name| format!("{name}{}", env::consts::EXE_SUFFIX));
    root.into_iter()
        .flat_map(move |root| {
            names
                .clone()
                .map(|name| root.join(platform::SCRIPTS_DIR).join(name))
        })
        .filter(|path| path.is_file())
}

/// Returns the executables called `name` on `PATH`, in its order, shims of pyenv resolved.
fn on_path(name: impl AsRef<OsStr>) -> impl Iterator<Item = PathBuf> {
    let found = which::which_all(name).into_iter().flatten();
    found.filter_map(|path| match pyenv::resolve(&path) {
        Shim::No => Some(path),
        Shim::To(path) => Some(path),
        Shim::Nowhere => None,
    })
}
