//! `rvenv list`: which environments it finds, and what it says of each; `usage`: what they take, and when they were used;
//! `delete`: deleting what it lists.

mod delete;
mod usage;

use crate::existing::bare;
use crate::pythons::{Python, pythons};
use crate::sandbox::{self, RVENV, Sandbox, note, tree};
use crate::typist::answered;
use assert_cmd::assert::Assert;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::{contains, ends_with, starts_with};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

/// The last one.
fn python() -> &'static Python {
    let own = pythons().iter().filter(|python| !python.is_pypy);
    own.max_by_key(|python| python.version).unwrap()
}

fn list(sandbox: &Sandbox, args: &[&str]) -> Assert {
    sandbox.rvenv([&["list"], args].concat()).assert()
}

/// What `rvenv list --json ARGS` prints.
#[track_caller]
fn listed(sandbox: &Sandbox, args: &[&str]) -> Vec<Value> {
    let assert = list(sandbox, &[&["--json"], args].concat());
    let assert = assert.success().stderr("");
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

/// The paths of those that `rvenv list ARGS` lists, relative to the folder.
#[track_caller]
fn paths(sandbox: &Sandbox, args: &[&str]) -> Vec<PathBuf> {
    let (listed, folder) = (listed(sandbox, args), sandbox.path(""));
    let relative = |item: &Value| {
        let path = Path::new(item["path"].as_str().unwrap());
        path.strip_prefix(&folder).unwrap().to_owned()
    };
    listed.iter().map(relative).collect()
}

#[track_caller]
fn lists(sandbox: &Sandbox, args: &[&str], expected: &[&str]) {
    let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
    assert_eq!(paths(sandbox, args), expected, "{args:?}");
}

/// What becomes of `LINE`, where `rvenv` is the program, on a terminal at which somebody types `answer` when asked.
fn at_terminal(sandbox: &Sandbox, line: &str, answer: &str) -> Output {
    let line = line.replace("rvenv", &format!("'{RVENV}'"));
    answered(sandbox, ["[y/N] ", answer], &["/bin/sh", "-c", &line])
}

/// A folder with environments of which nothing but `pyvenv.cfg` is there.
fn with_shells(paths: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for path in paths {
        sandbox.write(Path::new(path).join("pyvenv.cfg"), "home = /usr/bin\n");
    }
    sandbox
}

#[test]
fn every_environment_below_is_found_in_order() {
    let sandbox = with_shells(&[
        "b/.venv",
        "b/.venv/inside",
        "a b/c/env",
        "z",
        "node_modules/env",
        "b/node_modules/x/env",
        "b/.git/env",
        ".hg/env",
        ".svn/env",
        ".jj/env",
        ".z.rvenv-1bcde6",
        "b/.cache/env",
    ]);
    sandbox.write("text/pyvenv.cfg", "a text about it\n");
    sandbox.write("text/env/pyvenv.cfg", "home = /usr/bin\n");
    symlink("..", sandbox.path("b/loop")).unwrap();
    symlink("z", sandbox.path("link")).unwrap();
    symlink("nowhere", sandbox.path("dangling")).unwrap();
    let all = ["a b/c/env", "b/.cache/env", "b/.venv", "text/env", "z"];
    lists(&sandbox, &[], &all);
    lists(&sandbox, &["."], &all);
    lists(&sandbox, &["--depth", "2"], &all[2..]);
    lists(&sandbox, &["--depth", "1"], &["z"]);
    lists(&sandbox, &["--depth", "0"], &[]);
    lists(&sandbox, &["--depth", "0", "z"], &["z"]);
    lists(&sandbox, &["node_modules"], &["node_modules/env"]);
    lists(&sandbox, &["link"], &["z"]);
    lists(&sandbox, &["b/loop/b", "b"], &all[1..3]);
    lists(&sandbox, &["b", "z", ".", "b/.venv"], &all);
    let mut sandbox = sandbox;
    sandbox.set("RVENV_DEPTH", "1");
    lists(&sandbox, &[], &["z"]);
    lists(&sandbox, &["--depth", "2"], &all[2..]);
    sandbox.set("RVENV_DEPTH", "");
    lists(&sandbox, &[], &all);
}

#[test]
fn a_thousand_are_found() {
    let names: Vec<String> = (0..1000)
        .map(|number| format!("{}/{number:03}", number % 7))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sandbox = with_shells(&names);
    assert_eq!(listed(&sandbox, &[]).len(), 1000);
}

#[test]
fn the_table_says_who_made_what_and_what_is_broken() {
    let sandbox = with_shells(&[]);
    let version = made_by_all(&sandbox);
    sandbox.write("line\nfeed/pyvenv.cfg", "home = /nowhere\nuv = 1\n");
    let before = tree(sandbox.path(""));
    let assert = list(&sandbox, &[]).success().stderr("");
    assert_eq!(before, tree(sandbox.path("")), "nothing is changed");
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let mut lines = stdout.lines();
    let heading = lines.next().unwrap();
    let heading: Vec<&str> = heading.split("  ").filter(|it| !it.is_empty()).collect();
    let expected = ["PATH", "PYTHON", "MADE BY", "SIZE", "LAST USED", "HEALTH"];
    assert_eq!(
        heading.iter().map(|it| it.trim()).collect::<Vec<_>>(),
        expected
    );
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words[0].contains("line") {
            assert_eq!(words[..3], [r"'line\nfeed'", "unknown", "uv"], "{stdout}");
            assert!(line.ends_with(" broken: another-system"), "{stdout}");
        } else {
            let maker = words[0].rsplit('/').next().unwrap();
            assert_eq!(words[1..3], [version.as_str(), maker], "{stdout}");
            assert!(line.ends_with(" healthy"), "{stdout}");
        }
        // It takes as long as it takes to make them all.
        let is_recent = words[5..7] == ["just", "now"] || words[6].starts_with("minute");
        assert!(is_recent, "{stdout}");
    }
    let total = lines.next().unwrap();
    assert!(total.contains("environments, 1 broken: "), "{stdout}");
    assert!(
        total.ends_with("counted once") && lines.next().is_none(),
        "{stdout}"
    );
}

