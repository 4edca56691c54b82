//! A fresh environment is healthy, whoever made it; and how all that is said.

use super::{found, make, newest, with_pip, without_pip};
use crate::existing::bare;
use crate::pythons::{pythons, seeding_pythons};
use crate::sandbox::{self, Sandbox, tree};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Nothing is found in `env`, however closely one looks, and nothing is changed.
#[track_caller]
fn is_healthy(sandbox: &Sandbox, env: &str) {
    let before = tree(sandbox.path(env));
    for args in [&[env][..], &["--deep", env]] {
        assert_eq!(found(sandbox, args), <[[String; 3]; 0]>::default(), "{env}");
    }
    assert_eq!(before, tree(sandbox.path(env)));
}

#[test]
fn our_own_are_healthy() {
    let sandbox = Sandbox::with_shared_store();
    for (number, python) in seeding_pythons().enumerate() {
        let env = format!("env{number}");
        make(&sandbox, python, &env);
        is_healthy(&sandbox, &env);
    }
    for mode in ["copy", "symlink"] {
        let mut command = sandbox.rvenv(["--link-mode", mode, "--copies", mode, "-p"]);
        command.arg(&newest().path).assert().success();
        is_healthy(&sandbox, mode);
    }
}

#[test]
fn those_of_venv_are_healthy() {
    let sandbox = Sandbox::new();
    for (number, python) in pythons().iter().enumerate() {
        let env = format!("env{number}");
        let mut venv = sandbox.command(&python.path);
        venv.args(["-m", "venv", "--without-pip", &env])
            .assert()
            .success();
        is_healthy(&sandbox, &env);
    }
    let mut venv = sandbox.command(&newest().path);
    venv.args(["-m", "venv", "env"]).assert().success();
    is_healthy(&sandbox, "env");
}

/// In the folder that `RVENV_TEST_PEERS` names.
#[test]
fn those_of_the_peers_are_healthy() {
    let Some(peers) = std::env::var_os("RVENV_TEST_PEERS") else {
        return sandbox::note("skipped: RVENV_TEST_PEERS names no folder with uv and virtualenv");
    };
    let python = newest().path.to_str().unwrap();
    let commands = [
        ("virtualenv", vec!["--python", python, "virtualenv"]),
        ("uv", vec!["venv", "--python", python, "uv"]),
        (
            "uv",
            vec!["venv", "--relocatable", "--python", python, "relocatable"],
        ),
    ];
    let sandbox = Sandbox::new();
    for (peer, args) in commands {
        let mut command = sandbox.command(Path::new(&peers).join(peer));
        command.args(&args).assert().success();
        is_healthy(&sandbox, args.last().unwrap());
    }
}

#[test]
fn a_healthy_one_is_said_in_a_line_and_a_broken_one_with_all_reasons() {
    let sandbox = without_pip();
    let env = sandbox.path("env").display().to_string();
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    let version = cfg
        .lines()
        .find_map(|line| line.strip_prefix("version = "))
        .unwrap();
    let line = format!("{env} (Python {version}, made by rvenv): healthy\n");
    sandbox
        .rvenv(["check", "env"])
        .assert()
        .code(0)
        .stdout(line.clone())
        .stderr("");
    sandbox
        .rvenv(["check", "-q", "env"])
        .assert()
        .code(0)
        .stdout("")
        .stderr("");
    fs::remove_file(sandbox.path("env/bin/python")).unwrap();
    let broken = format!(
        "{}  broken: `bin/python` is missing\n    mend it with: rvenv --upgrade {env}\n",
        line.replace("healthy", "broken")
    );
    sandbox
        .rvenv(["check", "env"])
        .assert()
        .code(1)
        .stdout(broken)
        .stderr("");
    sandbox
        .rvenv(["check", "-q", "env"])
        .assert()
        .code(1)
        .stdout("")
        .stderr("");
}

