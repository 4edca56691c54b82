//! Versions of Python as names of files tell them.

use std::fmt;

/// Major and minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u16, pub(crate) u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Version {
    /// Returns what `python3.13`, `python3.13t` or `pypy3.10` says; `None` for any other name.
    pub(crate) fn in_name(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".exe").unwrap_or(name);
        let version = ["python", "pypy", "graalpy"]
            .iter()
            .find_map(|start| name.strip_prefix(start))?;
        let (major, minor) = version.split_once('.')?;
        let minor = minor.trim_end_matches(['t', 'd', 'm']);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(major) || !is_number(minor) {
            return None;
        }
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_the_names_of_interpreters_only() {
        let check = |name: &str, expected: Option<(u16, u16)>| {
            let version = Version::in_name(name);
            assert_eq!(
                version.map(|Version(major, minor)| (major, minor)),
                expected,
                "{name}"
            );
        };
        check("python3.13", Some((3, 13)));
        check("python3.13t", Some((3, 13)));
        check("pypy3.10", Some((3, 10)));
        for other in [
            "python3",
            "python",
            "python3.",
            "python3.12-config",
            "python3.x",
            "pip3.12",
            "python99999999.1",
        ] {
            check(other, None);
        }
    }
}
