//! `rvenv cache`: what it tells of a store, what damage it finds, and that cleaning harms nobody, whenever it is done.

mod verify;

use crate::pythons::{Python, seeding_pythons};
use crate::sandbox::{Entry, Sandbox, missing, tree};
use crate::store::{assert_pip_works, create, images, python};
use assert_cmd::assert::Assert;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::{contains, ends_with, is_empty, starts_with};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

/// The name of an image that nobody has.
const KEY: &str = "pip-1.0-0123456789abcdef-cpython-311-a70d0d0a-644";

fn cache(sandbox: &Sandbox, args: &[&str]) -> Assert {
    sandbox.rvenv([&["cache"], args].concat()).assert()
}

/// How many images an environment of [`python`] needs.
fn image_count() -> usize {
    if python().version < (3, 12) { 2 } else { 1 }
}

/// A seeding interpreter that shares no image with [`python`].
fn another_python() -> Option<&'static Python> {
    seeding_pythons().find(|other| !other.is_pypy && other.version != python().version)
}

fn age(path: &Path, modified: SystemTime) {
    let file = File::open(path).unwrap();
    file.set_modified(modified).unwrap();
}

#[test]
fn dir_prints_the_path_and_nothing_else() {
    let sandbox = Sandbox::new();
    let line = format!("{}\n", sandbox.store().display());
    cache(&sandbox, &["dir"]).success().stdout(line).stderr("");
    cache(&sandbox, &["dir", "--cache-dir", "elsewhere"])
        .success()
        .stdout(format!("{}\n", sandbox.path("elsewhere").display()));
    assert!(!sandbox.store().exists());
}

#[test]
fn a_store_without_anything_is_said_to_be_so_and_not_made() {
    let sandbox = Sandbox::new();
    for args in [["list"], ["verify"], ["prune"], ["clear"]] {
        let said = contains("there is no");
        cache(&sandbox, &args).success().stdout("").stderr(said);
    }
    assert!(!sandbox.store().exists());
}

#[test]
fn list_shows_images_and_interpreters() {
    let sandbox = Sandbox::new();
    create(&sandbox, "one");
    create(&sandbox, "two");
    let assert = cache(&sandbox, &["list"]).success().stderr("");
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let line = |start: &str| {
        let found = stdout.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no {start} in {stdout}"))
    };
    let pip: Vec<&str> = line("pip ").split_whitespace().collect();
    assert_eq!(pip[4..], ["MB", "2", "just", "now"], "{stdout}");
    assert!(pip[2].contains("-3"), "{stdout}");
    let interpreter = line(python().path.to_str().unwrap());
    assert!(interpreter.ends_with("there"), "{stdout}");
    assert!(stdout.ends_with(" for 1 interpreter\n"), "{stdout}");
}

#[test]
fn the_store_is_left_out_of_backups() {
    let sandbox = Sandbox::with_shared_store();
    create(&sandbox, "env");
    let tag = fs::read_to_string(sandbox.store().join("CACHEDIR.TAG")).unwrap();
    let signature = "Signature: 8a477f597d28d172789f06886806bc55\n";
    assert!(tag.starts_with(signature), "{tag}");
}

#[test]
fn prune_drops_what_only_an_interpreter_that_is_gone_needs() {
    let Some(other) = another_python() else {
        return missing("second Python");
    };
    let sandbox = Sandbox::new();
    let by_path = |path: &Path, env: &str| {
        let args = ["-p".as_ref(), path.as_os_str(), env.as_ref()];
        sandbox.rvenv(args).assert().success();
    };
    by_path(&other.path, "other");
    let others = without_locks(&sandbox);
    let [one, two] = ["one", "two"].map(|name| sandbox.path(name));
    for link in [&one, &two] {
        symlink(&python().path, link).unwrap();
        by_path(link, &format!("of {}", link.file_name().unwrap().display()));
    }
    create(&sandbox, "env");
    forget(&sandbox, &python().path);
    let nothing = contains("there is nothing to remove");
    cache(&sandbox, &["prune"]).success().stderr(nothing);
    fs::remove_file(&one).unwrap();
    let only = starts_with("removed 1 interpreter: ");
    cache(&sandbox, &["prune"]).success().stderr(only);
    fs::remove_file(&two).unwrap();
    let both = format!("removed {}, 1 interp", counted(image_count(), "image"));
    let pretended = both.replace("removed", "would remove");
    let before = tree(sandbox.store());
    cache(&sandbox, &["prune", "-n"])
        .success()
        .stderr(contains("would remove the image of pip").and(contains(pretended)));
    assert_eq!(tree(sandbox.store()), before, "a dry run changed something");
    cache(&sandbox, &["prune"])
        .success()
        .stdout("")
        .stderr(starts_with(both));
    assert_eq!(without_locks(&sandbox), others);
    assert_pip_works(&sandbox, "env");
    create(&sandbox, "after");
}

