//! `rvenv run`: a command in an environment. `activation`: what it finds there; `ending`: how it ends, and what ends it;
//! `throwaway`: what `--temp` leaves, which is nothing; `packages`: `--with`; `choice`: which environment, of which Python.

mod activation;
mod choice;
mod ending;
mod packages;
mod throwaway;

use crate::existing::bare;
use crate::killed::whole::python;
use crate::pythons::Python;
use crate::sandbox::{RVENV, Sandbox};
use assert_cmd::Command;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command as Process, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A folder with a temporary directory of its own, `tmp`, and the environment `env`, without pip.
fn scene() -> Sandbox {
    scene_of(python())
}

fn scene_of(python: &Python) -> Sandbox {
    let mut sandbox = Sandbox::with_shared_store();
    fs::create_dir(sandbox.path("tmp")).unwrap();
    let tmp = sandbox.path("tmp");
    sandbox.set("TMPDIR", tmp);
    sandbox.set("RVENV_PYTHON", python.path.as_os_str());
    bare(&sandbox, python, &["env"]);
    sandbox
}

/// `rvenv run ARGS`.
fn run<A: AsRef<OsStr>>(sandbox: &Sandbox, args: impl IntoIterator<Item = A>) -> Command {
    let mut command = sandbox.rvenv(["run"]);
    command.args(args);
    command
}

/// The same, to be started and waited for.
fn process<A: AsRef<OsStr>>(sandbox: &Sandbox, args: impl IntoIterator<Item = A>) -> Process {
    let mut process = sandbox.process(RVENV);
    process.arg("run").args(args);
    process
}

/// Both ways to run something: in place of rvenv, and beside it; without pip, which takes no part.
const WAYS: [&[&str]; 2] = [&["env"], &["--temp", "--without-pip"]];

/// The words that run `command` in one of the [`WAYS`].
fn words<'a>(way: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    [way, &["--"], command].concat()
}

#[track_caller]
fn stdout(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {stderr}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What is in the temporary directory.
fn left(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path("tmp")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[track_caller]
fn nothing_is_left(sandbox: &Sandbox) {
    assert_eq!(left(sandbox), [] as [PathBuf; 0]);
}

/// Waits until something is so, though not for ever.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_command_without_its_dashes_is_wrong_usage() {
    let sandbox = scene();
    for (args, hint) in [
        (&["pytest"][..], "write `rvenv run -- pytest`"),
        (&["two words"], "write `rvenv run -- 'two words'`"),
        (&["env"], "write `rvenv run env -- CMD`"),
        (&["env", "--"], "write `rvenv run env -- CMD`"),
        (&[], "write it behind `--`, as in `rvenv run -- python`"),
        (
            &["--temp"],
            "write it behind `--`, as in `rvenv run -- python`",
        ),
    ] {
        let said = format!("error: there is no command, which stands behind `--`\nhint: {hint}\n");
        run(&sandbox, args).assert().code(2).stdout("").stderr(said);
    }
    for args in [
        &["env", "--temp", "--", "true"][..],
        &["env", "--without-pip", "--", "true"],
        &["--temp", "--without-pip", "--with", "x", "--", "true"],
        &["pytest", "tests", "--", "true"],
    ] {
        let assert = run(&sandbox, args).assert().code(2).stdout("");
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(
            stderr.contains("       rvenv run [OPTIONS] --temp -- CMD"),
            "{stderr}"
        );
    }
    for args in [
        &["pytest", "-x"][..],
        &["pytest", "tests"],
        &["env", "--nosuch", "--", "x"],
    ] {
        let stderr = run(&sandbox, args).assert().code(2).stdout("");
        let stderr = String::from_utf8_lossy(&stderr.get_output().stderr).into_owned();
        let tip =
            "tip: a command and its arguments stand behind '--', as in 'rvenv run -- pytest -x'\n";
        assert!(
            stderr.contains(tip) && !stderr.contains("as a value"),
            "{stderr}"
        );
    }
    nothing_is_left(&sandbox);
}

#[test]
fn what_is_for_a_new_environment_is_refused_without_one() {
    let mut sandbox = scene();
    let flags = ["--system-site-packages", "--without-pip"];
    for flag in flags {
        let said = format!(
            "error: the following required arguments were not provided: `--temp`\n\
             hint: `{flag}` is for a new environment, which `--temp` makes\n"
        );
        let refused = run(&sandbox, [flag, "--", "true"]).assert().code(2);
        refused.stdout("").stderr(said);
    }
    sandbox.set("RVENV_TEMP", "1");
    for flag in flags {
        let script = "test \"$(basename \"$VIRTUAL_ENV\")\" = temp";
        let made = run(&sandbox, [flag, "--", "sh", "-c", script]).assert();
        made.success().stdout("").stderr("");
        run(&sandbox, [flag, "env", "--", "true"]).assert().code(2);
    }
    nothing_is_left(&sandbox);
}

#[test]
fn json_is_for_what_fails_before_the_command_runs() {
    let sandbox = scene();
    for way in WAYS {
        let args = [&["--json"], way].concat();
        let ours = run(&sandbox, words(&args, &["nosuch"]))
            .assert()
            .code(127)
            .stderr("");
        let said: serde_json::Value = serde_json::from_slice(&ours.get_output().stdout).unwrap();
        assert_eq!(
            said["error"],
            "`nosuch` is neither in the environment nor on PATH"
        );
        assert_eq!(
            said["hint"],
            "if a package has it, `--with PACKAGE` installs that first"
        );
        let theirs = ["sh", "-c", "echo out; exit 3", "--json"];
        run(&sandbox, words(&args, &theirs))
            .assert()
            .code(3)
            .stdout("out\n")
            .stderr("");
    }
}
