//! What the project that the current directory is in says about its Python: `.python-version`, as pyenv and uv write it,
//! and `requires-python` in `pyproject.toml`.

use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::interpreter::pyenv;
use crate::venv::interpreter::request::Spec;
use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;
use std::env;
use std::path::{Path, PathBuf};

/// How much of a file is read, in bytes, and how many versions of it are looked for.
const LONGEST: u64 = 1 << 20;
const MOST_WISHES: usize = 64;

/// What is asked for, most wanted first.
#[derive(Debug)]
pub(super) struct Pin {
    /// The file that asks for it, or the variable.
    pub(super) place: PathBuf,
    pub(super) wishes: Vec<Wish>,
}

/// What a file of a project asks for. It never names what is to be run: whoever works in a project that somebody else
/// made chooses among the interpreters that are installed (CVE-2022-35861).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// An installation or environment that pyenv keeps under this name.
    Pyenv {
        name: String,
        root: PathBuf,
    },
    Spec(Spec),
    /// What is on `PATH` without pyenv: `system`.
    System,
    /// Nothing that is understood or installed.
    Unknown(String),
}

/// Finds a text that asks for something, and says where that is.
type Finder = fn(&[PathBuf]) -> Option<(PathBuf, String)>;

/// Reads what a text asks for, most wanted first.
type Reader = fn(&str) -> Result<Vec<Wish>>;

/// Where a Python may be asked for, most important first.
const SOURCES: [(Finder, Reader); 2] = [
    (chosen_with_pyenv, python_version),
    (|dirs| nearest(dirs, "pyproject.toml"), requires_python),
];

/// Returns what is asked for, most important first; each file is read when it is its turn.
pub(super) fn pins(ui: Ui) -> impl Iterator<Item = Pin> {
    let dirs = directories();
    SOURCES.into_iter().filter_map(move |(find, read)| {
        let (place, text) = find(&dirs)?;
        match read(&text) {
            Ok(wishes) => Some(Pin { place, wishes }),
            Err(err) => {
                ui.warn(format_args!(
                    "`{}` is passed over: {err:#}",
                    place.display()
                ));
                None
            }
        }
    })
}

/// Returns what `pyenv shell` has set, else the nearest `.python-version`.
fn chosen_with_pyenv(dirs: &[PathBuf]) -> Option<(PathBuf, String)> {
    const VARIABLE: &str = "PYENV_VERSION";
    let set = env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    set.map(|text| (VARIABLE.into(), text))
        .or_else(|| nearest(dirs, ".python-version"))
}

/// Returns the directories in which a project's files may be: this one and those above, up to the repository or home, and
/// not beyond where others write.
fn directories() -> Vec<PathBuf> {
    let Ok(here) = env::current_dir() else {
        return Vec::new();
    };
    let home = env::home_dir();
    let is_top = |dir: &Path| Some(dir) == home.as_deref() || dir.join(".git").exists();
    let owner = fs::metadata(&here).ok();
    let is_ours = |dir: &Path| {
        let both = fs::metadata(dir).ok().zip(owner.as_ref());
        both.is_some_and(|(dir, here)| platform::is_of_the_same(&dir, here))
    };
    let mut dirs = vec![here.clone()];
    for (dir, above) in here.ancestors().zip(here.ancestors().skip(1)) {
        if is_top(dir) || !is_ours(above) {
            break;
        }
        dirs.push(above.to_owned());
    }
    dirs
}

/// Reads `.python-version`, as pyenv and uv write it.
#[expect(clippy::unnecessary_wraps, reason = "other files can be wrong")]
fn python_version(text: &str) -> Result<Vec<Wish>> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    Ok(lines
        .flat_map(words)
        .take(MOST_WISHES)
        .map(Wish::of)
        .collect())
}

/// Reads `requires-python` in `pyproject.toml` (PEP 621), which may be left out.
fn requires_python(text: &str) -> Result<Vec<Wish>> {
    let pyproject: Pyproject =
        toml::from_str(text).map_err(|err| anyhow!("it is not TOML: {}", err.message()))?;
    let range = pyproject
        .project
        .and_then(|project| project.requires_python);
    let Some(range) = range.filter(|range| !range.trim().is_empty()) else {
        return Ok(Vec::new());
    };
    let shown = range.escape_debug();
    let spec = Spec::range(&range).with_context(|| format!("`{shown}` is no range of versions"))?;
    Ok(vec![Wish::Spec(spec)])
}

/// Returns what a line of `.python-version` asks for: a range may have blanks, and pyenv takes several names from a line.
fn words(line: &str) -> Vec<&str> {
    if Spec::parse(line).is_some() {
        return vec![line];
    }
    let words = line.split([':', ' ', '\t']);
    words.filter(|word| !word.is_empty()).collect()
}

#[derive(Deserialize)]
struct Pyproject {
    project: Option<Project>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Project {
    requires_python: Option<String>,
}

/// Returns the nearest file of that name, and its text.
fn nearest(dirs: &[PathBuf], name: &str) -> Option<(PathBuf, String)> {
    dirs.iter().map(|dir| dir.join(name)).find_map(|path| {
        let bytes = fs::read_head(&path, LONGEST).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').to_owned();
        Some((path, text))
    })
}

impl Wish {
    fn of(name: &str) -> Self {
        if name == "system" {
            return Self::System;
        }
        let named = |root: Option<PathBuf>| {
            let name = name.to_owned();
            root.map(|root| Self::Pyenv { name, root })
        };
        let spec = || Spec::parse(name).map(Self::Spec);
        named(pyenv::installation(name))
            .or_else(spec)
            .or_else(|| named(pyenv::latest_installation(name)))
            .unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }
}
