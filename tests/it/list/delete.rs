//! Deleting what `rvenv list` lists: nothing is deleted unless somebody said that it is meant, and then all that can be.

use super::{at_terminal, listed, lists, python};
use crate::existing::bare;
use crate::refuse::check_raw;
use crate::sandbox::{RVENV, Sandbox, missing, tree};
use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// A folder with two environments that are broken, and one that is not.
fn with_broken() -> Sandbox {
    let sandbox = Sandbox::new();
    bare(&sandbox, python(), &["a/broken", "b/.venv", "healthy"]);
    for env in ["a/broken", "b/.venv"] {
        fs::remove_file(sandbox.path(env).join("bin/python")).unwrap();
    }
    sandbox
}

#[track_caller]
fn refuses(sandbox: &Sandbox, args: &[&str], message: &str, hint: &str) {
    let args = ["delete"].iter().chain(args).map(OsString::from);
    check_raw(sandbox, args, 1, message, hint);
}

fn delete(sandbox: &Sandbox, args: &[&str]) -> Command {
    sandbox.rvenv([&["delete"], args].concat())
}

#[test]
fn broken_ones_are_deleted_when_somebody_says_yes() {
    let sandbox = with_broken();
    let before = tree(sandbox.path(""));
    for answer in ["n\n", "\n", "yeah\n", ""] {
        let output = at_terminal(&sandbox, "rvenv delete --broken", answer);
        let drawn = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{drawn}");
        assert!(
            drawn.contains("delete these 2 environments? [y/N] "),
            "{drawn}"
        );
        assert!(drawn.contains(": nothing was deleted"), "{drawn}");
        for env in ["a/broken", "b/.venv"] {
            let line = format!("{}: `bin/python` is missing", sandbox.path(env).display());
            assert!(drawn.contains(&line), "{drawn}");
        }
        assert_eq!(before, tree(sandbox.path("")));
    }
    let output = at_terminal(&sandbox, "rvenv delete --broken b", "y\n");
    let drawn = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && drawn.contains("delete this environment? "),
        "{drawn}"
    );
    lists(&sandbox, &[], &["a/broken", "healthy"]);
}

#[test]
fn without_a_terminal_somebody_has_to_say_so_before() {
    let mut sandbox = with_broken();
    let hint = "`--yes` deletes them without asking";
    let message = "nobody can be asked whether to delete these 2 environments";
    refuses(&sandbox, &["--broken"], message, hint);
    refuses(
        &sandbox,
        &["--broken", "."],
        "`bin/python` is missing",
        hint,
    );
    let assert = delete(&sandbox, &["--broken", "--json"]).assert();
    assert.code(1).stdout(contains(message)).stderr("");
    lists(&sandbox, &["--broken"], &["a/broken", "b/.venv"]);
    let mut dry = delete(&sandbox, &["--broken", "-n", "b"]);
    let path = sandbox.path("b/.venv").display().to_string();
    let said = format!("{path}: `bin/python` is missing\nwould delete `{path}`\n");
    dry.assert().success().stdout("").stderr(said);
    let mut by_depth = delete(&sandbox, &["--broken", "-y", "--depth", "1"]);
    by_depth
        .assert()
        .success()
        .stderr(contains("there is no broken environment in"));
    sandbox.set("RVENV_DEPTH", "1");
    let mut by_variable = delete(&sandbox, &["--broken", "-y"]);
    by_variable
        .assert()
        .success()
        .stderr(contains("there is no broken environment in"));
    sandbox.set("RVENV_DEPTH", "x");
    refuses(&sandbox, &["--broken", "-y"], "`RVENV_DEPTH` is `x`", "");
    sandbox.set("RVENV_DEPTH", "2");
    sandbox.set("RVENV_YES", "1");
    delete(&sandbox, &["--broken"])
        .assert()
        .success()
        .stdout("");
    lists(&sandbox, &[], &["healthy"]);
}

