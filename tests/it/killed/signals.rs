//! Interrupted and terminated: everything is put back, nothing is left, and the exit code is the one that shells give.

use super::calls::{Call, Run, Set, told, tools_are_missing};
use super::scene::{Scene, none_broken};
use super::whole::{Pip, fault, leftovers, python, site_packages};
use crate::sandbox::{RVENV, Sandbox, note};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command as Process, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Both signals: their names and numbers.
const SIGNALS: [(&str, i32); 2] = [("INT", 2), ("TERM", 15)];

/// `rvenv -p PYTHON ARGS`.
fn run(args: &[&str]) -> Run {
    let head = ["-p", python().path.to_str().unwrap()];
    Run::new(head.iter().chain(args).copied())
}

/// A folder of its own with an environment in it that is also somebody's, and a store that is full.
fn place_with_env() -> Option<Sandbox> {
    let mut sandbox = Sandbox::in_memory();
    sandbox.enter("place");
    if tools_are_missing(&sandbox) {
        return None;
    }
    let output = run(&["env"]).process(&sandbox).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    super::bare::own_files(&sandbox);
    Some(sandbox)
}

/// Tells whether a shell would show that the signal has ended it.
fn is_ended_by(status: ExitStatus, signal: i32) -> bool {
    status.code() == Some(128 + signal) || status.signal() == Some(signal)
}

/// Returns what is wrong with what a run that was sent `signal` left behind.
fn judgement(scene: &Scene, output: &Output, signal: i32) -> Result<bool, String> {
    let is_ended = is_ended_by(output.status, signal);
    if !is_ended && !output.status.success() {
        return Err(told(output));
    }
    if !is_ended && !scene.is_new() {
        return Err("it says nothing, and has not done it".to_owned());
    }
    if !scene.is_old() && !scene.is_new() {
        return Err(format!(
            "neither the old one nor the new one ({:?})",
            scene.state()
        ));
    }
    scene.nothing_left().map(|()| is_ended)
}

#[track_caller]
fn puts_everything_back(scene: &Scene, set: Set, others: usize) {
    let calls = scene.calls(set, others);
    let (mut broken, mut ended) = (Vec::new(), 0);
    // What a process does before `main` can only be ended by the system.
    let is_own = |call: &&Call| !matches!(call.name.as_str(), "execve" | "exit_group");
    let tried = calls.iter().filter(is_own).zip(SIGNALS.into_iter().cycle());
    for (call, (name, number)) in tried {
        let output = scene.ended(call, &format!("signal={name}"));
        match judgement(scene, &output, number) {
            Ok(is_ended) => ended += usize::from(is_ended),
            Err(fault) => broken.push(format!("SIG{name} at {call}: {fault}")),
        }
    }
    note(&format!(
        "{:?}: {ended} of {} ended by a signal",
        scene.run.args,
        calls.len()
    ));
    none_broken(&scene.run, &broken);
    assert!(
        ended * 5 >= calls.len(),
        "{ended} ended at {} calls",
        calls.len()
    );
}

#[test]
fn a_first_run_leaves_nothing() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let env = sandbox.path("new");
    puts_everything_back(
        &Scene::new(sandbox, env, run(&["new"]), Pip::With),
        Set::Changes,
        15,
    );
}

#[test]
fn a_second_run_leaves_what_was_there() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let env = sandbox.path("env");
    let run = run(&["--prompt", "other", "env"]);
    puts_everything_back(&Scene::new(sandbox, env, run, Pip::With), Set::Changes, 15);
}

#[test]
fn clear_leaves_what_was_there() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let env = sandbox.path("env");
    let scene = Scene::new(sandbox, env, run(&["--clear", "env"]), Pip::With);
    puts_everything_back(&scene, Set::Changes, 15);
}

#[test]
fn clear_of_the_current_directory_leaves_what_was_there() {
    let Some(mut sandbox) = place_with_env() else {
        return;
    };
    sandbox.enter("env");
    let env = sandbox.path("");
    let scene = Scene::new(sandbox, env, run(&["--clear", "."]), Pip::With);
    puts_everything_back(&scene, Set::Changes, 15);
}

#[test]
fn upgrade_leaves_what_was_there() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    let env = sandbox.path("env");
    fs::remove_file(site_packages(&env).join("pip/__init__.py")).unwrap();
    let scene = Scene::new(sandbox, env, run(&["--upgrade", "env"]), Pip::With);
    puts_everything_back(&scene, Set::Changes, 15);
}

