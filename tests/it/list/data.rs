//! What `rvenv list --json` says of an environment: what `check` says, what it takes on disk, and when it was used.

use super::{data, list, python};
use crate::existing::bare;
use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The one environment that is listed.
#[track_caller]
fn only(sandbox: &Sandbox) -> Value {
    let mut listed = data(sandbox, &[]);
    assert_eq!(listed.len(), 1, "{listed:?}");
    listed.remove(0)
}

#[test]
fn an_environment_is_what_check_says_and_three_keys_more() {
    let sandbox = Sandbox::new();
    bare(&sandbox, python(), &["env"]);
    fs::remove_file(sandbox.path("env/bin/python")).unwrap();
    let output = sandbox.rvenv(["check", "--json", "env"]).output().unwrap();
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut expected = checked["environments"][0].clone();
    assert_eq!(expected["findings"][0]["kind"], "base-gone");
    let mut listed = only(&sandbox);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let used = listed["last_used"].take().as_u64().unwrap();
    assert!((now - 600..=now).contains(&used), "{used}");
    expected["size"] = json!(du(&sandbox.path("env")));
    expected["shared"] = json!(0);
    expected["last_used"] = json!(null);
    assert_eq!(listed, expected);
    let text = list(&sandbox, &["--json"]).get_output().stdout.clone();
    let text = String::from_utf8(text).unwrap();
    let keys = ["path", "python", "home", "made_by", "healthy", "findings"];
    let keys = keys.iter().chain(&["size", "shared", "last_used"]);
    let places: Vec<_> = keys
        .map(|key| text.find(&format!("\"{key}\":")).unwrap())
        .collect();
    assert!(places.is_sorted() && text.ends_with("}]\n"), "{text}");
}

/// The bytes that `du` finds in a directory.
fn du(path: &Path) -> u64 {
    let mut du = Command::new("du");
    let output = du.arg("-sk").arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let size = text.split_whitespace().next().unwrap();
    size.parse::<u64>().unwrap() * 1024
}

#[test]
fn a_size_is_what_du_finds_and_shared_is_what_the_store_and_others_keep() {
    let sandbox = Sandbox::new();
    for (env, mode) in [("one", "hardlink"), ("two", "hardlink"), ("whole", "copy")] {
        let args = [
            "--link-mode",
            mode,
            "-p",
            python().path.to_str().unwrap(),
            env,
        ];
        sandbox.rvenv(args).assert().success();
    }
    fs::hard_link(
        sandbox.path("whole/pyvenv.cfg"),
        sandbox.path("whole/again"),
    )
    .unwrap();
    for item in data(&sandbox, &[]) {
        let path = Path::new(item["path"].as_str().unwrap());
        let (size, shared) = (
            item["size"].as_u64().unwrap(),
            item["shared"].as_u64().unwrap(),
        );
        assert_eq!(size, du(path), "{item}");
        if path.ends_with("whole") {
            assert_eq!(shared, 0, "{item}");
        } else {
            assert!(shared > size / 2 && shared < size, "{item}");
        }
    }
    let together = data(&sandbox, &["one", "two"]);
    let alone = data(&sandbox, &["two"]);
    assert_eq!(together[1]["size"], alone[0]["size"]);
    let assert = list(&sandbox, &["."]).success();
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let megabytes = stdout
        .lines()
        .last()
        .unwrap()
        .split_whitespace()
        .nth(2)
        .unwrap()
        .to_owned();
    let all = du(&sandbox.path(""));
    let said: f64 = megabytes.parse().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "it is far from that")]
    let found = all as f64 / 1e6;
    assert!((said - found).abs() < 0.2, "{stdout}: {found}");
}

/// Puts the start, the configuration and the packages of `env` in the past.
fn age(sandbox: &Sandbox, days: u64) -> u64 {
    let past = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
    let env = sandbox.path("env");
    let library = env.join("lib").join(python().versioned_name());
    for path in [
        env.join("pyvenv.cfg"),
        env.join("bin"),
        library.join("site-packages"),
    ] {
        let times = FileTimes::new().set_accessed(past).set_modified(past);
        File::open(path).unwrap().set_times(times).unwrap();
    }
    past.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn to_be_looked_at_is_no_use_and_to_be_started_is() {
    let sandbox = Sandbox::new();
    bare(&sandbox, python(), &["env"]);
    let past = age(&sandbox, 3);
    for args in [&["list"][..], &["check", "env"], &["list", "--broken"]] {
        sandbox.rvenv(args).assert().success();
    }
    assert_eq!(only(&sandbox)["last_used"], past);
    list(&sandbox, &[]).stdout(predicates::str::contains(" 3 days ago "));
    let mut started = sandbox.python("env");
    started.args(["-c", "pass"]).assert().success();
    let is_told = fs::metadata(sandbox.path("env/pyvenv.cfg")).unwrap();
    let is_told = is_told.accessed().unwrap().elapsed().unwrap() < Duration::from_secs(3600);
    if !is_told {
        return crate::sandbox::note(
            "skipped: this file system does not tell when a file was read",
        );
    }
    let used = only(&sandbox)["last_used"].as_u64().unwrap();
    assert!(used > past + 2 * 24 * 3600, "{used}");
    let past = age(&sandbox, 2);
    File::create(sandbox.path("env/bin/tool")).unwrap();
    assert!(only(&sandbox)["last_used"].as_u64().unwrap() > past + 24 * 3600);
}
