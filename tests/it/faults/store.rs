//! A store that is read-only, cut off, of tomorrow, full of garbage, or gone in the middle: the environment is made.

use super::{args, is_made};
use crate::killed::calls::every_call;
use crate::killed::whole::{Picture, difference, picture, without_bytecode};
use crate::sandbox::{RVENV, Sandbox, note};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use walkdir::WalkDir;

/// A store that is full, and what is made from it.
struct Stored {
    sandbox: Sandbox,
    expected: Picture,
}

impl Stored {
    fn new() -> Self {
        let sandbox = Sandbox::in_memory();
        sandbox.rvenv(args(&["env"])).assert().success();
        let expected = without_bytecode(picture(&sandbox.path("env")));
        Self { sandbox, expected }
    }

    /// Makes `env` again, which succeeds, and is like the first.
    #[track_caller]
    fn is_made(&self, what: &str) {
        let env = self.sandbox.path("env");
        fs::remove_dir_all(&env).ok();
        let output = self
            .sandbox
            .process(RVENV)
            .args(args(&["env"]))
            .output()
            .unwrap();
        let now = without_bytecode(picture(&env));
        assert!(output.status.success(), "{what}: {output:?}");
        assert!(
            now == self.expected,
            "{what}: {}",
            difference(&now, &self.expected)
        );
    }

    /// What the store has of a kind, but for what is below a directory of many files: of that, some.
    fn entries(&self, is_wanted: fn(&Path) -> bool) -> Vec<PathBuf> {
        let entries = WalkDir::new(self.sandbox.store())
            .min_depth(1)
            .sort_by_file_name();
        let paths = entries.into_iter().map(|entry| entry.unwrap().into_path());
        let is_module = |path: &Path| path.components().any(|part| part.as_os_str() == "pip");
        let (modules, others): (Vec<_>, Vec<_>) = paths
            .filter(|path| is_wanted(path))
            .partition(|path| is_module(path));
        let step = if every_call() { 20 } else { 200 };
        others
            .into_iter()
            .chain(modules.into_iter().step_by(step))
            .collect()
    }
}

fn is_file(path: &Path) -> bool {
    path.is_file() && !path.is_symlink()
}

/// Bytes that are nothing, and not the same twice.
fn garbage(seed: usize) -> Vec<u8> {
    let mut state = seed as u64 + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..777).map(|_| next()).collect()
}

#[test]
fn read_only() {
    let stored = Stored::new();
    let Stored { sandbox, expected } = &stored;
    for entry in WalkDir::new(sandbox.store()).contents_first(true) {
        let path = entry.unwrap().into_path();
        if path.is_dir() {
            fs::set_permissions(path, PermissionsExt::from_mode(0o555)).unwrap();
        }
    }
    fs::remove_dir_all(sandbox.path("env")).unwrap();
    let output = sandbox
        .unprivileged()
        .args(args(&["env"]))
        .output()
        .unwrap();
    is_made(sandbox, "env", &output, "read-only");
    assert!(without_bytecode(picture(&sandbox.path("env"))) == *expected);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let empty = sandbox.path("empty");
    fs::create_dir(&empty).unwrap();
    fs::set_permissions(&empty, PermissionsExt::from_mode(0o555)).unwrap();
    fs::remove_dir_all(sandbox.path("env")).unwrap();
    let mut command = sandbox.unprivileged();
    command.env("RVENV_CACHE_DIR", empty);
    let output = command.args(args(&["env"])).output().unwrap();
    is_made(sandbox, "env", &output, "empty and read-only");
}

#[test]
fn each_file_cut_off() {
    let stored = Stored::new();
    let files = stored.entries(is_file);
    for path in &files {
        for part in [0, 1, 2] {
            let Ok(metadata) = fs::metadata(path) else {
                continue;
            };
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_len(metadata.len() * part / 3).unwrap();
            stored.is_made(&format!("{} is cut to {part}/3", path.display()));
        }
    }
    note(&format!("{} files were cut off", files.len()));
}

#[test]
fn each_file_garbage() {
    let stored = Stored::new();
    let files = stored.entries(is_file);
    for (seed, path) in files.iter().enumerate() {
        if path.exists() {
            fs::write(path, garbage(seed)).unwrap();
            stored.is_made(&format!("{} is garbage", path.display()));
        }
    }
    note(&format!("{} files were garbage", files.len()));
}

#[test]
fn all_garbage_at_once() {
    let stored = Stored::new();
    for (seed, entry) in WalkDir::new(stored.sandbox.store()).into_iter().enumerate() {
        let path = entry.unwrap().into_path();
        if is_file(&path) {
            fs::write(path, garbage(seed)).unwrap();
        }
    }
    stored.is_made("all is garbage");
    stored.is_made("all was garbage");
}

#[test]
fn files_where_directories_belong_and_the_reverse() {
    let stored = Stored::new();
    for path in stored.entries(|_| true) {
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
            fs::write(&path, "text").unwrap();
        } else if path.exists() {
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
            fs::write(path.join("file"), "text").unwrap();
        } else {
            continue;
        }
        stored.is_made(&format!("{} is of the other kind", path.display()));
        fs::remove_dir_all(stored.sandbox.store()).unwrap();
        stored.is_made("gone");
    }
}

/// What a newer rvenv has stored is left to it.
#[test]
fn of_tomorrow() {
    let stored = Stored::new();
    let store = stored.sandbox.store();
    let tomorrow = store.join("images-v3/of/tomorrow");
    fs::create_dir_all(&tomorrow).unwrap();
    fs::write(tomorrow.join("manifest.json"), "{\"version\": 99}").unwrap();
    for path in stored.entries(|path| path.extension().is_some_and(|it| it == "json")) {
        fs::write(&path, "{\"version\": 99, \"files\": {\"a\": [1]}}").unwrap();
        stored.is_made(&format!("{} is of tomorrow", path.display()));
    }
    assert!(tomorrow.join("manifest.json").is_file());
}

#[test]
fn gone_while_it_is_used() {
    let stored = Stored::new();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                fs::remove_dir_all(stored.sandbox.store()).ok();
            }
        });
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let rounds = if every_call() { 50 } else { 10 };
            (0..rounds).for_each(|round| stored.is_made(&format!("round {round}")));
        }));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = made {
            std::panic::resume_unwind(panic);
        }
    });
}
