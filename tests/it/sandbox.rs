//! `Sandbox`: a folder of its own, an empty environment and a private store, so that no test sees the machine it runs on
//! or another test; `tree`, what a directory holds.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::OnceLock;
#[cfg(unix)]
use std::sync::{Arc, Once, atomic::AtomicBool};
use std::time::{Duration, SystemTime};

use assert_cmd::Command;
#[cfg(unix)]
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};
#[cfg(unix)]
use signal_hook::flag::register_conditional_shutdown;
use tempfile::TempDir;
use walkdir::WalkDir;

/// The binary under test.
pub(crate) const RVENV: &str = env!("CARGO_BIN_EXE_rvenv");

/// Says that a test is skipped for want of `what`, or fails where `RVENV_REQUIRE=1` asks for all of them.
#[track_caller]
pub(crate) fn missing(what: &str) {
    assert!(!required(), "RVENV_REQUIRE=1, and missing is {what}");
    note(&format!("skipped: no {what} on this machine"));
}

/// Says something that is shown with `--nocapture`, and where the test fails.
#[expect(clippy::print_stdout, reason = "the test harness captures it")]
pub(crate) fn note(text: &str) {
    println!("{text}");
}

/// Tells whether a missing shell, tool or interpreter is a failure.
pub(crate) fn required() -> bool {
    std::env::var_os("RVENV_REQUIRE").is_some_and(|value| value == "1")
}

/// A temp folder, an environment and a store; all of it is gone when it is dropped.
pub(crate) struct Sandbox {
    _root: TempDir,
    folder: PathBuf,
    home: PathBuf,
    store: PathBuf,
    search: OsString,
    variables: Vec<(OsString, OsString)>,
}

impl Sandbox {
    /// With an empty store of its own, on the same file system as its folder.
    pub(crate) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// In memory where the machine has such a place: for what makes environments by the hundred.
    #[cfg(target_os = "linux")]
    pub(crate) fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            Self::within(memory)
        } else {
            Self::new()
        }
    }

    /// Below `parent`.
    pub(crate) fn within(parent: &Path) -> Self {
        heed_interrupts();
        let root = tempfile::Builder::new()
            .prefix("rv")
            .tempdir_in(parent)
            .unwrap();
        let top = root.path().canonicalize().unwrap();
        let (folder, home, store) = (top.join("work"), top.join("home"), top.join("store"));
        for directory in [&folder, &home] {
            fs::create_dir(directory).unwrap();
        }
        let search = search_path();
        Self {
            _root: root,
            folder,
            home,
            store,
            search,
            variables: Vec::new(),
        }
    }

    /// With the store that all tests of this build of rvenv share: compiling pip takes a second per interpreter.
    pub(crate) fn with_shared_store() -> Self {
        let mut sandbox = Self::new();
        shared_store().clone_into(&mut sandbox.store);
        sandbox
    }

    /// Works in the folder `name` from here on (made if it is missing).
    pub(crate) fn enter(&mut self, name: impl AsRef<Path>) {
        self.folder.push(name);
        fs::create_dir_all(&self.folder).unwrap();
    }

    /// Sets what commands find as PATH.
    pub(crate) fn set_path(&mut self, search: impl Into<OsString>) {
        self.search = search.into();
    }

    /// Sets one variable for every command.
    pub(crate) fn set(&mut self, key: impl Into<OsString>, value: impl Into<OsString>) {
        self.variables.push((key.into(), value.into()));
    }

    /// The path of `name` in the folder; of the folder itself for the empty name.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        let name = name.as_ref();
        if name.as_os_str().is_empty() {
            self.folder.clone()
        } else {
            self.folder.join(name)
        }
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn store(&self) -> &Path {
        &self.store
    }

    /// Writes a file below the folder, with its parents.
    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `rvenv ARGS` in the folder.
    pub(crate) fn rvenv<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.command(RVENV);
        command.args(args);
        command
    }

    /// `rvenv` for which permissions count: root, who may write anywhere, leaves that right behind.
    #[cfg(unix)]
    pub(crate) fn unprivileged(&self) -> Command {
        const NO_OVERRIDE: [&str; 4] = [
            "--bounding-set",
            "-dac_override,-dac_read_search",
            "--inh-caps",
            "-all",
        ];
        let is_root =
            std::os::unix::fs::MetadataExt::uid(&fs::metadata(&self.folder).unwrap()) == 0;
        if !is_root {
            return self.command(RVENV);
        }
        let mut command = self.command("setpriv");
        command.args(NO_OVERRIDE).arg(RVENV);
        command
    }

    /// The Python of the environment `env`.
    pub(crate) fn python(&self, env: impl AsRef<Path>) -> Command {
        let (scripts, name) = if cfg!(windows) {
            ("Scripts", "python.exe")
        } else {
            ("bin", "python")
        };
        self.command(self.path(env).join(scripts).join(name))
    }

    /// Any program, in the folder and with nothing but the sandbox's environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        Command::from_std(self.process(program))
    }

    /// The same, to be started and waited for.
    pub(crate) fn process(&self, program: impl AsRef<OsStr>) -> Process {
        let mut command = Process::new(program);
        command.current_dir(&self.folder).env_clear().envs(kept());
        command
            .env("PATH", &self.search)
            .env("HOME", &self.home)
            .env("LANG", "C.UTF-8");
        command
            .env("TMPDIR", std::env::temp_dir())
            .env("RVENV_CACHE_DIR", &self.store);
        command.envs(self.variables.iter().map(|(key, value)| (key, value)));
        command
    }
}

