//! Finding the interpreter that a command line means.

use crate::error::Hinted;
use crate::sys::interrupt;
use crate::ui::Ui;
use crate::venv::interpreter::place;
use crate::venv::interpreter::probe::Patience;
use crate::venv::interpreter::project::{self, Pin, Wish};
use crate::venv::interpreter::request::{FORMS, Fit, Request, Spec};
use crate::venv::interpreter::search::{Extent, Search};
use crate::venv::interpreter::{Interpreter, Known, cache};
use anyhow::Result;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Returns the interpreter that is meant: the first of `requests` that is found; without any, the base of the activated
/// environment, else what the project asks for, else the first on `PATH`, else one that is installed elsewhere.
///
/// # Errors
/// When there is none, a request is not understood, or the only one is a path and does not run.
pub(crate) fn find(ui: Ui, cache_dir: Option<&Path>, requests: &[OsString]) -> Result<Known> {
    let parsed = requests.iter().map(|request| Request::parse(request));
    let parsed: Vec<Request> = parsed.collect::<Result<_>>()?;
    let mut search = Search::new(ui, cache_dir);
    if parsed.is_empty() {
        return unasked(&mut search);
    }
    for request in &parsed {
        match requested(&mut search, request) {
            Ok(Some(known)) => return Ok(known),
            Ok(None) => {}
            Err(err) if parsed.len() == 1 => return Err(err),
            Err(err) => search.pass_over(format!("{err:#}")),
        }
        interrupt::check()?;
    }
    let shown: Vec<String> = requests.iter().map(quoted).collect();
    let hint = "install it, or name another with `--python`: `rvenv python list` shows those that are installed";
    Err(search.nothing_fits(&shown.join(" or "), hint))
}

/// Returns whether an interpreter is one of those that `requests` describe.
pub(crate) fn is_described(requests: &[OsString], interpreter: &Interpreter) -> bool {
    let fits = |request: &OsString| match Request::parse(request) {
        Ok(Request::Spec(spec)) => !matches!(spec.fits(interpreter), Fit::Not(_)),
        _ => false,
    };
    requests.iter().any(fits)
}

fn quoted(text: impl AsRef<OsStr>) -> String {
    format!("`{}`", text.as_ref().display())
}

fn requested(search: &mut Search, request: &Request) -> Result<Option<Known>> {
    match request {
        Request::Path(path) => at(search, path).map(Some),
        Request::Name(name) => named(search, name).map(Some),
        Request::Spec(spec) => {
            spec.check()?;
            search.fitting(spec, Extent::Everywhere)
        }
    }
}

/// Returns the interpreter at a path, which may be the directory of an installation or environment. A path stays as it
/// was typed: what an interpreter says of its own path depends on that.
fn at(search: &mut Search, path: &Path) -> Result<Known> {
    let refusal = |problem: &str| {
        let hint = "give the path of a Python to `--python`, as in `/usr/bin/python3`";
        Hinted::error(format!("{} {problem}", quoted(path)), hint)
    };
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => search
            .first(place::within(path, "asked for"))?
            .ok_or_else(|| refusal("is a directory without a Python that runs")),
        Ok(_) => {
            let executable = place::resolved(path.to_owned());
            let leads_nowhere =
                || refusal("is a shim of pyenv, and no version that is chosen has it");
            let executable = executable.ok_or_else(leads_nowhere)?;
            cache::ask(search.cache_dir, &executable, Patience::Asked)
        }
        Err(err) if err.kind() == ErrorKind::PermissionDenied => Err(refusal(
            "cannot be reached: a directory on the way to it lets nobody else in",
        )),
        Err(_) => Err(refusal("does not exist")),
    }
}

/// Returns what is called so: a directory here, which nothing on `PATH` is taken for, or what is on `PATH`, or here.
fn named(search: &mut Search, name: &OsStr) -> Result<Known> {
    let here = Path::new(".").join(name);
    if here.is_dir() {
        return at(search, &here);
    }
    let mut on_path = which::which_all(name).into_iter().flatten();
    if let Some(path) = on_path.find_map(place::resolved) {
        return cache::ask(search.cache_dir, &path, Patience::Asked);
    }
    if here.exists() {
        return at(search, &here);
    }
    let message = format!(
        "there is no {} on PATH, and it is no version of Python",
        quoted(name)
    );
    Err(Hinted::error(message, FORMS))
}

fn unasked(search: &mut Search) -> Result<Known> {
    if let Some(known) = of_active_environment(search)? {
        return Ok(known);
    }
    for pin in project::pins(search.ui) {
        if let Some(known) = pinned(search, &pin)? {
            return Ok(known);
        }
    }
    let known = search.fitting(&Spec::default(), Extent::Everywhere)?;
    known.ok_or_else(|| {
        let hint = "install one, or give the path of one to `--python`";
        search.nothing_fits("there and runs, on PATH or elsewhere", hint)
    })
}

/// Returns the first that a file of the project asks for; `None` where nothing of that is understood.
///
/// # Errors
/// When what it asks for is not installed.
fn pinned(search: &mut Search, pin: &Pin) -> Result<Option<Known>> {
    let file = quoted(&pin.place);
    let mut missing = Vec::new();
    for wish in &pin.wishes {
        let (name, known) = match wish {
            Wish::Unknown(name) => {
                let (name, ui) = (name.escape_debug(), search.ui);
                ui.warn(format_args!(
                    "{file} asks for `{name}`, which is neither understood nor installed"
                ));
                continue;
            }
            Wish::System => ("system", search.fitting(&Spec::default(), Extent::System)?),
            Wish::Spec(spec) => (
                spec.typed.as_str(),
                search.fitting(spec, Extent::Everywhere)?,
            ),
            Wish::Pyenv { name, root } => {
                (name.as_str(), search.first(place::within(root, "pyenv"))?)
            }
        };
        if known.is_some() {
            search.ui.note(format_args!("{file} asks for `{name}`"));
            return Ok(known);
        }
        missing.push(quoted(name));
    }
    if missing.is_empty() {
        return Ok(None);
    }
    let asked = format!("{}, which {file} asks for", missing.join(" or "));
    let hint = "install one, or name another with `--python`, as in `--python python3`";
    Err(search.nothing_fits(&asked, hint))
}

/// Returns the base of the activated environment; `None` where none is, or its Python is gone.
fn of_active_environment(search: &mut Search) -> Result<Option<Known>> {
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        let root = env::var_os(variable).map(PathBuf::from);
        if variable == "CONDA_PREFIX" && is_base_of_conda() {
            continue;
        }
        let root = root.filter(|root| root.is_absolute());
        let places = root.iter().flat_map(|root| place::within(root, variable));
        let known = search.first(places)?;
        if known.is_some() {
            return Ok(known);
        }
        if let Some(root) = root {
            let root = root.display();
            search.ui.note(format_args!(
                "passed over: {variable} is `{root}`, without a Python that runs"
            ));
        }
    }
    Ok(None)
}

/// Returns whether the active environment of conda is the one that is activated in every shell, which nobody chose.
fn is_base_of_conda() -> bool {
    env::var_os("CONDA_DEFAULT_ENV").is_some_and(|name| name == "base" || name == "root")
}
