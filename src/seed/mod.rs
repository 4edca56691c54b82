//! pip into an environment, as `ensurepip` would put it there, without running either.

mod borrow;
mod build;
mod bytecode;
pub(crate) mod check;
mod compile;
mod entry_points;
mod image;
mod install;
pub(crate) mod inventory;
mod launcher;
mod recipe;
mod record;
pub(crate) mod repoint;
mod store;
mod uninstall;
pub(crate) mod upgrade_deps;
mod wheel;

use crate::seed::image::Image;
use crate::seed::install::Installer;
use crate::seed::recipe::{Part, Recipe};
pub(crate) use crate::seed::uninstall::Replaced;
pub(crate) use crate::seed::wheel::{Wheel, bundled};
use crate::sys::fs;
use crate::sys::link::{self, Clones, LinkMode, Linked};
use crate::sys::memo::Memo;
use crate::ui::Ui;
use crate::venv::create::Existing;
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use anyhow::{Result, bail};
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
    /// The memory of the interpreter.
    pub(crate) memo: &'a Memo,
    pub(crate) layout: &'a Layout,
    /// How files get from the store into the environment; without one, as cheaply as they can.
    pub(crate) link_mode: Option<LinkMode>,
    /// What becomes of the environment that is at the root of the layout already; `None` where nothing is there.
    pub(crate) existing: Option<Existing>,
}

/// A distribution that an environment has already.
#[derive(Debug)]
struct Kept {
    dist_info: PathBuf,
    version: Version,
    is_whole: bool,
}