/// Makes one by each tool that there is, in the folder of that name; returns their version.
fn made_by_all(sandbox: &Sandbox) -> String {
    bare(sandbox, python(), &["by/rvenv"]);
    let python = python().path.to_str().unwrap();
    let [major, minor, micro] = python_version(sandbox);
    let by = |program: &str, args: &[&str]| {
        let mut command = sandbox.command(program);
        command.args(args).assert().success();
    };
    by(python, &["-m", "venv", "--without-pip", "by/venv"]);
    if peer("uv") {
        by(
            "uv",
            &["venv", "--offline", "--no-config", "-p", python, "by/uv"],
        );
    }
    if peer("virtualenv") {
        by("virtualenv", &["--no-seed", "-p", python, "by/virtualenv"]);
        // It writes the whole of `sys.version_info`.
        let cfg = fs::read_to_string(sandbox.path("by/virtualenv/pyvenv.cfg")).unwrap();
        let cfg = cfg.replace(".final.0", "");
        fs::write(sandbox.path("by/virtualenv/pyvenv.cfg"), cfg).unwrap();
    }
    format!("{major}.{minor}.{micro}")
}

fn python_version(sandbox: &Sandbox) -> [u64; 3] {
    let code = "import sys; print(list(sys.version_info[:3]))";
    let output = sandbox.command(&python().path).args(["-c", code]).output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

fn peer(name: &str) -> bool {
    let search = sandbox::search_path();
    let is_there = std::env::split_paths(&search).any(|folder| folder.join(name).is_file());
    if !is_there {
        note(&format!("skipped: no {name} on this machine"));
    }
    is_there
}

#[test]
fn a_path_is_said_as_it_can_be_typed() {
    let mut sandbox = with_shells(&["here/env", "here/-f", "here/a b", "there/env"]);
    sandbox.enter("here");
    let assert = list(&sandbox, &[".", "../there"]).success();
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let there = sandbox.path("").with_file_name("there/env");
    let rows: Vec<&str> = stdout.lines().skip(1).take(4).collect();
    for (row, path) in rows
        .iter()
        .zip(["./-f ", "'a b' ", "env ", there.to_str().unwrap()])
    {
        assert!(row.starts_with(path), "{stdout}");
    }
    sandbox.enter("env");
    list(&sandbox, &[]).success().stdout(contains("\n.  "));
}

#[test]
fn where_there_is_none_nothing_is_printed() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("").display().to_string();
    let said = format!("there is no environment in `{folder}` or below\n");
    list(&sandbox, &[]).success().stdout("").stderr(said);
    list(&sandbox, &["-q"]).success().stdout("").stderr("");
    list(&sandbox, &["--json"])
        .success()
        .stdout("[]\n")
        .stderr("");
    let said = contains("no broken environment in `");
    list(&sandbox, &["--broken"]).success().stderr(said);
}

