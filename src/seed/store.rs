//! The store: images by content, built once and shared by all environments.

use crate::seed::image::Image;
use crate::seed::inventory;
use crate::seed::wheel::Wheel;
use crate::sys::workspace::{self, Workspace};
use crate::sys::{fs, interrupt, platform};
use crate::ui::Ui;
use crate::venv::interpreter::Interpreter;
use anyhow::{Context as _, Result};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The folder of the images; another shape of what is in it gets another number.
const IMAGES: &str = "images-v2";

/// What the name of the file that is locked while an image is built or dropped adds to that of the image.
pub(super) const LOCK: &str = ".lock";

/// Returns the directory of the images of a store.
pub(super) fn images_dir(store: &Path) -> PathBuf {
    store.join(IMAGES)
}

/// Returns the image of a wheel in a store, built now where there is none that is whole.
///
/// # Errors
/// When it cannot be built there.
pub(super) fn image(
    ui: Ui,
    store: &Path,
    wheel: &Wheel,
    interpreter: &Interpreter,
) -> Result<Image> {
    let images = images_dir(store);
    inventory::own_folder(&images)?;
    let digest = HEXLOWER.encode(&Sha256::digest(fs::read(&wheel.path)?));
    let key = key(wheel, &digest, interpreter);
    let dir = images.join(&key);
    if let Ok(image) = Image::open(&dir) {
        return Ok(image);
    }
    fs::create_dir_all(&images)?;
    let _lock = lock(&lock_path(&images, &key))?;
    inventory::tag(store);
    match Image::open(&dir) {
        Ok(image) => return Ok(image),
        Err(err) if dir.exists() => drop_image(ui, &dir, &err)?,
        Err(_) => {}
    }
    build(ui, &images, &dir, wheel, interpreter)
}

/// Names all that an image depends on: two Pythons with the same bytecode share it, two umasks do not.
pub(super) fn key(wheel: &Wheel, digest: &str, interpreter: &Interpreter) -> String {
    let Wheel { name, version, .. } = wheel;
    let tag = interpreter.cache_tag.as_deref().unwrap_or("none");
    let mode = 0o666 & !platform::umask();
    format!(
        "{name}-{version}-{}-{tag}-{}-{mode:o}",
        &digest[..16],
        interpreter.magic_number
    )
}

/// Returns the path of the lock that is held while an image is built or dropped.
pub(super) fn lock_path(images: &Path, key: &str) -> PathBuf {
    images.join(format!("{key}{LOCK}"))
}

/// Waits until no other process builds or drops the same image.
///
/// # Errors
/// When the file cannot be made or locked, or this process is interrupted meanwhile.
pub(super) fn lock(path: &Path) -> Result<File> {
    interrupt::wait_for(|| try_lock(path))
}

/// Takes a lock as [`lock`] does, or returns `None` where another process holds it.
///
/// # Errors
/// When the file cannot be made or locked.
pub(super) fn try_lock(path: &Path) -> Result<Option<File>> {
    loop {
        let file = open_lock(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            outcome => outcome.with_context(|| format!("failed to lock `{}`", path.display()))?,
        }
        if is_still(&file, path) {
            return Ok(Some(file));
        }
    }
}

fn open_lock(path: &Path) -> Result<File> {
    platform::open_lock(path).with_context(|| format!("failed to open `{}`", path.display()))
}

/// Returns whether a file is the one at `path`: who holds a lock may remove its file, and who waited then has a lock that
/// the next process does not see.
fn is_still(file: &File, path: &Path) -> bool {
    let stamps = (file.metadata(), path.symlink_metadata());
    matches!(stamps, (Ok(own), Ok(there)) if platform::stamp(&own) == platform::stamp(&there))
}

/// Takes an image away that is not what it was when it was built; environments keep the files they have.
fn drop_image(ui: Ui, dir: &Path, why: &anyhow::Error) -> Result<()> {
    ui.note(format_args!("building an image again: {why:#}"));
    take_away(dir).map(drop)
}

/// Takes an image away in one step, whose lock is held; it is gone from the disk when what is returned is dropped.
///
/// # Errors
/// When the store cannot be written to.
pub(super) fn take_away(dir: &Path) -> Result<Workspace> {
    let aside = Workspace::make_in(dir.parent().unwrap_or(dir), inventory::TEMPORARY)?;
    fs::rename(dir, &aside.path().join("image"))?;
    Ok(aside)
}

/// Builds an image under a temporary name and renames it into place; what killed processes have left is removed.
fn build(
    ui: Ui,
    images: &Path,
    dir: &Path,
    wheel: &Wheel,
    interpreter: &Interpreter,
) -> Result<Image> {
    workspace::sweep(images, inventory::TEMPORARY);
    let building = Workspace::make_in(images, inventory::TEMPORARY)?;
    Image::build(ui, building.path(), wheel, interpreter)?;
    fs::rename(building.path(), dir)?;
    building.keep();
    Image::open(dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn who_waited_for_a_lock_whose_file_is_gone_takes_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let path = lock_path(dir.path(), "image");
        let first = lock(&path).unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| lock(&path).unwrap());
            thread::sleep(Duration::from_millis(100));
            assert!(try_lock(&path).unwrap().is_none() && !second.is_finished());
            fs::remove_file(&path).unwrap();
            drop(first);
            let _second = second.join().unwrap();
            assert!(try_lock(&path).unwrap().is_none(), "two hold it");
        });
    }
}
