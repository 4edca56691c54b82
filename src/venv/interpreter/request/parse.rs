//! Reading a description of a Python: the grammars of virtualenv and of uv, which overlap.

use crate::venv::interpreter::request::names::{LIBCS, MACHINES, SYSTEMS, implementation, named};
use crate::venv::interpreter::request::{Spec, Threading, Versions};
use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};
use std::str::FromStr as _;

impl Spec {
    /// Understands a description, `None` where it is none: `3.12`, `312`, `python3.12`, `pypy3.10`, `3.13t`, `3.12d`,
    /// `3.13+freethreaded`, `cpython@3.12`, `cpython>=3.11,<3.13`, `cpython-3.12-linux-x86_64`, `cp312-64`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let start = text.find(['<', '>', '=', '~', '!']).unwrap_or(text.len());
        let (head, range) = text.split_at(start);
        let mut parts = if range.is_empty() { head } else { range }.split('-');
        let first = parts.next()?;
        let mut spec = if range.is_empty() {
            Self::parse_head(first)?
        } else {
            Self {
                implementation: implementation(head.trim())?.1,
                ..Self::parse_range(first)?
            }
        };
        spec.typed.clone_from(&text);
        let mut last = Field::Version;
        for part in parts {
            last = spec.take(part, last)?;
        }
        Some(spec)
    }

    /// Understands version specifiers and nothing else (PEP 440).
    pub(crate) fn range(text: &str) -> Option<Self> {
        Some(Self {
            typed: text.to_owned(),
            version: Versions::Range(range(text)?),
            ..Self::default()
        })
    }

    /// Understands `python`, `3.12`, `python3.12`, `pypy@3.10`.
    fn parse_head(head: &str) -> Option<Self> {
        let digits = head
            .find(|char: char| !char.is_ascii_alphabetic())
            .unwrap_or(head.len());
        let (name, version) = head.split_at(digits);
        let version = match version.strip_prefix('@') {
            Some(version) if !name.is_empty() => version,
            _ => version,
        };
        if head.is_empty() {
            return None;
        }
        let spec = match version {
            "" => Self::default(),
            version => Self::parse_version(version)?,
        };
        Some(Self {
            implementation: implementation(name)?.1,
            ..spec
        })
    }

    /// Understands `3`, `3.12`, `3.12.3`, `312`, `3.13.0rc1`, and what stands behind: `t`, `d`, `td`, `+freethreaded`.
    fn parse_version(text: &str) -> Option<Self> {
        let (version, mut spec) = Self::parse_suffix(text)?;
        spec.version = if version.contains(|char: char| char.is_ascii_alphabetic()) {
            Versions::Exact(Version::from_str(version).ok()?)
        } else {
            Versions::Prefix(prefix(version)?)
        };
        Some(spec)
    }

    fn parse_range(text: &str) -> Option<Self> {
        let (specifiers, mut spec) = Self::parse_suffix(text)?;
        spec.version = Versions::Range(range(specifiers)?);
        Some(spec)
    }

    /// Takes what is said of the build from the end of a version or range.
    fn parse_suffix(text: &str) -> Option<(&str, Self)> {
        let mut spec = Self::default();
        let mut variants = text.split('+');
        let mut version = variants.next()?;
        for variant in variants {
            match variant {
                "freethreaded" | "nogil" => spec.threading = Some(Threading::Free),
                "gil" => spec.threading = Some(Threading::Gil),
                "debug" => spec.is_debug = true,
                _ => return None,
            }
        }
        if let Some(rest) = version.strip_suffix('d') {
            (version, spec.is_debug) = (rest, true);
        }
        if let Some(rest) = version.strip_suffix('t') {
            (version, spec.threading) = (rest, Some(Threading::Free));
        }
        Some((version, spec))
    }
}

/// What may stand between dashes, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Version,
    Build,
    Bits,
    System,
    Machine,
    Libc,
}

impl Spec {
    /// Takes what stands behind a dash, which may leave fields out and not go back behind `last`.
    fn take(&mut self, part: &str, last: Field) -> Option<Field> {
        let field = if ["32", "64"].contains(&part) {
            self.is_64bit = Some(part == "64");
            Field::Bits
        } else if part.starts_with(|char: char| char.is_ascii_digit()) {
            self.take_version(part)?;
            Field::Version
        } else if ["dbg", "debug"].contains(&part) {
            self.is_debug = true;
            Field::Build
        } else if let Some(system) = named(&SYSTEMS, part) {
            self.system = Some(system);
            Field::System
        } else if let Some(machine) = named(&MACHINES, part) {
            self.machine = Some(machine);
            Field::Machine
        } else if let Some(libc) = named(&LIBCS, part) {
            self.libc = Some(libc);
            Field::Libc
        } else if ["any", "none"].contains(&part) {
            last
        } else {
            return None;
        };
        Some(field).filter(|field| *field >= last)
    }

