//! Whether an environment has the pip that it should have.

use crate::seed::check::distribution::Distribution;
use crate::sys::fs;
use crate::venv::check::{Anatomy, Finding, Kind, Mend, some_of};

/// Returns whether there is a package that can be imported as `pip`.
pub(crate) fn is_there(anatomy: &Anatomy) -> bool {
    let mut libraries = anatomy.libraries.iter();
    libraries.any(|library| {
        library
            .site_packages
            .join("pip")
            .join("__init__.py")
            .is_file()
    })
}

/// Finds pip missing where something tells that it was there, or that it was wanted; what is left of one that has a
/// `RECORD` is found there.
pub(super) fn missing(anatomy: &Anatomy, distributions: &[Distribution]) -> Option<Finding> {
    if is_there(anatomy) || distributions.iter().any(Distribution::is_pip) {
        return None;
    }
    let launchers = launchers(anatomy);
    let message = if !launchers.is_empty() {
        format!(
            "pip is missing, and its launchers are there: {}",
            some_of(&launchers)
        )
    } else if was_wanted(anatomy) {
        "pip is missing, though it was made with pip".to_owned()
    } else {
        return None;
    };
    Some(Finding::broken(Kind::PipMissing, message, Mend::Upgrade))
}

/// Returns the names of pip's launchers.
fn launchers(anatomy: &Anatomy) -> Vec<String> {
    let paths = fs::list(&anatomy.scripts).unwrap_or_default();
    let names = paths.iter().filter_map(|path| path.file_name()?.to_str());
    let is_launcher = |name: &&str| {
        let version = name
            .strip_prefix("pip")
            .map(|rest| rest.trim_end_matches(".exe"));
        version.is_some_and(|rest| {
            rest.bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
    };
    names.filter(is_launcher).map(str::to_owned).collect()
}

/// Returns whether `venv` was told to put pip in; below 3.11 and for other tools nothing tells.
fn was_wanted(anatomy: &Anatomy) -> bool {
    let is_others = ["uv", "virtualenv"]
        .iter()
        .any(|key| anatomy.get(key).is_some());
    let command = anatomy.get("command").filter(|_| !is_others);
    command.is_some_and(|command| {
        command.contains(" -m venv ")
            && !command
                .split_whitespace()
                .any(|word| word == "--without-pip")
    })
}
