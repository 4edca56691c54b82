//! What `--help` says, word for word: `help/*.txt`, one file for each command that the help itself lists.
//!
//! After a change that is meant, `RVENV_BLESS=1 cargo test help` writes the files anew; git shows what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;

use crate::sandbox::Sandbox;
use crate::tidy::root;

/// What `rvenv ARGS` prints on stdout, as wide as everywhere and as under Linux.
fn printed(args: &[&str]) -> String {
    printed_of_width(args, WIDTH)
}

/// Of a terminal, in characters.
const WIDTH: usize = 100;

fn printed_of_width(args: &[&str], width: usize) -> String {
    let sandbox = Sandbox::new();
    let mut command = sandbox.rvenv(args);
    command
        .env_remove("RVENV_CACHE_DIR")
        .env("COLUMNS", width.to_string());
    let assert = command.assert().success().stderr("");
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    stdout.replace("rvenv.exe", "rvenv")
}

/// The commands that a help lists, `help` itself excepted.
fn listed(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    below
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// What `command` and every command below it say of themselves, by the names of their files; `-h` only where it is not
/// the same as `--help`.
pub(crate) fn helps(command: &[&str]) -> BTreeMap<String, String> {
    helps_of_width(command, WIDTH)
}

/// The same in a terminal of another width.
pub(crate) fn helps_of_width(command: &[&str], width: usize) -> BTreeMap<String, String> {
    let name = [&["rvenv"], command].concat().join("-");
    let [short, long] =
        ["-h", "--help"].map(|flag| printed_of_width(&[command, &[flag]].concat(), width));
    let mut all = BTreeMap::new();
    for name in listed(&long) {
        all.extend(helps_of_width(&[command, &[&name]].concat(), width));
    }
    if short != long {
        all.insert(format!("{name}.short.txt"), short);
    }
    all.insert(format!("{name}.txt"), long);
    all
}

#[test]
fn every_help_is_as_it_is_written_down() {
    let folder = root().join("tests/it/help");
    let (is_blessing, helps) = (std::env::var_os("RVENV_BLESS").is_some(), helps(&[]));
    if is_blessing {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
    }
    for (name, help) in &helps {
        let file = folder.join(name);
        if is_blessing {
            fs::write(&file, help).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            *help, written,
            "tests/it/help/{name} says otherwise; {ADVICE}"
        );
    }
    let files = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<_> = files.collect();
    let gone = files
        .iter()
        .find(|file| !helps.keys().any(|name| OsStr::new(name) == *file));
    assert_eq!(gone, None, "no command has this help; {ADVICE}");
}

const ADVICE: &str = "if that is meant: RVENV_BLESS=1 cargo test help";

#[test]
fn a_new_command_would_be_seen() {
    let help = "Usage: x\n\nCommands:\n  create  Make\n          it\n  new     New\n  help    Print\n\nOptions:\n  -h\n";
    assert_eq!(listed(help), ["create", "new"]);
    assert!(listed(&printed(&["--help"])).contains(&"create".to_owned()));
}

#[test]
fn nothing_at_all_is_wrong_usage() {
    let sandbox = Sandbox::new();
    let assert = sandbox.rvenv([""; 0]).assert().code(2).stdout("");
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr);
    assert!(stderr.contains("Usage: rvenv"), "{stderr}");
}

#[test]
fn options_of_every_command_may_stand_before_it() {
    let sandbox = Sandbox::new();
    for args in [
        ["-q", "--cache-dir", "x", "cache", "dir"],
        ["cache", "dir", "--cache-dir", "x", "-v"],
    ] {
        let expected = format!("{}\n", sandbox.path("x").display());
        sandbox.rvenv(args).assert().success().stdout(expected);
    }
    assert!(fs::read_dir(sandbox.path("")).unwrap().next().is_none());
}

/// Nothing is deleted that somebody may have meant to make, as `python -m venv` would.
#[test]
fn a_subcommand_behind_a_directory_is_wrong_usage() {
    let sandbox = Sandbox::new();
    sandbox.write("gone/pyvenv.cfg", "home = /usr/bin\n");
    for args in [
        ["new", "-q", "delete", "gone"],
        ["new", "--color=never", "delete", "gone"],
    ] {
        let assert = sandbox.rvenv(args).assert().code(2).stdout("");
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(
            stderr.contains("'ENV_DIR' is for making environments"),
            "{stderr}"
        );
    }
    assert!(sandbox.path("gone/pyvenv.cfg").exists() && !sandbox.path("new").exists());
}
