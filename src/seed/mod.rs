//! pip into an environment, as `ensurepip` would put it there, without running either.

mod build;
mod compile;
mod entry_points;
mod image;
mod install;
mod launcher;
mod record;
pub(crate) mod repoint;
mod store;
mod uninstall;
pub(crate) mod upgrade_deps;
mod wheel;

use crate::seed::image::Image;
use crate::seed::install::Installer;
use crate::seed::store::Store;
pub(crate) use crate::seed::uninstall::Replaced;
use crate::seed::wheel::Wheel;
use crate::sys::fs;
use crate::sys::link::LinkMode;
use crate::ui::Ui;
use crate::venv::create::Existing;
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use anyhow::Result;
use pep440_rs::Version;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

/// Where and for whom to install.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed<'a> {
    pub(crate) ui: Ui,
    /// The store's directory, where there may be one.
    pub(crate) store: Option<&'a Path>,
    pub(crate) interpreter: &'a Interpreter,
    pub(crate) layout: &'a Layout,
    /// What becomes of the environment that is at the root of the layout already.
    pub(crate) existing: Existing,
}

/// A distribution that an environment has already.
#[derive(Debug)]
struct Kept {
    dist_info: PathBuf,
    version: String,
}

impl Seed<'_> {
    /// Installs what `ensurepip` bundles into `place`, short of what the environment that is there already keeps in
    /// the same or a later version. Returns what has to be removed there once `place` is put in place.
    ///
    /// # Errors
    /// When the interpreter has no wheels, one of them is damaged, or the disk is full.
    pub(crate) fn install(&self, place: &Path) -> Result<Vec<Replaced>> {
        let wheels = wheel::bundled(self.interpreter)?;
        let kept = wheels
            .iter()
            .map(|wheel| self.kept(wheel))
            .collect::<Result<Vec<_>>>()?;
        let is_kept = |(wheel, kept): (&Wheel, &Option<Kept>)| {
            kept.as_ref()
                .is_some_and(|kept| is_current(&kept.version, wheel))
        };
        if wheels.iter().zip(&kept).all(is_kept) {
            return Ok(Vec::new());
        }
        let scratch = tempfile::tempdir_in(place)?;
        let store = Store::new(self.store, scratch.path());
        let image = |wheel| store.image(self.ui, wheel, self.interpreter);
        let images: Vec<Image> = wheels.iter().map(image).collect::<Result<_>>()?;
        let installer = Installer::new(place, self.interpreter, self.layout, &images)?;
        let mut replaced = Vec::new();
        for ((wheel, kept), image) in wheels.iter().zip(&kept).zip(&images) {
            if is_kept((wheel, kept)) {
                continue;
            }
            installer.install(image)?;
            if let Some(kept) = kept {
                replaced.push(Replaced::new(&kept.dist_info, &image.manifest.dist_info)?);
            }
        }
        self.say_how(installer.link_mode());
        Ok(replaced)
    }

    /// Returns the same distribution in an environment that keeps its packages.
    fn kept(&self, wheel: &Wheel) -> Result<Option<Kept>> {
        let site_packages = self.layout.root.join(&self.layout.purelib);
        if self.existing == Existing::Clear || !site_packages.is_dir() {
            return Ok(None);
        }
        let version = |path: &Path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".dist-info")?;
            Some(
                name.strip_prefix(&wheel.name)?
                    .strip_prefix('-')?
                    .to_owned(),
            )
        };
        let paths = fs::list(&site_packages)?.into_iter();
        let mut whole = paths.filter(|path| path.join("RECORD").is_file());
        Ok(whole.find_map(|dist_info| {
            Some(Kept {
                version: version(&dist_info)?,
                dist_info,
            })
        }))
    }

    fn say_how(&self, mode: LinkMode) {
        self.ui.note(match mode {
            LinkMode::Hardlink => "pip: hard links into the store",
            LinkMode::Copy => "pip: copies, as this file system and the store share no links",
        });
    }
}

/// Returns whether an installed version is the wheel's or a later one; one that cannot be understood is not.
fn is_current(installed: &str, wheel: &Wheel) -> bool {
    let versions = (
        Version::from_str(installed),
        Version::from_str(&wheel.version),
    );
    matches!(versions, (Ok(installed), Ok(bundled)) if installed >= bundled)
}
