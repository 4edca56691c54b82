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
    use crate::sys::fs;
    use std::fs::{File, FileTimes};
    use std::time::UNIX_EPOCH;

    #[test]
    fn what_is_read_was_not_accessed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write_new(&path, b"text").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_times(FileTimes::new().set_accessed(UNIX_EPOCH))
            .unwrap();
        assert_eq!(fs::read_head(&path, 100).unwrap(), b"text");
        let accessed = fs::metadata(&path).unwrap().accessed().unwrap();
        assert_eq!(accessed, UNIX_EPOCH);
    }
}
