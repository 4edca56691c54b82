//! Windows: the same functions as `unix.rs`.

use crate::sys::fs::Look;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::windows::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// The character between two paths in `PATH`.
pub(crate) const PATH_SEPARATOR: char = ';';

pub(crate) fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, link)
}

/// Does nothing: permission bits are Unix's.
#[expect(clippy::unnecessary_wraps, reason = "the Unix twin can fail")]
pub(crate) fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Returns the permission bits that Python reports for any writable file.
pub(crate) fn mode(_metadata: &Metadata) -> u32 {
    0o666
}

/// Returns the bits that new files of this process do not get: none.
pub(crate) fn umask() -> u32 {
    0
}

/// Returns that two directories have one owner: home is where they end.
pub(crate) fn is_of_the_same(_other: &Metadata, _dir: &Metadata) -> bool {
    true
}

/// Returns whether this is a file that may be run.
pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Reads bytes at an offset: `length` of them at least, or as many as there are.
pub(crate) fn read_at(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut done = 0;
    while done < length {
        match file.seek_read(&mut bytes[done..], offset + done as u64)? {
            0 => break,
            more => done += more,
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}

/// Opens a file to lock it, made where it is missing.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Returns how many cores this process may run on.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Makes a new file; what exists already is an error.
pub(crate) fn create_new(path: &Path, _mode: u32) -> io::Result<File> {
    File::create_new(path)
}

/// Fails: an open directory cannot be renamed here, and all that are to be held are.
pub(crate) fn open_directory(_path: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes a directory: a user's temporary ones are in a place of their own.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Returns the names in a directory that are wanted.
pub(crate) fn names_in(
    dir: &Path,
    is_wanted: impl Fn(&OsStr) -> bool,
) -> io::Result<Vec<OsString>> {
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name()));
    let mut names: Vec<OsString> = names.collect::<io::Result<_>>()?;
    names.retain(|name| is_wanted(name));
    Ok(names)
}

/// Returns whether a file belongs to the user of this process, as far as is known.
pub(crate) fn is_own(_metadata: &Metadata) -> bool {
    true
}

/// Returns the bytes that a file takes on disk, short of what its last block leaves empty.
pub(crate) fn size_on_disk(metadata: &Metadata) -> u64 {
    metadata.len()
}

/// Returns how many names a file has, as far as std can tell: one.
pub(crate) fn names(_metadata: &Metadata) -> u64 {
    1
}

/// Returns zero for device and inode, the size, and the modification and creation time in ticks of 100 nanoseconds.
pub(crate) fn stamp(metadata: &Metadata) -> [u64; 5] {
    [
        0,
        0,
        metadata.len(),
        metadata.last_write_time(),
        metadata.creation_time(),
    ]
}

/// Returns whether the error is that a file system has no such call, whatever the files.
pub(crate) fn is_unsupported(err: &io::Error) -> bool {
    err.kind() == io::ErrorKind::Unsupported
}

/// Does nothing: [`kill`] reaches the process alone.
pub(crate) fn lead_group(_command: &mut Command) {}

/// Ends a process.
pub(crate) fn kill(child: &mut Child) {
    // A process that has ended meanwhile is what was wanted.
    child.kill().ok();
    child.wait().ok();
}

/// Returns `false`: nobody starts a process to ignore one.
pub(crate) fn ignores(_signal: i32) -> bool {
    false
}

/// Does nothing: there is no way to ask.
pub(crate) fn interrupt(_child: &Child) {}

/// Exchanges two directories in one step; Windows has no call for it.
///
/// # Errors
/// Always.
pub(crate) fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the directory that a user's programs keep what can be made again in.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    std::env::var_os("LOCALAPPDATA")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// The directory of an environment's executables.
pub(crate) const SCRIPTS_DIR: &str = "Scripts";

/// The directory of executables in an installation, where it has one for them.
pub(crate) const INSTALLED_EXECUTABLES: Option<&str> = None;

/// Returns whether something is mounted at a directory; std cannot tell.
pub(crate) fn is_mount_point(_path: &Path) -> bool {
    false
}

/// Returns `None`: what is mounted in a directory is a link there, which is not followed.
pub(crate) fn mount_below(_dir: &Path) -> Option<PathBuf> {
    None
}

/// Returns the names of the processes above this one, nearest first.
pub(crate) fn ancestors() -> impl Iterator<Item = String> {
    let processes = processes();
    let mut pid = std::process::id();
    let find = move |pid| {
        processes
            .iter()
            .find(|process: &&Process| process.pid == pid)
            .cloned()
    };
    let parent = find(pid).map_or(0, |process| process.parent);
    pid = parent;
    // Windows uses numbers again, so that a parent's may be that of a later process, and a circle is possible.
    std::iter::from_fn(move || {
        let process = find(pid)?;
        pid = process.parent;
        Some(process.name)
    })
    .take(LONGEST_ANCESTRY)
}

const LONGEST_ANCESTRY: usize = 16;

#[derive(Debug, Clone)]
struct Process {
    pid: u32,
    parent: u32,
    name: String,
}

/// Returns the processes of this moment; none where the system does not tell.
#[expect(unsafe_code, reason = "std has no call for it")]
fn processes() -> Vec<Process> {
    use windows_sys::Win32::Foundation::{CloseHandle, INVALID_HANDLE_VALUE};
    use windows_sys::Win32::System::Diagnostics::ToolHelp::{
        CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW,
        TH32CS_SNAPPROCESS,
    };
    let mut processes = Vec::new();
    // SAFETY: the handle is checked and closed, and the entry is plain data that says its own size.
    unsafe {
        let snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
        if snapshot == INVALID_HANDLE_VALUE {
            return processes;
        }
        let mut entry: PROCESSENTRY32W = std::mem::zeroed();
        entry.dwSize = u32::try_from(size_of::<PROCESSENTRY32W>()).unwrap_or_default();
        let mut found = Process32FirstW(snapshot, &raw mut entry);
        while found != 0 {
            let end = entry
                .szExeFile
                .iter()
                .position(|unit| *unit == 0)
                .unwrap_or_default();
            let name = String::from_utf16_lossy(&entry.szExeFile[..end]);
            processes.push(Process {
                pid: entry.th32ProcessID,
                parent: entry.th32ParentProcessID,
                name,
            });
            found = Process32NextW(snapshot, &raw mut entry);
        }
        CloseHandle(snapshot);
    }
    processes
}

/// A directory; the names that its methods are given are relative to it, and may have several parts.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    #[expect(clippy::unnecessary_wraps, reason = "the Unix twin can fail")]
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        Ok(Self { path })
    }

    pub(crate) fn make(&self, name: &str) -> io::Result<()> {
        fs::create_dir(self.path.join(name))
    }

    /// Makes a hard link of the same name in another folder.
    pub(crate) fn link(&self, name: &str, to: &Self) -> io::Result<()> {
        fs::hard_link(self.path.join(name), to.path.join(name))
    }

    /// Returns what a file looks like; of a symlink, the link itself.
    pub(crate) fn look(&self, name: &str) -> io::Result<Look> {
        let metadata = fs::symlink_metadata(self.path.join(name))?;
        let modified = metadata.last_write_time().saturating_mul(100).cast_signed();
        Ok(Look {
            mode: mode(&metadata),
            owner: 0,
            group: 0,
            size: metadata.len(),
            modified,
        })
    }
}

/// Whether `venv` links to the interpreter unless it is told otherwise.
pub(crate) const LINKS_BY_DEFAULT: bool = false;

/// Returns whether a directory is another user's, who does not let this one change what is in it; std cannot tell.
pub(crate) fn is_withheld(_dir: &Path) -> bool {
    false
}
