//! Whether an interpreter is what was asked for, and whether one of this name may be.

use crate::venv::interpreter::request::names::normalized;
use crate::venv::interpreter::request::{Spec, Threading, Versions};
use crate::venv::interpreter::{Interpreter, Version};
use pep440_rs::VersionSpecifiers;
use std::str::FromStr as _;

/// How well an interpreter fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fit {
    Well,
    /// It is taken where there is no other: what was asked for admits it, and hardly means it.
    Hardly,
    /// With what is otherwise, as in "it is …".
    Not(String),
}

/// More than any minor version had.
const PATCHES: u16 = 64;

impl Spec {
    /// Returns how well an interpreter fits.
    pub(crate) fn fits(&self, interpreter: &Interpreter) -> Fit {
        let otherwise = [
            self.implementation_otherwise(interpreter),
            self.version_otherwise(interpreter),
            self.build_otherwise(interpreter),
            self.platform_otherwise(interpreter),
        ];
        if let Some(otherwise) = otherwise.into_iter().flatten().next() {
            return Fit::Not(otherwise);
        }
        let is_unasked_build =
            interpreter.free_threaded && self.threading.is_none() && self.version != Versions::Any;
        let is_unasked_preview =
            !interpreter.pre_release.is_empty() && matches!(self.version, Versions::Range(_));
        if is_unasked_build || is_unasked_preview {
            Fit::Hardly
        } else {
            Fit::Well
        }
    }

    fn implementation_otherwise(&self, interpreter: &Interpreter) -> Option<String> {
        let wanted = self.implementation?;
        let version = &interpreter.implementation_version;
        if wanted != interpreter.implementation {
            return Some(interpreter.implementation_title().to_owned());
        }
        let is_other = !version.starts_with(&self.implementation_version);
        is_other.then(|| format!("{} {}", interpreter.implementation_title(), dotted(version)))
    }

    fn version_otherwise(&self, interpreter: &Interpreter) -> Option<String> {
        let Version(major, minor, patch) = interpreter.version;
        let fits = match &self.version {
            Versions::Any => true,
            Versions::Prefix(parts) => [major, minor, patch].starts_with(parts),
            Versions::Exact(version) => interpreter.pep440() == *version,
            Versions::Range(specifiers) => specifiers.contains(&interpreter.pep440()),
        };
        (!fits).then(|| interpreter.full_version())
    }

    fn build_otherwise(&self, interpreter: &Interpreter) -> Option<String> {
        // Before 3.14, a free-threaded build was an experiment, which nobody gets without asking (PEP 779).
        let is_experiment = !interpreter.is_at_least(3, 14) && self.version != Versions::Any;
        match (self.threading, interpreter.free_threaded) {
            (Some(Threading::Free), false) => return Some("not free-threaded".to_owned()),
            (Some(Threading::Gil), true) => return Some("free-threaded".to_owned()),
            (None, true) if is_experiment => return Some("free-threaded".to_owned()),
            _ => {}
        }
        (self.is_debug && !interpreter.debug).then(|| "no debug build".to_owned())
    }

    fn platform_otherwise(&self, interpreter: &Interpreter) -> Option<String> {
        let bits = if interpreter.is_64bit { "64" } else { "32" };
        if self
            .is_64bit
            .is_some_and(|wanted| wanted != interpreter.is_64bit)
        {
            return Some(format!("{bits}-bit"));
        }
        let system = interpreter.system();
        let machine = interpreter.normalized_machine();
        let differs = |wanted: Option<&str>, is: &str| wanted.is_some_and(|wanted| wanted != is);
        if differs(self.system, system) || differs(self.machine, machine) {
            return Some(format!("for {system} on {machine}"));
        }
        let libc = interpreter.libc.as_deref()?;
        differs(self.libc, libc).then(|| format!("for {libc}"))
    }

    /// Returns whether what is called so may fit, a file as `python3.12` or a directory as `cpython-3.12.1-linux-x86_64-gnu`.
    pub(crate) fn admits(&self, name: &Self) -> bool {
        let is_implementation = match (self.implementation, name.implementation) {
            (Some(wanted), Some(named)) => wanted == named,
            _ => true,
        };
        let is_threading = match name.threading {
            Some(Threading::Free) => self.admits_free_threading(name),
            _ => true,
        };
        is_implementation && is_threading && self.admits_version(&name.version)
    }

