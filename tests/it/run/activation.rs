//! What a command finds: the variables of an activated shell, and everything else as it was without rvenv.

use super::{WAYS, process, run, scene, scene_of, stdout, words};
use crate::pythons::pythons;
use crate::sandbox::{Sandbox, missing, note};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command as Process, Output, Stdio};

/// What a shell has of its own.
const OF_SHELLS: [&str; 4] = ["_", "SHLVL", "PWD", "OLDPWD"];

/// The variables that `env -0` has said.
#[track_caller]
fn variables(output: &Output) -> BTreeMap<String, String> {
    let said = stdout(output);
    let pairs = said
        .split_terminator('\0')
        .map(|it| it.split_once('=').unwrap());
    let pairs = pairs.filter(|(name, _)| !OF_SHELLS.contains(name));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_variables_are_those_of_an_activated_shell() {
    let mut sandbox = scene();
    if sandbox.command("bash").arg("--version").output().is_err() {
        return missing("bash");
    }
    sandbox.enter("sub dir");
    for (env, prompt) in [
        ("plain", "plain"),
        ("my env", "a 'b' \"c\" $d `e`"),
        ("dot", "."),
    ] {
        let args = ["--without-pip", "--prompt", prompt, env];
        sandbox.rvenv(args).assert().success();
    }
    let search = crate::sandbox::search_path().into_string().unwrap();
    let outer = sandbox.path("plain").display().to_string();
    let with_outer = format!("/a:{outer}/bin::{search}:");
    let worlds: [&[(&str, &str)]; 5] = [
        &[],
        &[("PYTHONHOME", "/nowhere"), ("VIRTUAL_ENV", "")],
        &[
            ("VIRTUAL_ENV", &outer),
            ("PATH", &with_outer),
            ("VIRTUAL_ENV_PROMPT", "old"),
        ],
        &[
            ("PATH", ""),
            ("CONDA_PREFIX", "/conda"),
            ("CONDA_DEFAULT_ENV", "base"),
        ],
        &[
            ("VIRTUAL_ENV", "/gone"),
            ("PYTHONPATH", "/x"),
            ("LANG", "C"),
        ],
    ];
    let bash = which::which_in("bash", Some(&search), "/").unwrap();
    for (env, world) in ["plain", "my env", "dot"]
        .iter()
        .flat_map(|env| worlds.map(|it| (env, it)))
    {
        let mut shell = sandbox.process(&bash);
        let script = ". \"$1/bin/activate\"; exec /usr/bin/env -0";
        shell
            .args(["-c", script, "sh", env])
            .envs(world.iter().copied());
        let mut ours = process(&sandbox, [env, "--", "/usr/bin/env", "-0"]);
        ours.envs(world.iter().copied());
        let expected = variables(&shell.output().unwrap());
        assert_eq!(
            variables(&ours.output().unwrap()),
            expected,
            "{env} {world:?}"
        );
        assert!(expected["VIRTUAL_ENV"].ends_with(env));
    }
}

#[test]
fn every_python_finds_its_environment() {
    for python in pythons() {
        note(&python.path.display().to_string());
        let sandbox = scene_of(python);
        let script = "import sys; print(sys.prefix, sys.version_info[:2])";
        for way in WAYS {
            let said = run(&sandbox, words(way, &["python", "-c", script]))
                .output()
                .unwrap();
            let said = stdout(&said);
            let place = if way[0] == "env" {
                "work/env "
            } else {
                "/temp "
            };
            assert!(said.contains(place), "{said}");
            let (major, minor) = python.version;
            assert!(said.contains(&format!("({major}, {minor})")), "{said}");
        }
    }
}

#[test]
fn what_it_reads_and_what_it_is_told_are_untouched() {
    let sandbox = scene();
    let odd = [
        OsStr::from_bytes(b"\xff\xfe"),
        OsStr::new(""),
        OsStr::new("--temp"),
        OsStr::new("-h"),
        OsStr::new("--"),
    ];
    for way in WAYS {
        let mut cat = run(&sandbox, words(way, &["cat"]));
        cat.write_stdin("in\0\n")
            .assert()
            .success()
            .stdout("in\0\n");
        let mut printf = run(&sandbox, words(way, &["printf", "%s|"]));
        printf
            .args(odd)
            .assert()
            .success()
            .stdout(&b"\xff\xfe||--temp|-h|--|"[..]);
        let nested = [
            "sh",
            "-c",
            "exec sh -c 'echo \"$0 $1\"; command -v python' \"$@\"",
            "sh",
            "a",
            "b c",
        ];
        let said = stdout(&run(&sandbox, words(way, &nested)).output().unwrap());
        assert!(
            said.starts_with("a b c\n") && said.ends_with("/bin/python\n"),
            "{said}"
        );
        let said = stdout(
            &run(
                &sandbox,
                words(way, &["sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline"]),
            )
            .output()
            .unwrap(),
        );
        assert!(said.starts_with("sh -c"), "called as it was typed: {said}");
    }
}

#[test]
fn it_takes_the_place_of_rvenv() {
    let sandbox = scene();
    let mut shell = process(&sandbox, ["env", "--", "sh", "-c", "echo $$"]);
    let child = shell.stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    assert_eq!(
        stdout(&child.wait_with_output().unwrap()),
        format!("{pid}\n")
    );
}

/// What `command` says without rvenv, and in both ways with it.
#[track_caller]
fn is_the_same(sandbox: &Sandbox, before: &str, command: &str) {
    let said = |words: Vec<OsString>| {
        let mut shell: Process = sandbox.process("bash");
        let script = format!("{before}\nexec \"$@\"");
        shell.args(["-c", &script, "bash"]).args(words);
        stdout(&shell.output().unwrap())
    };
    let plain: Vec<OsString> = ["bash", "-c", command].map(OsString::from).into();
    let expected = said(plain.clone());
    for way in WAYS {
        let ours = [crate::sandbox::RVENV, "run"]
            .iter()
            .chain(way)
            .chain(&["--"]);
        let ours: Vec<OsString> = ours.map(OsString::from).chain(plain.clone()).collect();
        assert_eq!(said(ours), expected, "{way:?} {before} {command}");
    }
}

#[test]
fn it_inherits_no_descriptors_and_no_signals_of_rvenvs() {
    let sandbox = scene();
    if sandbox.command("bash").arg("--version").output().is_err() {
        return missing("bash");
    }
    // The highest ones are the C library's own.
    let signals = "sed -nE 's/^(Sig(Blk|Ign|Cgt)):.*(.{7})$/\\1 \\3/p' /proc/self/status";
    is_the_same(&sandbox, "", "ls /proc/self/fd | wc -l");
    is_the_same(&sandbox, "exec 7</dev/null", "ls /proc/self/fd");
    is_the_same(&sandbox, "", signals);
    is_the_same(&sandbox, "trap '' HUP INT TERM USR1", signals);
    is_the_same(&sandbox, "", "yes | head -n 1; echo ${PIPESTATUS[0]}");
}

#[test]
fn a_reader_that_goes_away_ends_it_as_without_rvenv() {
    let sandbox = scene();
    if sandbox.command("bash").arg("--version").output().is_err() {
        return missing("bash");
    }
    for way in WAYS {
        let script = "\"$@\" | head -n 1; echo ${PIPESTATUS[0]}";
        let mut shell = sandbox.command("bash");
        shell.args(["-c", script, "bash", crate::sandbox::RVENV, "run"]);
        shell
            .args(words(way, &["yes"]))
            .assert()
            .success()
            .stdout("y\n141\n")
            .stderr("");
    }
}
