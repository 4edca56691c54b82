//! Symlinks in the store, which may be one itself.

use super::{BAITS, Bait, furnish, look};
use crate::sandbox::{Sandbox, tree};
use crate::store::{create, images, pip_main};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// What makes environments, reads the store or removes from it.
const COMMANDS: [&[&str]; 5] = [
    &["cache", "list"],
    &["cache", "verify"],
    &["cache", "prune", "-n"],
    &["cache", "prune"],
    &["cache", "clear"],
];

/// Returns the image of pip.
fn image(sandbox: &Sandbox) -> PathBuf {
    let main = pip_main(sandbox.store());
    main.ancestors().nth(3).unwrap().to_owned()
}

/// Returns the paths in a store that something is written to, one of each kind, and the worst that each can lead to.
fn places(sandbox: &Sandbox) -> Vec<(PathBuf, Bait)> {
    let image = image(sandbox);
    let mut lock = image.clone().into_os_string();
    lock.push(".lock");
    let interpreters = sandbox.store().join("interpreters-v3");
    let memory = fs::read_dir(&interpreters).unwrap().next().unwrap();
    vec![
        (sandbox.store().join("CACHEDIR.TAG"), Bait::Nothing),
        (sandbox.store().join("images-v2"), Bait::Directory),
        (interpreters.clone(), Bait::Directory),
        (lock.into(), Bait::Nothing),
        (image.join("tree/pip"), Bait::Directory),
        (image.join("manifest.json"), Bait::File),
        (image.join("bytecode"), Bait::File),
        (image.with_file_name(".tmpAAAAAA"), Bait::Directory),
        (memory.unwrap().path(), Bait::File),
        (interpreters.join(".tmpAAAAAA"), Bait::File),
        (image, Bait::Directory),
    ]
}

/// A sandbox with a store that has something of each kind.
fn stand_in() -> Sandbox {
    let sandbox = Sandbox::new();
    furnish(&sandbox);
    fill(&sandbox);
    sandbox
}

fn fill(sandbox: &Sandbox) {
    let image = "images-v2/pip-24.2-0123456789abcdef-cpython-313-f30d0d0a-644";
    let files = [
        "CACHEDIR.TAG",
        "interpreters-v3/0123456789abcdef",
        &format!("{image}/manifest.json"),
        &format!("{image}/tree/pip/__main__.py"),
    ];
    fs::remove_dir_all(sandbox.store()).ok();
    for name in files {
        sandbox.write(sandbox.store().join(name), "mine\n");
    }
}

/// Runs `rvenv ARGS`, whatever comes of it, and looks whether something outside has changed.
#[track_caller]
fn run(sandbox: &Sandbox, args: &[&str], what: &str) -> bool {
    let before = look(sandbox);
    let output = sandbox.rvenv(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(before, look(sandbox), "{what}: {args:?}: {stderr}");
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 1)),
        "{what}: {args:?}: {code:?} {stderr}"
    );
    code == Some(0)
}

/// An image is built where its recipe leads to none.
#[test]
fn environments_are_made_without_following_any() {
    let sandbox = Sandbox::new();
    furnish(&sandbox);
    create(&sandbox, "env");
    for (place, bait) in &places(&sandbox) {
        fs::write(pip_main(sandbox.store()), "spoilt").unwrap();
        let aside = sandbox.path("aside");
        fs::rename(place, &aside).ok();
        bait.plant(&sandbox, place);
        let before = look(&sandbox);
        create(&sandbox, "made");
        assert_eq!(before, look(&sandbox), "{} is {bait:?}", place.display());
        fs::remove_dir_all(sandbox.path("made")).unwrap();
        if place.is_symlink() {
            fs::remove_file(place).unwrap();
            fs::rename(&aside, place).ok();
        } else {
            fs::remove_dir_all(&aside).ok();
            fs::remove_file(&aside).ok();
        }
    }
}

#[test]
fn cache_commands_follow_none() {
    let sandbox = stand_in();
    for number in 0..places(&sandbox).len() {
        for (bait, args) in BAITS
            .iter()
            .flat_map(|bait| COMMANDS.map(|args| (bait, args)))
        {
            fill(&sandbox);
            let (place, _) = places(&sandbox).remove(number);
            bait.plant(&sandbox, &place);
            run(&sandbox, args, &format!("{} is {bait:?}", place.display()));
        }
    }
}

/// Who has a large disk elsewhere makes it a symlink.
#[test]
fn a_store_may_be_a_symlink_itself() {
    let sandbox = Sandbox::new();
    furnish(&sandbox);
    fs::create_dir(sandbox.path("large")).unwrap();
    symlink(sandbox.path("large"), sandbox.store()).unwrap();
    create(&sandbox, "env");
    assert_eq!(images(&sandbox).len(), tree_of_images(&sandbox));
    assert!(run(&sandbox, &["cache", "clear"], "a store"));
    assert!(sandbox.store().is_symlink());
    assert!(!sandbox.path("large/images-v2").exists());
}

fn tree_of_images(sandbox: &Sandbox) -> usize {
    let found = tree(sandbox.path("large/images-v2"));
    found
        .keys()
        .filter(|path| path.ends_with("manifest.json"))
        .count()
}
