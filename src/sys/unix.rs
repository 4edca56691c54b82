//! Unix: links, modes, process groups.

use crate::sys::fs::Look;
use rustix::fs::{Access, AtFlags, Mode, OFlags};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;

/// The character between two paths in `PATH`.
pub(crate) const PATH_SEPARATOR: char = ':';

pub(crate) fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Returns the permission bits of a file.
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    metadata.mode() & 0o7777
}

/// Returns the bits that new files of this process do not get.
///
/// The system can only tell by changing it, so it is asked once, by `main` before any thread is started.
#[allow(clippy::useless_conversion, reason = "it has 16 bits on macOS")]
pub(crate) fn umask() -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    *UMASK.get_or_init(|| {
        let mask = rustix::process::umask(Mode::empty());
        rustix::process::umask(mask);
        mask.bits().into()
    })
}

/// Returns whether two directories have one owner, and all others may only read the first.
pub(crate) fn is_of_the_same(other: &Metadata, dir: &Metadata) -> bool {
    other.uid() == dir.uid() && other.mode() & 0o002 == 0
}

/// Returns whether this is a file that may be run.
pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok()
}

/// Opens a file for reading, in one call, where musl takes two, and waits for nobody, should it be a pipe.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// Reads bytes at an offset: `length` of them at least, or as many as there are.
pub(crate) fn read_at(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let at = offset + bytes.len() as u64;
        if rustix::io::pread(file, rustix::buffer::spare_capacity(&mut bytes), at)? == 0 {
            break;
        }
    }
    Ok(bytes)
}

/// Returns how many cores this process may run on, a quota of their time aside, which costs many files to find out.
#[cfg(target_os = "linux")]
pub(crate) fn cores() -> usize {
    rustix::thread::sched_getaffinity(None).map_or(1, |cores| cores.count() as usize)
}

/// Returns how many cores this process may run on.
#[cfg(not(target_os = "linux"))]
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Makes a new file with these permission bits, umask permitting; what exists already is an error.
#[allow(
    clippy::cast_possible_truncation,
    reason = "modes have 16 bits on macOS"
)]
pub(crate) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::from_bits_retain(mode as _))?.into())
}

/// Opens a directory, and no symlink to one.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// Makes a directory that nobody else can look into.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::mkdir(path, Mode::RWXU)?)
}

/// Returns the names in a directory that are wanted.
pub(crate) fn names_in(
    dir: &Path,
    is_wanted: impl Fn(&OsStr) -> bool,
) -> io::Result<Vec<OsString>> {
    let directory = Folder::open(dir)?.descriptor;
    let mut names = Vec::new();
    super::remove::entries(&directory, |name, _, _| {
        let name = OsStr::from_bytes(name.to_bytes());
        if name != "." && name != ".." && is_wanted(name) {
            names.push(name.to_owned());
        }
    })?;
    Ok(names)
}

/// Returns whether a file belongs to the user of this process.
pub(crate) fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Opens a file to lock it, made where it is missing; a symlink is an error, and a pipe is not waited for.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let own = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = OFlags::WRONLY | OFlags::CREATE | own;
    Ok(rustix::fs::open(path, flags, Mode::from_bits_retain(0o666))?.into())
}

/// Returns the bytes that a file takes on disk.
pub(crate) fn size_on_disk(metadata: &Metadata) -> u64 {
    metadata.blocks() * 512
}

/// Returns how many names a file has.
pub(crate) fn names(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Returns device, inode, size, modification and change time in nanoseconds.
pub(crate) fn stamp(metadata: &Metadata) -> [u64; 5] {
    let nanoseconds =
        |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
    [
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        nanoseconds(metadata.mtime(), metadata.mtime_nsec()).cast_unsigned(),
        nanoseconds(metadata.ctime(), metadata.ctime_nsec()).cast_unsigned(),
    ]
}

/// Returns whether the error is that a file system has no such call, whatever the files.
pub(crate) fn is_unsupported(err: &io::Error) -> bool {
    use rustix::io::Errno;
    Errno::from_io_error(err)
        .is_some_and(|err| [Errno::NOTSUP, Errno::NOTTY, Errno::NOSYS].contains(&err))
}

/// Makes the process that `command` starts the leader of a group, so that [`kill`] reaches its children.
pub(crate) fn lead_group(command: &mut Command) {
    command.process_group(0);
}

/// Ends a process that was started with [`lead_group`], and its children.
pub(crate) fn kill(child: &mut Child) {
    if let Some(pid) = pid(child) {
        // A process that has ended meanwhile is what was wanted.
        rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
    }
    child.wait().ok();
}

/// Returns whether this process was started to ignore a signal.
#[cfg(target_os = "linux")]
pub(crate) fn ignores(signal: i32) -> bool {
    static IGNORED: OnceLock<u64> = OnceLock::new();
    let ignored = *IGNORED.get_or_init(|| stat_field(30).unwrap_or_default());
    ignored & 1 << (signal - 1) != 0
}

/// Returns a number of `/proc/self/stat`, counted from behind the name of the program, which may hold spaces.
#[cfg(target_os = "linux")]
fn stat_field(index: usize) -> Option<u64> {
    let mut stat = [0; 1024];
    let length = rustix::io::read(open(Path::new("/proc/self/stat")).ok()?, &mut stat).ok()?;
    let stat = String::from_utf8_lossy(&stat[..length]);
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(index)?.parse().ok()
}

/// Returns `false`: not every Unix tells without being asked to change it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn ignores(_signal: i32) -> bool {
    false
}

/// Asks a process to end, as a terminal does.
pub(crate) fn interrupt(child: &Child) {
    if let Some(pid) = pid(child) {
        rustix::process::kill_process(pid, rustix::process::Signal::INT).ok();
    }
}

