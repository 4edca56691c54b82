//! `--with`: installed by the environment's own pip, before the command runs. No test needs a network.

use super::{left, nothing_is_left, process, run, scene, scene_of, stdout, wait_until};
use crate::killed::signals::send;
use crate::pip::wheels::Wheel;
use crate::pythons::{is_extreme, seeding_pythons};
use crate::sandbox::{RVENV, Sandbox, note};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

/// A folder with two wheels in `links`, and the environment `env`, without pip.
fn scenes() -> impl Iterator<Item = Sandbox> {
    let pythons = seeding_pythons().filter(|python| is_extreme(python));
    pythons.map(|python| {
        note(&python.path.display().to_string());
        let mut sandbox = scene_of(python);
        for name in ["one", "two"] {
            Wheel::demo(name, "1.0").write(&sandbox.path("links"));
        }
        sandbox.set("PIP_NO_INDEX", "1");
        let links = sandbox.path("links");
        sandbox.set("PIP_FIND_LINKS", links);
        sandbox
    })
}

#[test]
fn what_is_needed_is_there_when_the_command_runs() {
    for sandbox in scenes() {
        let script = "import one, two; print(one.__version__)";
        let args = [
            "--temp",
            "--with",
            "one",
            "--with",
            "./links/two-1.0-py3-none-any.whl",
        ];
        let output = run(&sandbox, args)
            .args(["--", "python", "-c", script])
            .output()
            .unwrap();
        assert_eq!(stdout(&output), "1.0\n");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            stderr.contains("Successfully installed one-1.0 two-1.0"),
            "{stderr}"
        );
        nothing_is_left(&sandbox);
        // Its command, by the launcher that pip has made; what pip would read is the command's.
        let mut listed = run(&sandbox, ["-q", "--temp", "--", "sh", "-c", "two; cat"]);
        listed
            .env("RVENV_WITH", " one\n two==1.0 ")
            .env("RVENV_WITHOUT_PIP", "1");
        listed
            .write_stdin("in")
            .assert()
            .success()
            .stdout("two 1.0\nin")
            .stderr("");
        nothing_is_left(&sandbox);
    }
}

#[test]
fn an_environment_that_is_there_keeps_it() {
    for sandbox in scenes() {
        let args = ["--with", "one", "env", "--", "python", "-c", "import one"];
        let refused = run(&sandbox, args).assert().code(1).stdout("");
        let stderr = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(
            stderr.contains("/env` has no pip, which `--with` installs by\nhint: `"),
            "{stderr}"
        );
        sandbox.rvenv(["env"]).assert().success();
        run(&sandbox, args).assert().success().stdout("");
        sandbox
            .python("env")
            .args(["-c", "import one"])
            .assert()
            .success();
    }
}

#[test]
fn the_variable_changes_no_environment_that_stays() {
    let mut sandbox = scene();
    sandbox.set("RVENV_WITH", "./nowhere.whl");
    run(&sandbox, ["env", "--", "true"])
        .assert()
        .success()
        .stderr("");
    // What is typed wins over it.
    let args = [
        "--temp",
        "--without-pip",
        "--",
        "python",
        "-c",
        "import pip",
    ];
    run(&sandbox, args).assert().code(1).stdout("");
    run(&sandbox, ["-q", "--temp", "--", "touch", "ran"])
        .assert()
        .code(1);
    assert!(!sandbox.path("ran").exists());
    nothing_is_left(&sandbox);
}

/// `PROGRAM ARGS`, started by somebody who has no interest in the ends of its children.
fn started_by_the_careless(sandbox: &Sandbox, args: &[&str]) -> assert_cmd::Command {
    let script = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = sandbox.command(&super::python().path);
    command.args(["-c", script, RVENV]).args(args);
    command
}

#[test]
fn who_ignores_the_ends_of_children_hinders_nobody() {
    for sandbox in scenes() {
        let cold = sandbox.path("cold").display().to_string();
        started_by_the_careless(&sandbox, &["--cache-dir", &cold, "new"])
            .assert()
            .success()
            .stderr("");
        let args = ["run", "-q", "--temp", "--with", "one"];
        let args = [&args[..], &["--", "python", "-c", "import one"]].concat();
        started_by_the_careless(&sandbox, &args)
            .assert()
            .success()
            .stderr("");
        nothing_is_left(&sandbox);
    }
}

#[test]
fn the_command_does_not_run_where_something_cannot_be_installed() {
    for sandbox in scenes() {
        for (quiet, length) in [(&["-q"][..], 2), (&[], 3)] {
            let args = [
                quiet,
                &[
                    "--temp", "--with", "one", "--with", "three", "--", "touch", "ran",
                ],
            ]
            .concat();
            let failed = run(&sandbox, args).assert().code(1).stdout("");
            let stderr = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
            assert!(
                stderr.contains("error: failed to install `one`, `three`: "),
                "{stderr}"
            );
            assert!(
                stderr.contains("No matching distribution found for three"),
                "{stderr}"
            );
            assert!(stderr.lines().count() >= length, "{stderr}");
            assert_eq!(stderr.lines().count() == 2, quiet == ["-q"], "{stderr}");
        }
        // Nothing is an option of pip's.
        let args = ["-q", "--temp", "--with=--help", "--", "touch", "ran"];
        run(&sandbox, args).assert().code(1).stdout("");
        assert!(!sandbox.path("ran").exists());
        nothing_is_left(&sandbox);
    }
}

#[test]
fn who_is_told_to_end_while_pip_works_leaves_nothing() {
    let mut sandbox = scene();
    let slow = "import time; open('ready', 'w').close(); time.sleep(300)";
    sandbox.write("slow/sitecustomize.py", slow);
    let slow = sandbox.path("slow");
    sandbox.set("PYTHONPATH", slow);
    // `timeout` sends each to its command, and to the group of that.
    for (name, number, times) in [("TERM", 15, 1), ("INT", 2, 1), ("TERM", 15, 2)] {
        fs::remove_file(sandbox.path("ready")).ok();
        let mut command = process(&sandbox, ["--temp", "--with", "x", "--", "touch", "ran"]);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        wait_until("pip does not start", || sandbox.path("ready").exists());
        assert_eq!(left(&sandbox).len(), 1);
        for _ in 0..times {
            send(name, &child.id().to_string());
        }
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(128 + number), "{stderr}");
        assert!(stderr.ends_with("error: interrupted\n"), "{stderr}");
        nothing_is_left(&sandbox);
    }
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn who_is_told_to_end_again_later_ends_at_once() {
    let mut sandbox = scene();
    let deaf = "import os, signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\n\
                with open('making', 'w') as file: file.write(str(os.getpid()))\n\
                os.rename('making', 'ready'); time.sleep(300)";
    sandbox.write("deaf/sitecustomize.py", deaf);
    let deaf = sandbox.path("deaf");
    sandbox.set("PYTHONPATH", deaf);
    let mut command = process(&sandbox, ["--temp", "--with", "x", "--", "true"]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    wait_until("pip does not start", || sandbox.path("ready").exists());
    send("TERM", &child.id().to_string());
    sleep(Duration::from_secs(2));
    assert_eq!(child.try_wait().unwrap(), None, "it waits for pip");
    send("TERM", &child.id().to_string());
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    send("KILL", &fs::read_to_string(sandbox.path("ready")).unwrap());
}