/// A variable that was set for one purpose deletes nothing for another.
#[test]
fn no_variable_makes_a_named_one_stand_for_what_is_below() {
    let mut sandbox = with_broken();
    for variable in ["RVENV_BROKEN", "RVENV_YES", "RVENV_DEPTH"] {
        sandbox.set(variable, "1");
    }
    refuses(&sandbox, &["a"], "a` is not a virtual environment", "");
    delete(&sandbox, &["healthy"]).assert().success().stderr("");
    for variable in ["RVENV_BROKEN", "RVENV_DEPTH"] {
        sandbox.set(variable, "");
    }
    lists(&sandbox, &[], &["a/broken", "b/.venv"]);
    delete(&sandbox, &["--depth", "1", "a/broken"])
        .assert()
        .code(2);
}

#[test]
fn one_that_is_to_stay_does_not_keep_the_others() {
    let mut sandbox = with_broken();
    sandbox.write("a/broken/main.py", "mine");
    bare(&sandbox, python(), &["c"]);
    fs::remove_file(sandbox.path("c/bin/python")).unwrap();
    sandbox.set("VIRTUAL_ENV", sandbox.path("c"));
    let said = contains("a/broken` also holds what is not an environment's: `main.py`")
        .and(contains("c` is the activated environment"))
        .and(contains("error: 2 of 3 were not deleted"));
    let assert = delete(&sandbox, &["--broken", "-y"]).assert();
    assert.code(1).stdout("").stderr(said);
    lists(&sandbox, &[], &["a/broken", "c", "healthy"]);
    let assert = delete(&sandbox, &["--broken", "-y", "--force"]).assert();
    assert.code(2).stderr(contains("'--force'"));
    let assert = delete(&sandbox, &["-y", "--force", "-"]).assert();
    assert
        .code(1)
        .stderr(contains("takes environments by name only"));
    lists(&sandbox, &[], &["a/broken", "c", "healthy"]);
}

/// What it is broken for does not matter to whoever runs its programs.
#[test]
fn one_that_can_be_used_is_kept() {
    let sandbox = Sandbox::new();
    bare(&sandbox, python(), &["env"]);
    fs::remove_file(sandbox.path("env/bin/activate")).unwrap();
    let listed = sandbox.rvenv(["list", "--broken"]).assert();
    listed.stdout(contains("broken: activation-missing"));
    let said = contains("env`, which can be used: ").and(contains("activate"));
    delete(&sandbox, &["--broken", "-y"])
        .assert()
        .success()
        .stdout("")
        .stderr(said);
    assert!(sandbox.path("env/bin/python").exists());
}

/// Another user, or another day, may see it.
#[test]
fn one_whose_python_may_not_be_looked_at_is_not_broken() {
    let sandbox = Sandbox::new();
    let base = sandbox.path("base");
    fs::create_dir_all(base.join("bin")).unwrap();
    symlink(&python().path, base.join("bin/python3")).unwrap();
    bare(&sandbox, python(), &["env"]);
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    let home = format!("home = {}", base.join("bin").display());
    let cfg = cfg.lines().map(|line| {
        if line.starts_with("home") {
            &home
        } else {
            line
        }
    });
    fs::write(
        sandbox.path("env/pyvenv.cfg"),
        cfg.collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
    let link = sandbox.path("env/bin/python");
    fs::remove_file(&link).unwrap();
    symlink(base.join("bin/python3"), &link).unwrap();
    fs::set_permissions(&base, Permissions::from_mode(0o000)).unwrap();
    let listed = sandbox.unprivileged().args(["list", "--broken"]).assert();
    fs::set_permissions(&base, Permissions::from_mode(0o755)).unwrap();
    listed
        .success()
        .stderr(contains("there is no broken environment"));
}

/// It is looked at again when it is about to go.
#[test]
fn what_comes_into_its_place_meanwhile_is_put_back() {
    let sandbox = with_broken();
    sandbox.write("precious/broken/thesis.tex", "mine");
    let mut strace = sandbox.process("strace");
    strace.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "inject=rename,renameat,renameat2:delay_enter=2000000",
    ]);
    strace
        .arg(RVENV)
        .args(["delete", "-y", "--broken", "a"])
        .stderr(Stdio::piped());
    let Ok(mut child) = strace.spawn() else {
        return missing("strace");
    };
    // Long enough for it to have looked, and short enough for it not to have renamed anything.
    thread::sleep(Duration::from_secs(1));
    fs::rename(sandbox.path("a"), sandbox.path("moved")).unwrap();
    symlink(sandbox.path("precious"), sandbox.path("a")).unwrap();
    child.wait().unwrap();
    assert!(sandbox.path("precious/broken/thesis.tex").exists());
}