impl Seed<'_> {
    /// Installs what `ensurepip` bundles into `place`, short of what the environment that is there already keeps in
    /// the same or a later version. Returns what has to be removed there once `place` is put in place.
    ///
    /// # Errors
    /// When the interpreter has no wheels, one of them is damaged, or the disk is full.
    pub(crate) fn install(&self, place: &Path) -> Result<Vec<Replaced>> {
        if let Some(replaced) = self.install_from_memory(place)? {
            return Ok(replaced);
        }
        let wheels = wheel::bundled(self.interpreter)?;
        if self.are_current(&wheels)? {
            return Ok(Vec::new());
        }
        if let Some(replaced) = self.install_from_store(place, &wheels)? {
            return Ok(replaced);
        }
        self.install_from_scratch(place, &wheels)
    }

    /// Installs by the recipe of an earlier run, where there is one that holds.
    fn install_from_memory(&self, place: &Path) -> Result<Option<Vec<Replaced>>> {
        let remembered = self.memo.second();
        let Some((store, mut recipe)) = self.store.zip(Recipe::recall(&remembered)) else {
            return Ok(None);
        };
        let knew = recipe.is_unclonable;
        let replaced = self.follow(&mut recipe, &store::images_dir(store), place)?;
        if recipe.is_unclonable != knew {
            self.remember(&recipe);
        }
        Ok(replaced)
    }

    /// Installs images of the store, and remembers how; `None` where there is no store that can be used.
    fn install_from_store(&self, place: &Path, wheels: &[Wheel]) -> Result<Option<Vec<Replaced>>> {
        let Some(store) = self.store else {
            return Ok(None);
        };
        let image = |wheel| store::image(self.ui, store, wheel, self.interpreter);
        let images: Vec<Image> = match wheels.iter().map(image).collect() {
            Ok(images) => images,
            Err(err) => {
                self.ui
                    .note(format_args!("the store cannot be used: {err:#}"));
                return Ok(None);
            }
        };
        let mut recipe = Recipe::new(self.interpreter, wheels, &images)?;
        let replaced = self.follow(&mut recipe, &store::images_dir(store), place)?;
        self.remember(&recipe);
        Ok(replaced)
    }

    /// Installs images that are made for this one environment.
    fn install_from_scratch(&self, place: &Path, wheels: &[Wheel]) -> Result<Vec<Replaced>> {
        let scratch = tempfile::tempdir_in(place)?;
        let image = |wheel: &Wheel| {
            let dir = scratch.path().join(&wheel.name);
            fs::create_dir(&dir)?;
            Image::build(self.ui, &dir, wheel, self.interpreter)
        };
        let images: Vec<Image> = wheels.iter().map(image).collect::<Result<_>>()?;
        let mut recipe = Recipe::new(self.interpreter, wheels, &images)?;
        // Links to what is gone at once are files of its own.
        let own = Self {
            link_mode: Some(LinkMode::Hardlink),
            ..*self
        };
        match own.follow(&mut recipe, scratch.path(), place)? {
            Some(replaced) => Ok(replaced),
            None => bail!("`{}` was changed by somebody else", place.display()),
        }
    }

    /// Installs by a recipe from the images in `images`; `None` where one of them is not what it was.
    fn follow(
        &self,
        recipe: &mut Recipe,
        images: &Path,
        place: &Path,
    ) -> Result<Option<Vec<Replaced>>> {
        let Self {
            interpreter,
            layout,
            ..
        } = *self;
        let installer = Installer {
            place,
            interpreter,
            layout,
            images,
            pip: recipe.pip()?,
        };
        let mode = self.mode(recipe, &installer);
        let (mut wanted, mut stale) = (Vec::new(), Vec::new());
        for part in &recipe.parts {
            let mut kept = self.kept(part.name)?;
            let mut successor = PathBuf::from(part.dist_info);
            if let Some(newest) = kept.pop_if(|newest| newest.is_current(part.version)) {
                successor = newest.dist_info;
            } else {
                wanted.push(part);
            }
            stale.extend(
                kept.into_iter()
                    .map(|kept| (kept.dist_info, successor.clone())),
            );
        }
        for part in wanted {
            let (outcome, mode) = installer.install(part, mode)?;
            if let Linked::Spoilt(path) = outcome {
                self.ui.note(format_args!(
                    "the image of {} was changed (`{path}`)",
                    part.name
                ));
                installer.uninstall(&recipe.parts)?;
                return Ok(None);
            }
            self.say_how(part, mode);
        }
        let replaced = stale.iter().map(|(old, new)| Replaced::new(old, new));
        replaced.collect::<Result<_>>().map(Some)
    }

    /// Returns how to link: clones where they can be made, which a file system without any is asked once, else hard links.
    fn mode(&self, recipe: &mut Recipe, installer: &Installer) -> LinkMode {
        if let Some(mode) = self.link_mode {
            return mode;
        }
        let sample = recipe
            .parts
            .iter()
            .find_map(|part| Some((part.image, part.files.first()?.path)));
        let Some((image, path)) = sample.filter(|_| !recipe.is_unclonable) else {
            return LinkMode::Hardlink;
        };
        let tree = image::tree(installer.images, image);
        match link::try_clone(&tree, &installer.site_packages(), path) {
            Clones::Made => return LinkMode::Clone,
            Clones::NotHere => {}
            Clones::Never => recipe.is_unclonable = true,
        }
        LinkMode::Hardlink
    }

    fn remember(&self, recipe: &Recipe) {
        // What cannot be remembered is worked out again.
        recipe
            .to_bytes()
            .and_then(|bytes| self.memo.remember_second(&bytes))
            .ok();
    }

    /// Returns whether the environment keeps all of these, and no others of the same name.
    fn are_current(&self, wheels: &[Wheel]) -> Result<bool> {
        for wheel in wheels {
            match self.kept(&wheel.name)?.as_slice() {
                [kept] if kept.is_current(&wheel.version) => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Returns the distributions called `name` in an environment that keeps its packages, the best last. There are several
    /// where somebody was killed who replaced one by another.
    fn kept(&self, name: &str) -> Result<Vec<Kept>> {
        let site_packages = self.layout.root.join(&self.layout.purelib);
        let Some(existing @ (Existing::Keep | Existing::Upgrade)) = self.existing else {
            return Ok(Vec::new());
        };
        if !site_packages.is_dir() {
            return Ok(Vec::new());
        }
        let paths = fs::list(&site_packages)?.into_iter();
        let own = paths.filter(|path| !path.is_symlink());
        let kept = own.filter_map(|dist_info| Kept::new(name, dist_info, existing));
        let mut kept: Vec<Kept> = kept.collect();
        kept.sort_by(|one, other| one.rank().cmp(&other.rank()));
        Ok(kept)
    }

    fn say_how(&self, part: &Part, mode: LinkMode) {
        let how = match mode {
            LinkMode::Clone => "clones of its image's files",
            LinkMode::Hardlink => "hard links to its image's files",
            LinkMode::Copy => "copies of its image's files",
            LinkMode::Symlink => "symlinks to its image's files",
        };
        self.ui
            .note(format_args!("{} {}: {how}", part.name, part.version));
        if mode == LinkMode::Copy && self.link_mode.is_some_and(|wanted| wanted != mode) {
            self.ui.warn("files were copied: this file system and the store do not share them in the way that was asked for");
        }
    }
}

impl Kept {
    /// Returns the distribution that `dist_info` is of, `None` where that is another than `name`. For an upgrade, one that
    /// lacks a file is none that is whole.
    fn new(name: &str, dist_info: PathBuf, existing: Existing) -> Option<Self> {
        let version = dist_info
            .file_name()?
            .to_str()?
            .strip_suffix(".dist-info")?;
        let version = version.strip_prefix(name)?.strip_prefix('-')?;
        // That of `pip-tools` is another one's.
        let version = Version::from_str(version).ok()?;
        let is_whole = match existing {
            Existing::Upgrade => uninstall::is_whole(&dist_info),
            _ => dist_info.join("RECORD").is_file(),
        };
        Some(Self {
            dist_info,
            version,
            is_whole,
        })
    }

    /// The newest of those that are whole is the best.
    fn rank(&self) -> (bool, &Version) {
        (self.is_whole, &self.version)
    }

    /// Returns whether it is `bundled` or a later version.
    fn is_current(&self, bundled: &str) -> bool {
        let bundled = Version::from_str(bundled);
        self.is_whole && bundled.is_ok_and(|bundled| self.version >= bundled)
    }
}