    fn admits_free_threading(&self, name: &Self) -> bool {
        match self.threading {
            Some(threading) => threading == Threading::Free,
            None => self.version == Versions::Any || name.pinned() >= Some((3, 14)),
        }
    }

    fn admits_version(&self, named: &Versions) -> bool {
        let Versions::Prefix(named) = named else {
            return true;
        };
        let agrees = |wanted: &[u16]| {
            wanted
                .iter()
                .zip(named)
                .all(|(wanted, named)| wanted == named)
        };
        match &self.version {
            Versions::Any => true,
            Versions::Prefix(wanted) => agrees(wanted),
            Versions::Exact(_) => self
                .pinned()
                .is_none_or(|(major, minor)| agrees(&[major, minor])),
            Versions::Range(specifiers) => may_be_in(specifiers, named),
        }
    }

    /// Returns whether a name says that this is neither Python 2 nor too old.
    pub(crate) fn is_recent(&self) -> bool {
        match &self.version {
            Versions::Prefix(parts) => match parts[..] {
                [major] => major >= 3,
                [major, minor, ..] => (major, minor) >= (3, 6),
                [] => true,
            },
            _ => true,
        }
    }
}

/// Returns whether any version that begins so is in a range.
fn may_be_in(specifiers: &VersionSpecifiers, parts: &[u16]) -> bool {
    let contains = |patch: u16| {
        let release = parts.iter().copied().chain([patch]).take(3).map(u64::from);
        specifiers.contains(&pep440_rs::Version::new(release))
    };
    match parts.len() {
        0 | 1 => true,
        2 => (0..PATCHES).any(contains) || mentions_a_preview(specifiers),
        _ => contains(0),
    }
}

/// Returns whether a range may have pre-releases in it, of which no name tells.
fn mentions_a_preview(specifiers: &VersionSpecifiers) -> bool {
    specifiers
        .iter()
        .any(|specifier| specifier.version().any_prerelease())
}

/// Returns a version as it is written.
pub(crate) fn dotted(parts: &[u16]) -> String {
    let parts: Vec<String> = parts.iter().map(u16::to_string).collect();
    parts.join(".")
}

impl Interpreter {
    /// Returns the version as PEP 440 compares it.
    fn pep440(&self) -> pep440_rs::Version {
        pep440_rs::Version::from_str(&self.full_version()).unwrap_or_else(|_| {
            let Version(major, minor, patch) = self.version;
            pep440_rs::Version::new([major, minor, patch].map(u64::from))
        })
    }

    /// Returns the operating system that it is for, as it is called in a request.
    fn system(&self) -> &str {
        match self.platform.as_str() {
            "darwin" => "macos",
            "win32" => "windows",
            other => other,
        }
    }

