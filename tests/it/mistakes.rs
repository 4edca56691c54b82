//! What is typed for another tool, or with a letter too many: nothing is made, and what was meant is said.

use std::ffi::OsString;

use crate::existing::bare;
use crate::pythons::pythons;
use crate::refuse::check_raw;
use crate::sandbox::Sandbox;
use serde_json::Value;

#[track_caller]
fn check(args: &[&str], message: &str, hint: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("file", "text");
    check_raw(&sandbox, args.iter().map(OsString::from), 2, message, hint);
}

#[test]
fn a_mistyped_subcommand_is_no_directory() {
    let message = "`delet` is no subcommand";
    let hint = "did you mean `rvenv delete .venv`? (a directory of that name is `./delet`)";
    check(&["delet", ".venv"], message, hint);
    check(&["--without-pip", "delet", ".venv"], message, hint);
    check(&["delet"], message, "`rvenv delete`?");
    check(
        &["delet", "--dry-run", "it's"],
        message,
        r"`rvenv delete --dry-run 'it'\''s'`?",
    );
    check(&["chek", "-q"], "`chek`", "`rvenv check -q`?");
}

/// A value of an option is no further directory, and behind `--` a word is one.
#[test]
fn what_is_a_directory_is_told_from_what_is_not() {
    let sandbox = Sandbox::new();
    for (args, made) in [
        (&["pip", "--prompt", "foo"][..], "pip"),
        (&["--prompt", "lst", "lst"], "lst"),
        (&["clean", "--color", "never"], "clean"),
        (&["--", "ls"], "ls"),
        (&["--clear", "--", "delet", "other"], "delet"),
    ] {
        let args = [&["--without-pip"], args].concat();
        sandbox.rvenv(args).assert().success();
        assert!(sandbox.path(made).join("pyvenv.cfg").exists(), "{made}");
    }
    check(&["--prompt", "rm", "rm", "x"], "`rm`", "`rvenv delete x`?");
}

#[test]
fn a_word_of_another_tool_is_no_directory() {
    check(&["rm", "-rf", ".venv"], "`rm`", "`rvenv delete .venv`?");
    check(&["upgrade", "env"], "`upgrade`", "`rvenv --upgrade env`?");
    check(&["find", "3.12"], "`find`", "`rvenv python find 3.12`?");
    check(&["version"], "`version`", "`rvenv --version`?");
    check(
        &["pip", "install", "-r", "requirements.txt"],
        "`pip`",
        "`rvenv run -- pip install -r requirements.txt`",
    );
    check(&["deactivate"], "`deactivate`", "type `deactivate` itself");
}

#[test]
fn who_types_activate_is_told_how_to() {
    let mut sandbox = Sandbox::new();
    sandbox.set("SHELL", "/bin/sh");
    let refused = |args: &[&str], hint: &str| {
        check_raw(
            &sandbox,
            args.iter().map(OsString::from),
            2,
            "`activate`",
            hint,
        );
    };
    refused(&["activate"], "activate-script");
    bare(&sandbox, &pythons()[0], &["env", "other"]);
    refused(&["activate", "other"], "other/bin/activate");
    refused(&["activate"], "activate-script");
}

#[test]
fn a_directory_of_such_a_name_can_be_made() {
    let sandbox = Sandbox::new();
    let python = pythons()[0].path.to_str().unwrap();
    for args in [["./delet", "crate"], ["delet", "delet/env"]] {
        let args = ["--without-pip", "-p", python].into_iter().chain(args);
        sandbox.rvenv(args).assert().success().stderr("");
    }
    assert!(sandbox.path("delet/pyvenv.cfg").is_file());
    assert!(sandbox.path("crate/pyvenv.cfg").is_file());
}

#[test]
fn an_option_of_another_tool_is_explained() {
    check(&["--seed", "env"], "'--seed'", "gets pip anyway");
    check(&["create", "--no-seed"], "'--no-seed'", "`--without-pip`");
    check(&["--allow-existing", "env"], "'--allow-existing'", "anyway");
}

#[test]
fn a_program_is_told_too() {
    let sandbox = Sandbox::new();
    for (args, hint) in [
        (["delet", "env", "--json"], "did you mean"),
        (["--seed", "--json", "env"], "pip anyway"),
    ] {
        let output = sandbox.rvenv(args).output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(2), &b""[..]));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(said["hint"].as_str().unwrap().contains(hint), "{said}");
    }
}
