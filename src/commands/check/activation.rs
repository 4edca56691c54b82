//! Whether an environment is activated as what it is: its scripts name its place, and so does the shell.

use crate::shell::read;
use crate::sys::fs;
use crate::venv::check::{Anatomy, Finding, Kind, Mend};
use std::env;
use std::path::{Path, PathBuf};

/// The longest script that is read, in bytes.
const LONGEST_SCRIPT: u64 = 1 << 17;

/// Finds the lack of the script that every tool writes.
pub(super) fn missing(anatomy: &Anatomy) -> Option<Finding> {
    let script = anatomy.scripts.join(read::SCRIPTS[0]);
    let message = "there is no script that activates it";
    let finding = || Finding::broken(Kind::ActivationMissing, message, Mend::Upgrade);
    script.metadata().is_err().then(finding)
}

/// Finds an activation script that is for another place than the one that the environment is in.
pub(super) fn moved(anatomy: &Anatomy) -> Option<Finding> {
    let place = read::SCRIPTS.iter().find_map(|name| {
        let text = fs::read_head(&anatomy.scripts.join(name), LONGEST_SCRIPT).ok()?;
        let place = read::place(name, &String::from_utf8(text).ok()?)?;
        is_elsewhere(Path::new(&place), &anatomy.root).then_some(place)
    })?;
    let message = format!("it was moved or copied: its activation scripts are for `{place}`");
    Some(Finding::broken(Kind::Moved, message, Mend::Upgrade))
}

fn is_elsewhere(place: &Path, root: &Path) -> bool {
    place.is_absolute() && place != root && fs::real(place) != fs::real(root)
}

/// Finds a shell that takes another environment for the activated one, or another Python for this one's.
pub(super) fn disagreement(anatomy: &Anatomy) -> Option<Finding> {
    let active = env::var_os("VIRTUAL_ENV").filter(|active| !active.is_empty())?;
    let active = PathBuf::from(active);
    let variable = format!("`VIRTUAL_ENV` is `{}`", active.display());
    let message = if !active.is_dir() {
        format!("{variable}, which is no directory")
    } else if fs::real(&active) != fs::real(&anatomy.root) {
        format!("{variable}, another environment than this one")
    } else {
        let python = which::which("python").ok();
        let found = python.as_deref().and_then(Path::parent).map(fs::real);
        if found == Some(fs::real(&anatomy.scripts)) {
            return None;
        }
        let found = python.map_or("not there".to_owned(), |python| {
            format!("`{}`", python.display())
        });
        format!("{variable}, this environment, and `python` on PATH is {found}")
    };
    Some(Finding::warning(Kind::VirtualEnv, message, Mend::Activate))
}