    /// Returns the machine that it is for, as it is called in a request; the kernel's may have more bits.
    fn normalized_machine(&self) -> &str {
        match normalized(&self.machine) {
            "x86_64" if !self.is_64bit => "x86",
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        Spec::parse(text).unwrap()
    }

    #[track_caller]
    fn check(interpreter: &Interpreter, text: &str, expected: &Fit) {
        assert_eq!(spec(text).fits(interpreter), *expected, "{text}");
    }

    fn not(otherwise: &str) -> Fit {
        Fit::Not(otherwise.to_owned())
    }

    #[test]
    fn an_interpreter_fits_what_it_is() {
        let cpython = Interpreter::sample("cpython", 12, "python3");
        for text in [
            "3",
            "3.12",
            "3.12.2",
            "312",
            "python",
            "python3",
            "cpython",
            "cp312",
            ">=3.10",
            "~=3.11",
            "==3.12.*",
            "==3.12.2",
            "!=3.12.1",
            "<3.13",
            "3.12+gil",
            "3.12-64",
            "cpython-3.12-linux-x86_64-gnu",
            "cpython3.12-64-amd64",
        ] {
            check(&cpython, text, &Fit::Well);
        }
        for (text, otherwise) in [
            ("3.11", "3.12.2"),
            ("3.12.1", "3.12.2"),
            ("3.1", "3.12.2"),
            ("==3.11", "3.12.2"),
            (">3.12.2", "3.12.2"),
            ("pypy", "CPython"),
            ("3.12d", "no debug build"),
            ("3.12-32", "64-bit"),
            ("3.12-macos", "for linux on x86_64"),
            ("3.12-arm64", "for linux on x86_64"),
            ("3.12-linux-x86_64-musl", "for gnu"),
        ] {
            check(&cpython, text, &not(otherwise));
        }
        check(
            &Interpreter::sample("cpython", 13, "python3"),
            "3.13t",
            &not("not free-threaded"),
        );
    }

    #[test]
    fn pypy_has_two_versions() {
        let mut pypy = Interpreter::sample("pypy", 10, "pypy3");
        pypy.implementation_version = vec![7, 3, 12];
        for text in [
            "pypy",
            "pypy3.10",
            "pypy3.10-7.3",
            "pypy3.10-7.3.12",
            "3.10",
            "pypy>=3.9",
        ] {
            check(&pypy, text, &Fit::Well);
        }
        check(&pypy, "pypy3.10-7.3.1", &not("PyPy 7.3.12"));
        check(&pypy, "cpython3.10", &not("PyPy"));
    }

    /// PEP 703, PEP 779.
    #[test]
    fn free_threading_is_had_by_asking_and_from_3_14_on_for_want_of_another() {
        let free = |minor: u16| Interpreter {
            free_threaded: true,
            ..Interpreter::sample("cpython", minor, "python3")
        };
        for text in ["3.13t", "3.13+freethreaded", ">=3.13t", "python"] {
            check(&free(13), text, &Fit::Well);
        }
        for text in ["3.13", ">=3.12", "3.13+gil"] {
            check(&free(13), text, &not("free-threaded"));
        }
        check(&free(14), "3.14", &Fit::Hardly);
        check(&free(14), "3.14t", &Fit::Well);
        check(&free(14), "3.14+gil", &not("free-threaded"));
    }

    #[test]
    fn a_preview_is_had_by_name_and_from_a_range_for_want_of_another() {
        let preview = Interpreter {
            version: Version(3, 15, 0),
            pre_release: "rc1".to_owned(),
            ..Interpreter::sample("cpython", 15, "python3")
        };
        for text in ["3", "3.15", "3.15.0", "3.15.0rc1", "python3.15"] {
            check(&preview, text, &Fit::Well);
        }
        check(&preview, ">=3.12", &Fit::Hardly);
        for text in [">=3.15", "3.15.0rc2", "<3.15"] {
            check(&preview, text, &not("3.15.0rc1"));
        }
    }

    #[test]
    fn a_machine_with_more_bits_than_its_python_is_none() {
        let small = Interpreter {
            is_64bit: false,
            ..Interpreter::sample("cpython", 12, "python3")
        };
        check(&small, "3.12-32", &Fit::Well);
        check(&small, "3.12-x86", &Fit::Well);
        check(&small, "3.12-x86_64", &not("for linux on x86"));
    }

    #[test]
    fn a_name_rules_out_what_it_says_and_nothing_else() {
        let admits = |text: &str, name: &str| spec(text).admits(&spec(name));
        for (text, name) in [
            ("3.12", "python"),
            ("3.12", "python3"),
            ("3.12", "python3.12"),
            ("3.12", "3.12.1"),
            ("3.12.1", "python3.12"),
            ("pypy3.10", "python3.10"),
            ("3.10", "pypy3.10"),
            ("python", "python3.9"),
            (">=3.10", "python3.10"),
            (">3.10.4", "python3.10"),
            ("==3.12.3", "python3.12"),
            (">=3.10,<3.13", "python3"),
            ("!=3.12.1", "python3.12"),
            ("==3.15.0a1", "python3.15"),
            ("3.15.0rc1", "python3.15"),
            ("3.13t", "python3.13"),
            ("3.13t", "python3.13t"),
            ("3.14", "python3.14t"),
            ("python", "python3.13t"),
        ] {
            assert!(admits(text, name), "{text} {name}");
        }
        for (text, name) in [
            ("3.12", "python3.9"),
            ("3.12", "python2"),
            ("3.12.1", "3.12.2"),
            ("cpython", "pypy3"),
            ("pypy", "cpython-3.10"),
            (">=3.10", "python3.9"),
            (">=3.10,<3.13", "python3.13"),
            ("!=3.12.1", "3.12.1"),
            ("~=3.11", "python3.10"),
            ("3.13", "python3.13t"),
            ("3.14+gil", "python3.14t"),
            ("3.15.0rc1", "python3.14"),
        ] {
            assert!(!admits(text, name), "{text} {name}");
        }
        assert!(
            ["python", "python3", "pypy3", "3.6"]
                .iter()
                .all(|name| spec(name).is_recent())
        );
        assert!(
            ["python2", "python2.7", "3.5", "27"]
                .iter()
                .all(|name| !spec(name).is_recent())
        );
    }
}
