//! Unix: directories are read by the calls of the system, which mostly tell the types of entries.

use super::Entry;
use crate::sys::remove::entries;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::ffi::{CStr, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Calls `visit` for each entry of a directory, one of storage, and returns the device that it is on. `device` is that of the
/// directory that holds it.
///
/// # Errors
/// When it cannot be read.
#[allow(
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    reason = "systems disagree on the type"
)]
pub(super) fn read(
    path: &Path,
    device: Option<u64>,
    mut visit: impl FnMut(&OsStr, Entry),
) -> io::Result<Option<u64>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::open(path, flags, Mode::empty())?;
    let own = Some(rustix::fs::fstat(&directory)?.st_dev as u64);
    if own != device && is_no_storage(&directory) {
        return Ok(own);
    }
    entries(&directory, |name, file_type, _| {
        if name != c"." && name != c".." {
            let entry = match known(&directory, name, file_type) {
                FileType::Directory => Entry::Directory,
                _ => Entry::Other,
            };
            visit(OsStr::from_bytes(name.to_bytes()), entry);
        }
    })?;
    Ok(own)
}

/// Not every file system tells the type of an entry when it lists it.
fn known(directory: &OwnedFd, name: &CStr, file_type: FileType) -> FileType {
    if file_type != FileType::Unknown {
        return file_type;
    }
    let stat = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.map_or(file_type, |stat| FileType::from_raw_mode(stat.st_mode))
}

/// Returns whether a directory shows the state of the system, as `/proc` does.
#[cfg(target_os = "linux")]
fn is_no_storage(directory: &OwnedFd) -> bool {
    /// From <linux/magic.h>.
    const TYPES: [u32; 18] = [
        0x0000_9fa0, // proc
        0x6265_6572, // sysfs
        0x0027_e0eb, // cgroup
        0x6367_7270, // cgroup2
        0x6462_6720, // debugfs
        0x7472_6163, // tracefs
        0x7363_6673, // securityfs
        0xcafe_4a11, // bpf
        0x6165_676c, // pstore
        0x6265_6570, // configfs
        0x0000_1cd1, // devpts
        0xde5e_81e4, // efivarfs
        0x4249_4e4d, // binfmt_misc
        0x1980_0202, // mqueue
        0x9584_58f6, // hugetlbfs
        0xf97c_ff8c, // selinux
        0x6573_5543, // fusectl
        0x6759_6969, // rpc_pipefs
    ];
    let stat = rustix::fs::fstatfs(directory);
    stat.is_ok_and(|stat| {
        TYPES
            .iter()
            .any(|known| i128::from(*known) == i128::from(stat.f_type))
    })
}

/// Returns `false`: elsewhere such file systems have few directories.
#[cfg(not(target_os = "linux"))]
fn is_no_storage(_directory: &OwnedFd) -> bool {
    false
}
