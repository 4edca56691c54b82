//! The line about a new environment: what it says to type activates it, in the shell that it was made from.

use std::path::Path;

use super::driver::Driver;
use super::drivers;
use crate::pythons::pythons;
use crate::sandbox::{RVENV, Sandbox};

/// Runs a script, whose last words are another program's, so that no shell makes way for what it is to start.
fn run(sandbox: &Sandbox, driver: &Driver, program: &Path, text: &str) -> (String, String) {
    let script = sandbox.write("script", format!("{text}\n/bin/echo done\n"));
    let mut command = sandbox.command(program);
    command.args(&driver.command[1..]).arg(script);
    let output = command.env("SHELL", "/bin/nothing").output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "{}: {stderr}", driver.name);
    (stdout, stderr)
}

/// What the summary says to type, in the shell of `driver`, for the environment that is typed as `word` there.
fn advice(sandbox: &Sandbox, driver: &Driver, program: &Path, word: &str) -> String {
    let python = pythons()[0].path.display();
    let line = format!("{RVENV} -v --clear --without-pip -p {python} {word}");
    let (_, said) = run(sandbox, driver, program, &line);
    let advice = said
        .split_once("activate it with: ")
        .map(|(_, advice)| advice);
    advice.expect(&said).trim_end().to_owned()
}

#[test]
fn what_it_says_to_type_activates_it() {
    for (driver, program) in drivers() {
        if ["activate.nu", "activate.xsh"].contains(&driver.language.script) {
            continue;
        }
        for (name, word) in [("plain", "plain"), ("sp ace", "'sp ace'")] {
            let sandbox = Sandbox::new();
            let advice = advice(&sandbox, driver, &program, word);
            let script = format!("{advice}\n/usr/bin/env");
            let (said, _) = run(&sandbox, driver, &program, &script);
            let active = format!("VIRTUAL_ENV={}", sandbox.path(name).display());
            let is_active = said.lines().any(|line| line == active);
            assert!(is_active, "{}: {advice}: {said}", driver.name);
        }
    }
}

#[test]
fn it_has_the_words_of_that_shell() {
    for (driver, program) in drivers() {
        let sandbox = Sandbox::new();
        let expected = match driver.command[0] {
            "bash" | "zsh" => "source env/bin/activate",
            "fish" => "source env/bin/activate.fish",
            "tcsh" | "csh" => "source env/bin/activate.csh",
            "pwsh" => "env/bin/Activate.ps1",
            "nu" => "rvenv activate-script \"env\" --shell nu",
            // It is a Python to whoever looks.
            "xonsh" => continue,
            _ => ". env/bin/activate",
        };
        let advice = advice(&sandbox, driver, &program, "env");
        assert!(advice.starts_with(expected), "{}: {advice}", driver.name);
    }
}

/// What begins like an option would be one.
#[test]
fn a_dash_in_front_is_no_option() {
    let sandbox = Sandbox::new();
    let python = pythons()[0].path.to_str().unwrap();
    let args = ["-v", "--without-pip", "-p", python, "--", "-x"];
    let output = sandbox.rvenv(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(" ./-x/bin/activate"), "{said}");
}
