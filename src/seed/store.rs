//! The store: images by content, built once and shared by all environments.

use crate::seed::image::Image;
use crate::seed::wheel::Wheel;
use crate::sys::fs::{self, Stamp};
use crate::sys::{memo, platform};
use crate::ui::Ui;
use crate::venv::interpreter::Interpreter;
use anyhow::{Context as _, Result};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The folders of the store; another shape of what is in them gets another number.
const IMAGES: &str = "images-v1";
const DIGESTS: &str = "digests-v1";

/// A place for images. Without a directory, or with one that cannot be written to, every image is built anew.
#[derive(Debug)]
pub(crate) struct Store<'a> {
    dir: Option<&'a Path>,
    /// Where an image is built that cannot be kept.
    scratch: &'a Path,
}

/// The digest of a wheel, for as long as the wheel has not changed.
#[derive(Serialize, Deserialize)]
struct Remembered {
    path: PathBuf,
    stamp: Stamp,
    digest: String,
}

impl<'a> Store<'a> {
    pub(crate) fn new(dir: Option<&'a Path>, scratch: &'a Path) -> Self {
        Self { dir, scratch }
    }

    /// Returns the image of a wheel, built now where there is none that is whole.
    ///
    /// # Errors
    /// When it can be built neither in the store nor outside of it.
    pub(crate) fn image(&self, ui: Ui, wheel: &Wheel, interpreter: &Interpreter) -> Result<Image> {
        if let Some(dir) = self.dir {
            match kept_image(ui, dir, wheel, interpreter) {
                Ok(image) => return Ok(image),
                Err(err) => ui.note(format_args!("the store cannot be used: {err:#}")),
            }
        }
        let dir = self.scratch.join(&wheel.name);
        fs::create_dir(&dir)?;
        Image::build(ui, &dir, wheel, interpreter)
    }
}

fn kept_image(ui: Ui, store: &Path, wheel: &Wheel, interpreter: &Interpreter) -> Result<Image> {
    let images = store.join(IMAGES);
    let key = key(wheel, &remembered_digest(store, &wheel.path)?, interpreter);
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
        digest.get(..16).unwrap_or(digest),
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

fn remembered_digest(store: &Path, wheel: &Path) -> Result<String> {
    let folder = store.join(DIGESTS);
    let stamp =
        Stamp::of(wheel).with_context(|| format!("failed to look at `{}`", wheel.display()))?;
    let known: Option<Remembered> = memo::recall(&folder, wheel);
    if let Some(known) = known.filter(|known| known.path == wheel && known.stamp == stamp) {
        return Ok(known.digest);
    }
    let digest = HEXLOWER.encode(&Sha256::digest(fs::read(wheel)?));
    let known = Remembered {
        path: wheel.to_owned(),
        stamp,
        digest,
    };
    // What cannot be remembered is worked out again.
    memo::remember(&folder, wheel, &known).ok();
    Ok(known.digest)
}
