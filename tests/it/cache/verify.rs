//! `rvenv cache verify`: each kind of damage is found, and does not reach the next environment.

use crate::cache::{KEY, age, cache, image_count};
use crate::sandbox::{Sandbox, tree};
use crate::store::{create, images, pip_main};
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::{contains, starts_with};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::SystemTime;
use walkdir::WalkDir;

/// The end of a path in the store, what `verify` says of it, and what is done to it.
type Damage = (&'static str, &'static str, fn(&Path));

const DAMAGES: [Damage; 7] = [
    ("pip/__main__.py", "has other contents", |path| {
        change(path, |contents| contents[0] ^= 1);
    }),
    (".pyc", "has other contents", |path| {
        change(path, |contents| *contents.last_mut().unwrap() ^= 1);
    }),
    ("pip/__init__.py", "is missing", |path| {
        fs::remove_file(path).unwrap();
    }),
    ("pip/__init__.py", "has another size, mode", |path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }),
    ("pip/__init__.py", "has another size, mode", |path| {
        age(path, SystemTime::UNIX_EPOCH);
    }),
    ("pip/__init__.py", "is not a file", |path| {
        fs::remove_file(path).unwrap();
        let status = Process::new("mkfifo").arg(path).status().unwrap();
        assert!(status.success());
    }),
    ("pip", "extra.py: does not belong", |path| {
        fs::write(path.join("extra.py"), "").unwrap();
    }),
];
/// A file of an image of pip that ends so.
#[track_caller]
fn file_of_image(sandbox: &Sandbox, end: &str) -> PathBuf {
    let files = WalkDir::new(sandbox.store()).into_iter();
    let mut paths = files.map(|entry| entry.unwrap().into_path());
    let ends = |path: &PathBuf| path.to_str().unwrap().ends_with(end);
    paths.find(ends).unwrap_or_else(|| panic!("no {end}"))
}

/// Lets an image say what its bytecode is, where it does not do so itself.
fn record_bytecode(image: &Path) {
    let (file, root) = (image.join("bytecode"), image.join("tree"));
    if file.exists() {
        return;
    }
    let mut text = String::new();
    for (path, _) in tree(&root) {
        if path.extension().is_some_and(|it| it == "pyc") {
            let contents = fs::read(root.join(&path)).unwrap();
            let digest = <sha2::Sha256 as sha2::Digest>::digest(&contents);
            let digest = data_encoding::BASE64URL_NOPAD.encode(&digest);
            let (path, size) = (path.display(), contents.len());
            write!(text, "{path},sha256={digest},{size}\r\n").unwrap();
        }
    }
    fs::write(file, text).unwrap();
}

/// Changes a file in place, and leaves it as old as it was.
fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let mut contents = fs::read(path).unwrap();
    change(&mut contents);
    fs::write(path, contents).unwrap();
    age(path, modified);
}

#[test]
fn verify_finds_all_damage_and_the_next_environment_is_whole() {
    let sandbox = Sandbox::new();
    create(&sandbox, "first");
    let original = fs::read(pip_main(&sandbox.path("first"))).unwrap();
    for (number, (end, expected, damage)) in DAMAGES.into_iter().enumerate() {
        for image in images(&sandbox) {
            record_bytecode(&image);
        }
        let whole = contains(" verified: ").and(contains("file"));
        cache(&sandbox, &["verify"])
            .success()
            .stdout("")
            .stderr(whole);
        let path = file_of_image(&sandbox, end);
        damage(&path);
        let named = starts_with(path.to_str().unwrap()).and(contains(expected));
        let said = contains("dropped the image of").and(contains("error: 1 of "));
        cache(&sandbox, &["verify"])
            .code(1)
            .stdout(named)
            .stderr(said);
        assert_eq!(images(&sandbox).len(), image_count() - 1, "{expected}");
        let env = format!("env{number}");
        create(&sandbox, &env);
        let main = pip_main(&sandbox.path(env));
        assert_eq!(fs::read(main).unwrap(), original, "{expected}");
    }
}

#[test]
fn verify_drops_an_image_that_cannot_be_understood() {
    let sandbox = Sandbox::new();
    let image = sandbox.store().join("images-v2").join(KEY);
    fs::create_dir_all(&image).unwrap();
    let named = starts_with(image.to_str().unwrap());
    cache(&sandbox, &["verify"]).code(1).stdout(named);
    fs::write(&image, "a file").unwrap();
    cache(&sandbox, &["verify"]).code(1);
    assert_eq!(fs::read_dir(image.parent().unwrap()).unwrap().count(), 0);
}
