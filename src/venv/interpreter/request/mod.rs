//! What `-p` asks for: a path, a kind of Python, or a name.

mod fit;
mod names;
mod parse;

pub(super) use fit::{Fit, dotted};

use crate::error::Hinted;
use pep440_rs::{Version, VersionSpecifiers};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf, is_separator};

/// The forms of a request, for whoever typed none of them.
pub(super) const FORMS: &str = "`--python` takes a version (`3.12`, `3.12.3`, `312`, `'>=3.10,<3.13'`, `3.13t`), an implementation with or without one \
     (`pypy`, `cpython3.12`, `cpython-3.12-linux-x86_64`), the path of a Python or of a directory with one, or a name on PATH";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// An executable, or the directory of an installation or environment, as typed.
    Path(PathBuf),
    /// Any interpreter that is as described.
    Spec(Spec),
    /// What is called so on `PATH`, or else in the current directory.
    Name(OsString),
}

/// A description that an interpreter fits or does not: what virtualenv calls a spec and uv a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spec {
    /// As it was typed, which may be the name of an executable.
    pub(super) typed: String,
    /// `sys.implementation.name`; any where there is none.
    pub(super) implementation: Option<&'static str>,
    pub(super) version: Versions,
    /// The beginning of `sys.implementation.version`, for `pypy3.10-7.3`.
    pub(super) implementation_version: Vec<u16>,
    pub(super) threading: Option<Threading>,
    /// Whether it has to be a debug build.
    pub(super) is_debug: bool,
    pub(super) is_64bit: Option<bool>,
    /// `linux`, `macos`, `windows`.
    pub(super) system: Option<&'static str>,
    /// `x86_64`, `aarch64`.
    pub(super) machine: Option<&'static str>,
    /// `gnu`, `musl`.
    pub(super) libc: Option<&'static str>,
}

/// Which versions of the language fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Versions {
    #[default]
    Any,
    /// Those that begin with these one to three parts.
    Prefix(Vec<u16>),
    /// This one and no other: a pre-release.
    Exact(Version),
    /// Those that a set of version specifiers admits (PEP 440).
    Range(VersionSpecifiers),
}

/// Whether threads run Python code at the same time (PEP 703).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threading {
    Gil,
    Free,
}

impl Request {
    /// Understands what was typed. A word that is no description is a name.
    ///
    /// # Errors
    /// When it looks like a description, and is none.
    pub(crate) fn parse(typed: &OsStr) -> anyhow::Result<Self> {
        let path = Path::new(typed);
        let has_separator = typed.to_string_lossy().contains(is_separator);
        if has_separator || path == Path::new(".") || path == Path::new("..") {
            return Ok(Self::Path(path.to_owned()));
        }
        let Some(text) = typed.to_str() else {
            return Ok(Self::Name(typed.to_owned()));
        };
        match Spec::parse(text) {
            Some(spec) => Ok(Self::Spec(spec)),
            None if is_like_a_version(text) && !path.exists() => Err(not_understood(text)),
            None => Ok(Self::Name(typed.to_owned())),
        }
    }
}

/// Returns whether this can only have been meant as a description.
fn is_like_a_version(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_digit() || char.is_whitespace())
        || text.contains(['<', '>', '=', '~', '!', '@'])
}

fn not_understood(text: &str) -> anyhow::Error {
    Hinted::error(format!("`{text}` is no version of Python"), FORMS)
}

impl Spec {
    /// Describes any interpreter of this version.
    pub(super) fn of(major: u16, minor: u16) -> Self {
        Self {
            version: Versions::Prefix(vec![major, minor]),
            ..Self::default()
        }
    }

    /// Says why there can be no such interpreter.
    ///
    /// # Errors
    /// When there can be none.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let text = &self.typed;
        let minor = match &self.version {
            Versions::Prefix(parts) => parts.get(1).copied(),
            _ => None,
        };
        if self.threading == Some(Threading::Free) && minor.is_some_and(|minor| minor < 13) {
            let message = format!(
                "`{text}` does not exist: there are free-threaded builds from Python 3.13 on"
            );
            let hint = "name a later version, or one with the GIL";
            return Err(Hinted::error(message, hint));
        }
        if !self.is_recent() {
            let message = format!("`{text}` is too old");
            return Err(Hinted::error(message, "name a Python 3.6 or later"));
        }
        Ok(())
    }

    /// Returns the major and minor version that fitting interpreters have, where that is only one.
    pub(super) fn pinned(&self) -> Option<(u16, u16)> {
        match &self.version {
            Versions::Prefix(parts) => Some((*parts.first()?, *parts.get(1)?)),
            Versions::Exact(version) => {
                let part = |index: usize| u16::try_from(*version.release().get(index)?).ok();
                Some((part(0)?, part(1)?))
            }
            Versions::Any | Versions::Range(_) => None,
        }
    }

    /// Returns what stands behind the version in the names of executables of such a build.
    pub(super) fn tags(&self) -> Vec<&'static str> {
        match (self.threading, self.is_debug) {
            (Some(Threading::Free), true) => vec!["td", "t", "d"],
            (Some(Threading::Free), false) => vec!["t"],
            (_, true) => vec!["d", "-dbg"],
            (_, false) => vec![],
        }
    }

    /// Returns the parts of the version that are said; the more, the later it is sorted.
    pub(super) fn parts(&self) -> &[u16] {
        match &self.version {
            Versions::Prefix(parts) => parts,
            _ => &[],
        }
    }
}
