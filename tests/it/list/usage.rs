//! What `rvenv list --json` says of an environment: what `check` says, what it takes on disk, and when it was used.

use super::{list, listed, python};
use crate::existing::bare;
use crate::sandbox::{Sandbox, note};
use rustix::fs::OFlags;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::fs::{self, File, FileTimes};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The one environment that is listed.
#[track_caller]
fn only(sandbox: &Sandbox) -> Value {
    let mut listed = listed(sandbox, &[]);
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
    agreed(|| {
        [
            only(&sandbox)["size"].clone(),
            json!(du(&sandbox.path("env"))),
        ]
    });
    listed["size"].take();
    expected["size"] = json!(null);
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
    // In blocks of 512 bytes: not all file systems have larger ones.
    du.env_clear().env("POSIXLY_CORRECT", "1");
    let output = du.arg("-s").arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let size = text.split_whitespace().next().unwrap();
    size.parse::<u64>().unwrap() * 512
}

/// Waits until two looks at the same files see the same: some file systems give a new file its place seconds later.
#[track_caller]
fn agreed<T: PartialEq + Debug>(look: impl Fn() -> [T; 2]) {
    let started = Instant::now();
    loop {
        let [one, other] = look();
        if one == other {
            return;
        }
        let is_late = started.elapsed() > Duration::from_secs(60);
        assert!(!is_late, "{one:?} is not {other:?}");
        sleep(Duration::from_millis(500));
    }
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
    let sizes = |args: &[&str]| -> Vec<_> {
        let listed = listed(&sandbox, args);
        let sizes = listed.iter().map(|item| item["size"].as_u64().unwrap());
        sizes.collect()
    };
    let envs = ["one", "two", "whole"];
    agreed(|| [sizes(&[]), envs.map(|env| du(&sandbox.path(env))).into()]);
    for item in listed(&sandbox, &[]) {
        let [size, shared] = ["size", "shared"].map(|key| item[key].as_u64().unwrap());
        if item["path"].as_str().unwrap().ends_with("whole") {
            assert_eq!(shared, 0, "{item}");
        } else {
            assert!(shared > size / 2 && shared < size, "{item}");
        }
    }
    agreed(|| [sizes(&["one", "two"])[1], sizes(&["two"])[0]]);
    let all = || {
        let assert = list(&sandbox, &["."]).success();
        let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
        let total = stdout.lines().last().unwrap();
        let megabytes = total.split_whitespace().nth(2).unwrap();
        megabytes.parse::<f64>().unwrap()
    };
    agreed(|| {
        #[expect(clippy::cast_precision_loss, reason = "it is far from that")]
        let found = du(&sandbox.path("")) as f64 / 1e6;
        let said = all();
        // The folder itself is not among what is listed.
        [
            if (said - found).abs() < 0.2 {
                found
            } else {
                said
            },
            found,
        ]
    });
}

/// Puts the start, the configuration and the packages of `env` in the past; returns when that is, as the disk has it.
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
    let past = accessed(sandbox).duration_since(UNIX_EPOCH);
    past.unwrap().as_secs()
}

/// When the configuration of `env` was read.
fn accessed(sandbox: &Sandbox) -> SystemTime {
    let cfg = fs::metadata(sandbox.path("env/pyvenv.cfg")).unwrap();
    cfg.accessed().unwrap()
}

/// Asks to read without it being an access, which some systems cannot, and some file systems do not heed.
#[cfg(target_os = "linux")]
const UNNOTICED: OFlags = OFlags::NOATIME;
#[cfg(not(target_os = "linux"))]
const UNNOTICED: OFlags = OFlags::empty();

/// Tells whether the configuration of `env` can be read without that being an access; says so otherwise.
fn can_be_unnoticed(sandbox: &Sandbox) -> bool {
    age(sandbox, 3);
    let before = accessed(sandbox);
    let mut options = File::options();
    let flags = UNNOTICED.bits().cast_signed();
    let cfg = options.read(true).custom_flags(flags);
    let mut cfg = cfg.open(sandbox.path("env/pyvenv.cfg")).unwrap();
    cfg.read_to_end(&mut Vec::new()).unwrap();
    let is_unnoticed = accessed(sandbox) == before;
    if !is_unnoticed {
        note("skipped: nothing can be read unnoticed on this file system");
    }
    is_unnoticed
}

#[test]
fn to_be_looked_at_is_no_use_and_to_be_started_is() {
    let sandbox = Sandbox::new();
    bare(&sandbox, python(), &["env"]);
    if !can_be_unnoticed(&sandbox) {
        return;
    }
    let past = age(&sandbox, 3);
    for args in [&["list"][..], &["check", "env"], &["list", "--broken"]] {
        sandbox.rvenv(args).assert().success();
    }
    assert_eq!(only(&sandbox)["last_used"], past);
    list(&sandbox, &[]).stdout(predicates::str::contains(" 3 days ago "));
    let mut started = sandbox.python("env");
    started.args(["-c", "pass"]).assert().success();
    let day = Duration::from_secs(24 * 3600);
    if accessed(&sandbox) < SystemTime::now() - day {
        return note("skipped: this file system does not tell when a file was read");
    }
    let used = only(&sandbox)["last_used"].as_u64().unwrap();
    assert!(used > past + 2 * day.as_secs(), "{used}");
    let past = age(&sandbox, 2);
    File::create(sandbox.path("env/bin/tool")).unwrap();
    assert!(only(&sandbox)["last_used"].as_u64().unwrap() > past + day.as_secs());
}
