//! Wheels (PEP 427): which ones an interpreter's `ensurepip` bundles, and what is in one.

use crate::error::Hinted;
use crate::seed::record::{self, Row};
use crate::sys::fs::{self, Witness};
use crate::venv::interpreter::Interpreter;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zip::ZipArchive;
use zip::read::ZipFile;

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

/// A wheel in memory.
type Bytes = Cursor<Arc<[u8]>>;

/// An open wheel whose names have been checked.
pub(crate) struct Archive {
    path: PathBuf,
    /// Cloned for each reading, which costs nothing, so that threads may read at the same time.
    zip: ZipArchive<Bytes>,
    /// The names of all entries, directories included.
    names: Vec<String>,
    /// The rows of its `RECORD`, by path.
    rows: BTreeMap<String, Row>,
    /// `NAME-VERSION.dist-info`.
    pub(crate) dist_info: String,
}

impl Archive {
    /// Opens a wheel and reads its `RECORD`.
    ///
    /// # Errors
    /// When it is no wheel, or has a name that would leave the directory it is unpacked in, or has one twice.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::read(path).map_err(|err| not_installable(path, &err))
    }

    fn read(path: &Path) -> Result<Self> {
        let zip = ZipArchive::new(Cursor::new(Arc::from(fs::read(path)?)))?;
        let names = zip
            .file_names()
            .map(|name| Ok(name?.into_owned()))
            .collect::<Result<_>>()?;
        let mut archive = Self {
            path: path.to_owned(),
            zip,
            names,
            rows: BTreeMap::new(),
            dist_info: String::new(),
        };
        archive.check_names()?;
        archive.dist_info = archive.find_dist_info()?;
        let record = archive.entry(&format!("{}/RECORD", archive.dist_info))?;
        archive.rows = record::parse(&record.contents)?
            .into_iter()
            .map(|row| (row.0.clone(), row))
            .collect();
        Ok(archive)
    }

    fn check_names(&self) -> Result<()> {
        let mut seen = HashSet::new();
        for name in &self.names {
            ensure!(
                stays_inside(name),
                "`{}` would be outside of the environment",
                name.escape_debug()
            );
            ensure!(seen.insert(name.to_lowercase()), "`{name}` is in it twice");
        }
        Ok(())
    }

    /// A vendored distribution has a `.dist-info` too, but not at the top.
    fn find_dist_info(&self) -> Result<String> {
        let names = self
            .names
            .iter()
            .filter_map(|name| name.strip_suffix("/RECORD"));
        let mut found = names.filter(|name| name.ends_with(".dist-info") && !name.contains('/'));
        match (found.next(), found.next()) {
            (Some(name), None) => Ok(name.to_owned()),
            _ => bail!("it has no RECORD, or several"),
        }
    }

    /// Returns the paths of all files, in the order of the archive.
    pub(crate) fn files(&self) -> Vec<String> {
        self.names
            .iter()
            .filter(|name| !name.ends_with('/'))
            .cloned()
            .collect()
    }

    /// Returns the row of a file; `RECORD` and its signatures have none.
    pub(crate) fn row(&self, path: &str) -> Option<&Row> {
        self.rows.get(path).filter(|row| !row.1.is_empty())
    }

    /// Returns the error that says why this wheel is not installed.
    pub(crate) fn refuse(&self, err: &anyhow::Error) -> anyhow::Error {
        not_installable(&self.path, err)
    }

    /// Returns a file that `RECORD` vouches for.
    ///
    /// # Errors
    /// When it is damaged, or `RECORD` says something else, or nothing.
    pub(crate) fn verified(&self, path: &str) -> Result<Entry> {
        let entry = self.entry(path).and_then(|entry| {
            let row = self.row(path);
            let is_known = row.is_some_and(|row| row.matches(&entry.contents));
            ensure!(is_known, "`{path}` in it is not what RECORD says it is");
            Ok(entry)
        });
        entry.map_err(|err| self.refuse(&err))
    }

    fn entry(&self, path: &str) -> Result<Entry> {
        // RECORD itself has no row; no file of a bundled wheel comes near the limit.
        let size = self.row(path).and_then(|row| row.2.parse().ok());
        let limit: u64 = size.unwrap_or(64 << 20);
        let mut zip = self.zip.clone();
        let file = zip
            .by_name(path)
            .with_context(|| format!("there is no `{path}`"))?;
        let is_executable = file.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let mut contents = Vec::with_capacity(capacity(&file, limit));
        file.take(limit.saturating_add(1))
            .read_to_end(&mut contents)
            .with_context(|| format!("`{path}` is damaged"))?;
        Ok(Entry {
            contents,
            is_executable,
        })
    }
}

/// A file of a wheel.
pub(crate) struct Entry {
    pub(crate) contents: Vec<u8>,
    /// Whether it is meant to be run.
    pub(crate) is_executable: bool,
}

/// Returns how much memory to get for a file at once, whatever the archive says.
fn capacity(file: &ZipFile<'_, Bytes>, limit: u64) -> usize {
    const MOST: u64 = 1 << 20;
    usize::try_from(file.size().min(limit).min(MOST)).unwrap_or_default() + 1
}

fn not_installable(wheel: &Path, err: &anyhow::Error) -> anyhow::Error {
    let message = format!(
        "`{}` is not a wheel that can be installed: {err:#}",
        wheel.display()
    );
    Hinted::error(
        message,
        "reinstall that Python, or leave pip out with `--without-pip`",
    )
}

/// Returns whether a name in an archive stays below the directory it is unpacked in, on every platform.
fn stays_inside(name: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let path = name.strip_suffix('/').unwrap_or(name);
    path.split('/').all(is_plain)
        && !name.contains(['\\', ':', '\0'])
        && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_directory_are_seen() {
        for name in ["pip/__init__.py", "a b/c(d).py", "dir/", "..a/b"] {
            assert!(stays_inside(name), "{name}");
        }
        for name in [
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a\\..\\x",
            "C:x",
            "a//b",
            "./a",
            "",
            "a\nb",
            "a\0b",
        ] {
            assert!(!stays_inside(name), "{name:?}");
        }
    }

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