/// What is before the first part of a memory, in bytes: a mark, and the length and hash of each part.
const HEADER: usize = 40;

/// Removes the memory of an interpreter.
#[track_caller]
fn forget(sandbox: &Sandbox, path: &Path) {
    let stdout = |args: &[&str]| cache(sandbox, args).success().get_output().stdout.clone();
    let count = || {
        String::from_utf8(stdout(&["list"]))
            .unwrap()
            .lines()
            .count()
    };
    let (before, name) = (count(), path.to_str().unwrap());
    let memos = fs::read_dir(sandbox.store().join("interpreters-v3")).unwrap();
    let is_of = |memo: &PathBuf| {
        // The first part begins with the length of the path and the path.
        let contents = fs::read(memo).unwrap();
        contents[HEADER..].get(1..=name.len()) == Some(name.as_bytes())
    };
    let found: Vec<PathBuf> = memos.map(|it| it.unwrap().path()).filter(is_of).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    fs::remove_file(&found[0]).unwrap();
    assert_eq!(count(), before - 1);
}

fn without_locks(sandbox: &Sandbox) -> BTreeMap<PathBuf, Entry> {
    let mut all = tree(sandbox.store());
    all.retain(|path, _| path.extension().is_none_or(|it| it != "lock"));
    all
}

fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[test]
fn prune_removes_what_was_left_and_nothing_else() {
    let sandbox = Sandbox::new();
    let memos = sandbox.store().join("interpreters-v3");
    let images = sandbox.store().join("images-v2");
    fs::create_dir_all(images.join(".tmpAbCdEf/tree")).unwrap();
    fs::create_dir_all(&memos).unwrap();
    for file in ["0123456789abcdef", ".tmpyoung", ".tmpold", "mine"] {
        fs::write(memos.join(file), "garbage").unwrap();
    }
    age(&memos.join(".tmpold"), SystemTime::UNIX_EPOCH);
    fs::write(images.join(format!("{KEY}.lock")), "").unwrap();
    fs::write(sandbox.store().join("images-v99"), "").unwrap();
    let said = starts_with("removed 1 interpreter, 2 leftovers: ");
    cache(&sandbox, &["prune"])
        .success()
        .stdout("")
        .stderr(said);
    let left: Vec<PathBuf> = tree(sandbox.store()).into_keys().collect();
    let young = ["images-v2", "images-v99", "interpreters-v3"];
    let inside = ["interpreters-v3/.tmpyoung", "interpreters-v3/mine"];
    let expected: Vec<PathBuf> = young.into_iter().chain(inside).map(PathBuf::from).collect();
    assert_eq!(left, expected);
}

#[test]
fn what_is_being_built_stays_and_clear_waits_for_it() {
    let sandbox = Sandbox::new();
    let folder = sandbox.store().join("images-v2");
    let building = folder.join(".tmpAbCdEf");
    fs::create_dir_all(building.join("tree")).unwrap();
    let lock = folder.join(format!("{KEY}.lock"));
    let held = File::create(&lock).unwrap();
    held.lock().unwrap();
    cache(&sandbox, &["prune"]).success();
    assert!(building.exists() && lock.exists());
    let mut clear = Process::new(crate::sandbox::RVENV);
    clear.args(["cache", "clear", "--cache-dir"]);
    clear.arg(sandbox.store()).stderr(Stdio::null());
    let mut clear = clear.spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(clear.try_wait().unwrap().is_none() && building.exists());
    drop(held);
    assert!(clear.wait().unwrap().success());
    assert!(!sandbox.store().exists());
}

