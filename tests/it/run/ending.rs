//! How a command ends, and what ends it: exit codes and signals get through, both ways.

use super::{WAYS, left, nothing_is_left, process, run, scene, wait_until, words};
use crate::killed::signals::send;
use crate::sandbox::{RVENV, Sandbox};
use crate::typist::answered;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Output, Stdio};

#[test]
fn the_exit_code_is_the_commands() {
    let sandbox = scene();
    for (way, code) in WAYS
        .into_iter()
        .flat_map(|way| [0, 1, 3, 255].map(|code| (way, code)))
    {
        let exit = format!("echo out; echo err >&2; exit {code}");
        let assert = run(&sandbox, words(way, &["sh", "-c", &exit])).assert();
        assert.code(code).stdout("out\n").stderr("err\n");
    }
    nothing_is_left(&sandbox);
}

#[test]
fn what_cannot_be_started_has_the_exit_codes_of_shells() {
    let sandbox = scene();
    let script = |name: &str, text: &str, mode| {
        let path = sandbox.write(name, text);
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    script("plain", "#!/bin/sh\n", 0o644);
    script("tools/plain", "#!/bin/sh\n", 0o644);
    script("lost", "#!/nowhere/python\n", 0o755);
    fs::create_dir(sandbox.path("folder")).unwrap();
    let search = format!("{}:/bin:/usr/bin", sandbox.path("tools").display());
    for (name, code, said) in [
        (
            "nosuch",
            127,
            "`nosuch` is neither in the environment nor on PATH",
        ),
        ("", 127, "`` is neither in the environment nor on PATH"),
        ("./nosuch", 127, "`./nosuch` does not exist"),
        ("./lost", 127, "what its first line names is not there"),
        (
            "plain",
            126,
            "/tools/plain` cannot be executed: it is not executable",
        ),
        (
            "./plain",
            126,
            "`./plain` cannot be executed: it is not executable",
        ),
        (
            "./folder",
            126,
            "`./folder` cannot be executed: it is a directory",
        ),
    ] {
        for way in WAYS {
            let mut command = run(&sandbox, words(way, &[name]));
            let assert = command.env("PATH", &search).assert().code(code).stdout("");
            let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
            assert!(
                stderr.contains(said) && stderr.contains("\nhint: "),
                "{stderr}"
            );
            assert_eq!(stderr.lines().count(), 2, "{stderr}");
        }
    }
    nothing_is_left(&sandbox);
}

#[test]
fn a_shell_reads_a_script_that_names_no_interpreter() {
    let sandbox = scene();
    let script = sandbox.write("bare", "echo \"$0|$1|$2\"; command -v python; exit 4\n");
    fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    for way in WAYS {
        let assert = run(&sandbox, words(way, &["./bare", "a b", ""])).assert();
        let assert = assert.code(4).stderr("");
        let said = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
        assert!(said.contains("/bare|a b|\n/"), "{way:?}: {said}");
        let python = if way[0] == "env" {
            "/env/bin/python\n"
        } else {
            "/temp/bin/python\n"
        };
        assert!(said.ends_with(python), "{way:?}: {said}");
    }
    nothing_is_left(&sandbox);
}

#[test]
fn a_signal_that_ends_it_ends_rvenv() {
    let sandbox = scene();
    for (name, number) in [
        ("TERM", 15),
        ("INT", 2),
        ("HUP", 1),
        ("KILL", 9),
        ("SEGV", 11),
        ("PIPE", 13),
        ("USR2", 12),
    ] {
        for way in WAYS {
            let kill = format!("kill -{name} $$");
            let status = process(&sandbox, words(way, &["sh", "-c", &kill]))
                .status()
                .unwrap();
            assert_eq!(status.signal(), Some(number), "{way:?} SIG{name}: {status}");
            assert!(way[0] == "env" || !status.core_dumped(), "a second core");
        }
    }
    nothing_is_left(&sandbox);
}

/// Starts `rvenv run --temp -- sh -c SCRIPT`, sends rvenv signals once the script has made the file `ready`, and returns
/// what came of it.
fn told(sandbox: &Sandbox, signals: &[&str], script: &str) -> Output {
    let ready = sandbox.path("ready");
    fs::remove_file(&ready).ok();
    let mut command = process(sandbox, words(WAYS[1], &["sh", "-c", script]));
    // A group of its own is in no terminal's foreground.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    wait_until("it does not run", || ready.exists());
    assert_eq!(left(sandbox).len(), 1);
    for signal in signals {
        send(signal, &child.id().to_string());
    }
    child.wait_with_output().unwrap()
}

#[test]
fn what_is_sent_to_rvenv_reaches_the_command() {
    let sandbox = scene();
    for (name, number) in [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("USR1", 10),
        ("USR2", 12),
        ("ALRM", 14),
        ("TERM", 15),
    ] {
        let heeding =
            format!("trap 'echo {name}; exit 7' {name}; touch ready; while :; do sleep 0.01; done");
        let output = told(&sandbox, &[name], &heeding);
        assert_eq!(
            (output.status.code(), &*output.stdout),
            (Some(7), format!("{name}\n").as_bytes())
        );
        nothing_is_left(&sandbox);
        let output = told(&sandbox, &[name], "touch ready; exec sleep 300");
        assert_eq!(output.status.signal(), Some(number), "SIG{name}");
        nothing_is_left(&sandbox);
    }
    // However often, it is the command that decides.
    let deaf = "trap '' TERM; trap 'exit 5' USR1; touch ready; while :; do sleep 0.01; done";
    let output = told(&sandbox, &["TERM", "TERM", "TERM", "USR1"], deaf);
    assert_eq!(output.status.code(), Some(5));
    nothing_is_left(&sandbox);
}

#[test]
fn what_rvenv_was_started_to_ignore_the_command_ignores() {
    let sandbox = scene();
    let inner = "kill -HUP $PPID; kill -HUP $$; sleep 0.1; exit 9";
    let mut shell = sandbox.process("sh");
    shell.args(["-c", "trap '' HUP; \"$@\"", "sh", RVENV, "run"]);
    let status = shell
        .args(words(WAYS[1], &["sh", "-c", inner]))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(9));
    nothing_is_left(&sandbox);
}

