//! Images: a wheel unpacked and compiled for one Python, ready to be linked into environments.

use crate::seed::build;
use crate::seed::entry_points::EntryPoint;
use crate::seed::launcher::LauncherStyle;
use crate::seed::wheel::Wheel;
use crate::sys::fs::Look;
use crate::sys::platform::Folder;
use crate::sys::{fs, parallel};
use crate::ui::Ui;
use crate::venv::interpreter::Interpreter;
use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of what is linked, and the file that lists it.
pub(super) const TREE: &str = "tree";
pub(super) const MANIFEST: &str = "manifest.json";

/// An unpacked wheel on disk. It is never changed; nor are its files, which environments share.
#[derive(Debug)]
pub(crate) struct Image {
    dir: PathBuf,
    pub(crate) manifest: Manifest,
}

/// What an image holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// `NAME-VERSION.dist-info`.
    pub(crate) dist_info: String,
    /// Relative paths, parents before children.
    pub(super) directories: Vec<String>,
    pub(super) files: Vec<File>,
    /// The text of `RECORD` with the rows that are the same in every environment.
    pub(crate) record: String,
    pub(crate) entry_points: Vec<EntryPoint>,
    /// Of pip's own image: how this pip installs.
    pub(crate) manners: Option<Manners>,
}

/// What differs from one version of pip to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manners {
    pub(crate) launchers: LauncherStyle,
    /// Whether it writes `REQUESTED` (PEP 376), as since 20.2.
    pub(crate) writes_requested: bool,
}

/// A file of an image, and what it looks like when nobody has changed it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) look: Look,
}

impl Manifest {
    /// Returns the paths of all files, and what they look like when nobody has changed them.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, Look)> {
        self.files
            .iter()
            .map(|file| (file.path.as_str(), file.look))
    }
}

/// Returns the folder of what is linked, for the image of that name in `images`.
pub(super) fn tree(images: &Path, name: &str) -> PathBuf {
    images.join(name).join(TREE)
}

impl Image {
    /// Unpacks and compiles a wheel into `dir`, an empty directory.
    ///
    /// # Errors
    /// As [`build::build`].
    pub(crate) fn build(
        ui: Ui,
        dir: &Path,
        wheel: &Wheel,
        interpreter: &Interpreter,
    ) -> Result<Self> {
        let manifest = build::build(ui, dir, wheel, interpreter)?;
        fs::write_new(&dir.join(MANIFEST), &serde_json::to_vec(&manifest)?)?;
        Ok(Self {
            dir: dir.to_owned(),
            manifest,
        })
    }

    /// Opens the image in `dir`.
    ///
    /// # Errors
    /// When there is none, or a file of it has been changed since it was built, as through an environment.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let manifest: Manifest = serde_json::from_slice(&fs::read(&dir.join(MANIFEST))?)?;
        let image = Self {
            dir: dir.to_owned(),
            manifest,
        };
        let Manifest {
            dist_info, files, ..
        } = &image.manifest;
        ensure!(
            dist_info.ends_with(".dist-info") && !files.is_empty(),
            "the manifest is empty"
        );
        image.check()?;
        Ok(image)
    }

    fn check(&self) -> Result<()> {
        let tree = Folder::open(&self.dir.join(TREE))?;
        parallel::for_each(&self.manifest.files, |file| {
            let found = tree.look(&file.path);
            let is_same = found.is_ok_and(|found| found == file.look);
            ensure!(
                is_same,
                "`{}` in `{}` was changed",
                file.path,
                self.dir.display()
            );
            Ok(())
        })
    }

    /// Returns the name of its directory.
    ///
    /// # Errors
    /// When that is not UTF-8.
    pub(super) fn name(&self) -> Result<&str> {
        let name = self.dir.file_name().unwrap_or_default();
        name.to_str().context("the name of an image is not UTF-8")
    }
}
