//! `--ensure`: nothing where all is well, mended where not, created where nothing is.

use super::{as_str, assert_healthy, fail, newest, run, same, sandbox, site_packages, two_pythons};
use crate::existing::leftovers;
use crate::pythons::pythons;
use crate::sandbox::{self, Sandbox, tree};
use std::fs;
use std::path::PathBuf;
use std::process::Command as Process;

#[test]
fn a_healthy_environment_is_left_as_it_is() {
    let sandbox = sandbox();
    let before = tree(sandbox.path("env"));
    for args in [
        &["--ensure", "env"][..],
        &["--ensure", "-p", "base/bin/python3", "env"],
    ] {
        assert_eq!(run(&sandbox, args), "");
        assert!(same(&sandbox.path("env"), &before), "{args:?} changed it");
    }
}

/// <https://github.com/astral-sh/uv/issues/17899>
#[test]
fn no_program_is_started_for_a_healthy_environment() {
    if Process::new("strace").arg("-V").output().is_err() {
        return sandbox::missing("strace");
    }
    let mut sandbox = sandbox();
    sandbox.set("RVENV_CACHE_DIR", "/dev/null");
    let trace = sandbox.path("trace");
    let mut command = sandbox.command("strace");
    command.args([
        "-f",
        "-e",
        "trace=execve",
        "-o",
        as_str(&trace),
        sandbox::RVENV,
    ]);
    command.args(["--ensure", "env"]).assert().success();
    let trace = fs::read_to_string(trace).unwrap();
    assert_eq!(trace.matches("execve(").count(), 1, "{trace}");
}

#[test]
fn what_is_missing_is_created() {
    let sandbox = Sandbox::with_shared_store();
    let python = as_str(&newest().path);
    run(&sandbox, &["--ensure", "-p", python, "deep/env"]);
    assert_healthy(&sandbox, "deep/env");
    let cfg = fs::read_to_string(sandbox.path("deep/env/pyvenv.cfg")).unwrap();
    assert!(!cfg.contains("--upgrade"), "{cfg}");
    fs::create_dir(sandbox.path("empty")).unwrap();
    run(&sandbox, &["--ensure", "-p", python, "empty"]);
    assert_healthy(&sandbox, "empty");
}

#[test]
fn what_is_broken_is_mended() {
    let damages: [fn(&Sandbox); 5] = [
        |sandbox| fs::remove_file(sandbox.path("env/bin/python3")).unwrap(),
        |sandbox| fs::remove_file(sandbox.path("env/pyvenv.cfg")).unwrap(),
        |sandbox| fs::remove_dir_all(site_packages(sandbox, "env").join("pip")).unwrap(),
        |sandbox| fs::remove_file(sandbox.path("env/bin/pip")).unwrap(),
        |sandbox| {
            let script = sandbox.path("env/bin/activate");
            let text = fs::read_to_string(&script).unwrap();
            fs::write(
                &script,
                text.replace(as_str(&sandbox.path("env")), "/elsewhere"),
            )
            .unwrap();
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let sandbox = sandbox();
        damage(&sandbox);
        let said = run(&sandbox, &["--ensure", "env"]);
        assert!(said.contains("mended: "), "{number}: {said}");
        assert_healthy(&sandbox, "env");
        assert_eq!(leftovers(&sandbox.path("env")), [] as [PathBuf; 0]);
        assert_eq!(run(&sandbox, &["--ensure", "env"]), "", "{number}");
    }
}

#[test]
fn settings_that_it_lacks_are_given_to_it() {
    let sandbox = Sandbox::with_shared_store();
    let python = as_str(&newest().path);
    run(&sandbox, &["-p", python, "--without-pip", "env"]);
    let before = tree(sandbox.path("env"));
    for args in [
        &["--ensure", "env"][..],
        &["--ensure", "--without-pip", "env"],
    ] {
        run(&sandbox, args);
        assert!(same(&sandbox.path("env"), &before), "it was healthy");
    }
    run(&sandbox, &["--ensure", "--system-site-packages", "env"]);
    sandbox.rvenv(["check", "env"]).assert().success();
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    assert!(cfg.contains("include-system-site-packages = true\n"));
}

#[test]
fn another_minor_version_is_refused() {
    let (_, Some(other)) = two_pythons() else {
        return sandbox::missing("second minor version of Python");
    };
    let sandbox = sandbox();
    let before = tree(sandbox.path("env"));
    let said = fail(&sandbox, &["--ensure", "-p", as_str(&other.path), "env"]);
    assert!(said.contains("is an environment of Python"), "{said}");
    assert!(same(&sandbox.path("env"), &before));
}

#[test]
fn what_else_to_do_with_what_is_there_contradicts_it() {
    let sandbox = Sandbox::new();
    for other in ["--clear", "--upgrade"] {
        let output = sandbox.rvenv(["--ensure", other, "env"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    assert!(tree(sandbox.path("")).is_empty());
}

#[test]
fn a_pipe_is_no_configuration_and_keeps_nobody_waiting() {
    let sandbox = sandbox();
    let cfg = sandbox.path("env/pyvenv.cfg");
    fs::remove_file(&cfg).unwrap();
    sandbox.command("mkfifo").arg(&cfg).assert().success();
    run(&sandbox, &["--ensure", "env"]);
    assert_healthy(&sandbox, "env");
}

/// What is asked for is any of several versions, and another one is found first.
#[test]
fn a_healthy_environment_of_another_version_that_fits_too_is_left_as_it_is() {
    let (newest, Some(other)) = two_pythons() else {
        return sandbox::missing("second minor version of Python");
    };
    let mut sandbox = sandbox();
    let bins = [other, newest].map(|python| python.path.parent().unwrap().to_owned());
    sandbox.set_path(std::env::join_paths(bins).unwrap());
    for request in ["3", "python3", ">=3.6", "cpython"] {
        let before = tree(sandbox.path("env"));
        run(&sandbox, &["--ensure", "-p", request, "env"]);
        assert!(same(&sandbox.path("env"), &before), "{request} changed it");
        run(&sandbox, &["--upgrade", "-p", request, "env"]);
        assert_healthy(&sandbox, "env");
    }
    let (major, minor) = other.version;
    let version = format!("{major}.{minor}");
    let refused = fail(&sandbox, &["--ensure", "-p", &version, "env"]);
    let (major, minor) = newest.version;
    let hint = format!("as in `--python {major}.{minor}`");
    assert!(refused.contains(&hint), "{refused}");
}

/// Below 3.11, the base of an environment's Python is itself, so that each of two would be made of the other.
#[test]
fn environments_are_never_made_of_each_other() {
    for python in pythons() {
        for copies in [None, Some("--copies")] {
            let sandbox = Sandbox::with_shared_store();
            let path = as_str(&python.path);
            run(&sandbox, &["--without-pip", "-p", path, "one"]);
            let args = ["--without-pip", "-p", "one/bin/python3", "two"];
            run(
                &sandbox,
                &args.into_iter().chain(copies).collect::<Vec<_>>(),
            );
            for flag in ["--ensure", "--clear", "--upgrade", "--symlinks"] {
                run(
                    &sandbox,
                    &["--without-pip", flag, "-p", "two/bin/python3", "one"],
                );
                for env in ["one", "two"] {
                    sandbox
                        .python(env)
                        .arg("-c")
                        .arg("import os")
                        .assert()
                        .success();
                }
            }
        }
    }
}
