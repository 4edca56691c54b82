//! What a run is still using is not swept by another one in the same place.

use super::calls::{Call, Run, Set, tools_are_missing};
use super::whole::{Pip, fault, leftovers, python};
use crate::sandbox::{Sandbox, note};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the other run gets before the first one goes on.
const WHILE: Duration = Duration::from_millis(400);

fn run(args: &[&str]) -> Run {
    let head = ["-p", python().path.to_str().unwrap()];
    Run::new(head.iter().chain(args).copied())
}

/// The process that strace has started, once it is stopped.
fn stopped(strace: &Child) -> Option<String> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        let id = strace.id();
        let child = children(id).into_iter().next();
        if let Some(child) = child.filter(|child| is_stopped(child) && is_asleep(id)) {
            return Some(child);
        }
        sleep(Duration::from_millis(5));
    }
    None
}

fn children(process: u32) -> Vec<String> {
    let path = format!("/proc/{process}/task/{process}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    children.split_whitespace().map(str::to_owned).collect()
}

fn is_stopped(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, state)| state);
    state.is_some_and(|state| state.starts_with(['T', 't']))
}

/// How often a process has had its turn.
fn turns(process: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
    lines.map(str::to_owned).collect()
}

/// strace itself stops its process for a moment at each call; when it sleeps, the process is stopped for good.
fn is_asleep(strace: u32) -> bool {
    let is_now = || {
        let stat = fs::read_to_string(format!("/proc/{strace}/stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('S'))
    };
    (0..4).all(|_| {
        sleep(Duration::from_millis(5));
        is_now()
    })
}

/// Stops `first` at `call`, runs `second` for a while, and lets both end.
fn both(sandbox: &Sandbox, first: &Run, call: &Call, second: &Run) -> Option<[ExitStatus; 2]> {
    let env = sandbox.path("env");
    let mut strace = first.with(sandbox, call, "signal=STOP").spawn().unwrap();
    let Some(process) = stopped(&strace) else {
        let _ = (strace.kill(), strace.wait());
        return None;
    };
    let before = turns(&process);
    let used = used(sandbox, &env);
    let mut other = second.process(sandbox).spawn().unwrap();
    let started = Instant::now();
    while started.elapsed() < WHILE && other.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(5));
    }
    let swept: Vec<&PathBuf> = used.iter().filter(|path| !path.exists()).collect();
    let is_moved = !env.join("pyvenv.cfg").exists();
    // Who has had a turn meanwhile was not stopped for good, and may have removed its own.
    let is_still_used = is_stopped(&process) && turns(&process) == before;
    let statuses = [go_on(&mut strace), other.wait().unwrap()];
    assert!(
        swept.is_empty() || is_moved || !is_still_used,
        "{call}: swept {swept:?}"
    );
    Some(statuses)
}

/// Lets a stopped process end, also one that is only about to be stopped, and was not the one that was seen stopped: strace
/// stops children of its own before it starts what it is to start.
fn go_on(strace: &mut Child) -> ExitStatus {
    loop {
        for process in children(strace.id()) {
            // It may have ended meanwhile.
            let _ = Process::new("kill").args(["-CONT", &process]).output();
        }
        if let Some(status) = strace.try_wait().unwrap() {
            return status;
        }
        sleep(Duration::from_millis(20));
    }
}

fn used(sandbox: &Sandbox, env: &Path) -> Vec<PathBuf> {
    [leftovers(&sandbox.path("")), leftovers(env)].concat()
}

#[track_caller]
fn check(is_there: bool, first: &[&str], second: &[&str]) {
    let sandbox = Sandbox::in_memory();
    if tools_are_missing(&sandbox) {
        return;
    }
    let env = sandbox.path("env");
    let [first, second] = [first, second].map(run);
    let restart = || {
        fs::remove_dir_all(&env).ok();
        if is_there {
            Process::status(&mut run(&["env"]).process(&sandbox)).unwrap();
        }
    };
    restart();
    // Fills the store.
    assert!(first.process(&sandbox).status().unwrap().success());
    restart();
    let calls = first.calls(&sandbox, Set::Changes);
    let is_place = |call: &&Call| call.name.starts_with("rename");
    let places = calls.iter().filter(is_place).take(4);
    let others = calls.iter().step_by((calls.len() / 4).max(1)).skip(1);
    let mut count = 0;
    for call in places.chain(others) {
        restart();
        let Some(statuses) = both(&sandbox, &first, call, &second) else {
            continue;
        };
        count += 1;
        assert!(
            statuses.iter().all(ExitStatus::success),
            "{call}: {statuses:?}"
        );
        assert_eq!(fault(&sandbox, &env, Pip::With), None, "{call}");
        assert_eq!(used(&sandbox, &env), [] as [PathBuf; 0], "{call}");
    }
    note(&format!("{:?} was stopped {count} times", first.args));
    assert!(count > 3, "it was stopped {count} times only");
}

#[test]
fn a_first_run_and_another_first_run() {
    check(false, &["env"], &["env"]);
}

#[test]
fn a_first_run_and_clear() {
    check(false, &["env"], &["--clear", "env"]);
}

#[test]
fn clear_and_clear() {
    check(true, &["--clear", "env"], &["--clear", "env"]);
}

#[test]
fn clear_and_a_second_run() {
    check(true, &["--clear", "env"], &["env"]);
}

#[test]
fn a_second_run_and_clear() {
    check(true, &["env"], &["--clear", "env"]);
}

#[test]
fn upgrade_and_a_second_run() {
    check(true, &["--upgrade", "env"], &["env"]);
}