#[test]
fn what_is_no_directory_is_an_error() {
    let sandbox = with_shells(&["env"]);
    sandbox.write("file", "");
    symlink("nowhere", sandbox.path("dangling")).unwrap();
    for (root, problem) in [
        ("missing", "does not exist"),
        ("file", "is a file, not a directory"),
        ("dangling", "leads to nothing"),
        ("", "is empty"),
    ] {
        let said = contains(problem).and(contains("hint: name a directory"));
        list(&sandbox, &["env", root])
            .code(1)
            .stdout("")
            .stderr(said);
    }
    let said = starts_with("error: invalid value 'x' for '--depth <N>': a number of levels");
    list(&sandbox, &["--depth", "x"]).code(2).stderr(said);
}

#[test]
fn what_cannot_be_read_is_a_warning() {
    let sandbox = with_shells(&["env", "locked/env", "other/locked/env"]);
    sandbox.write("env/lib/locked/file", "");
    let locked = ["locked", "other/locked", "env/lib/locked"];
    let set = |mode| {
        for path in locked {
            fs::set_permissions(sandbox.path(path), Permissions::from_mode(mode)).unwrap();
        }
    };
    set(0);
    let output = sandbox.unprivileged().args(["list", "--json"]).output();
    set(0o755);
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed.len(), 1);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("warning: 2 directories cannot be read; "),
        "{stderr}"
    );
    let env = sandbox.path("env").display().to_string();
    let part = format!("warning: not all of `{env}` can be read; ");
    assert!(
        stderr.contains(&part) && stderr.lines().count() == 2,
        "{stderr}"
    );
}

#[test]
fn only_broken_ones_are_listed_where_these_are_wanted() {
    let sandbox = Sandbox::new();
    bare(
        &sandbox,
        python(),
        &["healthy", "seeing", "dangling", "homeless"],
    );
    let cfg = |name: &str, from: &str, to: &str| {
        let path = sandbox.path(name).join("pyvenv.cfg");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    };
    cfg("seeing", "packages = false", "packages = true");
    cfg("homeless", "home = ", "place = ");
    fs::remove_file(sandbox.path("dangling/bin/python")).unwrap();
    lists(
        &sandbox,
        &[],
        &["dangling", "healthy", "homeless", "seeing"],
    );
    lists(&sandbox, &["--broken"], &["dangling", "homeless"]);
    let said = contains("  broken: base-gone\n").and(contains("  broken: configuration\n"));
    let total = contains("\n2 environments, 2 broken: ").and(ends_with(" counted once\n"));
    list(&sandbox, &["--broken"])
        .success()
        .stdout(said.and(total));
    let mut sandbox = sandbox;
    sandbox.set("RVENV_BROKEN", "1");
    lists(&sandbox, &[], &["dangling", "homeless"]);
    sandbox.set("RVENV_BROKEN", "0");
    assert_eq!(listed(&sandbox, &[]).len(), 4);
}

/// The directories of a system that show its state are left out, wherever one begins.
#[test]
#[cfg(target_os = "linux")]
fn the_state_of_the_system_is_no_place_for_environments() {
    let sandbox = Sandbox::new();
    let said =
        contains("there is no environment in `/proc` or below").and(contains("warning").not());
    list(&sandbox, &["/proc"]).success().stdout("").stderr(said);
}

/// The first directory takes longer than a person waits without a word.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_sees_that_a_long_search_goes_on() {
    let sandbox = Sandbox::new();
    if crate::killed::calls::tools_are_missing(&sandbox) {
        return;
    }
    for number in 0..300 {
        fs::create_dir(sandbox.path(number.to_string())).unwrap();
    }
    let slow = "--trace=getdents64 --inject=getdents64:delay_enter=400000:when=1";
    let line = format!("strace -f -o /dev/null {slow} rvenv list");
    let output = at_terminal(&sandbox, &line, "");
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text
        .rsplit('\r')
        .find(|part| part.starts_with("looking … "));
    assert!(
        said.is_some_and(|it| it.contains(" directories, 0 environments")),
        "{text:?}"
    );
    assert!(text.contains("\rthere is no environment in "), "{text:?}");
}