/// What this process ignores, all that it starts would ignore too; a shell starts what is in the background so, and `nohup`.
#[cfg(unix)]
fn heed_interrupts() {
    static HEEDED: Once = Once::new();
    HEEDED.call_once(|| {
        for signal in [SIGHUP, SIGINT, SIGQUIT] {
            let ends = Arc::new(AtomicBool::new(true));
            register_conditional_shutdown(signal, 128 + signal, ends).unwrap();
        }
    });
}

#[cfg(not(unix))]
fn heed_interrupts() {}

/// What Windows programs do not start without.
fn kept() -> impl Iterator<Item = (&'static str, OsString)> {
    const NAMES: &[&str] = &[
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "COMSPEC",
        "PATHEXT",
        "TEMP",
        "TMP",
        "USERPROFILE",
    ];
    let names = if cfg!(windows) { NAMES } else { &[] };
    names
        .iter()
        .filter_map(|&name| Some((name, std::env::var_os(name)?)))
}

/// This process's PATH without pyenv's shims, which do not work away from their HOME.
pub(crate) fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let real = std::env::split_paths(&path).filter(|folder| !folder.ends_with("shims"));
    std::env::join_paths(real).unwrap()
}

/// One store per build of rvenv, so that a store written by older code proves nothing; those of older builds are swept.
fn shared_store() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let binary = fs::metadata(RVENV).unwrap();
        let mut key = DefaultHasher::new();
        (binary.len(), binary.modified().unwrap()).hash(&mut key);
        let store = folder.join(format!("store-{:016x}", key.finish()));
        sweep(folder, &store);
        store
    })
}

fn sweep(folder: &Path, keep: &Path) {
    const OLD: Duration = Duration::from_secs(3600);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_string_lossy().starts_with("store-") && entry.path() != keep;
        let age = entry
            .metadata()
            .and_then(|it| it.modified())
            .ok()
            .and_then(|it| it.elapsed().ok());
        if ours && age.is_some_and(|age| age > OLD) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// One thing in a directory. Equal means untouched: a file that was written again with the same content is not equal.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Directory {
        mode: u32,
    },
    Link {
        target: PathBuf,
    },
    File {
        mode: u32,
        content: Vec<u8>,
        modified: SystemTime,
    },
    /// A pipe, a socket, a device.
    Special {
        mode: u32,
    },
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { mode } => write!(formatter, "directory {mode:o}"),
            Self::Special { mode } => write!(formatter, "special {mode:o}"),
            Self::Link { target } => write!(formatter, "link to {}", target.display()),
            Self::File {
                mode,
                content,
                modified,
            } => {
                let seconds = modified
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap()
                    .as_secs();
                write!(
                    formatter,
                    "file {mode:o} of {} bytes, written at {seconds}",
                    content.len()
                )
            }
        }
    }
}

/// Everything below `root`, by its path relative to it; links are not followed.
pub(crate) fn tree(root: impl AsRef<Path>) -> BTreeMap<PathBuf, Entry> {
    let root = root.as_ref();
    let below = WalkDir::new(root).min_depth(1).into_iter();
    below
        .map(|item| {
            let path = item.unwrap().into_path();
            (path.strip_prefix(root).unwrap().to_owned(), entry(&path))
        })
        .collect()
}

fn entry(path: &Path) -> Entry {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mode = mode(&metadata);
    if metadata.is_symlink() {
        Entry::Link {
            target: fs::read_link(path).unwrap(),
        }
    } else if metadata.is_dir() {
        Entry::Directory { mode }
    } else if !metadata.is_file() {
        Entry::Special { mode }
    } else {
        Entry::File {
            mode,
            content: fs::read(path).unwrap(),
            modified: metadata.modified().unwrap(),
        }
    }
}

/// The permission bits, setuid, setgid and sticky included.
#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
}

#[cfg(not(unix))]
fn mode(metadata: &Metadata) -> u32 {
    if metadata.permissions().readonly() {
        0o444
    } else {
        0o666
    }
}
