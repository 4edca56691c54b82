//! Links, and other spellings of a path.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::parity::call::Ground;

pub(super) fn real(it: &Ground) -> PathBuf {
    it.real()
}

/// The interpreter in a tree that is a link to the real one.
pub(super) fn tree(it: &Ground) -> PathBuf {
    let tree = it.link(it.root(), "tree");
    tree.join(it.path().strip_prefix(it.root()).unwrap())
}

/// The interpreter in a folder that is a link to the real one.
pub(super) fn folder(it: &Ground) -> PathBuf {
    let folder = it.link(it.folder(), "scripts");
    folder.join(it.path().file_name().unwrap())
}

/// A link to a link to a link, from folder to folder.
pub(super) fn chain(it: &Ground) -> PathBuf {
    it.linked("third/python3.X");
    it.link("../third/python3.X", "second/mypy3");
    it.link(it.setup.join("second/mypy3"), "first/python")
}

/// As `update-alternatives` sets it up.
pub(super) fn alternatives(it: &Ground) -> PathBuf {
    it.linked("etc/alternatives/python");
    it.link("../../etc/alternatives/python", "usr/bin/python3")
}

/// As Homebrew does: a link from the common `bin` into a folder of that version.
pub(super) fn cellar(it: &Ground) -> PathBuf {
    it.link(it.root(), "Cellar/python@3/3.X.Y");
    let inside =
        Path::new("../Cellar/python@3/3.X.Y").join(it.path().strip_prefix(it.root()).unwrap());
    it.link(inside, "bin/python3")
}

/// As Homebrew's `opt`, which leads into the folder of the version of today.
pub(super) fn opt(it: &Ground) -> PathBuf {
    it.link(it.root(), "Cellar/python@3/3.X.Y");
    let opt = it.link("../Cellar/python@3/3.X.Y", "opt/python@3");
    opt.join(it.path().strip_prefix(it.root()).unwrap())
}

/// A link that is relative all the way up.
pub(super) fn relative(it: &Ground) -> PathBuf {
    let place = it.place("bin/python3");
    let depth = place.parent().unwrap().components().count() - 1;
    let target = format!(
        "{}{}",
        "../".repeat(depth),
        &it.path().to_str().unwrap()[1..]
    );
    it.link(target, "bin/python3")
}

/// A path with `..` in it, after a folder.
pub(super) fn parent(it: &Ground) -> PathBuf {
    it.linked("y/python3");
    fs::create_dir(it.setup.join("x")).unwrap();
    it.setup.join("x/../y/python3")
}

/// A path with `..` in it, after a link to a folder elsewhere.
pub(super) fn parent_of_link(it: &Ground) -> PathBuf {
    fs::create_dir_all(it.setup.join("far/away")).unwrap();
    it.link("far/away", "x");
    it.linked("far/y/python3");
    it.setup.join("x/../y/python3")
}

/// A path that is relative to where the environment is made.
pub(super) fn relative_path(it: &Ground) -> PathBuf {
    it.linked("python3");
    PathBuf::from("./..//setup/./python3")
}

/// A path with slashes and dots that do nothing.
pub(super) fn idle(it: &Ground) -> PathBuf {
    it.linked("y/python3");
    PathBuf::from(format!("{}/.//./y//python3", it.setup.display()))
}

/// In a folder with a name that is not UTF-8.
pub(super) fn not_utf8(it: &Ground) -> PathBuf {
    let folder = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    it.linked(folder.join("python3"))
}
