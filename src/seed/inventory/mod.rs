//! What is in the store: which images there are, of what and how large; `verify` reads them, `clean` removes what nothing needs.

mod clean;
mod verify;

pub(crate) use clean::{Cleaner, Extent, Mode, Removed};
pub(crate) use verify::{Finding, Verdict, verify};

use crate::error::Hinted;
use crate::seed::image::MANIFEST;
use crate::seed::store::{self, LOCK};
use crate::sys::fs;
use crate::sys::usage::Usage;
use crate::venv::interpreter::{self, Remembered};
use anyhow::Result;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What backups know a cache by: <https://bford.info/cachedir/>.
const TAG: &str = "CACHEDIR.TAG";
const TAG_TEXT: &str = "\
Signature: 8a477f597d28d172789f06886806bc55
# This directory is a cache of rvenv, which makes again what is removed from it.
# What this file is for: https://bford.info/cachedir/
";

/// What the names of directories and files begin with that are only there while something is made.
pub(super) const TEMPORARY: &str = ".tmp";

/// What an image is of, as its name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The cache tag of the Python: `cpython-313`.
    pub(crate) python: String,
}

impl Key {
    /// Reads the name that [`store::key`] gives.
    fn parse(name: &str) -> Option<Self> {
        let mut head = name.splitn(4, '-');
        let [project, version, digest, tail] = std::array::from_fn(|_| head.next());
        let mut tail = tail?.rsplitn(3, '-');
        let [mode, magic, python] = std::array::from_fn(|_| tail.next());
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_key = is_hex(mode?) && is_hex(magic?) && is_hex(digest?) && digest?.len() == 16;
        let owned = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Some(Self {
            name: owned(project?)?,
            version: owned(version?)?,
            python: owned(python?)?,
        })
        .filter(|_| is_key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} for {}", self.name, self.version, self.python)
    }
}

/// An image, as far as can be told without reading it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) key: Key,
    pub(crate) usage: Usage,
    /// When it was built; `None` where its manifest is gone.
    pub(crate) built: Option<SystemTime>,
}

/// Returns the images of a store.
///
/// # Errors
/// When the store cannot be listed.
pub(crate) fn images(store: &Path) -> Result<Vec<Listed>> {
    let images = store::images_dir(store);
    let listed = |(name, key): (String, Key)| {
        let dir = images.join(name);
        let manifest = fs::symlink_metadata(&dir.join(MANIFEST)).ok();
        Some(Listed {
            key,
            // One that goes away meanwhile is not there.
            usage: Usage::of(&dir).ok()?,
            built: manifest.and_then(|manifest| manifest.modified().ok()),
        })
    };
    Ok(image_names(store)?.into_iter().filter_map(listed).collect())
}

/// Returns the names of the images of a store, and what they are of.
///
/// # Errors
/// When the store cannot be listed.
pub(crate) fn image_names(store: &Path) -> Result<Vec<(String, Key)>> {
    let names = names(&store::images_dir(store))?.into_iter();
    Ok(names
        .filter_map(|name| Key::parse(&name).map(|key| (name, key)))
        .collect())
}

/// Returns the interpreters that a store remembers, by what they are called.
///
/// # Errors
/// When the store cannot be listed.
pub(crate) fn interpreters(store: &Path) -> Result<Vec<Remembered>> {
    let Some(folder) = own_folder(&interpreters_dir(store))? else {
        return Ok(Vec::new());
    };
    let all = interpreter::remembered(&folder)?.into_iter();
    let mut all: Vec<Remembered> = all.filter_map(|(_, remembered)| remembered).collect();
    all.sort_by(|one, other| one.called.cmp(&other.called));
    Ok(all)
}

fn interpreters_dir(store: &Path) -> PathBuf {
    store.join(interpreter::FOLDER)
}

/// Returns the names of the images in `images` that are there, or that have a lock.
fn keys(images: &Path) -> Result<BTreeSet<String>> {
    let names = names(images)?.into_iter();
    let key = |name: String| name.strip_suffix(LOCK).map(str::to_owned).unwrap_or(name);
    let keys = names.map(key).filter(|name| Key::parse(name).is_some());
    Ok(keys.collect())
}

/// Returns the paths in a folder that are only there while something is made.
fn temporary(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut names = names(folder)?;
    names.retain(|name| name.starts_with(TEMPORARY));
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// Returns the names in a folder of the store; those that are not UTF-8 are nobody's.
fn names(folder: &Path) -> Result<Vec<String>> {
    let Some(folder) = own_folder(folder)? else {
        return Ok(Vec::new());
    };
    let paths = fs::list(&folder)?.into_iter();
    Ok(paths
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect())
}

/// Returns a folder of the store, `None` where there is none.
///
/// # Errors
/// When it is a symlink: what it leads to may be anybody's.
pub(super) fn own_folder(path: &Path) -> Result<Option<PathBuf>> {
    match fs::symlink_metadata(path) {
        Err(err) if fs::is_not_found(&err) => Ok(None),
        Ok(metadata) if metadata.is_symlink() => Err(Hinted::error(
            format!("`{}` is a symlink, which is not followed", path.display()),
            "make the store itself a symlink, or name it with `--cache-dir`",
        )),
        outcome => outcome.map(|_| Some(path.to_owned())),
    }
}

/// Lets backups skip a store, where that holds nothing that is not rvenv's.
pub(super) fn tag(store: &Path) {
    let is_own = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        let own = [store::images_dir(store), interpreters_dir(store)];
        name == TAG || own.contains(path)
    };
    if fs::list(store).is_ok_and(|paths| paths.iter().all(is_own)) {
        // It is there already, or backups are larger.
        fs::write_new(&store.join(TAG), TAG_TEXT.as_bytes()).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::wheel::Wheel;
    use crate::venv::interpreter::Interpreter;

    #[test]
    fn the_name_of_an_image_says_what_it_is_of() {
        let wheel = Wheel {
            path: PathBuf::new(),
            name: "pip".to_owned(),
            version: "24.2".to_owned(),
        };
        for (implementation, tag) in [("cpython", "cpython-313"), ("pypy", "pypy-313")] {
            let interpreter = Interpreter::sample(implementation, 13, "python3");
            let name = store::key(&wheel, &"0123456789abcdef".repeat(4), &interpreter);
            let key = Key::parse(&name).unwrap();
            assert_eq!(key.to_string(), format!("pip 24.2 for {tag}"));
        }
    }

    #[test]
    fn other_names_are_nobodys() {
        let name = "pip-24.2-0123456789abcdef-cpython-313-f30d0d0a-644";
        assert!(Key::parse(name).is_some());
        for other in [
            "",
            "pip",
            "my-notes",
            "a-b-c-d-e-f-g",
            "-24.2-0123456789abcdef-cpython-313-f30d0d0a-644",
            "pip-24.2-0123456789abcdef-f30d0d0a-644",
            "pip-24.2-0123456789abcdef-cpython-313-f30d0d0a-644.lock",
        ] {
            assert_eq!(Key::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_directory_with_somebody_elses_things_gets_no_tag() {
        let dir = tempfile::tempdir().unwrap();
        let tagged = || {
            tag(dir.path());
            dir.path().join(TAG).exists()
        };
        fs::write_new(&dir.path().join("thesis.tex"), b"").unwrap();
        assert!(!tagged());
        fs::remove_file(&dir.path().join("thesis.tex")).unwrap();
        fs::create_dir(&store::images_dir(dir.path())).unwrap();
        assert!(tagged());
    }
}
