//! Killed at each call of all: what makes, makes again and deletes environments without pip.

use super::calls::{Run, Set, tools_are_missing};
use super::scene::{Between, Scene, with_permissions};
use super::whole::{Pip, python};
use crate::existing::bare;
use crate::sandbox::Sandbox;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// `rvenv -p PYTHON --without-pip ARGS`.
fn run(args: &[&str]) -> Run {
    let head = ["-p", python().path.to_str().unwrap(), "--without-pip"];
    Run::new(head.iter().chain(args).copied())
}

/// A folder of its own, with an environment in it that is also somebody's, and an empty one for what is not made yet.
fn place() -> Option<Sandbox> {
    let mut sandbox = Sandbox::in_memory();
    sandbox.enter("place");
    (!tools_are_missing(&sandbox)).then_some(sandbox)
}

fn place_with_env() -> Option<Sandbox> {
    let sandbox = place()?;
    bare(&sandbox, python(), &["env"]);
    Some(sandbox)
}

/// What is somebody's in an environment.
pub(super) fn own_files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let packages = super::whole::site_packages(&sandbox.path("env"));
    let package = packages.join("mine/__init__.py");
    let package = package
        .strip_prefix(sandbox.path("env"))
        .unwrap()
        .to_owned();
    let names = vec!["notes.txt".into(), ".gitignore".into(), package];
    for name in &names {
        sandbox.write(
            PathBuf::from("env").join(name),
            format!("mine: {}\n", name.display()),
        );
    }
    names
}

#[test]
fn a_first_run() {
    let Some(sandbox) = place() else { return };
    let env = sandbox.path("env");
    Scene::new(sandbox, env, run(&["env"]), Pip::Without).survives_kills(Set::All, 1000);
}

#[test]
fn a_second_run() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let kept = own_files(&sandbox);
    let env = sandbox.path("env");
    let scene = Scene::new(
        sandbox,
        env,
        run(&["--prompt", "other", "env"]),
        Pip::Without,
    );
    scene
        .keeping(&kept)
        .allowing(Between::Mixed)
        .survives_kills(Set::All, 80);
}

#[test]
fn clear() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    own_files(&sandbox);
    let env = sandbox.path("env");
    Scene::new(sandbox, env, run(&["--clear", "env"]), Pip::Without).survives_kills(Set::All, 80);
}

#[test]
fn clear_of_the_current_directory() {
    let Some(mut sandbox) = place_with_env() else {
        return;
    };
    own_files(&sandbox);
    sandbox.enter("env");
    let env = sandbox.path("");
    let scene = Scene::new(sandbox, env, run(&["--clear", "."]), Pip::Without);
    scene
        .allowing(Between::Unmarked)
        .survives_kills(Set::All, 80);
}

#[test]
fn upgrade() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let kept = own_files(&sandbox);
    let env = sandbox.path("env");
    fs::remove_file(env.join("bin/python3")).unwrap();
    let scene = Scene::new(sandbox, env, run(&["--upgrade", "env"]), Pip::Without);
    scene
        .keeping(&kept)
        .allowing(Between::Mixed)
        .survives_kills(Set::All, 80);
}

#[test]
fn delete() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let env = sandbox.path("env");
    let scene = Scene::new(sandbox, env, Run::new(["delete", "env"]), Pip::Without);
    scene.survives_kills(Set::All, 80);
}

/// What holds it may not be written to.
#[test]
fn delete_of_what_is_emptied_where_it_is() {
    let Some(sandbox) = place() else { return };
    bare(&sandbox, python(), &["locked/env"]);
    let [locked, env] = ["locked", "locked/env"].map(|name| sandbox.path(name));
    fs::set_permissions(locked, PermissionsExt::from_mode(0o555)).unwrap();
    let run = with_permissions(Run::new(["delete", "locked/env"]));
    let scene = Scene::new(sandbox, env, run, Pip::Without);
    scene
        .allowing(Between::Unmarked)
        .survives_kills(Set::All, 80);
}
