//! How to activate an environment, in the words of the shell that this is run from.

use crate::shell::SHELLS;
use crate::shell::detect::{self, Detected};
use crate::sys::{fs, platform};
use crate::venv::locate;
use std::env;
use std::path::Path;

/// Returns the shell that this is run from.
pub(super) fn shell() -> Option<Detected> {
    let login_shell = env::var("SHELL").ok();
    detect::detect(platform::ancestors(), login_shell.as_deref())
}

/// Returns what to type to activate the environment at `env_dir`, where `has` tells which scripts are in its `scripts`.
pub(super) fn command(env_dir: &Path, scripts: &str, has: impl Fn(&str) -> bool) -> String {
    let Detected { shell, name } = shell().unwrap_or(Detected::USUAL);
    let script = shell.scripts[0].file_name;
    let path = env_dir.join(scripts).join(script);
    let sourced = shell
        .source(name, &path.to_string_lossy())
        .filter(|_| has(script));
    sourced.unwrap_or_else(|| shell.usage_for(&env_dir.to_string_lossy()))
}

/// Returns what to type to activate the environment that is named, or else the one that is found.
pub(super) fn of(named: Option<&Path>) -> String {
    let found = match named {
        Some(dir) => locate::named(dir),
        None => fs::absolute(Path::new(".")).and_then(|here| locate::from(&here)),
    };
    let Ok(environment) = found else {
        return shell()
            .map_or(SHELLS[0].usage, |shell| shell.shell.usage)
            .to_owned();
    };
    let here = env::current_dir().unwrap_or_default();
    let root = environment.root();
    let shown = root.strip_prefix(&here).unwrap_or(root);
    let scripts = environment.scripts_dir();
    command(shown, scripts, |script| {
        root.join(scripts).join(script).exists()
    })
}