    /// Takes a version behind a dash: of the language, or where that is said or cannot be, of the implementation, which is
    /// `7.3` in `pypy3.10-7.3` and `24.1` in `graalpy-24.1`.
    fn take_version(&mut self, part: &str) -> Option<()> {
        let spec = Self::parse_version(part)?;
        let is_python = match &spec.version {
            Versions::Prefix(parts) => parts[0] == 3,
            _ => true,
        };
        if self.version == Versions::Any && is_python {
            self.version = spec.version;
            self.threading = spec.threading;
            self.is_debug = spec.is_debug;
            return Some(());
        }
        let is_named = self.implementation.is_some_and(|name| name != "cpython");
        self.implementation_version = numbers(part).filter(|_| is_named)?;
        Some(())
    }
}

/// Returns a set of version specifiers. As for virtualenv and uv, unlike in PEP 440, `==3.12` is any 3.12.
fn range(text: &str) -> Option<VersionSpecifiers> {
    let specifiers = VersionSpecifiers::from_str(text.trim()).ok()?;
    Some(specifiers.iter().cloned().map(widened).collect())
}

fn widened(specifier: VersionSpecifier) -> VersionSpecifier {
    let version = specifier.version();
    let is_short = version.release().len() < 3 && !version.any_prerelease();
    if *specifier.operator() == Operator::Equal && is_short {
        VersionSpecifier::equals_star_version(version.clone())
    } else {
        specifier
    }
}

/// Returns the parts of a version; without dots, the first digit is the major one: `312` is 3.12.
fn prefix(text: &str) -> Option<Vec<u16>> {
    let parts = numbers(text)?;
    match (parts.len(), text.len()) {
        (1, 2..) => numbers(&format!("{}.{}", &text[..1], &text[1..])),
        (1..=3, _) => Some(parts),
        _ => None,
    }
}

