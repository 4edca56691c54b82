//! Too few file descriptors: a plain error, or success.

use super::{args, left};
use crate::killed::calls::{every_call, told};
use crate::killed::whole::{Pip, fault};
use crate::sandbox::{RVENV, Sandbox, missing, note};
use std::fs;
use std::path::PathBuf;
use std::process::Output;

fn with_few(sandbox: &Sandbox, most: usize, args: &[&str]) -> Output {
    let mut prlimit = sandbox.process("prlimit");
    prlimit.arg(format!("--nofile={most}:{most}")).arg(RVENV);
    prlimit.args(args).output().unwrap()
}

/// A plain error, or a whole environment.
fn wrong(sandbox: &Sandbox, output: &Output) -> Option<String> {
    let env = sandbox.path("env");
    let stderr = String::from_utf8_lossy(&output.stderr);
    // The system's own loader needs some, too.
    let is_unloaded = output.status.code() == Some(127) && stderr.contains("shared libraries");
    let is_plain = output.status.code() == Some(1) && stderr.contains("error: ");
    if output.status.success() {
        return fault(sandbox, &env, Pip::With);
    }
    if !is_unloaded && !is_plain || stderr.contains("panicked") {
        return Some(told(output));
    }
    if env.exists() {
        return Some(format!("it is there after {}", told(output)));
    }
    None
}

#[track_caller]
fn each_number(sandbox: &Sandbox, args: &[&str], clean: impl Fn()) {
    let (mut broken, mut made) = (Vec::new(), 0);
    let numbers = (3..=40).step_by(if every_call() { 1 } else { 2 });
    for most in numbers {
        fs::remove_dir_all(sandbox.path("env")).ok();
        clean();
        let output = with_few(sandbox, most, args);
        made += usize::from(output.status.success());
        broken.extend(wrong(sandbox, &output).map(|it| format!("{most}: {it}")));
    }
    note(&format!("{made} were made"));
    // To remove takes descriptors, too: the next run that has some does it.
    sandbox.rvenv(args).assert().success();
    assert_eq!(left(&sandbox.path("env")), [] as [PathBuf; 0]);
    assert!(broken.is_empty(), "{}", broken.join("\n  "));
    assert!(made > 0, "none was made");
}

fn sandbox() -> Option<Sandbox> {
    let sandbox = Sandbox::in_memory();
    if sandbox
        .command("prlimit")
        .arg("--version")
        .output()
        .is_err()
    {
        missing("prlimit");
        return None;
    }
    Some(sandbox)
}

#[test]
fn with_a_full_store() {
    let Some(sandbox) = sandbox() else { return };
    sandbox.rvenv(args(&["first"])).assert().success();
    each_number(&sandbox, &args(&["env"]), || ());
}

#[test]
fn with_an_empty_store() {
    let Some(sandbox) = sandbox() else { return };
    let clean = || drop(fs::remove_dir_all(sandbox.store()));
    each_number(&sandbox, &args(&["env"]), clean);
}
