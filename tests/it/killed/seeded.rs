//! Killed at the calls that change the file system: what makes, makes again and deletes environments with pip.

use super::bare::own_files;
use super::calls::{Run, Set, tools_are_missing};
use super::scene::{Between, Scene};
use super::whole::{Pip, python, site_packages};
use crate::sandbox::Sandbox;
use std::fs;
use std::path::{Path, PathBuf};

/// How many calls are tried before the last 40.
const OTHERS: usize = 20;

/// `rvenv -p PYTHON ARGS`.
fn run(args: &[&str]) -> Run {
    let head = ["-p", python().path.to_str().unwrap()];
    Run::new(head.iter().chain(args).copied())
}

/// A folder of its own and a store that is full.
fn place() -> Option<Sandbox> {
    let mut sandbox = Sandbox::in_memory();
    sandbox.enter("place");
    if tools_are_missing(&sandbox) {
        return None;
    }
    let first = sandbox.home().join("first");
    let args = ["-p".as_ref(), python().path.as_os_str(), first.as_os_str()];
    sandbox.rvenv(args).assert().success();
    Some(sandbox)
}

fn place_with_env() -> Option<Sandbox> {
    let sandbox = place()?;
    make(&sandbox);
    Some(sandbox)
}

#[track_caller]
fn make(sandbox: &Sandbox) {
    let output = run(&["env"]).process(sandbox).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The newest of the wheels of pip, of all interpreters here, that are older than the one of `python`.
fn older_wheel() -> Option<PathBuf> {
    let version = |wheel: &Path| -> Option<Vec<u32>> {
        let name = wheel.file_name()?.to_str()?.strip_prefix("pip-")?;
        let numbers = name.split('-').next()?.split('.');
        numbers.map(|number| number.parse().ok()).collect()
    };
    let bundled = |python: &crate::pythons::Python| {
        let root = python.path.canonicalize().ok()?;
        let name = python.versioned_name();
        let folder = root
            .parent()?
            .parent()?
            .join("lib")
            .join(name)
            .join("ensurepip/_bundled");
        let entries = fs::read_dir(folder)
            .ok()?
            .flatten()
            .map(|entry| entry.path());
        entries
            .filter(|path| version(path).is_some())
            .max_by_key(|path| version(path))
    };
    let own = version(&bundled(python())?)?;
    let others = crate::pythons::seeding_pythons().filter_map(bundled);
    let older = others.filter(|wheel| version(wheel).is_some_and(|it| it < own));
    older.max_by_key(|wheel| version(wheel))
}

#[test]
fn a_first_run() {
    let Some(sandbox) = place() else { return };
    let env = sandbox.path("env");
    Scene::new(sandbox, env, run(&["env"]), Pip::With).survives_kills(Set::Changes, OTHERS);
}

#[test]
fn a_second_run() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let kept = own_files(&sandbox);
    let env = sandbox.path("env");
    let scene = Scene::new(sandbox, env, run(&["env"]), Pip::With);
    scene
        .keeping(&kept)
        .allowing(Between::Mixed)
        .survives_kills(Set::Changes, OTHERS);
}

/// No kill leaves files of two versions.
#[test]
fn a_second_run_that_replaces_an_older_pip() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let Some(wheel) = older_wheel() else {
        return crate::sandbox::missing("a wheel of an older pip");
    };
    let mut pip = sandbox.python("env");
    pip.args([
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--force-reinstall",
    ]);
    pip.arg(wheel).assert().success();
    let kept = own_files(&sandbox);
    let env = sandbox.path("env");
    let scene = Scene::new(sandbox, env, run(&["env"]), Pip::With);
    scene
        .keeping(&kept)
        .allowing(Between::Mixed)
        .survives_kills(Set::Changes, OTHERS);
}

#[test]
fn clear() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    own_files(&sandbox);
    let env = sandbox.path("env");
    let scene = Scene::new(sandbox, env, run(&["--clear", "env"]), Pip::With);
    scene.survives_kills(Set::Changes, OTHERS);
}

#[test]
fn clear_of_the_current_directory() {
    let Some(mut sandbox) = place_with_env() else {
        return;
    };
    own_files(&sandbox);
    sandbox.enter("env");
    let env = sandbox.path("");
    let scene = Scene::new(sandbox, env, run(&["--clear", "."]), Pip::With);
    scene
        .allowing(Between::Unmarked)
        .survives_kills(Set::Changes, OTHERS);
}

#[test]
fn upgrade() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let kept = own_files(&sandbox);
    let env = sandbox.path("env");
    fs::remove_dir_all(site_packages(&env).join("pip/_internal/cli")).unwrap();
    let scene = Scene::new(sandbox, env, run(&["--upgrade", "env"]), Pip::With);
    scene
        .keeping(&kept)
        .allowing(Between::Mixed)
        .survives_kills(Set::Changes, OTHERS);
}

#[test]
fn upgrade_of_one_that_was_moved() {
    let Some(mut sandbox) = place() else { return };
    sandbox.enter("elsewhere");
    make(&sandbox);
    let kept = own_files(&sandbox);
    let env = sandbox.path("moved");
    fs::rename(sandbox.path("env"), &env).unwrap();
    let scene = Scene::new(sandbox, env, run(&["--upgrade", "moved"]), Pip::With);
    scene
        .keeping(&kept)
        .allowing(Between::Mixed)
        .survives_kills(Set::Changes, OTHERS);
}

#[test]
fn delete() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let env = sandbox.path("env");
    let scene = Scene::new(sandbox, env, Run::new(["delete", "env"]), Pip::With);
    scene.survives_kills(Set::Changes, OTHERS);
}
