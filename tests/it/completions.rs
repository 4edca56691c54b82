//! `rvenv completions`, as the shells themselves complete with it, and `rvenv man`, as groff reads it.

use std::collections::BTreeSet;
use std::fs;

use crate::help;
use crate::sandbox::{RVENV, Sandbox, missing};
use crate::shells::find;

/// Command lines, and what they are completed to.
const LINES: &[(&str, &str)] = &[
    ("rvenv de", "delete"),
    ("rvenv delete --dr", "--dry-run"),
    ("rvenv python fi", "find"),
    ("rvenv cache pr", "prune"),
    ("rvenv --cle", "--clear"),
    ("rvenv env --cle", "--clear"),
    ("rvenv --link-mode har", "hardlink"),
    ("rvenv delete --color nev", "never"),
    ("rvenv activate-script --shell fi", "fish"),
];

/// A sandbox with the script for `shell`.
fn with_script(shell: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let output = sandbox.rvenv(["completions", shell]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    sandbox.write("completions", output.stdout);
    sandbox
}

/// Has a shell run a script that prints a line for each of [`LINES`], which has the completion as one of its words.
#[track_caller]
fn check(shell: &str, args: &[&str], script: &str) {
    let Some(program) = find(shell) else {
        return missing(shell);
    };
    let sandbox = with_script(shell);
    sandbox.write("script", script);
    let mut command = sandbox.command(program);
    let output = command.args(args).arg("script").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "", "{shell}: {said}");
    let completed: Vec<&str> = said.lines().collect();
    assert_eq!(completed.len(), LINES.len(), "{shell}: {said}");
    for ((line, expected), completed) in LINES.iter().zip(completed) {
        let mut words = completed.split_whitespace();
        assert!(words.any(|word| word == *expected), "{line}: {completed}");
    }
}

/// A script with a line for each of [`LINES`].
fn lines(head: &str, line: impl Fn(&str) -> String) -> String {
    let lines = LINES.iter().map(|(typed, _)| line(typed) + "\n");
    format!("{head}\n{}", lines.collect::<String>())
}

#[test]
fn bash_completes() {
    let head = "source ./completions
complete_line() {
    COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _rvenv rvenv \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
    echo \"${COMPREPLY[*]}\"
}";
    let script = lines(head, |line| format!("complete_line {line}"));
    check("bash", &["--norc"], &script);
}

#[test]
fn fish_completes() {
    let line = |line: &str| format!("echo (complete -C '{line}' | string split -f1 \\t)");
    check(
        "fish",
        &["--no-config"],
        &lines("source ./completions", line),
    );
}

/// In a terminal of its own, where a function says what came of the line.
#[test]
fn zsh_completes() {
    let head = "zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z 'PS1=; stty cols 200; autoload -U compinit; compinit -D -u; source ./completions'
zpty -w z 'rvenv() { echo CAME TO \"$@\" }; echo READY'
while zpty -r z line && [[ $line != READY* ]]; do :; done";
    let line = |line: &str| {
        format!(
            "zpty -w -n z \"{line}\"$'\\t\\n'
while zpty -r z line && [[ $line != \"CAME TO\"* ]]; do :; done
print -r -- ${{line%%$'\\r'*}}"
        )
    };
    check("zsh", &["-f"], &lines(head, line));
}

#[test]
fn nu_knows_all_commands() {
    let Some(nu) = find("nu") else {
        return missing("nu");
    };
    let sandbox = with_script("nu");
    let mut command = sandbox.command(nu);
    let script = "source completions; scope commands | get name | str join (char nl)";
    let output = command
        .args(["--no-config-file", "-c", script])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for name in ["rvenv", "rvenv delete", "rvenv cache prune"] {
        let is_known = said.lines().any(|line| line == name);
        assert!(is_known, "{name}: {output:?}");
    }
}

/// Commands are put together when they are typed; here they are all.
#[test]
fn every_script_has_every_subcommand_and_its_flags() {
    let shells = ["bash", "zsh", "fish", "powershell", "elvish", "nushell"];
    for shell in shells {
        let sandbox = with_script(shell);
        let script = fs::read_to_string(sandbox.path("completions")).unwrap();
        for (name, _) in pages() {
            let word = name.rsplit(' ').next().unwrap();
            assert!(script.contains(word), "{shell}: {name}");
        }
        for flag in ["dry-run", "deep", "link-mode", "ensure"] {
            assert!(script.contains(flag), "{shell}: {flag}");
        }
    }
}

#[test]
fn the_shell_is_the_one_that_it_is_run_from() {
    let run = |shell: &str, variable: &str| {
        let sandbox = with_script("bash");
        let script = format!("{RVENV} completions; true");
        let mut command = sandbox.command(shell);
        let command = command.args(["-c", &script]).env("SHELL", variable);
        let expected = fs::read(sandbox.path("completions")).unwrap();
        (expected, command.output().unwrap())
    };
    let (expected, output) = run("bash", "fish");
    assert_eq!(output.stdout, expected);
    if find("dash").is_none() {
        return missing("dash");
    }
    let (_, output) = run("dash", "fish");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.stdout.is_empty() && said.contains("no completions for dash"),
        "{said}"
    );
    assert!(said.contains("name one, as in"), "{said}");
}

/// Every command by its words, and its golden help's name.
fn pages() -> Vec<(String, String)> {
    let files = help::helps(&[]).into_keys();
    let names = files.filter(|file| !file.ends_with(".short.txt"));
    let page = |file: String| {
        let name = file.trim_end_matches(".txt").to_owned();
        let words = name.replace("activate-script", "activate_script");
        let words = words.replace('-', " ").replace('_', "-");
        (words, name)
    };
    names.map(page).collect()
}

#[test]
fn every_command_has_a_page() {
    let sandbox = Sandbox::new();
    let assert = sandbox.rvenv(["man", "--dir", "new/man1"]).assert();
    assert.success().stdout("").stderr("");
    let written = fs::read_dir(sandbox.path("new/man1")).unwrap();
    let written: BTreeSet<_> = written
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut expected = BTreeSet::new();
    for (words, name) in pages() {
        let args = ["man"].into_iter().chain(words.split(' ').skip(1));
        let output = sandbox.rvenv(args).output().unwrap();
        let file = sandbox.path("new/man1").join(format!("{name}.1"));
        assert_eq!(fs::read(file).unwrap(), output.stdout, "{words}");
        expected.insert(format!("{name}.1"));
    }
    assert_eq!(written, expected);
    let assert = sandbox.rvenv(["man", "delet"]).assert().code(1);
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(said.contains("there is no command `delet`"), "{said}");
}

#[test]
fn groff_has_nothing_to_say_about_a_page() {
    let Some(groff) = find("groff") else {
        return missing("groff");
    };
    let sandbox = Sandbox::new();
    sandbox.rvenv(["man", "--dir", "."]).assert().success();
    for (_, name) in pages() {
        let mut command = sandbox.command(&groff);
        let page = format!("{name}.1");
        let assert = command.args(["-man", "-Tutf8", "-ww", &page]).assert();
        let assert = assert.success().stderr("");
        assert!(assert.get_output().stdout.len() > 100, "{page}");
    }
}
