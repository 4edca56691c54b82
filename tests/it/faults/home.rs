//! A home directory, or a place for temporary files, that is not what it should be.

use super::{args, is_made};
use crate::sandbox::{RVENV, Sandbox};
use std::fs;

/// Makes `env` with the store where rvenv itself puts it, and with some variables.
#[track_caller]
fn is_made_with(sandbox: &Sandbox, set: &[(&str, &str)], unset: &[&str]) {
    let mut process = sandbox.process(RVENV);
    process.args(args(&["env"])).env_remove("RVENV_CACHE_DIR");
    process.envs(set.iter().copied());
    for name in unset {
        process.env_remove(name);
    }
    let output = process.output().unwrap();
    is_made(sandbox, "env", &output, &format!("{set:?} {unset:?}"));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{set:?}");
}

#[test]
fn no_home_is_needed() {
    is_made_with(&Sandbox::in_memory(), &[], &["HOME"]);
}

#[test]
fn a_home_may_be_missing_or_a_file() {
    let sandbox = Sandbox::in_memory();
    is_made_with(&sandbox, &[("HOME", "/dev/null/me")], &[]);
    is_made_with(&sandbox, &[("HOME", "/dev/null")], &[]);
    is_made_with(&sandbox, &[("HOME", "/proc/1")], &[]);
}

#[test]
fn a_home_may_be_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::in_memory();
    fs::set_permissions(sandbox.home(), PermissionsExt::from_mode(0o555)).unwrap();
    let mut command = sandbox.unprivileged();
    command.args(args(&["env"])).env_remove("RVENV_CACHE_DIR");
    let output = command.output().unwrap();
    is_made(&sandbox, "env", &output, "a read-only home");
    assert_eq!(fs::read_dir(sandbox.home()).unwrap().count(), 0);
}

/// It would be another one in each directory.
#[test]
fn a_relative_or_empty_home_is_none() {
    let sandbox = Sandbox::in_memory();
    for home in ["home", ""] {
        is_made_with(&sandbox, &[("HOME", home), ("XDG_CACHE_HOME", home)], &[]);
        let names = fs::read_dir(sandbox.path("")).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["env"], "`{home}`");
    }
}

#[test]
fn no_place_for_temporary_files_is_needed() {
    let sandbox = Sandbox::in_memory();
    is_made_with(&sandbox, &[("TMPDIR", "/nowhere")], &[]);
    is_made_with(&sandbox, &[("TMPDIR", "/nowhere")], &["HOME"]);
    is_made_with(&sandbox, &[("TMPDIR", "")], &[]);
}