fn pid(child: &Child) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(child.id()).ok()?)
}

/// Exchanges two directories in one step.
///
/// # Errors
/// Also where the file system or the kernel has no such call.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// Exchanges two directories in one step; not every Unix has a call for it.
///
/// # Errors
/// Always.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(crate) fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the directory that a user's programs keep what can be made again in.
///
/// `$XDG_CACHE_HOME` where it is absolute, else the platform's place in the home directory; `None` without one.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(HOME_CACHE)))
}

#[cfg(target_os = "macos")]
const HOME_CACHE: &str = "Library/Caches";
#[cfg(not(target_os = "macos"))]
const HOME_CACHE: &str = ".cache";

/// The directory of an environment's executables.
pub(crate) const SCRIPTS_DIR: &str = "bin";

/// The directory of executables in an installation, where it has one for them.
pub(crate) const INSTALLED_EXECUTABLES: Option<&str> = Some("bin");

/// Returns whether something is mounted at a directory, also where that is of the same file system.
#[cfg(target_os = "linux")]
pub(crate) fn is_mount_point(path: &Path) -> bool {
    use rustix::fs::{CWD, StatxFlags, statx};
    let mount = |path: &Path| {
        statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID)
            .ok()
            .map(|stat| stat.stx_mnt_id)
    };
    mount(path) != mount(path.parent().unwrap_or(path))
}

/// Returns whether something is mounted at a directory, as far as devices tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_mount_point(path: &Path) -> bool {
    let device = |path: &Path| {
        fs::symlink_metadata(path)
            .map(|metadata| metadata.dev())
            .ok()
    };
    device(path) != device(path.parent().unwrap_or(path))
}

/// Returns a place below a directory, a path without symlinks, at which something is mounted.
#[cfg(target_os = "linux")]
pub(crate) fn mount_below(dir: &Path) -> Option<PathBuf> {
    // `ID PARENT DEVICE ROOT PLACE …`, with what would divide or end a line as `\040`.
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let mut places = places.map(|place| {
        let escapes = [
            ("\\040", " "),
            ("\\011", "\t"),
            ("\\012", "\n"),
            ("\\134", "\\"),
        ];
        let unescaped = escapes
            .iter()
            .fold(place.to_owned(), |place, (escape, char)| {
                place.replace(escape, char)
            });
        PathBuf::from(unescaped)
    });
    places.find(|place| place != dir && place.starts_with(dir))
}

/// Returns `None`: not every Unix tells without being asked for each directory.
#[cfg(not(target_os = "linux"))]
pub(crate) fn mount_below(_dir: &Path) -> Option<PathBuf> {
    None
}

/// Returns the names of the processes above this one, nearest first.
#[cfg(target_os = "linux")]
pub(crate) fn ancestors() -> impl Iterator<Item = String> {
    let mut pid = std::os::unix::process::parent_id();
    std::iter::from_fn(move || {
        // `PID (NAME) STATE PPID …`; a name may hold spaces and parentheses.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, tail) = stat.rsplit_once(')')?;
        pid = tail.split_whitespace().nth(1)?.parse().ok()?;
        Some(head.split_once('(')?.1.to_owned())
    })
    .take(LONGEST_ANCESTRY)
}

const LONGEST_ANCESTRY: usize = 16;

/// Returns the names or paths of the processes above this one, nearest first, as `ps` tells them.
#[cfg(not(target_os = "linux"))]
pub(crate) fn ancestors() -> impl Iterator<Item = String> {
    let mut pid = std::os::unix::process::parent_id();
    std::iter::from_fn(move || {
        let mut ps = Command::new("ps");
        let output = ps
            .args(["-o", "ppid=,comm=", "-p"])
            .arg(pid.to_string())
            .output()
            .ok()?;
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let (parent, name) = line.split_once(char::is_whitespace)?;
        pid = parent.parse().ok()?;
        Some(name.trim().to_owned())
    })
    .take(LONGEST_ANCESTRY)
}

/// An open directory; the names that its methods are given are relative to it, and may have several parts.
#[derive(Debug)]
pub(crate) struct Folder {
    descriptor: OwnedFd,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { descriptor })
    }

    pub(crate) fn make(&self, name: &str) -> io::Result<()> {
        let mode = Mode::from_bits_retain(0o777);
        Ok(rustix::fs::mkdirat(&self.descriptor, name, mode)?)
    }

    /// Makes a hard link of the same name in another folder.
    pub(crate) fn link(&self, name: &str, to: &Self) -> io::Result<()> {
        Ok(rustix::fs::linkat(
            &self.descriptor,
            name,
            &to.descriptor,
            name,
            AtFlags::empty(),
        )?)
    }

    /// Returns what a file looks like; of a symlink, the link itself.
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::cast_possible_wrap,
        reason = "systems disagree on the types"
    )]
    pub(crate) fn look(&self, name: &str) -> io::Result<Look> {
        let stat = rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let modified = stat.st_mtime as i64 * 1_000_000_000 + stat.st_mtime_nsec as i64;
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        Ok(Look {
            mode: stat.st_mode as u32 & 0o7777,
            owner: stat.st_uid,
            group: stat.st_gid,
            size,
            modified,
        })
    }
}

/// Whether `venv` links to the interpreter unless it is told otherwise.
pub(crate) const LINKS_BY_DEFAULT: bool = true;

/// Returns whether a directory is another user's, who does not let this one change what is in it.
pub(crate) fn is_withheld(dir: &Path) -> bool {
    rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).is_err()
        && fs::symlink_metadata(dir).is_ok_and(|metadata| !is_own(&metadata))
}
