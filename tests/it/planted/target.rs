//! Symlinks in the place of any part of an environment.

use super::{BAITS, Bait, furnish, look};
use crate::existing::bare;
use crate::sandbox::{Sandbox, tree};
use crate::store::python;
use std::fs;
use std::path::PathBuf;

/// Every part of an environment that something is written to, or removed from; `SITE` is its `site-packages`, `DIST` the
/// `.dist-info` of its pip.
const PLACES: [&str; 18] = [
    "bin",
    "lib",
    "lib64",
    "include",
    "pyvenv.cfg",
    ".gitignore",
    "bin/activate",
    "bin/python",
    "bin/python3",
    "bin/pip",
    "SITE/..",
    "SITE",
    "SITE/pip",
    "SITE/pip/__init__.py",
    "SITE/pip/_internal",
    "DIST",
    "DIST/RECORD",
    "DIST/REQUESTED",
];

/// A sandbox with an environment that has something of an older pip and was moved, so that whoever can mend something does.
fn worn() -> Sandbox {
    let sandbox = Sandbox::with_shared_store();
    furnish(&sandbox);
    bare(&sandbox, python(), &["env"]);
    let record = "../../../bin/pip,,\n../../../../../outside/file,,\npip/__init__.py,,\n";
    let files = [
        ("pip/__init__.py", "old = 1\n"),
        ("pip/__main__.py", "old = 1\n"),
        ("pip/_internal/__init__.py", "old = 1\n"),
        ("pip-9.0.1.dist-info/RECORD", record),
        ("pip-9.0.1.dist-info/REQUESTED", ""),
    ];
    for (name, text) in files {
        sandbox.write(site_packages(&sandbox).join(name), text);
    }
    let launcher = "#!/elsewhere/bin/python3\nimport pip\n";
    for name in ["pip", "tool"] {
        sandbox.write(sandbox.path("env/bin").join(name), launcher);
    }
    sandbox
}

fn site_packages(sandbox: &Sandbox) -> PathBuf {
    let lib = sandbox.path("env/lib").join(python().versioned_name());
    lib.join("site-packages")
}

/// Returns the path of one of [`PLACES`].
fn place(sandbox: &Sandbox, name: &str) -> PathBuf {
    let (head, rest) = name.split_once('/').unwrap_or((name, ""));
    let path = match head {
        "SITE" => site_packages(sandbox).join(rest),
        "DIST" => site_packages(sandbox)
            .join("pip-9.0.1.dist-info")
            .join(rest),
        _ => return sandbox.path("env").join(name),
    };
    match rest {
        "" => path.components().collect(),
        ".." => path.parent().unwrap().parent().unwrap().to_owned(),
        _ => path,
    }
}

/// Runs `rvenv ARGS env` once for each place and bait.
#[track_caller]
fn try_all(args: &[&str]) {
    for name in PLACES {
        for bait in BAITS {
            let sandbox = worn();
            let place = place(&sandbox, name);
            bait.plant(&sandbox, &place);
            // A pip takes time, and matters to what is pip's.
            let is_pips = name.contains("pip") || name.starts_with(['S', 'D']);
            let makes = args[0] != "delete" && (args[0] == "--clear" || !is_pips);
            let flags = if makes { &["--without-pip"][..] } else { &[] };
            let args = [args, flags].concat();
            try_one(&sandbox, &args, &format!("{args:?}: {name} is a {bait:?}"));
        }
    }
}

fn try_one(sandbox: &Sandbox, args: &[&str], what: &str) {
    let (outside, before) = (look(sandbox), tree(sandbox.path("env")));
    let mut rvenv = sandbox.rvenv(args);
    if args[0] != "delete" {
        rvenv.arg("-p").arg(&python().path);
    }
    let output = rvenv.arg("env").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(outside, look(sandbox), "{what}: {stderr}");
    let is_there = fs::symlink_metadata(sandbox.path("env")).is_ok();
    match output.status.code() {
        Some(0) if args[0] == "delete" => assert!(!is_there, "{what}"),
        Some(0) => assert_works(sandbox, what),
        // What it could mend is mended then, and the rest is said.
        Some(1) if args[0] == "--upgrade" && stderr.contains("is still broken") => {}
        Some(1) => {
            assert!(stderr.starts_with("error: "), "{what}: {stderr}");
            assert_eq!(before, tree(sandbox.path("env")), "{what}: {stderr}");
        }
        code => panic!("{what}: {code:?}, {stderr}"),
    }
    assert!(fs::read_dir(sandbox.path("")).unwrap().count() <= 1);
}

#[track_caller]
fn assert_works(sandbox: &Sandbox, what: &str) {
    let env = sandbox.path("env");
    let question = "import sys, os; print(sys.prefix, os.path.realpath(sys.prefix))";
    let mut python = sandbox.python("env");
    let output = python.args(["-c", question]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let prefix = env.to_str().unwrap();
    assert_eq!(said.trim(), format!("{prefix} {prefix}"), "{what}");
    for name in ["pyvenv.cfg", "bin", "bin/activate"] {
        assert!(!env.join(name).is_symlink(), "{what}: {name}");
    }
}

#[test]
fn a_second_run_follows_none() {
    try_all(&["-q"]);
}

#[test]
fn upgrade_follows_none() {
    try_all(&["--upgrade"]);
}

#[test]
fn clear_follows_none() {
    try_all(&["--clear"]);
}

#[test]
fn clear_by_force_follows_none() {
    try_all(&["--clear", "--force"]);
}

#[test]
fn delete_follows_none() {
    try_all(&["delete"]);
}

#[test]
fn delete_by_force_follows_none() {
    try_all(&["delete", "--force"]);
}

/// A directory that is none of rvenv's making, with nothing but symlinks.
#[test]
fn a_directory_full_of_symlinks_is_no_way_out() {
    for args in [&["-q"][..], &["--clear"], &["--clear", "--force"]] {
        for bait in BAITS {
            let sandbox = Sandbox::with_shared_store();
            furnish(&sandbox);
            fs::create_dir(sandbox.path("env")).unwrap();
            let temporary = ".env.rvenv-1aaaa1";
            for name in [
                "bin",
                "lib",
                "lib64",
                "include",
                "pyvenv.cfg",
                ".gitignore",
                temporary,
            ] {
                bait.plant(&sandbox, &sandbox.path("env").join(name));
            }
            try_one(&sandbox, args, &format!("{args:?}, all are {bait:?}"));
        }
    }
}

/// An entry of a launcher in RECORD, whose `.dist-info` is elsewhere: neither is written to.
#[test]
fn what_another_environment_recorded_is_not_written_anew() {
    let sandbox = worn();
    let dist_info = site_packages(&sandbox).join("tool-1.0.dist-info");
    Bait::Directory.plant(&sandbox, &dist_info);
    try_one(&sandbox, &["--upgrade"], "a planted .dist-info");
    assert!(dist_info.is_symlink());
}
