//! Wheels (PEP 427): which ones an interpreter's `ensurepip` bundles; `archive`, what is in one.

mod archive;

pub(super) use archive::{Archive, Entry};

use crate::error::Hinted;
use crate::sys::fs::{self, Witness};
use crate::venv::interpreter::Interpreter;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where Debian keeps the wheels of its own interpreters, also of a PyPy that is not configured for it.
const DEBIAN_WHEELS: &str = "/usr/share/python-wheels";
const DEBIAN_STDLIBS: &str = "/usr/lib";

/// A wheel file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wheel {
    pub(crate) path: PathBuf,
    /// The name of the distribution, as in the file name: `pip`.
    pub(crate) name: String,
    /// The version, as in the file name: `24.2`.
    pub(crate) version: String,
}

impl Wheel {
    /// Returns the wheel that a file name says it is: `NAME-VERSION-….whl`.
    fn from_path(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".whl")?;
        let (name, rest) = name.split_once('-')?;
        let (version, _) = rest.split_once('-')?;
        let (name, version) = (name.to_owned(), version.to_owned());
        Some(Self {
            path,
            name,
            version,
        })
    }
}

/// Returns the wheels that this interpreter's `ensurepip` would install, `setuptools` (below 3.12) before `pip`.
///
/// As for `ensurepip`, the directory that a distribution configured is taken where it has all of them.
///
/// # Errors
/// When there are none, as on a Debian without `python3-venv`.
pub(crate) fn bundled(interpreter: &Interpreter) -> Result<Vec<Wheel>> {
    let projects: &[&str] = if interpreter.is_at_least(3, 12) {
        &["pip"]
    } else {
        &["setuptools", "pip"]
    };
    let ensurepip = interpreter.stdlib.join("ensurepip");
    let versions = bundled_versions(&ensurepip);
    let all = |dir: &Path, versions: &BTreeMap<String, String>| -> Option<Vec<Wheel>> {
        let wheels = wheels_in(dir);
        projects
            .iter()
            .map(|project| pick(&wheels, project, versions.get(*project)))
            .collect()
    };
    let configured = interpreter.wheel_pkg_dir.as_deref();
    let debian =
        Some(Path::new(DEBIAN_WHEELS)).filter(|_| interpreter.stdlib.starts_with(DEBIAN_STDLIBS));
    configured
        .and_then(|dir| all(dir, &BTreeMap::new()))
        .or_else(|| all(&ensurepip.join("_bundled"), &versions))
        .or_else(|| all(debian?, &BTreeMap::new()))
        .ok_or_else(|| missing(interpreter))
}

/// Returns what tells whether [`bundled`] would still return these wheels: they themselves, and where it looks for others.
/// What else it reads changes only with the rest of the standard library.
pub(crate) fn witnesses(interpreter: &Interpreter, wheels: &[Wheel]) -> Vec<Witness> {
    let bundled = interpreter.stdlib.join("ensurepip").join("_bundled");
    let configured = interpreter.wheel_pkg_dir.clone();
    let wheels = wheels.iter().map(|wheel| wheel.path.clone());
    let paths = configured.into_iter().chain([bundled]).chain(wheels);
    paths
        .filter(|path| !path.as_os_str().is_empty())
        .map(Witness::of)
        .collect()
}

/// Returns the versions that `ensurepip` says it bundles, by project: lines like `_PIP_VERSION = "24.2"`.
///
/// A directory may hold others too: 3.8.18's has a second pip.
fn bundled_versions(ensurepip: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(&ensurepip.join("__init__.py")).unwrap_or_default();
    let version = |line: &str| {
        let (project, value) = line.strip_prefix('_')?.split_once("_VERSION = ")?;
        Some((
            project.to_lowercase(),
            value.trim().trim_matches(['"', '\'']).to_owned(),
        ))
    };
    text.lines().filter_map(version).collect()
}

fn wheels_in(dir: &Path) -> Vec<Wheel> {
    fs::list(dir)
        .unwrap_or_default()
        .into_iter()
        .filter_map(Wheel::from_path)
        .collect()
}

/// Returns the wheel of a project in this version, or where none is known, the last by name, as `ensurepip` does.
fn pick(wheels: &[Wheel], project: &str, version: Option<&String>) -> Option<Wheel> {
    let fits = |wheel: &&Wheel| {
        wheel.name == project && version.is_none_or(|version| wheel.version == *version)
    };
    wheels.iter().rfind(fits).cloned()
}

fn missing(interpreter: &Interpreter) -> anyhow::Error {
    let package = match interpreter.implementation.as_str() {
        "pypy" => "pypy3-venv".to_owned(),
        _ => format!("python{}-venv", interpreter.version.x_y()),
    };
    Hinted::error(
        format!(
            "`{}` has no bundled pip to install (its `ensurepip` is missing)",
            interpreter.executable.display()
        ),
        format!(
            "on Debian and Ubuntu, `apt install {package}` brings it; \
             `--without-pip` makes an environment without pip"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_tells_project_and_version() {
        let wheel = Wheel::from_path("/x/pip-24.2-py3-none-any.whl".into()).unwrap();
        assert_eq!(
            (wheel.name.as_str(), wheel.version.as_str()),
            ("pip", "24.2")
        );
        assert_eq!(Wheel::from_path("/x/pip.whl".into()), None);
        assert_eq!(Wheel::from_path("/x/__init__.py".into()), None);
    }

    #[test]
    fn of_two_versions_the_one_that_ensurepip_names_is_taken() {
        let wheels: Vec<Wheel> = ["22.0.4", "23.0.1"]
            .iter()
            .filter_map(|version| {
                Wheel::from_path(format!("/x/pip-{version}-py3-none-any.whl").into())
            })
            .collect();
        let version = |wanted: Option<&str>| {
            pick(&wheels, "pip", wanted.map(str::to_owned).as_ref())
                .unwrap()
                .version
        };
        assert_eq!(version(Some("22.0.4")), "22.0.4");
        assert_eq!(version(None), "23.0.1");
        assert_eq!(pick(&wheels, "setuptools", None), None);
    }
}
