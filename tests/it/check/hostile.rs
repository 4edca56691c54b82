//! `rvenv check` of what somebody made up: it ends, says something, reads nothing outside, and runs nothing.

use super::packages::install;
use super::{found, site_packages, without_pip};
use crate::sandbox::{self, Sandbox};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::Duration;

/// `rvenv check env` says what it says within a second and does not panic.
#[track_caller]
fn survives(sandbox: &Sandbox) {
    for args in [&["check", "env"][..], &["check", "--deep", "env"]] {
        let mut command = sandbox.rvenv(args);
        let output = command.timeout(Duration::from_secs(20)).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(
            !output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b),
            "{output:?}"
        );
    }
}

#[test]
fn rows_that_lead_out_are_nobodys_files() {
    let sandbox = without_pip();
    let own = sandbox.path("env/bin/python3").display().to_string();
    install(&sandbox, "tool", &own);
    let record = site_packages(&sandbox, "env").join("tool-1.0.dist-info/RECORD");
    let rows = [
        "../../../../outside/secret,sha256=x,1",
        "a/../../../../../outside/secret,sha256=x,1",
        "/nowhere/at/all,sha256=x,1",
        "../../../../../../../../../../../../etc/nothing,,",
    ];
    sandbox.write("outside/secret", "s");
    fs::write(record, rows.join("\n")).unwrap();
    assert!(found(&sandbox, &["--deep", "env"]).is_empty());
    let mut strace = sandbox.command("strace");
    strace
        .args(["-f", "-qq", "-e", "trace=file", "-o"])
        .arg(sandbox.path("log"));
    let output = strace.args([sandbox::RVENV, "check", "env"]).output();
    if output.is_err() {
        return sandbox::missing("strace");
    }
    let log = fs::read_to_string(sandbox.path("log")).unwrap();
    let is_outside = |line: &&str| line.contains("outside/") || line.contains("/etc/nothing");
    assert_eq!(log.lines().find(is_outside), None);
    assert_eq!(log.matches("execve(").count(), 1, "{log}");
}

#[test]
fn arbitrary_bytes_are_survived() {
    let sandbox = without_pip();
    let own = sandbox.path("env/bin/python3").display().to_string();
    install(&sandbox, "tool", &own);
    let record = site_packages(&sandbox, "env").join("tool-1.0.dist-info/RECORD");
    let long = "x/".repeat(100_000);
    let texts = [
        &b"\x00\xff,\"\n\"\r\n,,,,\n"[..],
        b"\"../../../bin/tool\",,\n\"\x1b[31m\",,\n",
        b"VIRTUAL_ENV='/a\x1b[31m'\n#!/x\x1b/python3\nhome = /\x1b[2J\n",
        b"#!\n",
        b"#!/bin/sh\n'''exec' \"/\\\n",
        b"VIRTUAL_ENV=\"\\",
        b"version = 99999999999.1\nhome = \n= =\n",
        long.as_bytes(),
    ];
    let own = fs::read(sandbox.path("env/pyvenv.cfg")).unwrap();
    for text in texts {
        fs::write(&record, [text, b"\n../../../bin/tool,,\n"].concat()).unwrap();
        fs::write(sandbox.path("env/bin/tool"), text).unwrap();
        fs::write(sandbox.path("env/bin/activate"), text).unwrap();
        fs::write(sandbox.path("env/pyvenv.cfg"), &own).unwrap();
        survives(&sandbox);
        fs::write(sandbox.path("env/pyvenv.cfg"), text).unwrap();
        survives(&sandbox);
    }
}

#[test]
fn pipes_sockets_and_loops_are_not_waited_for() {
    let sandbox = without_pip();
    let own = sandbox.path("env/bin/python3").display().to_string();
    install(&sandbox, "tool", &own);
    let dist_info = site_packages(&sandbox, "env").join("tool-1.0.dist-info");
    fs::write(
        dist_info.join("RECORD"),
        "tool.py,sha256=x,\n../../../bin/tool,sha256=x,\n../../../bin/loop,sha256=x,\n",
    )
    .unwrap();
    let pipe = |path: &str| {
        let path = sandbox.path(path);
        let _ = fs::remove_file(&path);
        sandbox.command("mkfifo").arg(path).assert().success();
    };
    symlink("loop", sandbox.path("env/bin/loop")).unwrap();
    symlink("..", sandbox.path("env/lib/python3.97")).unwrap();
    pipe("env/bin/activate");
    pipe("env/bin/tool");
    let _socket = UnixListener::bind(sandbox.path("env/bin/activate.d")).unwrap();
    pipe("env/lib/pipe");
    fs::remove_file(site_packages(&sandbox, "env").join("tool.py")).unwrap();
    sandbox
        .command("mkfifo")
        .arg(site_packages(&sandbox, "env").join("tool.py"))
        .assert()
        .success();
    survives(&sandbox);
    pipe("env/bin/python");
    survives(&sandbox);
    pipe("env/pyvenv.cfg");
    survives(&sandbox);
}

#[test]
fn what_a_terminal_would_obey_is_shown() {
    let sandbox = Sandbox::new();
    sandbox.write("a\u{1b}[31m\u{202e}b/pyvenv.cfg", "home = /no\u{7}where\n");
    let output = sandbox
        .rvenv(["check", "a\u{1b}[31m\u{202e}b", "\u{1b}c"])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    for shown in [
        r"a\u{1b}[31m\u{202e}b (made by venv): broken",
        r"`/no\u{7}where`",
        r"\u{1b}c` does not exist",
    ] {
        assert!(said.contains(shown), "{said}");
    }
}
