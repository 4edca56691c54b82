//! An error at each call in turn that has to do with files: the environment is made, or the error is told and nothing is left.

use crate::existing::bare;
use crate::killed::calls::{Call, Run, Set, every_call, told, tools_are_missing};
use crate::killed::scene::{Scene, none_broken};
use crate::killed::whole::{Pip, python};
use crate::sandbox::{Sandbox, note};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Output;

const ERRORS: [&str; 3] = ["ENOSPC", "EIO", "EACCES"];

fn run(args: &[&str]) -> Run {
    let head = ["-p", python().path.to_str().unwrap(), "--without-pip"];
    Run::new(head.iter().chain(args).copied())
}

fn place() -> Option<Sandbox> {
    let mut sandbox = Sandbox::in_memory();
    sandbox.enter("place");
    (!tools_are_missing(&sandbox)).then_some(sandbox)
}

fn place_with_env() -> Option<Sandbox> {
    let sandbox = place()?;
    bare(&sandbox, python(), &["env"]);
    sandbox.write("env/notes.txt", "mine\n");
    Some(sandbox)
}

/// What removes, or is needed to remove, cannot be made up for.
fn keeps_what_is_to_go(call: &Call) -> bool {
    [
        "unlink",
        "unlinkat",
        "rmdir",
        "openat",
        "getdents64",
        "fstat",
        "newfstatat",
        "statx",
    ]
    .contains(&call.name.as_str())
}

fn wrong(scene: &Scene, call: &Call, output: &Output) -> Result<(), String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let is_loader = output.status.code() == Some(127) && stderr.contains("shared librar");
    let is_expected = matches!(output.status.code(), Some(0 | 1)) || is_loader;
    if !is_expected || output.status.signal().is_some() || stderr.contains("panicked") {
        return Err(told(output));
    }
    // venv copies, too, what cannot be linked.
    let is_copied = || call.name.starts_with("symlink") && scene.works();
    if output.status.success() && !scene.is_new() && !is_copied() {
        return Err(format!("success, but {:?}", scene.state()));
    }
    // What was put in its place is not taken back for what could not be removed then.
    let is_done = scene.is_new() && stderr.contains(".rvenv-");
    if !output.status.success() && !scene.is_old() && !is_done {
        return Err(format!("{} and {:?}", told(output), scene.state()));
    }
    if output.status.code() == Some(1) && !stderr.contains("error: ") {
        return Err(format!("it does not say why: {}", told(output)));
    }
    if keeps_what_is_to_go(call) {
        Ok(())
    } else {
        scene.nothing_left()
    }
}

#[track_caller]
fn stands_errors(scene: &Scene) {
    let calls = scene.calls(Set::Files, 1000);
    let (mut broken, mut failed) = (Vec::new(), 0);
    let mut tried = 0;
    for (index, call) in calls
        .iter()
        .enumerate()
        .filter(|(_, call)| call.name != "execve")
    {
        let errors = if every_call() {
            &ERRORS[..]
        } else {
            &ERRORS[index % 3..=index % 3]
        };
        for error in errors {
            let output = scene.ended(call, &format!("error={error}"));
            tried += 1;
            failed += usize::from(!output.status.success());
            let judgement = wrong(scene, call, &output);
            broken.extend(judgement.err().map(|it| format!("{error} at {call}: {it}")));
            let next = scene.next_run();
            broken.extend(
                next.err()
                    .map(|it| format!("after {error} at {call}: {it}")),
            );
        }
    }
    note(&format!("{:?}: {failed} of {tried} failed", scene.run.args));
    none_broken(&scene.run, &broken);
}

#[test]
fn a_first_run() {
    let Some(sandbox) = place() else { return };
    let env = sandbox.path("env");
    stands_errors(&Scene::new(sandbox, env, run(&["env"]), Pip::Without));
}

#[test]
fn a_second_run() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let env = sandbox.path("env");
    let scene = Scene::new(
        sandbox,
        env,
        run(&["--prompt", "other", "env"]),
        Pip::Without,
    );
    stands_errors(&scene.keeping(&[Path::new("notes.txt").to_owned()]));
}

#[test]
fn clear() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let env = sandbox.path("env");
    stands_errors(&Scene::new(
        sandbox,
        env,
        run(&["--clear", "env"]),
        Pip::Without,
    ));
}

#[test]
fn clear_of_the_current_directory() {
    let Some(mut sandbox) = place_with_env() else {
        return;
    };
    sandbox.enter("env");
    let env = sandbox.path("");
    stands_errors(&Scene::new(
        sandbox,
        env,
        run(&["--clear", "."]),
        Pip::Without,
    ));
}
