//! Scripts that start an interpreter, as the shims of version managers do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::parity::call::{Ground, Invocation};
use crate::pythons::pyenv_root;

/// A script called `name` that starts `program`.
pub(super) fn script(it: &Ground, name: &str, program: &Path) -> PathBuf {
    written(it, name, &format!("exec '{}' \"$@\"", program.display()))
}

fn written(it: &Ground, name: &str, line: &str) -> PathBuf {
    let path = it.write(name, &format!("#!/bin/bash\n{line}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

pub(super) fn plain(it: &Ground) -> PathBuf {
    script(it, "shims/python3", it.path())
}

pub(super) fn nested(it: &Ground) -> PathBuf {
    script(it, "shims/python3", &script(it, "inner/python3", it.path()))
}

pub(super) fn of_link(it: &Ground) -> PathBuf {
    script(it, "shims/python3", &it.linked("bin/python"))
}

/// Makes the interpreter believe that it is the script.
pub(super) fn renamed(it: &Ground) -> PathBuf {
    let path = it.path().display();
    written(
        it,
        "shims/python3",
        &format!("exec -a \"$0\" '{path}' \"$@\""),
    )
}

/// The real one; `None` where this interpreter is not pyenv's.
pub(super) fn pyenv(it: &Ground) -> Option<Invocation> {
    let root = pyenv_root()?;
    let below = it.path().strip_prefix(root.join("versions")).ok()?;
    let version = below.iter().next()?;
    let shim = root.join("shims").join(it.path().file_name()?);
    let asked = Invocation::asked(shim.is_file().then_some(shim)?);
    Some(
        asked
            .with("PYENV_VERSION", version)
            .with("PYENV_ROOT", root),
    )
}