#[test]
fn a_time_limit_ends_it_and_leaves_nothing() {
    let sandbox = scene();
    let mut timeout = sandbox.process("timeout");
    timeout.args(["300", RVENV, "run"]);
    timeout.args(words(WAYS[1], &["sh", "-c", "touch ready; exec sleep 300"]));
    let mut child = timeout.spawn().unwrap();
    wait_until("it does not run", || sandbox.path("ready").exists());
    // Which it passes on as it does its own: to rvenv, then to the group.
    send("TERM", &child.id().to_string());
    let status = child.wait().unwrap();
    assert!([status.code(), status.signal().map(|it| 128 + it)].contains(&Some(143)));
    nothing_is_left(&sandbox);
}

/// Runs a program on a terminal of its own, and types Ctrl-C each time that it says `ready`; returns what it says and how
/// it ends.
fn interrupted(sandbox: &Sandbox, program: &str, args: &[&str]) -> String {
    let output = answered(sandbox, ["ready", "\x03"], &[&[program], args].concat());
    let end = match output.status.signal() {
        Some(signal) => format!("signal {signal}\n"),
        None => format!("code {}\n", output.status.code().unwrap()),
    };
    String::from_utf8_lossy(&output.stdout).into_owned() + &end
}

#[test]
fn an_interrupt_by_the_terminal_reaches_it_once() {
    let sandbox = scene();
    let counting = "import signal, time; came = []; signal.signal(signal.SIGINT, lambda *_: came.append(1))\n\
                    print('ready', flush=True)\n\
                    while not came: time.sleep(0.01)\n\
                    time.sleep(1); print('came', len(came)); raise SystemExit(4)";
    for way in WAYS {
        let heeding = [&["run"], &*words(way, &["python", "-c", counting])].concat();
        let said = interrupted(&sandbox, RVENV, &heeding);
        assert!(
            said.contains("came 1\r\n") && said.ends_with("code 4\n"),
            "{way:?}: {said}"
        );
        let ending = [
            &["run"],
            &*words(way, &["sh", "-c", "echo ready; exec sleep 300"]),
        ]
        .concat();
        let said = interrupted(&sandbox, RVENV, &ending);
        assert!(said.ends_with("signal 2\n"), "{way:?}: {said}");
        nothing_is_left(&sandbox);
    }
}

#[test]
fn an_interrupt_ends_the_loop_of_a_shell() {
    let sandbox = scene();
    if sandbox.command("bash").arg("--version").output().is_err() {
        return crate::sandbox::missing("bash");
    }
    let script = "for i in 1 2 3; do \"$@\"; done; echo after";
    for way in WAYS {
        let inner = words(way, &["sh", "-c", "echo ready; exec sleep 300"]);
        let args = [&["-c", script, "bash", RVENV, "run"], &*inner].concat();
        let said = interrupted(&sandbox, "/bin/bash", &args);
        assert!(
            !said.contains("after") && said.ends_with("signal 2\n"),
            "{way:?}: {said}"
        );
        assert_eq!(said.matches("ready").count(), 1, "{said}");
        nothing_is_left(&sandbox);
    }
}
