//! Installing an image as pip installs a wheel: files, launchers, `REQUESTED`, `RECORD`.

use crate::seed::entry_points::EntryPoint;
use crate::seed::image::{Image, Manners};
use crate::seed::launcher;
use crate::seed::record::{self, Row};
use crate::sys::link::{LinkMode, Linker};
use crate::sys::{fs, platform};
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Installs images into one environment, in the manner of the pip among them.
#[derive(Debug)]
pub(super) struct Installer<'a> {
    place: &'a Path,
    interpreter: &'a Interpreter,
    layout: &'a Layout,
    pip: &'a Image,
    manners: &'a Manners,
    linker: Linker,
}

impl<'a> Installer<'a> {
    /// Returns what installs into `place` for the root of `layout`.
    ///
    /// # Errors
    /// When none of the images is that of a pip.
    pub(super) fn new(
        place: &'a Path,
        interpreter: &'a Interpreter,
        layout: &'a Layout,
        images: &'a [Image],
    ) -> Result<Self> {
        let pip = images
            .iter()
            .find_map(|image| Some((image, image.manifest.manners.as_ref()?)));
        let (pip, manners) = pip.context("the bundled pip does not say how it writes launchers")?;
        Ok(Self {
            place,
            interpreter,
            layout,
            pip,
            manners,
            linker: Linker::new(),
        })
    }

    /// Returns how files were linked so far.
    pub(super) fn link_mode(&self) -> LinkMode {
        self.linker.mode()
    }

    /// Installs an image.
    ///
    /// # Errors
    /// When a file is there already, or the disk is full.
    pub(super) fn install(&self, image: &Image) -> Result<()> {
        let site_packages = self.place.join(&self.layout.purelib);
        image.link_into(&site_packages, &self.linker)?;
        let mut rows = Vec::new();
        for entry_point in &image.manifest.entry_points {
            rows.extend(self.write_launchers(entry_point)?);
        }
        let dist_info = &image.manifest.dist_info;
        if self.manners.writes_requested {
            let requested = format!("{dist_info}/REQUESTED");
            fs::write_new(&site_packages.join(&requested), b"")?;
            rows.push(Row::of(requested, b""));
        }
        let record = record::insert(&image.manifest.record, rows)?;
        fs::write_new(
            &site_packages.join(dist_info).join("RECORD"),
            record.as_bytes(),
        )
    }

    /// Writes the launchers of an entry point under all their names, and returns their rows for `RECORD`.
    fn write_launchers(&self, entry_point: &EntryPoint) -> Result<Vec<Row>> {
        let contents = self.launcher(entry_point)?;
        let mode = 0o666 & !platform::umask() | 0o555;
        let names = entry_point.launcher_names(&self.interpreter.version.x_y());
        names
            .iter()
            .map(|name| {
                let path = self.launcher_path(name);
                fs::write_new_with_mode(&self.place.join(&path), &contents, mode)?;
                Ok(Row::of(self.relative_to_site_packages(&path), &contents))
            })
            .collect()
    }

    fn launcher(&self, entry_point: &EntryPoint) -> Result<Vec<u8>> {
        let python = self
            .layout
            .python
            .to_str()
            .context("the path is not UTF-8")?;
        let style = &self.manners.launchers;
        if !self.interpreter.posix {
            let stub = self.pip.windows_stub(self.interpreter)?;
            return launcher::windows_launcher(&stub, python, &style.script(entry_point));
        }
        Ok(style.render(python, entry_point).into_bytes())
    }

    fn launcher_path(&self, name: &str) -> PathBuf {
        let extension = if self.interpreter.posix { "" } else { ".exe" };
        self.layout.scripts.join(format!("{name}{extension}"))
    }

    /// Returns a path relative to the environment as `RECORD` has it: relative to `site-packages`, with `/`.
    fn relative_to_site_packages(&self, path: &Path) -> String {
        let up: String = self.layout.purelib.components().map(|_| "../").collect();
        up + &path.to_string_lossy().replace('\\', "/")
    }
}
