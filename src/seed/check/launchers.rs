//! The scripts that packages have put into `bin`: whether each starts the environment's own Python.

use crate::seed::launcher;
use crate::sys::fs;
use crate::venv::check::{Anatomy, Finding, Kind, Mend, some_of};
use crate::venv::pyvenv_cfg;
use std::path::{Path, PathBuf};

/// How much of a script tells what starts it, in bytes: two of the longest paths, quoted.
const LONGEST_START: u64 = 1 << 14;

/// Returns what is wrong with the scripts that packages recorded.
pub(super) fn findings(anatomy: &Anatomy, mut scripts: Vec<PathBuf>) -> Option<Finding> {
    scripts.sort_unstable();
    scripts.dedup();
    let bin = fs::real(&anatomy.scripts);
    let elsewhere: Vec<(String, String)> = scripts
        .iter()
        .filter_map(|path| {
            let python = elsewhere(path, &bin)?;
            Some((path.file_name()?.to_str()?.to_owned(), python))
        })
        .collect();
    let (_, python) = elsewhere.first()?;
    let names: Vec<String> = elsewhere.iter().map(|(name, _)| name.clone()).collect();
    let (names, verb) = (
        some_of(&names),
        if names.len() == 1 { "starts" } else { "start" },
    );
    let message = if Path::new(python).parent().map(fs::real) == Some(bin) {
        format!("{names} {verb} `{python}`, which is not there")
    } else {
        format!("{names} {verb} another Python than the environment's: `{python}`")
    };
    Some(Finding::broken(
        Kind::LaunchersElsewhere,
        message,
        Mend::Upgrade,
    ))
}

/// Returns the Python that a script starts, where that is not one in `bin`, a path without symlinks.
pub(in crate::seed) fn elsewhere(script: &Path, bin: &Path) -> Option<String> {
    if !script.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let start = fs::read_head(script, LONGEST_START).ok()?;
    let start = String::from_utf8_lossy(&start);
    let python = launcher::python(&start)?;
    let path = Path::new(&python);
    let is_own =
        path.parent().map(fs::real).as_deref() == Some(bin) && path.symlink_metadata().is_ok();
    (!is_own && !is_meant(&start, path)).then_some(python)
}

/// Returns whether a script that was packed with the path of a Python means it: one of no environment, that is there.
/// Launchers are not packed but made where they are installed.
fn is_meant(script: &str, python: &Path) -> bool {
    let is_launcher = script.contains("sys.exit(") && script.contains("import ");
    !is_launcher && !pyvenv_cfg::is_above(python) && python.exists()
}