#[test]
fn a_list_on_stdin_is_deleted() {
    let sandbox = with_broken();
    let mut listed = listed(&sandbox, &[]);
    let all = json!(listed).to_string();
    listed.retain(|item| item["made_by"] == "rvenv" && item["healthy"] == true);
    let chosen = json!(listed).to_string();
    let refused = delete(&sandbox, &["-"]).write_stdin(all.clone()).assert();
    refused
        .code(1)
        .stderr(contains("delete these 3 environments"));
    let dry = delete(&sandbox, &["-n", "-"])
        .write_stdin(chosen.clone())
        .assert();
    dry.success().stderr(contains("would delete `"));
    let assert = delete(&sandbox, &["--yes", "-"])
        .write_stdin(chosen)
        .assert();
    let line = format!("{}\n", sandbox.path("healthy").display());
    assert.success().stdout("").stderr(line);
    lists(&sandbox, &[], &["a/broken", "b/.venv"]);
    let output = delete(&sandbox, &["-y", "--json", "-"])
        .write_stdin(all)
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said["deleted"].as_array().unwrap().len(), 2, "{said}");
    assert_eq!(
        said["failed"][0]["path"],
        sandbox.path("healthy").to_str().unwrap()
    );
}

#[test]
fn the_person_is_asked_although_stdin_is_a_list() {
    let sandbox = with_broken();
    let line = "rvenv list --json --broken | rvenv delete -";
    let output = at_terminal(&sandbox, line, "n\n");
    let drawn = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{drawn}");
    assert!(
        drawn.contains("delete these 2 environments? [y/N] "),
        "{drawn}"
    );
    assert_eq!(listed(&sandbox, &[]).len(), 3);
    let output = at_terminal(&sandbox, line, "y\n");
    assert!(output.status.success(), "{output:?}");
    lists(&sandbox, &[], &["healthy"]);
    let output = at_terminal(&sandbox, "rvenv delete -", "");
    let drawn = String::from_utf8(output.stdout).unwrap();
    assert!(drawn.contains("stdin, which is a terminal"), "{drawn}");
}

#[test]
fn what_is_no_list_deletes_nothing() {
    let sandbox = with_broken();
    let env = sandbox.path("healthy");
    let before = tree(sandbox.path(""));
    let check = |text: String, problem: &str| {
        let said = contains(format!("stdin is no list of environments: {problem}"));
        let said = said.and(contains("hint: `rvenv list --json` prints it"));
        let assert = delete(&sandbox, &["-y", "-"]).write_stdin(text).assert();
        assert.code(1).stdout("").stderr(said);
        assert_eq!(before, tree(sandbox.path("")));
    };
    let item = json!({"path": env});
    check(String::new(), "nothing is there");
    check("healthy\n".to_owned(), "it is not JSON: ");
    check(format!("[{item}"), "it is not JSON: ");
    check(format!("[{item}, 1]"), "`1` has no `path`");
    check(
        format!("[{item}, {{\"path\": \"healthy\"}}]"),
        "`healthy` is no absolute path",
    );
    check(
        format!("{item}\n{{\"error\": \"failed\"}}"),
        "`{\"error\":\"failed\"}` has no `path`",
    );
    let nothing = delete(&sandbox, &["-y", "-"]).write_stdin("[]").assert();
    nothing
        .success()
        .stdout("")
        .stderr(contains("there is nothing to delete"));
    let nothing = delete(&sandbox, &["--json", "-"])
        .write_stdin("[]")
        .assert();
    let empty = "{\"deleted\":[],\"would_delete\":[],\"failed\":[]}\n";
    nothing.success().stdout(empty).stderr("");
    refuses(
        &sandbox,
        &["-y", "-", "healthy"],
        "goes alone",
        "a directory of that name is `./-`",
    );
}
