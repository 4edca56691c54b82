//! A target that may not be written to.

use super::space::mounts;
use super::{args, is_told, left};
use crate::killed::whole::picture;
use crate::sandbox::{RVENV, Sandbox};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// The folder `place`, with or without the environment `env` in it, and a store that is full.
fn place(names: &[&str]) -> Sandbox {
    let mut sandbox = Sandbox::in_memory();
    let first = sandbox.home().join("first");
    sandbox
        .rvenv(args(&[first.to_str().unwrap()]))
        .assert()
        .success();
    sandbox.enter("place");
    for name in names {
        sandbox.rvenv(args(&[name])).assert().success();
        sandbox.write(PathBuf::from(name).join("notes.txt"), "mine\n");
    }
    sandbox
}

/// Runs it with permissions that count.
#[track_caller]
fn is_denied(sandbox: &Sandbox, words: &[&str]) {
    let before = picture(&sandbox.path(""));
    let mut command = sandbox.unprivileged();
    let output = command.args(args(words)).output().unwrap();
    let what = format!("{words:?}");
    is_told(&output, &["place", "ermission denied"], &what);
    assert!(
        picture(&sandbox.path("")) == before,
        "{what}: it is not what it was"
    );
    assert_eq!(left(&sandbox.path("env")), [] as [PathBuf; 0], "{what}");
}

#[test]
fn a_folder_that_may_not_be_written_to() {
    let sandbox = place(&[]);
    fs::set_permissions(sandbox.path(""), PermissionsExt::from_mode(0o555)).unwrap();
    is_denied(&sandbox, &["env"]);
    is_denied(&sandbox, &["--clear", "env"]);
    is_denied(&sandbox, &["env/of/mine"]);
}

/// Nor the environment in it.
#[test]
fn an_environment_that_may_not_be_written_to() {
    let sandbox = place(&["env"]);
    let version = fs::read_dir(sandbox.path("env/lib"))
        .unwrap()
        .next()
        .unwrap();
    let lib = version.unwrap().path();
    fs::remove_file(sandbox.path("env/bin/pip")).unwrap();
    for dir in [
        lib.join("site-packages"),
        lib,
        sandbox.path("env/bin"),
        sandbox.path("env"),
    ] {
        fs::set_permissions(dir, PermissionsExt::from_mode(0o555)).unwrap();
    }
    fs::set_permissions(sandbox.path(""), PermissionsExt::from_mode(0o555)).unwrap();
    is_denied(&sandbox, &["env"]);
    is_denied(&sandbox, &["--clear", "env"]);
    is_denied(&sandbox, &["--upgrade", "env"]);
}

/// What is in the way of a second run is found before anything is changed, or all is put back.
#[test]
fn a_part_of_an_environment_that_may_not_be_written_to() {
    for dir in ["bin", "lib", "include", ""] {
        let sandbox = place(&["env"]);
        let path = sandbox.path("env").join(dir);
        fs::set_permissions(path, PermissionsExt::from_mode(0o555)).unwrap();
        let before = picture(&sandbox.path(""));
        let mut command = sandbox.unprivileged();
        command.args(args(&["--prompt", "other", "env"]));
        let output = command.output().unwrap();
        assert_eq!(left(&sandbox.path("env")), [] as [PathBuf; 0], "`{dir}`");
        if !output.status.success() {
            is_told(&output, &["place/env", "ermission denied"], dir);
            assert!(
                picture(&sandbox.path("")) == before,
                "`{dir}` is not what it was"
            );
        }
    }
}

/// Makes the directory read-only, and runs the rest.
const READ_ONLY: &str = "
mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && cd / && exec \"$@\"";

#[test]
fn a_read_only_file_system() {
    let sandbox = place(&["env"]);
    if !mounts(&sandbox) {
        return;
    }
    fs::remove_file(sandbox.path("env/bin/pip")).unwrap();
    let before = picture(&sandbox.path(""));
    let env = sandbox.path("env");
    let env = env.to_str().unwrap();
    let beside = format!("{env}2");
    for words in [
        &args(&[&beside])[..],
        &args(&[env]),
        &args(&["--clear", env]),
        &args(&["--upgrade", env]),
        &["delete", "--force", env],
    ] {
        let mut unshare = sandbox.process("unshare");
        unshare
            .args(["-m", "sh", "-c", READ_ONLY])
            .arg(sandbox.path(""));
        let output = unshare.arg(RVENV).args(words).output().unwrap();
        let what = format!("{words:?}");
        is_told(&output, &["place/env", "ead-only file"], &what);
        assert!(
            picture(&sandbox.path("")) == before,
            "{what}: it is not what it was"
        );
    }
}
