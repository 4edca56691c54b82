//! Unix: directories are read and emptied one by one, by whichever thread is free, and each is removed by the thread that
//! removes the last thing in it.

use super::directory::{Directory, Place};
use super::{Count, Removed};
use crate::sys::parallel;
use anyhow::{Context as _, Result};
use rustix::fs::{AtFlags, FileType, Stat};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Directories below this depth are moved to the top before they are emptied, since all those above an open one are open.
const DEEPEST: usize = 32;

/// With fewer directories to go they are gone before a thread has started.
const WORTH_A_THREAD: usize = 8;

/// How often a directory is read again because there is something in it after all: some file systems leave entries out
/// when others are removed meanwhile, and others may put something into it.
const MOST_PASSES: usize = 16;

/// Removes the directory `path` with all that is in it, the file `last` directly in it after everything else; gone already
/// is as good. Symlinks are removed, not followed, and nothing that is mounted there is touched.
///
/// # Errors
/// When `path` is no directory, or a symlink; or when something in it cannot be removed: everything else is then, save what
/// holds it, and `last`.
pub(crate) fn remove_tree(path: &Path, last: &str, count: Count) -> Result<Removed> {
    // Without the slash that would make a symlink a directory.
    let name = path.components().as_path().as_os_str();
    let top = Place {
        parent: None,
        name: CString::new(name.as_bytes())?,
    };
    let removal = Removal {
        last: CString::new(last)?,
        count,
        queue: Mutex::default(),
        wake: Condvar::new(),
        freed: AtomicU64::new(0),
        shared: AtomicU64::new(0),
        failure: Mutex::default(),
    };
    removal.push([], [top]);
    removal.run();
    removal.outcome()
}

#[derive(Debug, Default)]
struct Queue {
    /// The next one is the last.
    places: VecDeque<Place>,
    /// How many places were put in and are not done with.
    unfinished: usize,
    waiting: usize,
}

#[derive(Debug)]
struct Removal {
    last: CString,
    count: Count,
    queue: Mutex<Queue>,
    wake: Condvar,
    freed: AtomicU64,
    shared: AtomicU64,
    /// The first one.
    failure: Mutex<Option<(PathBuf, Errno)>>,
}

impl Removal {
    /// Works until all is done, with other threads once that is worth it.
    fn run(&self) {
        while self.queue().places.len() < WORTH_A_THREAD {
            let Some(place) = self.next() else {
                return;
            };
            self.enter(place);
        }
        thread::scope(|scope| {
            for _ in 1..parallel::most_threads() {
                // Where there can be no more threads, those that there are do it.
                let _ = thread::Builder::new().spawn_scoped(scope, || self.work());
            }
            self.work();
        });
    }

    fn work(&self) {
        while let Some(place) = self.next() {
            self.enter(place);
        }
    }

