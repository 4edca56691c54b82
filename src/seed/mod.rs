//! pip into an environment, as `ensurepip` would put it there, without running either.

mod compile;
mod entry_points;
mod image;
mod record;
mod store;
mod uninstall;
pub(crate) mod upgrade_deps;
mod wheel;

use crate::seed::image::{Image, Manners};
use crate::seed::record::Row;
use crate::seed::store::Store;
pub(crate) use crate::seed::uninstall::Replaced;
use crate::seed::wheel::Wheel;
use crate::sys::link::{LinkMode, Linker};
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use anyhow::{Context as _, Result};
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
}

impl Seed<'_> {
    /// Installs what `ensurepip` bundles into `place`, short of what the environment at the root of the layout has
    /// already in the same or a later version. Returns what has to be removed there once `place` is put in place.
    ///
    /// # Errors
    /// When the interpreter has no wheels, one of them is damaged, or the disk is full.
    pub(crate) fn install(&self, place: &Path) -> Result<Vec<Replaced>> {
        let wheels = wheel::bundled(self.interpreter)?;
        let scratch = tempfile::tempdir_in(place)?;
        let store = Store::new(self.store, scratch.path());
        let images: Vec<Image> = wheels
            .iter()
            .map(|wheel| store.image(self.ui, wheel, self.interpreter))
            .collect::<Result<_>>()?;
        let manners = images
            .iter()
            .find_map(|image| image.manifest.manners.as_ref());
        let manners = manners.context("the bundled pip does not say how it writes launchers")?;
        let linker = Linker::new();
        let mut replaced = Vec::new();
        for (wheel, image) in wheels.iter().zip(&images) {
            match self.installed(wheel)? {
                Some((_, version)) if is_current(&version, wheel) => continue,
                Some((dist_info, _)) => {
                    replaced.push(Replaced::new(dist_info, &image.manifest.dist_info))
                }
                None => {}
            }
            self.install_image(place, image, manners, &linker)?;
        }
        self.say_how(linker.mode());
        Ok(replaced)
    }

    /// Returns the `.dist-info` and the version of the same distribution in the environment that is there already.
    fn installed(&self, wheel: &Wheel) -> Result<Option<(PathBuf, String)>> {
        let site_packages = self.layout.root.join(&self.layout.purelib);
        if !site_packages.is_dir() {
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
        let found = fs::list(&site_packages)?
            .into_iter()
            .find_map(|path| Some((path.clone(), version(&path)?)));
        Ok(found.filter(|(dist_info, _)| dist_info.join("RECORD").is_file()))
    }

    fn install_image(
        &self,
        place: &Path,
        image: &Image,
        manners: &Manners,
        linker: &Linker,
    ) -> Result<()> {
        let site_packages = place.join(&self.layout.purelib);
        image.link_into(&site_packages, linker)?;
        let mut rows = image.manifest.rows.clone();
        rows.extend(self.write_launchers(place, image, manners)?);
        let dist_info = &image.manifest.dist_info;
        if manners.writes_requested {
            let requested = format!("{dist_info}/REQUESTED");
            fs::write_new(&site_packages.join(&requested), b"")?;
            rows.push(Row::of(requested, b""));
        }
        let path = format!("{dist_info}/RECORD");
        rows.push(Row::bare(&path));
        fs::write_new(&site_packages.join(path), &record::render(rows)?)
    }

    /// Writes the launchers of an image, and returns their rows for `RECORD`.
    fn write_launchers(&self, place: &Path, image: &Image, manners: &Manners) -> Result<Vec<Row>> {
        let python = self
            .layout
            .python
            .to_str()
            .context("the path is not UTF-8")?;
        let x_y = self.interpreter.version.x_y();
        let mut rows = Vec::new();
        for entry_point in &image.manifest.entry_points {
            let launcher = manners
                .launchers
                .render(python, entry_point, self.longest_shebang());
            for name in entry_point.launcher_names(&x_y) {
                let path = self.layout.scripts.join(name);
                fs::write_new_with_mode(&place.join(&path), launcher.as_bytes(), launcher_mode())?;
                rows.push(Row::of(
                    self.relative_to_site_packages(&path),
                    launcher.as_bytes(),
                ));
            }
        }
        Ok(rows)
    }

    /// Returns how long a line the kernel reads, as distlib has it.
    fn longest_shebang(&self) -> usize {
        if self.interpreter.platform == "darwin" {
            512
        } else {
            127
        }
    }

    fn relative_to_site_packages(&self, path: &Path) -> String {
        let up = self
            .layout
            .purelib
            .components()
            .map(|_| "../")
            .collect::<String>();
        up + &path.to_string_lossy().replace('\\', "/")
    }

    fn say_how(&self, mode: LinkMode) {
        self.ui.note(match mode {
            LinkMode::Hardlink => "pip: hard links into the store",
            LinkMode::Copy => "pip: copies, as this file system and the store share no links",
        });
    }
}

/// The mode that distlib gives to launchers: executable by all, else as the umask says.
fn launcher_mode() -> u32 {
    0o666 & !platform::umask() | 0o555
}

/// Returns whether an installed version is the wheel's or a later one; one that cannot be understood is not.
fn is_current(installed: &str, wheel: &Wheel) -> bool {
    match (
        Version::from_str(installed),
        Version::from_str(&wheel.version),
    ) {
        (Ok(installed), Ok(bundled)) => installed >= bundled,
        _ => false,
    }
}
