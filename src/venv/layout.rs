//! Every path of an environment, computed once. Pure data, for all platforms.

use crate::venv::interpreter::Interpreter;
use std::path::{Path, PathBuf};

/// The paths of an environment relative to its root, and the root it will have when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Absolute; baked into the files of the environment.
    pub(crate) root: PathBuf,
    /// `bin` or `Scripts`.
    pub(crate) scripts: PathBuf,
    /// `lib/pythonX.Y/site-packages`.
    pub(crate) purelib: PathBuf,
    /// What must be a directory; parents are implied.
    pub(crate) directories: Vec<PathBuf>,
    /// Whether `lib64` is a symlink to `lib`.
    pub(crate) lib64: bool,
    /// The absolute path of the executable that launchers name: `bin/python3`.
    pub(crate) python: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path, interpreter: &Interpreter) -> Self {
        let paths = &interpreter.paths;
        let mut directories = vec![
            paths.include.clone(),
            paths.purelib.clone(),
            paths.scripts.clone(),
        ];
        if has_own_platlib(interpreter) {
            directories.push(paths.platlib.clone());
        }
        Self {
            root: root.to_owned(),
            scripts: paths.scripts.clone(),
            purelib: paths.purelib.clone(),
            directories,
            lib64: has_lib64(interpreter),
            python: root
                .join(&paths.scripts)
                .join(interpreter.executable_name()),
        }
    }
}

impl Layout {
    /// Returns what must be a directory, each once, parents before children.
    pub(crate) fn all_directories(&self) -> Vec<&Path> {
        let chains = self
            .directories
            .iter()
            .map(|directory| directory.ancestors());
        let mut all: Vec<&Path> = chains
            .flatten()
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// `lib64` is a link to `lib` on 64-bit systems other than macOS, until 3.15: <https://github.com/python/cpython/issues/133951>.
fn has_lib64(interpreter: &Interpreter) -> bool {
    interpreter.is_64bit
        && interpreter.posix
        && interpreter.platform != "darwin"
        && !has_own_platlib(interpreter)
}

fn has_own_platlib(interpreter: &Interpreter) -> bool {
    interpreter.is_at_least(3, 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(interpreter: &Interpreter, lib64: bool, platlib: bool) {
        let layout = Layout::new(Path::new("/env"), interpreter);
        assert_eq!(layout.lib64, lib64);
        let platlib = platlib.then(|| interpreter.paths.platlib.clone());
        assert_eq!(layout.directories.get(3), platlib.as_ref());
    }

    #[test]
    fn lib64_is_a_link_until_a_directory_for_platlib_takes_its_place() {
        check(&Interpreter::sample("cpython", 6, "python3"), true, false);
        check(&Interpreter::sample("cpython", 14, "python3"), true, false);
        check(&Interpreter::sample("cpython", 15, "python3"), false, true);
    }

    #[test]
    fn lib64_is_for_64_bit_systems_other_than_macos_and_windows() {
        let sample = || Interpreter::sample("cpython", 13, "python3");
        check(
            &Interpreter {
                is_64bit: false,
                ..sample()
            },
            false,
            false,
        );
        check(
            &Interpreter {
                platform: "darwin".to_owned(),
                ..sample()
            },
            false,
            false,
        );
        check(
            &Interpreter {
                posix: false,
                ..sample()
            },
            false,
            false,
        );
    }

    #[test]
    fn launchers_name_the_executable_as_it_was_called() {
        let layout = Layout::new(
            Path::new("/env"),
            &Interpreter::sample("cpython", 13, "python3.13t"),
        );
        assert_eq!(layout.python, Path::new("/env/bin/python3.13t"));
    }
}
