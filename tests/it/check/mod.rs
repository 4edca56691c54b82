//! `rvenv check`: an environment is damaged for real, which is found, and what is said to mend it does where that is not
//! another command's business. `damage`, `packages`: one test for each finding; `fresh`: what is not damaged is healthy; `hostile`: what somebody made up.

mod damage;
mod fresh;
mod hostile;
mod packages;

use crate::existing::bare;
use crate::pythons::{Python, is_extreme, seeding_pythons};
use crate::sandbox::{self, Sandbox};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with the environment `env` in it, with pip.
fn with_pip() -> Sandbox {
    let sandbox = Sandbox::with_shared_store();
    make(&sandbox, newest(), "env");
    sandbox
}

fn newest() -> &'static Python {
    let extreme = seeding_pythons().filter(|python| is_extreme(python));
    extreme.max_by_key(|python| python.version).unwrap()
}

fn make(sandbox: &Sandbox, python: &Python, env: &str) {
    let mut command = sandbox.rvenv(["-p".as_ref(), python.path.as_os_str(), env.as_ref()]);
    command.assert().success();
}

/// A folder with the environment `env` in it, without pip.
fn without_pip() -> Sandbox {
    let sandbox = Sandbox::new();
    bare(&sandbox, newest(), &["env"]);
    sandbox
}

/// What `rvenv check ARGS` finds in the one environment: kind, message and what mends it, of each.
#[track_caller]
fn found(sandbox: &Sandbox, args: &[&str]) -> Vec<[String; 3]> {
    let output = sandbox
        .rvenv(["check", "--json"])
        .args(args)
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = said["environments"][0]["findings"].as_array().unwrap();
    let is_broken = findings
        .iter()
        .any(|finding| finding["severity"] == "broken");
    assert_eq!(output.status.code(), Some(i32::from(is_broken)), "{said}");
    assert_eq!(said["healthy"], !is_broken, "{said}");
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let texts = |finding| ["kind", "message", "mend"].map(|key| text(finding, key));
    findings.iter().map(texts).collect()
}

/// Finds one thing in `env`, of this kind, whose message has this in it, and returns what mends it.
#[track_caller]
fn finds(sandbox: &Sandbox, args: &[&str], kind: &str, message: &str) -> String {
    let found = found(sandbox, &[args, &["env"]].concat());
    let kinds: Vec<_> = found.iter().map(|[kind, ..]| kind.as_str()).collect();
    assert_eq!(kinds, [kind], "{found:?}");
    assert!(found[0][1].contains(message), "{found:?}");
    found[0][2].clone()
}

/// The same, and mends it by `rvenv COMMAND`, as was said.
#[track_caller]
fn finds_for(command: &str, sandbox: &Sandbox, args: &[&str], kind: &str, message: &str) {
    let mend = finds(sandbox, args, kind, message);
    assert_eq!(
        mend,
        format!("rvenv {command} {}", sandbox.path("env").display())
    );
    mends(sandbox, &mend);
}

/// Runs what is said to mend it, after which nothing is found.
#[track_caller]
fn mends(sandbox: &Sandbox, mend: &str) {
    let search = sandbox::search_path();
    let rvenv = Path::new(sandbox::RVENV).parent().unwrap();
    let search = std::env::join_paths(
        [rvenv.to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&search)),
    );
    let mut shell = sandbox.command("sh");
    shell.args(["-c", mend]).env("PATH", search.unwrap());
    shell.env("RVENV_PYTHON", &newest().path).assert().success();
    assert_eq!(
        found(sandbox, &["--deep", "env"]),
        <[[String; 3]; 0]>::default(),
        "after {mend}"
    );
}

fn site_packages(sandbox: &Sandbox, env: &str) -> PathBuf {
    sandbox
        .path(env)
        .join("lib")
        .join(newest().versioned_name())
        .join("site-packages")
}

/// Puts something else in the place of a line of `env/pyvenv.cfg`.
fn configure(sandbox: &Sandbox, key: &str, line: &str) {
    let path = sandbox.path("env/pyvenv.cfg");
    let text = fs::read_to_string(&path).unwrap();
    let starts = |it: &&str| it.split('=').next().unwrap().trim() == key;
    assert!(text.lines().any(|it| starts(&it)), "{text}");
    let lines = text.lines().map(|it| if starts(&it) { line } else { it });
    fs::write(path, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
}
