//! The store: images by content, built once and shared by all environments.

use crate::seed::image::Image;
use crate::seed::wheel::Wheel;
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::interpreter::Interpreter;
use anyhow::{Context as _, Result};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The folder of the images; another shape of what is in it gets another number.
const IMAGES: &str = "images-v2";

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
    let digest = HEXLOWER.encode(&Sha256::digest(fs::read(&wheel.path)?));
    let key = key(wheel, &digest, interpreter);
    let dir = images.join(&key);
    if let Ok(image) = Image::open(&dir) {
        return Ok(image);
    }
    fs::create_dir_all(&images)?;
    let _lock = lock(&images.join(format!("{key}.lock")))?;
    match Image::open(&dir) {
        Ok(image) => return Ok(image),
        Err(err) if dir.exists() => drop_image(ui, &dir, &err)?,
        Err(_) => {}
    }
    build(ui, &images, &dir, wheel, interpreter)
}

/// Names all that an image depends on: two Pythons with the same bytecode share it, two umasks do not.
fn key(wheel: &Wheel, digest: &str, interpreter: &Interpreter) -> String {
    let Wheel { name, version, .. } = wheel;
    let tag = interpreter.cache_tag.as_deref().unwrap_or("none");
    let mode = 0o666 & !platform::umask();
    format!(
        "{name}-{version}-{}-{tag}-{}-{mode:o}",
        &digest[..16],
        interpreter.magic_number
    )
}

/// Waits until no other process builds the same image.
fn lock(path: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.with_context(|| format!("failed to open `{}`", path.display()))?;
    file.lock()
        .with_context(|| format!("failed to lock `{}`", path.display()))?;
    Ok(file)
}

/// Takes an image away that is not what it was when it was built; environments keep the files they have.
fn drop_image(ui: Ui, dir: &Path, why: &anyhow::Error) -> Result<()> {
    ui.note(format_args!("building an image again: {why:#}"));
    let aside = tempfile::tempdir_in(dir.parent().unwrap_or(dir))?;
    fs::rename(dir, &aside.path().join("spoilt"))
}

/// Builds an image under a temporary name and renames it into place.
fn build(
    ui: Ui,
    images: &Path,
    dir: &Path,
    wheel: &Wheel,
    interpreter: &Interpreter,
) -> Result<Image> {
    let mut builder = tempfile::Builder::new();
    platform::with_directory_mode(&mut builder);
    let building = builder.tempdir_in(images)?;
    Image::build(ui, building.path(), wheel, interpreter)?;
    fs::rename(building.path(), dir)?;
    drop(building.keep());
    Image::open(dir)
}