#[test]
fn the_object_has_these_keys() {
    let sandbox = without_pip();
    let env = sandbox.path("env").display().to_string();
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    let value = |key: &str| {
        let line = cfg
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key} = ")));
        line.unwrap().to_owned()
    };
    fs::remove_file(sandbox.path("env/bin/python")).unwrap();
    let output = sandbox
        .rvenv(["check", "--json", "env", "nothing"])
        .output()
        .unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(1), &b""[..])
    );
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nothing = sandbox.path("nothing").display().to_string();
    let finding = json!({
        "kind": "base-gone", "severity": "broken", "message": "`bin/python` is missing",
        "mend": format!("rvenv --upgrade {env}"),
    });
    let environment = json!({
        "path": env, "healthy": false, "python": value("version"), "home": value("home"),
        "made_by": "rvenv", "findings": [finding],
    });
    let failure = json!({
        "path": nothing, "error": format!("`{nothing}` does not exist"),
        "hint": "name the directory of an environment",
    });
    assert_eq!(
        said,
        json!({"healthy": false, "environments": [environment, failure]})
    );
}

#[test]
fn several_are_checked_although_one_is_none() {
    let sandbox = without_pip();
    fs::create_dir(sandbox.path("empty")).unwrap();
    let output = sandbox
        .rvenv(["check", "empty", "", "env"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let (stdout, stderr) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(stdout.ends_with(": healthy\n"), "{stdout}");
    assert!(
        stderr.contains("empty` is not a virtual environment: it has no pyvenv.cfg"),
        "{stderr}"
    );
    assert!(
        stderr.contains("the path of the environment is empty"),
        "{stderr}"
    );
}

#[test]
fn without_a_name_it_is_the_one_that_is_activated_by_script_or_already() {
    let mut sandbox = Sandbox::new();
    let nothing = sandbox.rvenv(["check", "--json"]).output().unwrap();
    let said: Value = serde_json::from_slice(&nothing.stdout).unwrap();
    assert_eq!(nothing.status.code(), Some(1));
    assert!(
        said["error"]
            .as_str()
            .unwrap()
            .contains("no environment in"),
        "{said}"
    );
    assert!(
        said["hint"].is_string() && nothing.stderr.is_empty(),
        "{said}"
    );
    bare(&sandbox, newest(), &["elsewhere/active"]);
    let active = sandbox.path("elsewhere/active");
    sandbox.set("VIRTUAL_ENV", &active);
    let mut check = sandbox.rvenv(["check"]);
    check
        .assert()
        .code(0)
        .stdout(predicates::str::starts_with(active.to_str().unwrap()));
    bare(&sandbox, newest(), &["real"]);
    sandbox.write(".venv", "real\n");
    sandbox.enter("src");
    let real = sandbox.path("../real").canonicalize().unwrap();
    let mut check = sandbox.rvenv(["check"]);
    check
        .assert()
        .code(0)
        .stdout(predicates::str::starts_with(real.to_str().unwrap()));
}

#[test]
fn no_python_is_started_unless_it_is_to_be() {
    let sandbox = with_pip();
    let python = sandbox.path("env/bin/python");
    let spy = format!(
        "#!/bin/sh\necho started >> {}\n",
        sandbox.path("log").display()
    );
    fs::remove_file(&python).unwrap();
    fs::write(&python, spy).unwrap();
    let mut chmod = sandbox.command("chmod");
    chmod.arg("755").arg(&python).assert().success();
    assert!(found(&sandbox, &["env"]).is_empty() && !sandbox.path("log").exists());
    let found = found(&sandbox, &["--deep", "env"]);
    assert_eq!(found[0][0], "python-fails");
    assert!(sandbox.path("log").exists());
}

#[test]
fn a_python_of_another_environment_is_found_when_it_is_started() {
    let sandbox = without_pip();
    bare(&sandbox, newest(), &["other"]);
    let python = sandbox.path("env/bin/python");
    let other = sandbox.path("other/bin/python").display().to_string();
    fs::remove_file(&python).unwrap();
    fs::write(&python, format!("#!/bin/sh\nexec {other} \"$@\"\n")).unwrap();
    sandbox
        .command("chmod")
        .arg("755")
        .arg(&python)
        .assert()
        .success();
    let message = format!(
        "its Python is that of `{}`",
        sandbox.path("other").display()
    );
    super::finds_for("--upgrade", &sandbox, &["--deep"], "python-fails", &message);
}

#[test]
fn an_environment_is_found_through_a_symlink() {
    let sandbox = without_pip();
    symlink("env", sandbox.path("link")).unwrap();
    assert!(found(&sandbox, &["link"]).is_empty());
}
