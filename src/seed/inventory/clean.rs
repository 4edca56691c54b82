//! Removing from the store: what nothing needs any more, or everything. Others may use it meanwhile: whoever misses an image
//! builds it again.

use crate::seed::inventory::{self, TAG, TAG_TEXT};
use crate::seed::recipe::Recipe;
use crate::seed::store;
use crate::sys::usage::Usage;
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::interpreter::{self, Standing};
use anyhow::Result;
use std::collections::HashSet;
use std::fmt::Display;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

/// How long a file may take that is written to be renamed at once.
const LONGEST_WRITE: Duration = Duration::from_secs(3600);

/// What to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What nothing needs any more.
    Stale,
    /// All that is rvenv's.
    All,
}

/// Whether to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Remove,
    /// Only to say what would be removed.
    Pretend,
}

/// What was removed, or would be.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    pub(crate) images: usize,
    /// How many interpreters are forgotten.
    pub(crate) interpreters: usize,
    /// How many directories and files that killed processes left.
    pub(crate) leftovers: usize,
    pub(crate) usage: Usage,
    /// How many things could not be removed, each of which has been told.
    pub(crate) failures: usize,
}

/// Removes things from a store, and counts them.
#[derive(Debug)]
pub(crate) struct Cleaner<'a> {
    ui: Ui,
    store: &'a Path,
    extent: Extent,
    mode: Mode,
    removed: Removed,
}

/// The lock of an image.
enum Lock {
    Held(Option<File>),
    /// Another process builds or drops that image.
    Busy,
}

impl<'a> Cleaner<'a> {
    pub(crate) fn new(ui: Ui, store: &'a Path, extent: Extent, mode: Mode) -> Self {
        let removed = Removed::default();
        Self {
            ui,
            store,
            extent,
            mode,
            removed,
        }
    }

    /// Removes what is to be removed; a thing that cannot be does not keep the others.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub(crate) fn clean(mut self) -> Result<Removed> {
        let needed = self.clean_interpreters()?;
        self.clean_images(&needed)?;
        if (self.extent, self.mode) == (Extent::All, Mode::Remove) {
            self.remove_what_is_empty();
        }
        Ok(self.removed)
    }

    /// Forgets interpreters, and returns the names of the images that the others need.
    fn clean_interpreters(&mut self) -> Result<HashSet<String>> {
        let folder = inventory::interpreters_dir(self.store);
        let mut needed = HashSet::new();
        for path in inventory::temporary(&folder)? {
            if self.extent == Extent::All || is_older(&path, LONGEST_WRITE) {
                let what = "a file that was never finished";
                self.removed.leftovers += self.remove(what, &path, fs::remove_file);
            }
        }
        if !folder.is_dir() {
            return Ok(needed);
        }
        for (file, remembered) in interpreter::remembered(&folder)? {
            let holds = |standing| self.extent == Extent::Stale && standing == Standing::Holds;
            match &remembered {
                Some(kept) if holds(kept.standing) => {
                    let recipe = kept.memo.second();
                    needed.extend(Recipe::images(&recipe).into_iter().map(str::to_owned));
                }
                _ => {
                    let called = remembered.map(|it| it.called).unwrap_or_default();
                    let what = format!("what is known of `{}`", called.display());
                    self.removed.interpreters += self.remove(what, &file, fs::remove_file);
                }
            }
        }
        Ok(needed)
    }

    /// Drops images, each under its lock, and what killed processes left among them.
    ///
    /// A temporary directory that is listed before the locks are looked at is of a process that holds one of them then,
    /// or has left it behind.
    fn clean_images(&mut self, needed: &HashSet<String>) -> Result<()> {
        let images = store::images_dir(self.store);
        let temporary = inventory::temporary(&images)?;
        let mut is_idle = true;
        for name in inventory::keys(&images)? {
            let path = store::lock_path(&images, &name);
            match self.lock(&path) {
                Ok(Lock::Busy) => is_idle = false,
                Ok(Lock::Held(lock)) => {
                    if !needed.contains(&name) {
                        self.drop_image(&images, &name);
                    }
                    if lock.is_some() {
                        // As long as it is held, whoever waits for it finds out that it is gone.
                        fs::remove_file(&path).ok();
                    }
                }
                Err(err) => {
                    is_idle = false;
                    self.fail(&err);
                }
            }
        }
        if !is_idle {
            let ui = self.ui;
            ui.note("temporary directories stay: an image is being built");
            return Ok(());
        }
        for path in temporary {
            let what = "a directory that was never finished";
            self.removed.leftovers += self.remove(what, &path, fs::remove_dir_all);
        }
        Ok(())
    }

    /// Takes a lock; to clear the store, whoever holds it is waited for.
    fn lock(&self, path: &Path) -> Result<Lock> {
        if self.mode == Mode::Pretend {
            return Ok(look_at_lock(path));
        }
        if let Some(lock) = store::try_lock(path)? {
            return Ok(Lock::Held(Some(lock)));
        }
        if self.extent == Extent::Stale {
            return Ok(Lock::Busy);
        }
        self.ui
            .answer("waiting for another process that builds an image");
        Ok(Lock::Held(Some(store::lock(path)?)))
    }

    fn drop_image(&mut self, images: &Path, name: &str) {
        let dir = images.join(name);
        let Some((key, _)) = inventory::Key::parse(name).zip(fs::symlink_metadata(&dir).ok())
        else {
            return;
        };
        let drop_it = |dir: &Path| store::take_away(dir).map(drop);
        self.removed.images += self.remove(format!("the image of {key}"), &dir, drop_it);
    }

    /// Removes a thing, and returns how many that were: one, or none where it failed or somebody else was faster.
    fn remove(
        &mut self,
        what: impl Display,
        path: &Path,
        by: impl FnOnce(&Path) -> Result<()>,
    ) -> usize {
        let outcome = Usage::of(path).and_then(|usage| {
            if self.mode == Mode::Remove {
                by(path)?;
            }
            Ok(usage)
        });
        match outcome {
            Ok(usage) => {
                self.removed.usage += usage;
                self.say(what, path);
                1
            }
            Err(err) => {
                if fs::symlink_metadata(path).is_ok() {
                    self.fail(&err);
                }
                0
            }
        }
    }

    fn say(&self, what: impl Display, path: &Path) {
        let path = path.display();
        match self.mode {
            Mode::Remove => self.ui.note(format_args!("removed {what}: `{path}`")),
            Mode::Pretend => self
                .ui
                .answer(format_args!("would remove {what}: `{path}`")),
        }
    }

    fn fail(&mut self, err: &anyhow::Error) {
        self.ui.error(err);
        self.removed.failures += 1;
    }

    /// Removes the tag of a store that has been cleared, and the directories in which nothing is left.
    fn remove_what_is_empty(&self) {
        let tag = self.store.join(TAG);
        if fs::read(&tag).is_ok_and(|text| text == TAG_TEXT.as_bytes()) {
            fs::remove_file(&tag).ok();
        }
        let interpreters = inventory::interpreters_dir(self.store);
        for folder in [&interpreters, &store::images_dir(self.store), self.store] {
            // What is not empty stays.
            fs::remove_dir(folder).ok();
        }
    }
}

/// Returns whether a lock is held, without making its file.
fn look_at_lock(path: &Path) -> Lock {
    let outcome = platform::open(path).map(|file| file.try_lock());
    match outcome {
        Ok(Err(TryLockError::WouldBlock)) => Lock::Busy,
        _ => Lock::Held(None),
    }
}

fn is_older(path: &Path, age: Duration) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|metadata| Ok(metadata.modified()?));
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed > age))
}
