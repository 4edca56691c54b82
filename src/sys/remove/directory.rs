//! One directory of a tree that is being removed: what is done in it is done by its descriptor, so that nobody who puts a
//! symlink somewhere meanwhile can lead it elsewhere.

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, Result};
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

/// A directory and where it is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// What holds it; of the top of the tree nothing is known.
    pub(super) parent: Option<Arc<Directory>>,
    /// Its name in its parent; of the top its path.
    pub(super) name: CString,
}

/// An open directory.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) place: Place,
    pub(super) depth: usize,
    /// How many of the directories in it are still there; one more while it is read itself.
    pub(super) pending: AtomicUsize,
    /// How often it was read.
    pub(super) passes: AtomicUsize,
    /// Whether something in it could not be removed.
    pub(super) is_kept: AtomicBool,
    descriptor: OwnedFd,
    mount: Mount,
}

impl Place {
    /// Returns the path, for a message.
    pub(super) fn path(&self) -> PathBuf {
        let name = OsStr::from_bytes(self.name.as_bytes());
        let parent = self.parent.as_ref();
        parent.map_or_else(|| name.into(), |parent| parent.place.path().join(name))
    }

    /// Opens the directory; `None` where it is gone.
    ///
    /// # Errors
    /// When it is no directory, a symlink to one included, or when something is mounted there.
    pub(super) fn open(&self) -> Result<Option<Directory>> {
        let descriptor = match self.descriptor() {
            Err(Errno::NOENT) => return Ok(None),
            descriptor => descriptor?,
        };
        let mount = mount(&descriptor)?;
        let parent = self.parent.as_ref();
        if parent.is_some_and(|parent| parent.mount != mount) {
            return Err(Errno::XDEV);
        }
        Ok(Some(Directory {
            place: self.clone(),
            depth: parent.map_or(0, |parent| parent.depth + 1),
            pending: AtomicUsize::new(1),
            passes: AtomicUsize::new(1),
            is_kept: AtomicBool::new(false),
            descriptor,
            mount,
        }))
    }

    /// Removes the directory, which is empty.
    pub(super) fn remove(&self) -> Result<()> {
        match &self.parent {
            Some(parent) => parent.unlink(&self.name, AtFlags::REMOVEDIR),
            None => is_gone(rustix::fs::unlinkat(CWD, &self.name, AtFlags::REMOVEDIR)),
        }
    }

    fn descriptor(&self) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let holder = self.holder();
        let open = || rustix::fs::openat(holder, &self.name, flags, Mode::empty());
        match open() {
            Err(Errno::ACCESS) => {
                self.unlock();
                open()
            }
            descriptor => descriptor,
        }
    }

    /// Lets its owner in where the permissions do not.
    pub(super) fn unlock(&self) {
        if let Some(parent) = &self.parent {
            parent.unlock();
        }
        // Whoever is not its owner hears so from what is tried next.
        unlock(self.holder(), &self.name).ok();
    }

    fn holder(&self) -> BorrowedFd<'_> {
        let parent = self.parent.as_ref();
        parent.map_or(CWD, |parent| parent.descriptor.as_fd())
    }
}

impl Directory {
    pub(super) fn is_top(&self) -> bool {
        self.place.parent.is_none()
    }

    /// Removes a name that is in it; one that is gone is as good.
    pub(super) fn unlink(&self, name: &CStr, flags: AtFlags) -> Result<()> {
        let unlink = || rustix::fs::unlinkat(&self.descriptor, name, flags);
        match unlink() {
            Err(Errno::ACCESS) => {
                self.unlock();
                is_gone(unlink())
            }
            outcome => is_gone(outcome),
        }
    }

    /// Moves a directory that is in it into another.
    pub(super) fn lift(&self, name: &CStr, to: &Self, new_name: &CStr) -> Result<()> {
        rustix::fs::renameat(&self.descriptor, name, &to.descriptor, new_name)
    }

