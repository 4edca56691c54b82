//! `rvenv delete --json`: one object, whatever happened. What `check --json` prints is in `check::fresh`.

use crate::existing::bare;
use crate::pythons::pythons;
use crate::refuse::check_raw;
use crate::sandbox::{Sandbox, tree};
use serde_json::{Value, json};
use std::ffi::OsString;

/// What `rvenv delete --json ARGS` prints, all of it on stdout.
#[track_caller]
fn deleted(sandbox: &Sandbox, args: &[&str], code: i32) -> Value {
    let output = sandbox
        .rvenv(["delete", "--json", "-v"])
        .args(args)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(output.stderr, b"", "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_was_deleted_and_what_was_not_is_one_object() {
    let sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["env", "other"]);
    let [env, other, missing] = ["env", "other", "missing"].map(|name| sandbox.path(name));
    let before = tree(sandbox.path(""));
    let pretended = deleted(&sandbox, &["-n", "env"], 0);
    let expected = json!({"deleted": [], "would_delete": [{"path": env}], "failed": []});
    assert_eq!(pretended, expected);
    assert_eq!(before, tree(sandbox.path("")));
    let mut said = deleted(&sandbox, &["env", "missing", "other"], 1);
    for gone in said["deleted"].as_array_mut().unwrap() {
        assert!(gone["freed"].as_u64().is_some_and(|freed| freed > 0) && gone["shared"] == 0);
        gone["freed"] = json!(1);
    }
    let gone = |path| json!({"path": path, "freed": 1, "shared": 0});
    let failure = json!({
        "path": missing,
        "error": format!("`{}` does not exist", missing.display()),
        "hint": "check the path; an environment is named by its directory",
    });
    let expected =
        json!({"deleted": [gone(&env), gone(&other)], "would_delete": [], "failed": [failure]});
    assert_eq!(said, expected);
    assert!(!env.exists() && !other.exists());
}

/// Wrong usage, too, of which a person reads paragraphs.
#[test]
fn every_error_is_one_object() {
    let check = |args: &[&str], code, error: &str, hint: &str| {
        let sandbox = Sandbox::new();
        let output = sandbox.rvenv(args).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert_eq!(output.stderr, b"", "{output:?}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(said["error"].as_str().unwrap().contains(error), "{said}");
        let hinted = said["hint"].as_str().unwrap_or_default();
        assert!(hinted.contains(hint), "{said}");
        assert_eq!(said.as_object().unwrap().len(), 2);
    };
    let args = ["check", "--json"];
    check(
        &args,
        1,
        "there is no environment in",
        "name one, or make one",
    );
    check(&["delete", "--json"], 2, "<ENV_DIR>", "");
    let args = ["check", "--jsn", "--json"];
    check(&args, 2, "unexpected argument '--jsn'", "'--json'");
}

/// PEP 832: what is deleted is named by its own name.
#[test]
fn a_file_that_leads_to_an_environment_is_not_followed_but_explained() {
    let sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["real"]);
    sandbox.write(".venv", "real\n");
    let real = format!(
        "it leads to the environment `{}`",
        sandbox.path("real").display()
    );
    let args = ["delete", ".venv"].map(OsString::from);
    check_raw(
        &sandbox,
        args,
        1,
        ".venv` is a file, not a directory",
        &real,
    );
    sandbox.write(".venv", "nowhere\n");
    let args = ["delete", ".venv"].map(OsString::from);
    check_raw(
        &sandbox,
        args,
        1,
        ".venv` is a file, not a directory",
        "name the directory",
    );
}