fn numbers(text: &str) -> Option<Vec<u16>> {
    let part = |part: &str| {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok())?
    };
    text.split('.').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what a description says, in one form for all.
    fn said(text: &str) -> Option<String> {
        let spec = Spec::parse(text)?;
        let mut words: Vec<String> = spec.implementation.into_iter().map(str::to_owned).collect();
        words.extend(match &spec.version {
            Versions::Any => None,
            Versions::Prefix(parts) => Some(format!("{parts:?}")),
            Versions::Exact(version) => Some(version.to_string()),
            Versions::Range(range) => Some(range.to_string()),
        });
        words.extend(spec.threading.map(|threading| format!("{threading:?}")));
        words.extend(spec.is_debug.then(|| "debug".to_owned()));
        words.extend(
            spec.is_64bit
                .map(|is| if is { "64" } else { "32" }.to_owned()),
        );
        let platform = [spec.system, spec.machine, spec.libc];
        words.extend(platform.into_iter().flatten().map(str::to_owned));
        if !spec.implementation_version.is_empty() {
            words.push(format!("itself {:?}", spec.implementation_version));
        }
        Some(words.join(" "))
    }

    #[track_caller]
    fn check(rows: &[(&str, &str)]) {
        for (text, expected) in rows {
            assert_eq!(said(text).as_deref(), Some(*expected), "{text}");
        }
    }

    #[test]
    fn versions_may_follow_what_an_implementation_is_called() {
        check(&[
            ("3", "[3]"),
            ("3.12", "[3, 12]"),
            ("3.12.3", "[3, 12, 3]"),
            ("312", "[3, 12]"),
            ("39", "[3, 9]"),
            (" 3.12 ", "[3, 12]"),
            ("v3.12", "[3, 12]"),
            ("python", ""),
            ("py", ""),
            ("any", ""),
            ("python3", "[3]"),
            ("python3.12", "[3, 12]"),
            ("Python3.12", "[3, 12]"),
            ("py312", "[3, 12]"),
            ("cpython3.12", "cpython [3, 12]"),
            ("cp312", "cpython [3, 12]"),
            ("cp", "cpython"),
            ("cpython@3.12", "cpython [3, 12]"),
            ("pypy", "pypy"),
            ("pypy3.10", "pypy [3, 10]"),
            ("pypy@3.10", "pypy [3, 10]"),
            ("pp310", "pypy [3, 10]"),
            ("graalpy", "graalpy"),
            ("graalvm3.11", "graalpy [3, 11]"),
        ]);
    }

    #[test]
    fn the_build_is_said_behind_the_version() {
        check(&[
            ("3.13t", "[3, 13] Free"),
            ("python3.13t", "[3, 13] Free"),
            ("313t", "[3, 13] Free"),
            ("3.13td", "[3, 13] Free debug"),
            ("3.13+freethreaded", "[3, 13] Free"),
            ("3.13+freethreaded+debug", "[3, 13] Free debug"),
            ("3.14+gil", "[3, 14] Gil"),
            ("3.12d", "[3, 12] debug"),
            ("3.12.0d", "[3, 12, 0] debug"),
            ("3.12-dbg", "[3, 12] debug"),
            ("3.12-debug", "[3, 12] debug"),
            ("3.12.0+debug", "[3, 12, 0] debug"),
            ("3.13.0rc1", "3.13.0rc1"),
            ("3.15.0a2", "3.15.0a2"),
        ]);
    }

    #[test]
    fn ranges_are_those_of_pep_440() {
        check(&[
            (">=3.10", ">=3.10"),
            (">=3.10,<3.13", ">=3.10, <3.13"),
            (">= 3.10, < 3.13", ">=3.10, <3.13"),
            ("~=3.11", "~=3.11"),
            ("==3.12.*", "==3.12.*"),
            ("==3.12", "==3.12.*"),
            ("==3.12.1", "==3.12.1"),
            ("==3.12,!=3.12.1", "==3.12.*, !=3.12.1"),
            ("!=3.12.1", "!=3.12.1"),
            ("===3.12.1", "===3.12.1"),
            (">=3.13t", ">=3.13 Free"),
            (">=3.13+freethreaded", ">=3.13 Free"),
            (">=3.12-64", ">=3.12 64"),
            ("cpython>=3.11", "cpython >=3.11"),
            ("cpython >=3.11,<3.13", "cpython >=3.11, <3.13"),
            ("python>=3.11", ">=3.11"),
            ("pypy<3.11", "pypy <3.11"),
        ]);
    }

    #[test]
    fn the_platform_is_said_behind_dashes() {
        check(&[
            ("3.12-64", "[3, 12] 64"),
            ("cpython3.12-32", "cpython [3, 12] 32"),
            ("cpython3.12-64-arm64", "cpython [3, 12] 64 aarch64"),
            ("cpython-3.12-linux-x86_64", "cpython [3, 12] linux x86_64"),
            (
                "cpython-3.12.3-linux-x86_64-gnu",
                "cpython [3, 12, 3] linux x86_64 gnu",
            ),
            (
                "cpython-3.13.1+freethreaded-linux-x86_64-musl",
                "cpython [3, 13, 1] Free linux x86_64 musl",
            ),
            (
                "cpython-3.12.3-macos-aarch64-none",
                "cpython [3, 12, 3] macos aarch64",
            ),
            (
                "cpython-3.12-windows-amd64",
                "cpython [3, 12] windows x86_64",
            ),
            ("any-3.12-any-arm64", "[3, 12] aarch64"),
            ("cpython-linux", "cpython linux"),
            ("pypy3.10-7.3", "pypy [3, 10] itself [7, 3]"),
            ("pypy3.10-7.3.12", "pypy [3, 10] itself [7, 3, 12]"),
            (
                "pypy-3.10.14-linux-x86_64-gnu",
                "pypy [3, 10, 14] linux x86_64 gnu",
            ),
            ("graalpy-24.1.0", "graalpy itself [24, 1, 0]"),
            ("python@3.12", "[3, 12]"),
        ]);
    }

    #[test]
    fn what_is_nearly_a_description_is_none() {
        for text in [
            "",
            " ",
            "3.",
            ".3",
            "3..12",
            "3.12.",
            "3.12.3.4",
            "3.x",
            "3.12t3",
            "3.12dt",
            "3.12+nonsense",
            "3.12-",
            "3.12-linux-3.12",
            "3.12-x86_64-linux",
            "3.12-nonsense",
            "cpython-3.12-3.13",
            "+freethreaded",
            "@3.12",
            ">=",
            ">=x",
            ">3.10<3.12",
            "=3.12",
            "^3.12",
            "3.10>=",
            "pyhton3.12",
            "jython",
            "python-config",
            "python3.11-config",
            "99999999",
            "3.99999999",
            "٣.12",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
