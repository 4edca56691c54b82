//! Who may change what an environment runs.

use crate::sys::{fs, platform};
use crate::venv::check::{Anatomy, Finding, Kind, Mend, some_of};
use crate::venv::pyvenv_cfg;
use anyhow::Result;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

const EVERYBODY_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Finds what everybody may write to although the umask says that nobody else is to.
pub(crate) fn world_writable(anatomy: &Anatomy) -> Option<Finding> {
    let open: Vec<String> = open(anatomy)
        .iter()
        .map(|path| shown(anatomy, path))
        .collect();
    let message = || format!("everybody on this machine may write to {}", some_of(&open));
    (!open.is_empty()).then(|| Finding::broken(Kind::WorldWritable, message(), Mend::Protect))
}

/// Takes from everybody what [`world_writable`] finds.
///
/// # Errors
/// When somebody else owns it.
pub(crate) fn protect(anatomy: &Anatomy) -> Result<()> {
    open(anatomy).iter().try_for_each(|path| {
        let mode = platform::mode(&fs::symlink_metadata(path)?);
        fs::set_mode(path, mode & !EVERYBODY_WRITES)
    })
}

fn open(anatomy: &Anatomy) -> Vec<PathBuf> {
    if platform::umask() & EVERYBODY_WRITES == 0 {
        return Vec::new();
    }
    let mut paths = guarded(anatomy);
    paths.retain(|path| is_open(path));
    paths
}

/// Returns what code comes from.
fn guarded(anatomy: &Anatomy) -> Vec<PathBuf> {
    let root = &anatomy.root;
    let mut paths = vec![
        root.clone(),
        root.join(pyvenv_cfg::FILE_NAME),
        anatomy.scripts.clone(),
        anatomy.python(),
        root.join("lib"),
    ];
    for library in &anatomy.libraries {
        paths.extend(library.site_packages.parent().map(Path::to_owned));
        paths.push(library.site_packages.clone());
    }
    paths.dedup();
    paths
}

/// Returns whether everybody may write to it; a symlink leads out of the environment, and its own mode means nothing.
/// Permission bits are Unix's.
fn is_open(path: &Path) -> bool {
    let is_open = |metadata: Metadata| {
        let mode = platform::mode(&metadata);
        let is_guarded = metadata.is_dir() && mode & STICKY != 0;
        !metadata.is_symlink() && mode & EVERYBODY_WRITES != 0 && !is_guarded
    };
    cfg!(unix) && path.symlink_metadata().is_ok_and(is_open)
}

fn shown(anatomy: &Anatomy, path: &Path) -> String {
    let inside = path.strip_prefix(&anatomy.root).unwrap_or(path);
    let is_root = inside.as_os_str().is_empty();
    (if is_root { path } else { inside }).display().to_string()
}