    /// Calls `visit` with the name, type and number of each entry, which may remove it.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(super) fn read(&self, mut visit: impl FnMut(&CStr, FileType, u64)) -> Result<()> {
        let outcome = entries(&self.descriptor, |name, file_type, number| {
            if name != c"." && name != c".." {
                visit(name, self.known(name, file_type), number);
            }
        });
        is_gone(outcome)
    }

    /// Goes back to the first entry.
    pub(super) fn rewind(&self) -> Result<()> {
        rustix::fs::seek(&self.descriptor, rustix::fs::SeekFrom::Start(0)).map(drop)
    }

    /// Returns what is known of an entry; of a symlink, of the link itself.
    pub(super) fn stat(&self, name: &CStr) -> Result<Stat> {
        rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Returns what is known of itself.
    pub(super) fn own_stat(&self) -> Result<Stat> {
        rustix::fs::fstat(&self.descriptor)
    }

    /// Not every file system tells the type of an entry when it lists it.
    fn known(&self, name: &CStr, file_type: FileType) -> FileType {
        if file_type != FileType::Unknown {
            return file_type;
        }
        let stat = self.stat(name);
        stat.map_or(file_type, |stat| FileType::from_raw_mode(stat.st_mode))
    }

    fn unlock(&self) {
        // Whoever is not its owner hears so from what is tried next.
        rustix::fs::fchmod(&self.descriptor, Mode::RWXU).ok();
    }
}

fn is_gone(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(Errno::NOENT) => Ok(()),
        outcome => outcome,
    }
}

/// Calls `visit` with the name, type and number of each entry, `.` and `..` included.
#[cfg(target_os = "linux")]
pub(in crate::sys) fn entries(
    directory: &OwnedFd,
    mut visit: impl FnMut(&CStr, FileType, u64),
) -> Result<()> {
    let mut buffer = [std::mem::MaybeUninit::uninit(); 16 * 1024];
    let mut entries = rustix::fs::RawDir::new(directory, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        visit(entry.file_name(), entry.file_type(), entry.ino());
    }
    Ok(())
}

/// Calls `visit` with the name, type and number of each entry, `.` and `..` included.
#[cfg(not(target_os = "linux"))]
pub(in crate::sys) fn entries(
    directory: &OwnedFd,
    mut visit: impl FnMut(&CStr, FileType, u64),
) -> Result<()> {
    for entry in rustix::fs::Dir::read_from(directory)? {
        let entry = entry?;
        visit(entry.file_name(), entry.file_type(), entry.ino());
    }
    Ok(())
}

/// Gives the owner of a directory all permissions. The descriptor that this needs can be had without any, and does not
/// follow a symlink, which `chmod` would.
#[cfg(target_os = "linux")]
fn unlock(holder: BorrowedFd, name: &CStr) -> Result<()> {
    use rustix::fd::AsRawFd as _;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let descriptor = rustix::fs::openat(holder, name, flags, Mode::empty())?;
    let link = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    rustix::fs::chmod(link, Mode::RWXU)
}

/// Gives the owner of a directory all permissions.
#[cfg(not(target_os = "linux"))]
fn unlock(holder: BorrowedFd, name: &CStr) -> Result<()> {
    rustix::fs::chmodat(holder, name, Mode::RWXU, AtFlags::SYMLINK_NOFOLLOW)
}

/// What tells one mounted file system from another: the device, and where the system knows it the mount.
type Mount = (u64, u64);

#[cfg(target_os = "linux")]
fn mount(directory: &OwnedFd) -> Result<Mount> {
    use rustix::fs::{StatxFlags, makedev, statx};
    let stat = statx(directory, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    let device = makedev(stat.stx_dev_major, stat.stx_dev_minor);
    Ok((device, stat.stx_mnt_id))
}

#[cfg(not(target_os = "linux"))]
#[allow(
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    reason = "systems disagree on the type"
)]
fn mount(directory: &OwnedFd) -> Result<Mount> {
    Ok((rustix::fs::fstat(directory)?.st_dev as u64, 0))
}