#[test]
fn clear_removes_all_that_is_rvenvs_and_nothing_else() {
    let sandbox = Sandbox::new();
    create(&sandbox, "env");
    let victim = sandbox.write("outside/file", "mine");
    let folder = sandbox.store().join("images-v2");
    for path in [
        folder.join(".tmplink"),
        folder.join(KEY),
        sandbox.store().join("images-v1"),
    ] {
        symlink(victim.parent().unwrap(), path).unwrap();
    }
    fs::write(sandbox.store().join("mine"), "").unwrap();
    fs::write(folder.join("mine as well"), "").unwrap();
    cache(&sandbox, &["clear", "--dry-run"])
        .success()
        .stdout("");
    assert!(images(&sandbox).len() > image_count());
    let said = contains("1 interpreter").and(contains(" freed; environments keep "));
    cache(&sandbox, &["clear"])
        .success()
        .stdout("")
        .stderr(said);
    let left: Vec<PathBuf> = tree(sandbox.store()).into_keys().collect();
    let expected = ["images-v1", "images-v2", "images-v2/mine as well", "mine"];
    assert_eq!(left, expected.map(PathBuf::from));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    assert_pip_works(&sandbox, "env");
    for path in [folder.join("mine as well"), sandbox.store().join("mine")] {
        fs::remove_file(path).unwrap();
    }
    fs::remove_file(sandbox.store().join("images-v1")).unwrap();
    cache(&sandbox, &["clear"]).success();
    assert!(!sandbox.store().exists());
}

#[test]
fn a_store_that_is_a_symlink_is_cleared_and_a_folder_that_is_one_is_not() {
    let mut sandbox = Sandbox::new();
    let victim = sandbox.path("elsewhere/images-v2").join(KEY);
    fs::create_dir_all(&victim).unwrap();
    fs::create_dir(sandbox.store()).unwrap();
    let link = sandbox.store().join("images-v2");
    symlink(victim.parent().unwrap(), &link).unwrap();
    for args in [["list"], ["verify"], ["prune"], ["clear"]] {
        let said = contains("is a symlink").and(contains("hint: "));
        cache(&sandbox, &args).code(1).stderr(said);
    }
    assert!(victim.exists() && link.is_symlink());
    let store = sandbox.path("link");
    symlink(sandbox.path("elsewhere"), &store).unwrap();
    sandbox.set("RVENV_CACHE_DIR", &store);
    cache(&sandbox, &["clear"]).success();
    assert!(!victim.exists() && store.is_symlink());
}

#[test]
fn a_store_that_is_none_is_a_clear_error() {
    let mut sandbox = Sandbox::new();
    let file = sandbox.write("file", "mine");
    sandbox.set("RVENV_CACHE_DIR", &file);
    for args in [["list"], ["verify"], ["prune"], ["clear"]] {
        let said = starts_with("error: failed to ").and(contains(file.to_str().unwrap()));
        cache(&sandbox, &args).code(1).stdout("").stderr(said);
    }
    let garbage = sandbox.store().join("interpreters-v3/not a memo");
    fs::create_dir_all(&garbage).unwrap();
    fs::write(sandbox.store().join("images-v2"), "garbage").unwrap();
    sandbox.set("RVENV_CACHE_DIR", sandbox.store().to_owned());
    for args in [["list"], ["verify"], ["prune"], ["clear"]] {
        let said = contains("Not a directory").and(ends_with("\n"));
        cache(&sandbox, &args).code(1).stdout("").stderr(said);
    }
}

#[test]
fn environments_are_made_while_the_store_is_cleaned_all_the_time() {
    const CREATORS: usize = 4;
    let sandbox = Sandbox::new();
    let running = AtomicUsize::new(CREATORS);
    let is_quiet = || is_empty().or(contains("waiting for another process"));
    thread::scope(|scope| {
        for creator in 0..CREATORS {
            let (sandbox, running) = (&sandbox, &running);
            scope.spawn(move || {
                let _done = Countdown(running);
                (0..3).for_each(|number| create(sandbox, &format!("env{creator}-{number}")));
            });
        }
        while running.load(Ordering::Acquire) > 0 {
            for args in [&["prune"][..], &["verify"], &["clear"], &["verify"]] {
                let args = [args, &["--quiet"]].concat();
                cache(&sandbox, &args)
                    .success()
                    .stdout("")
                    .stderr(is_quiet());
                thread::sleep(Duration::from_millis(50));
            }
        }
    });
    cache(&sandbox, &["clear"]).success();
    assert!(!sandbox.store().exists());
    assert_pip_works(&sandbox, "env0-0");
}

/// Says that a thread has ended, well or not.
struct Countdown<'a>(&'a AtomicUsize);

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}