/// As Ctrl-C does: the interpreters that rvenv has started get it too.
#[test]
fn a_cold_build_with_all_its_processes_leaves_nothing() {
    let sandbox = Sandbox::in_memory();
    let args = ["-p", python().path.to_str().unwrap(), "env"];
    let start = || {
        let mut process = sandbox.process(RVENV);
        process.args(args).stderr(Stdio::piped()).process_group(0);
        process.spawn().unwrap()
    };
    let started = Instant::now();
    assert!(start().wait().unwrap().success());
    let whole = started.elapsed();
    let (mut ended, mut broken) = (0, Vec::new());
    for step in 0..12_u32 {
        let (name, number) = SIGNALS[step as usize % 2];
        for folder in [sandbox.store(), &sandbox.path("env")] {
            fs::remove_dir_all(folder).ok();
        }
        let child = start();
        sleep(whole * (step + 1) / 13);
        send(name, &format!("-{}", child.id()));
        let output = child.wait_with_output().unwrap();
        let is_ended = is_ended_by(output.status, number);
        ended += u32::from(is_ended);
        let left = leftovers(&sandbox.path(""));
        let env = sandbox.path("env");
        let is_right = if output.status.success() {
            fault(&sandbox, &env, Pip::With).is_none()
        } else {
            is_ended
                && left.is_empty()
                && (!env.exists() || fault(&sandbox, &env, Pip::With).is_none())
        };
        if !is_right {
            broken.push(format!(
                "SIG{name} at {step}/13: {}, left {left:?}",
                told(&output)
            ));
        }
    }
    note(&format!("{ended} of 12 cold builds ended in {whole:?}"));
    none_broken(&Run::new(args), &broken);
    assert!(ended > 3, "only {ended} were ended");
    assert!(start().wait().unwrap().success());
    assert_eq!(fault(&sandbox, &sandbox.path("env"), Pip::With), None);
}

/// `timeout` sends each to its command, and to the group of that.
#[test]
fn a_signal_that_comes_twice_is_one() {
    let sandbox = Sandbox::in_memory();
    let python = sandbox.write("slow/python3", "#!/bin/sh\ntouch ready\nexec sleep 300\n");
    fs::set_permissions(&python, Permissions::from_mode(0o755)).unwrap();
    for (name, number) in SIGNALS {
        let mut process = sandbox.process(RVENV);
        process
            .args(["-p", "slow/python3", "env"])
            .stderr(Stdio::null());
        let mut child = process.spawn().unwrap();
        while !sandbox.path("ready").exists() {
            sleep(Duration::from_millis(5));
        }
        let twice = format!("kill -{name} $0; sleep 0.001; kill -{name} $0");
        let id = child.id().to_string();
        let sent = Process::new("sh").args(["-c", &twice, &id]).status();
        assert!(sent.unwrap().success());
        assert_eq!(
            ends_soon(&mut child).code(),
            Some(128 + number),
            "SIG{name}"
        );
        fs::remove_file(sandbox.path("ready")).unwrap();
        assert!(leftovers(&sandbox.path("")).is_empty());
        assert!(!sandbox.path("env").exists());
    }
}

/// Somebody else is changing the directory.
#[test]
fn who_waits_for_another_stops_waiting() {
    let Some(sandbox) = place_with_env() else {
        return;
    };
    if sandbox.command("flock").arg("--version").output().is_err() {
        return crate::sandbox::missing("flock");
    }
    let env = sandbox.path("env");
    let scene = Scene::new(sandbox, env.clone(), run(&["--clear", "env"]), Pip::With);
    for (name, number) in SIGNALS {
        scene.reset();
        let mut holder = held(&scene.sandbox, &env);
        let mut waiting = scene.run.process(&scene.sandbox).spawn().unwrap();
        sleep(Duration::from_millis(300));
        assert_eq!(waiting.try_wait().unwrap(), None, "it does not wait");
        send(name, &waiting.id().to_string());
        let status = ends_soon(&mut waiting);
        holder.kill().unwrap();
        holder.wait().unwrap();
        assert!(is_ended_by(status, number), "SIG{name}: {status}");
        assert!(scene.is_old(), "it is not the old one");
        assert_eq!(scene.nothing_left(), Ok(()));
    }
}

/// A process that holds the lock of `dir` until it is killed.
fn held(sandbox: &Sandbox, dir: &Path) -> Child {
    // No program below it that would keep the lock.
    let mut flock = sandbox.process("flock");
    flock.arg("--no-fork").arg(dir).args(["sleep", "60"]);
    let child = flock.spawn().unwrap();
    let is_held = || {
        let mut probe = sandbox.process("flock");
        let status = probe.arg("--nonblock").arg(dir).arg("true").status();
        !status.unwrap().success()
    };
    while !is_held() {
        sleep(Duration::from_millis(5));
    }
    child
}

#[track_caller]
fn ends_soon(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    panic!("it goes on waiting");
}

/// Sends a signal to a process, or to the group whose number has a minus.
#[track_caller]
pub(crate) fn send(signal: &str, to: &str) {
    let signal = format!("-{signal}");
    assert!(
        Process::new("kill")
            .args([&signal, "--", to])
            .status()
            .unwrap()
            .success()
    );
}
