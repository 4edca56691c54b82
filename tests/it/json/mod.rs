//! `--json`: one object or array, whatever happened, of the shape that `--help` promises, its keys those of the README.

mod shape;

use crate::existing::bare;
use crate::help::helps;
use crate::pythons::pythons;
use crate::readme;
use crate::refuse::check_raw;
use crate::sandbox::{Sandbox, tree};
use crate::store::images;
use serde_json::{Value, json};
use shape::Promise;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;

/// What `rvenv COMMAND ARGS --json` prints, all of it on stdout and on one line, and as its help promises.
#[track_caller]
fn said(sandbox: &Sandbox, command: &str, args: &[&str], code: i32) -> Value {
    let output = sandbox
        .rvenv(command.split(' '))
        .args(["--json", "-v"])
        .args(args)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.find('\n'), Some(text.len() - 1), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    let help = sandbox.rvenv(command.split(' ')).arg("--help").output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    let vocabulary = vocabulary();
    let mut is_of_its_type = |key: &str, value: &Value| {
        let kind = vocabulary.get(key);
        let kind = kind.unwrap_or_else(|| panic!("README.md has no `{key}` among the keys"));
        assert!(is_a(kind, value), "`{key}` is {value}, and no {kind}");
    };
    Promise::of(&help)
        .unwrap()
        .holds_for(&value, &mut is_of_its_type);
    value
}

/// The keys that the README explains, and of what type each is.
fn vocabulary() -> BTreeMap<String, String> {
    let section = readme::section("JSON");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut keys = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for name in cells[1].split(", ") {
            keys.insert(name.trim_matches('`').to_owned(), cells[2].to_owned());
        }
    }
    keys
}

fn is_a(kind: &str, value: &Value) -> bool {
    let (kind, or_null) = match kind.strip_suffix(" or null") {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    match value {
        Value::Null => or_null,
        Value::String(_) => kind == "text",
        Value::Bool(_) => kind == "true or false",
        Value::Number(number) => number.is_u64() && matches!(kind, "number" | "bytes" | "seconds"),
        _ => false,
    }
}

#[test]
fn each_command_prints_what_its_help_promises() {
    let sandbox = Sandbox::with_shared_store();
    let mut asked = BTreeSet::new();
    let mut check = |command: &'static str, args: &[&str], code| {
        asked.insert(format!("rvenv-{}.txt", command.replace(' ', "-")));
        said(&sandbox, command, args, code)
    };
    let python = pythons()[0].path.to_str().unwrap();
    let made = check("create", &["-p", python, "--without-pip", "a", "b"], 0);
    let actions = |made: &Value| {
        let made = made["environments"].as_array().unwrap();
        let actions = made.iter().map(|made| made["action"].as_str().unwrap());
        actions.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(actions(&made), ["created", "created"]);
    assert_eq!(made["environments"][0]["path"], json!(sandbox.path("a")));
    assert_eq!(
        made["environments"][0]["executable"],
        json!(sandbox.path("a/bin/python"))
    );
    let made = check("create", &["--ensure", "a"], 0);
    assert_eq!(actions(&made), ["unchanged"]);
    let made = check("create", &["-p", python, "--without-pip", "a", "", "c"], 1);
    assert_eq!(actions(&made), ["updated"]);
    assert!(
        made["error"].as_str().unwrap().contains("is empty"),
        "{made}"
    );
    fs::remove_file(sandbox.path("a/bin/python")).unwrap();
    let checked = check("check", &["a", "b", "nothing"], 1);
    assert_eq!(
        checked["environments"][0]["findings"][0]["kind"],
        "base-gone"
    );
    let made = check("create", &["--upgrade", "--without-pip", "a"], 0);
    assert_eq!(made["environments"][0]["mended"][0]["kind"], "base-gone");
    let listed = check("list", &[], 0);
    assert_eq!(listed[1]["path"], json!(sandbox.path("b")));
    check("run", &["b", "--", "no-such-program"], 127);
    check("delete", &["--dry-run", "a"], 0);
    check("delete", &["a", "nothing", "b"], 1);
    check("cache dir", &[], 0);
    check("cache list", &[], 0);
    check("cache verify", &[], 0);
    check("cache prune", &["--dry-run"], 0);
    check("cache clear", &["--dry-run"], 0);
    check("python list", &[], 0);
    check("python find", &[python], 0);
    let promises = helps(&[]).into_iter();
    let promises = promises.filter(|(_, help)| Promise::of(help).is_some());
    let names: BTreeSet<_> = promises
        .map(|(name, _)| name.replace(".short", ""))
        .collect();
    assert_eq!(
        asked, names,
        "each command that promises something is to be asked here"
    );
}

#[test]
fn a_spoilt_image_is_told_with_what_is_wrong_with_it() {
    let sandbox = Sandbox::new();
    crate::store::create(&sandbox, "env");
    let image = images(&sandbox).remove(0);
    let file = image.join("tree/pip/__init__.py");
    let file = if file.exists() {
        file
    } else {
        image.join("tree/setuptools/__init__.py")
    };
    fs::write(&file, "").unwrap();
    let verified = said(&sandbox, "cache verify", &[], 1);
    let spoilt = &verified["spoilt"][0];
    assert_eq!(spoilt["findings"][0]["path"], json!(file), "{verified}");
    assert_eq!(
        (&verified["healthy"], &spoilt["dropped"]),
        (&json!(false), &json!(true))
    );
    let listed = said(&sandbox, "cache list", &[], 0);
    assert_eq!(listed["interpreters"][0]["state"], "there");
    let cleared = said(&sandbox, "cache clear", &[], 0);
    assert_eq!(cleared["interpreters"], 1);
}

#[test]
fn the_readme_has_every_shape() {
    let section = readme::section("JSON");
    for (name, help) in helps(&[]) {
        for line in shape::lines(&help).into_iter().flatten() {
            let shown = line.split_once(" = ").map_or(&*line, |(_, shape)| shape);
            assert!(section.contains(shown), "README.md lacks {line} of {name}");
        }
    }
}

#[test]
fn what_was_deleted_and_what_was_not_is_one_object() {
    let sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["env", "other"]);
    let [env, other, missing] = ["env", "other", "missing"].map(|name| sandbox.path(name));
    let before = tree(sandbox.path(""));
    let pretended = said(&sandbox, "delete", &["-n", "env"], 0);
    let expected = json!({"deleted": [], "would_delete": [{"path": env}], "failed": []});
    assert_eq!(pretended, expected);
    assert_eq!(before, tree(sandbox.path("")));
    let mut said = said(&sandbox, "delete", &["env", "missing", "other"], 1);
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

/// A shell would evaluate what is on stdout.
#[test]
fn no_error_of_a_command_for_shells_is_json() {
    let mut sandbox = Sandbox::new();
    sandbox.set("RVENV_JSON", "1");
    for args in [
        ["activate-script", "--shel"],
        ["activate-script", "nothing"],
        ["activate-script", "--json"],
    ] {
        sandbox.rvenv(args).assert().failure().stdout("");
    }
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
