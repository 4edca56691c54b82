//! What activation scripts set, as the variables of a command.

use crate::commands::run::search_path;
use crate::venv::environment::Environment;
use anyhow::{Context as _, Result};
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variables of an active environment.
pub(super) struct Activation {
    root: PathBuf,
    prompt: String,
    /// What PATH is with it.
    pub(super) path: OsString,
}

impl Activation {
    /// Returns what it takes to activate an environment where another may be active.
    ///
    /// # Errors
    /// When its path cannot be in PATH.
    pub(super) fn of(environment: &Environment) -> Result<Self> {
        let root = environment.root();
        let scripts = environment.scripts_dir();
        let outer = env::var_os("VIRTUAL_ENV").filter(|outer| !outer.is_empty());
        let outer = outer.map(|outer| Path::new(&outer).join(scripts));
        let path = with_in_front(&search_path(), &root.join(scripts), outer.as_deref())?;
        let name = || root.file_name().unwrap_or_default().to_string_lossy();
        let prompt = environment.prompt();
        Ok(Self {
            root: root.to_owned(),
            prompt: prompt.unwrap_or_else(|| name().into_owned()),
            path,
        })
    }

    /// Has the command run in the environment.
    pub(super) fn apply(&self, command: &mut Command) {
        command
            .env("PATH", &self.path)
            .env("VIRTUAL_ENV", &self.root)
            .env("VIRTUAL_ENV_PROMPT", &self.prompt)
            .env_remove("PYTHONHOME");
    }
}

/// Returns `path` with `scripts` in front, and without the first entry that is that of the environment that was active.
fn with_in_front(path: &OsStr, scripts: &Path, outer: Option<&Path>) -> Result<OsString> {
    let mut entries = Vec::new();
    if !path.is_empty() {
        entries.extend(env::split_paths(path));
    }
    let is_outer = |entry: &PathBuf| outer.is_some_and(|outer| entry == outer);
    if let Some(index) = entries.iter().position(is_outer) {
        entries.remove(index);
    }
    entries.insert(0, scripts.to_owned());
    env::join_paths(entries).context("the environment cannot be in PATH")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, outer: Option<&str>, expected: &str) {
        let outer = outer.map(Path::new);
        let found = with_in_front(OsStr::new(path), Path::new("/env/bin"), outer).unwrap();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_scripts_are_in_front_and_the_outer_ones_are_out() {
        check("/bin:/usr/bin", None, "/env/bin:/bin:/usr/bin");
        check("", None, "/env/bin");
        check("/old/bin", Some("/old/bin"), "/env/bin");
        check("/a::/b:", None, "/env/bin:/a::/b:");
        check("/a:/old/bin:/b", Some("/old/bin"), "/env/bin:/a:/b");
        check("/old/bin:/old/bin", Some("/old/bin"), "/env/bin:/old/bin");
        check("/env/bin:/a", Some("/env/bin"), "/env/bin:/a");
        check(
            "/older/bin:/old//bin/:/a",
            Some("/old/bin"),
            "/env/bin:/older/bin:/a",
        );
    }
}
