//! Opening a file without that being an access to it, so that its time of last access tells of others.

#[cfg(target_os = "linux")]
use rustix::fs::{Mode, OFlags};
#[cfg(target_os = "linux")]
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::path::Path;

/// Opens a file for reading, and waits for nobody, should it be a pipe. Of a file that is another user's, it is an access.
#[cfg(target_os = "linux")]
pub(super) fn open_unnoticed(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let open = |flags| rustix::fs::open(path, flags, Mode::empty());
    let file = match open(flags | OFlags::NOATIME) {
        Err(Errno::PERM) => open(flags)?,
        file => file?,
    };
    Ok(file.into())
}

/// Opens a file for reading, and waits for nobody, should it be a pipe. Not every system can do so unnoticed.
#[cfg(not(target_os = "linux"))]
pub(super) fn open_unnoticed(path: &Path) -> io::Result<File> {
    super::platform::open(path)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::sys::fs;
    use std::fs::FileTimes;
    use std::io::Read as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::time::UNIX_EPOCH;

    /// Returns whether a file that was last accessed long ago still was, after it was read so.
    fn is_unnoticed(path: &Path, read: impl Fn(&Path)) -> bool {
        let file = File::options().write(true).open(path).unwrap();
        let times = FileTimes::new().set_accessed(UNIX_EPOCH);
        file.set_times(times).unwrap();
        let accessed = || fs::metadata(path).unwrap().accessed().unwrap();
        let before = accessed();
        read(path);
        accessed() == before
    }

    #[test]
    fn what_is_read_was_not_accessed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write_new(&path, b"text").unwrap();
        let is_heeded = is_unnoticed(&path, |path| {
            let mut options = File::options();
            options.custom_flags(OFlags::NOATIME.bits().cast_signed());
            let mut file = options.read(true).open(path).unwrap();
            file.read_to_end(&mut Vec::new()).unwrap();
        });
        // Some file systems note each access, whoever asks them not to.
        assert!(
            !is_heeded
                || is_unnoticed(&path, |path| {
                    assert_eq!(fs::read_head(path, 100).unwrap(), b"text");
                })
        );
    }
}
