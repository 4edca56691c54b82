//! Where things are in an environment, found on disk: its Python may be gone, and cannot be asked.

use crate::sys::fs;
use crate::venv::check::Version;
use crate::venv::layout::Layout;
use crate::venv::pyvenv_cfg::{self, PyvenvCfg};
use std::path::{Path, PathBuf};

/// What there is of an environment.
#[derive(Debug)]
pub(crate) struct Anatomy {
    /// Absolute.
    pub(crate) root: PathBuf,
    /// Or why it cannot be read.
    pub(crate) cfg: Result<PyvenvCfg, String>,
    /// The directory of its executables, which may be missing.
    pub(crate) scripts: PathBuf,
    pub(crate) libraries: Vec<Library>,
}

/// A directory of packages.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) site_packages: PathBuf,
    /// As its name tells, which Windows and old PyPy have without one.
    pub(crate) version: Option<Version>,
}

impl Anatomy {
    /// Looks at what is in `root`, an absolute path.
    pub(crate) fn of(root: &Path) -> Self {
        let scripts = ["bin", "Scripts"].map(|name| root.join(name));
        let is_windows = !scripts[0].is_dir() && scripts[1].is_dir();
        let [posix, windows] = scripts;
        Self {
            root: root.to_owned(),
            cfg: configuration(root),
            scripts: if is_windows { windows } else { posix },
            libraries: libraries(root),
        }
    }

    /// Returns what its `pyvenv.cfg` says for a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.cfg.as_ref().ok()?.get(key)
    }

    /// Returns the Python that it is of: that of the only library there is, else the one on record.
    pub(crate) fn version(&self) -> Option<Version> {
        let only = match self.libraries.as_slice() {
            [library] => library.version,
            _ => None,
        };
        only.or_else(|| self.recorded())
    }

    /// Returns the Python that its `pyvenv.cfg` says it was made of.
    pub(crate) fn recorded(&self) -> Option<Version> {
        let recorded = self.cfg.as_ref().ok().and_then(PyvenvCfg::version);
        recorded.map(|(major, minor)| Version(major, minor))
    }

    /// Returns whether its packages are where an interpreter would look for them; there may be none yet.
    pub(crate) fn has_packages_in(&self, layout: &Layout) -> bool {
        let site_packages = self.root.join(&layout.purelib);
        let mut libraries = self.libraries.iter();
        self.libraries.is_empty() || libraries.any(|library| library.site_packages == site_packages)
    }

    /// Returns whether there is an environment, or what is left of one.
    pub(crate) fn is_environment(&self) -> bool {
        self.cfg.is_ok() || self.looks_like_one()
    }

    /// Returns whether there is an environment to show to somebody who has not named it: one that says what it was made of, or
    /// else looks like one.
    pub(crate) fn is_worth_showing(&self) -> bool {
        let has_home = self.get("home").is_some_and(|home| !home.is_empty());
        has_home || self.looks_like_one()
    }

    /// Returns whether there is what environments have, whatever its `pyvenv.cfg` says.
    fn looks_like_one(&self) -> bool {
        let is_activated = self.scripts.join("activate").is_file();
        !self.libraries.is_empty() && is_activated && !self.is_installation()
    }

    /// Returns whether it is an installed Python, with a standard library of its own, and no environment.
    pub(crate) fn is_installation(&self) -> bool {
        let has_stdlib = |library: &Library| library.site_packages.with_file_name("os.py").exists();
        self.cfg.is_err() && self.libraries.iter().any(has_stdlib)
    }

    /// Returns whether its Python is a copy, and no link to another one.
    pub(crate) fn is_copied(&self) -> bool {
        let metadata = self.python().symlink_metadata();
        metadata.is_ok_and(|metadata| metadata.is_file())
    }

    /// Returns its Python.
    pub(crate) fn python(&self) -> PathBuf {
        let name = if self.is_windows() {
            "python.exe"
        } else {
            "python"
        };
        self.scripts.join(name)
    }

    /// Returns whether it is laid out as on Windows.
    pub(crate) fn is_windows(&self) -> bool {
        self.scripts.ends_with("Scripts")
    }
}

fn configuration(root: &Path) -> Result<PyvenvCfg, String> {
    let path = root.join(pyvenv_cfg::FILE_NAME);
    let bytes = fs::read_head(&path, pyvenv_cfg::LONGEST).map_err(|err| {
        if fs::is_not_found(&err) {
            "is missing".to_owned()
        } else {
            format!("cannot be read: {}", err.root_cause())
        }
    })?;
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    Ok(PyvenvCfg::parse(&text))
}

/// Returns `lib/*/site-packages`, and where Windows and old PyPy have it.
fn libraries(root: &Path) -> Vec<Library> {
    let named = fs::list(&root.join("lib")).unwrap_or_default();
    let mut libraries: Vec<Library> = named
        .iter()
        .filter_map(|path| {
            let version = Version::in_name(path.file_name()?.to_str()?)?;
            library(path, Some(version))
        })
        .collect();
    if libraries.is_empty() {
        let unnamed = [root.join("Lib"), root.to_owned()];
        libraries.extend(unnamed.iter().find_map(|path| library(path, None)));
    }
    libraries
}

fn library(dir: &Path, version: Option<Version>) -> Option<Library> {
    let site_packages = dir.join("site-packages");
    site_packages.is_dir().then_some(Library {
        site_packages,
        version,
    })
}
