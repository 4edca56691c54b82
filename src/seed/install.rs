//! Installing an image as pip installs a wheel: files, launchers, `REQUESTED`, `RECORD`.

use crate::seed::image;
use crate::seed::launcher;
use crate::seed::recipe::{Launcher, Part, Record};
use crate::seed::record::{self, Row};
use crate::sys::link::{LinkMode, Linked, Linker};
use crate::sys::{fs, platform};
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Installs the parts of one recipe into one environment.
#[derive(Debug)]
pub(super) struct Installer<'a> {
    pub(super) place: &'a Path,
    pub(super) interpreter: &'a Interpreter,
    pub(super) layout: &'a Layout,
    /// The directory of the images.
    pub(super) images: &'a Path,
    /// The name of pip's own image.
    pub(super) pip: &'a str,
}

impl Installer<'_> {
    pub(super) fn site_packages(&self) -> PathBuf {
        self.place.join(&self.layout.purelib)
    }

    /// Installs a part, and returns whether all of its files are there, and how they got there.
    ///
    /// # Errors
    /// When a file is there already, can be neither linked nor copied, or the disk is full.
    pub(super) fn install(&self, part: &Part, mode: LinkMode) -> Result<(Linked, LinkMode)> {
        let (tree, site_packages) = (image::tree(self.images, part.image), self.site_packages());
        let Ok(linker) = Linker::open(&tree, &site_packages, mode) else {
            return Ok((Linked::Spoilt(part.image.to_owned()), mode));
        };
        let outcome = linker.link(&part.directories, &part.files, || self.write_own(part))?;
        Ok((outcome, linker.mode()))
    }

    /// Takes away what was installed of these parts.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn uninstall(&self, parts: &[Part]) -> Result<()> {
        let names = parts
            .iter()
            .flat_map(|part| &part.launchers)
            .flat_map(|launcher| &launcher.names);
        for name in names {
            let path = self.place.join(self.launcher_path(name));
            if path.exists() {
                fs::remove_file(&path)?;
            }
        }
        fs::remove_dir_all(&self.site_packages())?;
        fs::create_dir(&self.site_packages())
    }

    /// Writes what is not the same in every environment.
    fn write_own(&self, part: &Part) -> Result<()> {
        let mut rows = Vec::new();
        for launcher in &part.launchers {
            rows.extend(self.write_launcher(launcher)?);
        }
        let dist_info = self.site_packages().join(part.dist_info);
        if part.is_requested {
            fs::write_new(&dist_info.join("REQUESTED"), b"")?;
        }
        let Record { before, after } = &part.record;
        let rows = record::render(rows)?;
        let record = [before.as_bytes(), &rows, after.as_bytes()].concat();
        fs::write_new(&dist_info.join("RECORD"), &record)
    }

    /// Writes a launcher under all its names, and returns their rows for `RECORD`.
    fn write_launcher(&self, launcher: &Launcher) -> Result<Vec<Row>> {
        let contents = self.render(launcher)?;
        let mode = 0o666 & !platform::umask() | 0o555;
        let row = Row::of("", &contents);
        let names = launcher.names.iter();
        names
            .map(|name| {
                let path = self.launcher_path(name);
                fs::write_new_with_mode(&self.place.join(&path), &contents, mode)?;
                Ok(Row(
                    self.relative_to_site_packages(&path),
                    row.1.clone(),
                    row.2.clone(),
                ))
            })
            .collect()
    }

    fn render(&self, launcher: &Launcher) -> Result<Vec<u8>> {
        let python = self
            .layout
            .python
            .to_str()
            .context("the path is not UTF-8")?;
        if !self.interpreter.posix {
            let stub = self.windows_stub()?;
            return launcher::windows_launcher(&stub, python, &launcher.script);
        }
        let Launcher {
            blank_line, script, ..
        } = launcher;
        Ok(launcher::posix_launcher(python, *blank_line, script).into_bytes())
    }

    /// Returns the program that pip puts before a launcher on this Windows.
    fn windows_stub(&self) -> Result<Vec<u8>> {
        let name = if self.interpreter.is_64bit {
            "t64"
        } else {
            "t32"
        };
        let pip = image::tree(self.images, self.pip).join("pip");
        let distlib = pip.join("_vendor").join("distlib");
        fs::read(&distlib.join(name).with_extension("exe"))
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
