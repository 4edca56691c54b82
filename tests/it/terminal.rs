//! What a terminal sees: colours where they are wanted, the same for rvenv's own lines and for clap's; lines that fit.

use crate::help;
use crate::sandbox::{RVENV, Sandbox, missing};
use crate::shells::find;

/// Three ways to have something said: an error, a usage error, help.
const LINES: [&[&str]; 3] = [&["delete", "nowhere"], &["delete"], &["delete", "--help"]];

#[track_caller]
fn check(variables: &[(&str, &str)], args: &[&str], expected: bool) {
    for line in LINES {
        for line in [[args, line].concat(), [line, args].concat()] {
            let mut sandbox = Sandbox::new();
            for (name, value) in variables {
                sandbox.set(*name, *value);
            }
            let output = sandbox.rvenv(&line).output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            let message = format!("{variables:?} {line:?}: {said}");
            assert_eq!(said.contains("\x1b["), expected, "{message}");
        }
    }
}

/// <https://no-color.org>, <https://bixense.com/clicolors>
#[test]
fn colours_are_as_they_are_asked_for() {
    check(&[], &[], false);
    check(&[], &["--color=always"], true);
    check(&[("NO_COLOR", "1")], &["--color", "always"], true);
    check(&[("RVENV_COLOR", "never")], &["--col", "always"], true);
    check(&[("RVENV_COLOR", "always")], &["--color", "never"], false);
    check(&[("NO_COLOR", "1"), ("RVENV_COLOR", "always")], &[], true);
    check(&[("CLICOLOR_FORCE", "1")], &[], true);
    check(&[("CLICOLOR_FORCE", "")], &[], false);
    check(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[], false);
    check(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], &[], true);
    check(&[("CLICOLOR_FORCE", "1")], &["--color=never"], false);
    let never = ("RVENV_COLOR", "never");
    check(&[("CLICOLOR_FORCE", "1"), never], &[], false);
}

#[test]
fn a_terminal_has_colours_unless_they_are_refused() {
    let Some(script) = find("script") else {
        return missing("script");
    };
    let check = |variable: &str, value: &str, expected: bool| {
        for line in LINES {
            let sandbox = Sandbox::new();
            let mut command = sandbox.command(&script);
            let line = format!("{RVENV} {}", line.join(" "));
            command.args(["-qc", &line, "/dev/null"]);
            command.env("TERM", "xterm").env(variable, value);
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains("error") || said.contains("Usage"), "{said}");
            let message = format!("{variable}={value} {line}: {said}");
            assert_eq!(said.contains("\x1b["), expected, "{message}");
        }
    };
    check("CLICOLOR", "1", true);
    check("CLICOLOR", "0", false);
    check("NO_COLOR", "1", false);
    check("NO_COLOR", "", true);
    check("TERM", "dumb", false);
}

/// Words that are longer than the line, as paths and JSON are, stay whole.
#[test]
fn help_fits_the_terminal() {
    for width in [60, 100] {
        for (name, help) in help::helps_of_width(&[], width) {
            let long = help.lines().find(|line| {
                line.chars().count() > width && line.trim().chars().count() > width / 2
            });
            let is_what_to_type = name.contains("activate-script");
            assert!(long.is_none() || is_what_to_type, "{name}: {long:?}");
        }
    }
}