    fn outcome(self) -> Result<Removed> {
        let failure = self.failure.into_inner();
        match failure.unwrap_or_else(PoisonError::into_inner) {
            Some((path, Errno::XDEV)) => {
                anyhow::bail!("something is mounted at `{}`", path.display())
            }
            Some((path, err)) => Err(io::Error::from(err))
                .with_context(|| format!("failed to remove `{}`", path.display())),
            None => Ok(Removed {
                freed: self.freed.into_inner(),
                shared: self.shared.into_inner(),
            }),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts places into the queue, of which it is the turn `later`, when all others are done with, or `next`.
    fn push(&self, later: impl IntoIterator<Item = Place>, next: impl IntoIterator<Item = Place>) {
        let mut queue = self.queue();
        let before = queue.places.len();
        later
            .into_iter()
            .for_each(|place| queue.places.push_front(place));
        queue.places.extend(next);
        queue.unfinished += queue.places.len() - before;
        if queue.waiting > 0 {
            self.wake.notify_all();
        }
    }

    /// Returns a directory to empty, the newest first, so that few are open; `None` when all is done.
    fn next(&self) -> Option<Place> {
        let mut queue = self.queue();
        loop {
            if let Some(place) = queue.places.pop_back() {
                return Some(place);
            }
            if queue.unfinished == 0 {
                return None;
            }
            queue.waiting += 1;
            let woken = self.wake.wait(queue);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
            queue.waiting -= 1;
        }
    }

    /// Empties a directory as far as it holds no others, and removes what is empty then.
    fn enter(&self, place: Place) {
        match place.open() {
            Ok(Some(directory)) => {
                let directory = Arc::new(directory);
                self.empty(&directory);
                self.leave(directory);
            }
            Ok(None) => self.leave_parent(place),
            Err(err) => {
                self.fail(place.path(), err);
                keep(&place);
                self.leave_parent(place);
            }
        }
        let mut queue = self.queue();
        queue.unfinished -= 1;
        if queue.unfinished == 0 {
            self.wake.notify_all();
        }
    }

    /// Removes what is in a directory, save directories, which are put into the queue.
    fn empty(&self, directory: &Arc<Directory>) {
        let (mut here, mut lifted) = (Vec::new(), Vec::new());
        let outcome = directory.read(|name, file_type, number| {
            if file_type == FileType::Directory {
                let place = Place {
                    parent: Some(Arc::clone(directory)),
                    name: name.to_owned(),
                };
                match lift(&place, number) {
                    Some(place) => lifted.push(place),
                    None => here.push(place),
                }
            } else if !(directory.is_top() && name == self.last.as_c_str()) {
                self.unlink(directory, name);
            }
        });
        if let Err(err) = outcome {
            self.fail(directory.place.path(), err);
        }
        for parent in here.iter().chain(&lifted).flat_map(|place| &place.parent) {
            parent.pending.fetch_add(1, Ordering::AcqRel);
        }
        self.push(lifted, here);
    }

    /// Is done with one of the things that a directory was waiting for; removes it after the last, and so on upwards.
    fn leave(&self, mut directory: Arc<Directory>) {
        while directory.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            match self.remove(&directory) {
                Err(Errno::NOTEMPTY | Errno::EXIST) if is_read_again(&directory) => {
                    self.empty(&directory);
                    continue;
                }
                Err(err) => {
                    self.fail(directory.place.path(), err);
                    keep(&directory.place);
                }
                Ok(()) => {}
            }
            let Some(parent) = directory.place.parent.clone() else {
                return;
            };
            directory = parent;
        }
    }

    fn leave_parent(&self, place: Place) {
        if let Some(parent) = place.parent {
            self.leave(parent);
        }
    }

    /// Removes a directory that holds nothing any more, unless something in it had to be kept.
    fn remove(&self, directory: &Directory) -> rustix::io::Result<()> {
        if directory.is_kept.load(Ordering::Acquire) {
            keep(&directory.place);
            return Ok(());
        }
        if directory.is_top() {
            self.unlink(directory, &self.last);
        }
        let own = match self.count {
            Count::Bytes => directory.own_stat().map_or(0, on_disk),
            Count::Nothing => 0,
        };
        directory.place.remove()?;
        self.freed.fetch_add(own, Ordering::Relaxed);
        Ok(())
    }

    fn unlink(&self, directory: &Directory, name: &CStr) {
        if self.count == Count::Bytes {
            self.count(directory, name);
        }
        if let Err(err) = directory.unlink(name, AtFlags::empty()) {
            directory.is_kept.store(true, Ordering::Release);
            let place = Place {
                parent: None,
                name: name.to_owned(),
            };
            self.fail(directory.place.path().join(place.path()), err);
        }
    }

    fn count(&self, directory: &Directory, name: &CStr) {
        if let Ok(stat) = directory.stat(name) {
            let sum = if stat.st_nlink > 1 {
                &self.shared
            } else {
                &self.freed
            };
            sum.fetch_add(on_disk(stat), Ordering::Relaxed);
        }
    }

    fn fail(&self, path: PathBuf, err: Errno) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert((path, err));
    }
}

/// Notes that something in what holds `place` is not removed.
fn keep(place: &Place) {
    if let Some(parent) = &place.parent {
        parent.is_kept.store(true, Ordering::Release);
    }
}

/// Prepares a directory for being read once more.
fn is_read_again(directory: &Directory) -> bool {
    directory.pending.store(1, Ordering::Release);
    directory.passes.fetch_add(1, Ordering::Relaxed) < MOST_PASSES && directory.rewind().is_ok()
}

/// Moves a directory that is deep down to the top of the tree, and returns where it is then.
fn lift(place: &Place, number: u64) -> Option<Place> {
    let parent = place.parent.as_ref()?;
    if parent.depth < DEEPEST {
        return None;
    }
    let top = top(parent);
    // No two directories have the same number.
    let name = CString::new(format!(".deep-{number}")).ok()?;
    let lift = || parent.lift(&place.name, &top, &name);
    match lift() {
        Err(Errno::ACCESS) => {
            place.unlock();
            lift().ok()?;
        }
        outcome => outcome.ok()?,
    }
    Some(Place {
        parent: Some(top),
        name,
    })
}

fn top(directory: &Arc<Directory>) -> Arc<Directory> {
    let mut top = Arc::clone(directory);
    while let Some(parent) = top.place.parent.clone() {
        top = parent;
    }
    top
}

/// Returns the bytes that a file takes on disk.
#[allow(
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    reason = "systems disagree on the type"
)]
pub(in crate::sys) fn on_disk(stat: Stat) -> u64 {
    stat.st_blocks as u64 * 512
}
