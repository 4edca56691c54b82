//! A Python that environments can be made of, and what it says about itself.

mod ancestry;
mod cache;
mod discover;
mod installed;
mod list;
mod place;
mod probe;
mod project;
mod pyenv;
mod registry;
mod request;
mod search;

pub(crate) use ancestry::{of_environment, outside};
pub(crate) use cache::{FOLDER, Remembered, Standing, remembered};
pub(crate) use discover::{find, is_described};
pub(crate) use list::{Listed, list};

use crate::sys::memo::Memo;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::path::PathBuf;

/// The facts of an interpreter that an environment depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Interpreter {
    /// `sys.executable`: absolute, no symlink resolved.
    pub(crate) executable: PathBuf,
    /// `os.path.realpath(sys.executable)`.
    pub(crate) real_executable: PathBuf,
    /// `sys._base_executable`: what `bin/python` leads to; inside an environment not `executable`.
    pub(crate) base_executable: PathBuf,
    /// `os.path.dirname(os.path.abspath(sys._base_executable))`: `home` in `pyvenv.cfg`.
    pub(crate) home: PathBuf,
    /// `sys.implementation.name`: `cpython`, `pypy`.
    pub(crate) implementation: String,
    pub(crate) version: Version,
    /// What stands behind the version of a pre-release (PEP 440), as `rc1`; empty for a release.
    pub(crate) pre_release: String,
    /// The first three parts of `sys.implementation.version`, for PyPy its own.
    pub(crate) implementation_version: Vec<u16>,
    /// Whether it was built without the GIL (PEP 703).
    pub(crate) free_threaded: bool,
    /// Whether it was built `--with-pydebug`.
    pub(crate) debug: bool,
    /// `sys.implementation.cache_tag`; `None` where bytecode is never cached.
    pub(crate) cache_tag: Option<String>,
    /// `importlib.util.MAGIC_NUMBER` in hexadecimal.
    pub(crate) magic_number: String,
    /// `os.name == 'posix'`.
    pub(crate) posix: bool,
    /// `sys.platform`.
    pub(crate) platform: String,
    /// `os.uname().machine`, or what `sysconfig.get_platform()` ends with.
    pub(crate) machine: String,
    /// `gnu`, `musl`; `None` where there is no choice, or it is not known.
    pub(crate) libc: Option<String>,
    /// `sys.maxsize > 2**32`.
    pub(crate) is_64bit: bool,
    /// Whether file names are UTF-8.
    pub(crate) utf8_file_names: bool,
    pub(crate) paths: Paths,
    /// The names of the activation scripts that its `venv` writes; empty where that is not installed.
    pub(crate) activation_scripts: Vec<String>,
    /// The directory of the standard library.
    pub(crate) stdlib: PathBuf,
    /// The directory of wheels that a distribution configured (`WHEEL_PKG_DIR`).
    pub(crate) wheel_pkg_dir: Option<PathBuf>,
    /// Where packages of the base interpreter itself are.
    pub(crate) site_packages: Vec<PathBuf>,
}

/// Where an interpreter's `venv` puts things, relative to the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paths {
    pub(crate) scripts: PathBuf,
    pub(crate) include: PathBuf,
    pub(crate) purelib: PathBuf,
    pub(crate) platlib: PathBuf,
}

/// An interpreter, and the memory of it, in which others may keep what they make of its facts.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) interpreter: Interpreter,
    pub(crate) memo: Memo,
}

/// The first three parts of `sys.version_info`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Version(pub(crate) u16, pub(crate) u16, pub(crate) u16);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Version {
    /// Returns the version without its last part, as in `python3.13`.
    pub(crate) fn x_y(self) -> String {
        format!("{}.{}", self.0, self.1)
    }
}

impl Interpreter {
    /// Returns whether this is Python `major.minor` or a later one.
    pub(crate) fn is_at_least(&self, major: u16, minor: u16) -> bool {
        (self.version.0, self.version.1) >= (major, minor)
    }

    /// Returns the file name of the base executable, which is the first name in `bin`.
    pub(crate) fn executable_name(&self) -> &OsStr {
        self.base_executable
            .file_name()
            .unwrap_or(OsStr::new("python"))
    }

    /// Returns how a person calls this interpreter: `CPython 3.13.0`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.implementation_title(), self.full_version())
    }

    /// Returns how a person calls its implementation.
    pub(crate) fn implementation_title(&self) -> &str {
        match self.implementation.as_str() {
            "cpython" => "CPython",
            "pypy" => "PyPy",
            "graalpy" => "GraalPy",
            other => other,
        }
    }

    /// Returns the version with what stands behind that of a pre-release, as `3.15.0a1`.
    pub(crate) fn full_version(&self) -> String {
        format!("{}{}", self.version, self.pre_release)
    }
}

#[cfg(test)]
impl Interpreter {
    /// Returns what a Linux interpreter called `name` says about itself, as far as tests care.
    pub(crate) fn sample(implementation: &str, minor: u16, name: &str) -> Self {
        let library = if implementation == "pypy" {
            "pypy"
        } else {
            "python"
        };
        let purelib = PathBuf::from(format!("lib/{library}3.{minor}/site-packages"));
        Self {
            executable: PathBuf::from("/opt/bin").join(name),
            real_executable: PathBuf::from(format!("/opt/bin/{library}3.{minor}")),
            base_executable: PathBuf::from("/opt/bin").join(name),
            home: "/opt/bin".into(),
            implementation: implementation.to_owned(),
            version: Version(3, minor, 2),
            pre_release: String::new(),
            implementation_version: vec![3, minor, 2],
            free_threaded: false,
            debug: false,
            cache_tag: Some(format!("{implementation}-3{minor}")),
            magic_number: "00000d0a".to_owned(),
            posix: true,
            platform: "linux".to_owned(),
            machine: "x86_64".to_owned(),
            libc: Some("gnu".to_owned()),
            is_64bit: true,
            utf8_file_names: true,
            paths: Paths {
                scripts: "bin".into(),
                include: "include".into(),
                platlib: purelib.clone(),
                purelib,
            },
            activation_scripts: Vec::new(),
            stdlib: format!("/opt/lib/{library}3.{minor}").into(),
            wheel_pkg_dir: None,
            site_packages: Vec::new(),
        }
    }
}
