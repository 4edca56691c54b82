//! What `pyvenv.cfg` says, and whether the directory agrees.

use crate::venv::check::{Anatomy, Finding, Kind, Mend, Version, some_of};
use crate::venv::pyvenv_cfg::{FILE_NAME, PyvenvCfg};
use std::path::Path;

pub(super) fn findings(anatomy: &Anatomy) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &anatomy.cfg {
        Err(problem) => findings.push(Finding::broken(
            Kind::Configuration,
            format!("its {FILE_NAME} {problem}"),
            Mend::Upgrade,
        )),
        Ok(cfg) => {
            findings.extend(home(cfg));
            findings.extend(cfg.contradictions().map(said_twice));
            findings.extend(two_records(cfg));
            findings.extend(system_site_packages(cfg));
        }
    }
    findings.extend(libraries(anatomy));
    findings
}

fn home(cfg: &PyvenvCfg) -> Option<Finding> {
    let problem = match cfg.get("home") {
        None | Some("") => format!("its {FILE_NAME} names no `home`"),
        Some(home) if is_absolute(home) => return None,
        Some(home) => format!("`home` in its {FILE_NAME} is `{home}`, which is no absolute path"),
    };
    Some(Finding::broken(Kind::Configuration, problem, Mend::Upgrade))
}

/// Returns whether a path is absolute, on the system that it was written on.
fn is_absolute(path: &str) -> bool {
    Path::new(path).is_absolute() || path.starts_with('/') || super::base::is_of_windows(path)
}

fn said_twice(key: &str) -> Finding {
    let message = format!("its {FILE_NAME} says `{key}` more than once, and not the same");
    Finding::broken(Kind::Configuration, message, Mend::Upgrade)
}

/// Compares `version`, which venv writes, with `version_info`, which virtualenv writes too.
fn two_records(cfg: &PyvenvCfg) -> Option<Finding> {
    let (one, other) = (cfg.get("version")?, cfg.get("version_info")?);
    let minor = |version: &str| {
        let parts: Vec<&str> = version.splitn(3, '.').take(2).collect();
        parts.join(".")
    };
    (minor(one) != minor(other)).then(|| {
        let message = format!("its {FILE_NAME} says that it is of Python {one} and of {other}");
        Finding::broken(Kind::Contradiction, message, Mend::Upgrade)
    })
}

fn system_site_packages(cfg: &PyvenvCfg) -> Option<Finding> {
    let value = cfg.get("include-system-site-packages")?;
    value.eq_ignore_ascii_case("true").then(|| {
        let message = format!(
            "it sees the packages of the system: `include-system-site-packages` is `true` in its {FILE_NAME}"
        );
        Finding::warning(Kind::SystemSitePackages, message, Mend::Isolate)
    })
}

/// Compares the directories of packages with each other and with the version on record.
fn libraries(anatomy: &Anatomy) -> Option<Finding> {
    let mut versions: Vec<Version> = anatomy
        .libraries
        .iter()
        .filter_map(|library| library.version)
        .collect();
    versions.sort_unstable();
    versions.dedup();
    match versions.as_slice() {
        [] => None,
        [only] => another_record(anatomy, *only),
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            let message = format!(
                "it has packages for several versions of Python: {}",
                some_of(&names)
            );
            Some(Finding::broken(Kind::TwoVersions, message, Mend::Clear))
        }
    }
}

fn another_record(anatomy: &Anatomy, library: Version) -> Option<Finding> {
    let recorded = anatomy.recorded().filter(|recorded| *recorded != library)?;
    let message = format!(
        "its {FILE_NAME} says that it is of Python {recorded}, and its packages are for {library}"
    );
    Some(Finding::broken(Kind::Contradiction, message, Mend::Upgrade))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Kind]) {
        let anatomy = Anatomy {
            root: "/env".into(),
            cfg: Ok(PyvenvCfg::parse(text)),
            scripts: "/env/bin".into(),
            libraries: Vec::new(),
        };
        let kinds: Vec<Kind> = findings(&anatomy)
            .iter()
            .map(|finding| finding.kind)
            .collect();
        assert_eq!(kinds, expected, "{text}");
    }

    #[test]
    fn what_it_must_say_it_says_once() {
        check(
            "home = /usr/bin\nversion = 3.12.1\nversion_info = 3.12.1.final.0\n",
            &[],
        );
        check("home = /a\nhome = /a\n", &[]);
        check("home = C:\\Python\n", &[]);
        check("", &[Kind::Configuration]);
        check("home =\n", &[Kind::Configuration]);
        check("home = usr/bin\n", &[Kind::Configuration]);
        check("home = /a\nhome = /b\n", &[Kind::Configuration]);
        check(
            "home = /a\nversion = 3.12.1\nversion_info = 3.13\n",
            &[Kind::Contradiction],
        );
        check(
            "home = /a\ninclude-system-site-packages = TRUE\n",
            &[Kind::SystemSitePackages],
        );
    }
}
