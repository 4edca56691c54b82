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
    /// What must be a directory, outermost last; parents are implied.
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
