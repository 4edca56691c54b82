//! Every way to replace or remove a directory, at every place where none of them may: refused, and all is as it was.

use crate::existing::bare;
use crate::pythons::pythons;
use crate::refuse::check_raw;
use crate::sandbox::{Sandbox, tree};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

const CREATE: &[&str] = &["--without-pip"];
const UPGRADE: &[&str] = &["--without-pip", "--upgrade"];
const CLEAR: &[&str] = &["--without-pip", "--clear"];
const CLEAR_BY_FORCE: &[&str] = &["--without-pip", "--clear", "--force"];
const DELETE: &[&str] = &["delete"];
const DELETE_BY_FORCE: &[&str] = &["delete", "--force"];
const ALL: [&[&str]; 6] = [
    CREATE,
    UPGRADE,
    CLEAR,
    CLEAR_BY_FORCE,
    DELETE,
    DELETE_BY_FORCE,
];

/// Runs `rvenv WAY TARGET` in each of these ways, which says `message` and changes nothing.
#[track_caller]
fn refused(sandbox: &Sandbox, ways: &[&[&str]], target: &str, message: &str) {
    // All of it, wherever the command is run.
    let work = sandbox.home().with_file_name("work");
    let before = tree(&work);
    for way in ways {
        let mut args: Vec<OsString> = way.iter().map(OsString::from).collect();
        if way[0] != "delete" {
            let python = pythons()[0].path.clone();
            args.extend(["-p".into(), python.into()]);
        }
        args.push(target.into());
        check_raw(sandbox, args, 1, message, "hint: ");
        assert_eq!(before, tree(&work), "{way:?} {target}");
    }
}

#[test]
fn what_names_nothing() {
    let sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["."]);
    for blank in ["", " ", "\t ", "\u{a0}", "\n"] {
        refused(&sandbox, &ALL, blank, "is empty");
    }
}

#[test]
fn symlinks_and_what_is_no_directory() {
    let sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["env"]);
    sandbox.write("data/file", "mine");
    for (name, target) in [
        ("link", "env"),
        ("to data", "data"),
        ("to link", "link"),
        ("dangling", "nowhere"),
        ("loop", "loop"),
        ("here", "."),
    ] {
        symlink(target, sandbox.path(name)).unwrap();
        for ending in ["", "/", "//", "/.", "/./"] {
            let target = format!("{name}{ending}");
            refused(&sandbox, &ALL, &target, "is a symlink");
        }
    }
    for target in ["env/../link", "./link", "data/../env/../link/"] {
        refused(&sandbox, &ALL, target, "is a symlink");
    }
    let _socket = UnixListener::bind(sandbox.path("socket")).unwrap();
    let made = sandbox.command("mkfifo").arg("pipe").output().unwrap();
    assert!(made.status.success());
    let mut mknod = sandbox.command("mknod");
    let mknod = mknod.args(["device", "c", "1", "3"]).output().unwrap();
    let device = mknod.status.success().then_some("device");
    for name in ["data/file", "socket", "pipe"].into_iter().chain(device) {
        refused(&sandbox, &ALL, name, "is a file");
        refused(&sandbox, &ALL, &format!("{name}/"), "is a file");
        let makers = &ALL[..4];
        let below = format!("{name}/env");
        refused(&sandbox, makers, &below, "which is not a directory");
        refused(&sandbox, &ALL[4..], &below, "does not exist");
    }
}

/// What would be lost with it is lost only by force.
#[test]
fn projects_and_repositories() {
    for name in [
        ".git",
        ".hg",
        ".svn",
        ".jj",
        "pyproject.toml",
        "setup.py",
        "setup.cfg",
        "requirements.txt",
        "Pipfile",
        "package.json",
        "Cargo.toml",
        "Makefile",
    ] {
        let sandbox = Sandbox::new();
        bare(&sandbox, &pythons()[0], &["env"]);
        sandbox.write(Path::new("env").join(name), "mine");
        sandbox.write("plain/file", "mine");
        symlink("nowhere", sandbox.path("plain").join(name)).unwrap();
        let message = format!("holds a project or a repository (`{name}`)");
        refused(&sandbox, &[CLEAR], "env", &message);
        refused(&sandbox, &[CLEAR], "plain", &message);
        let message = format!("also holds what is not an environment's: `{name}`");
        refused(&sandbox, &[DELETE], "env", &message);
        let ways = [DELETE, DELETE_BY_FORCE];
        refused(&sandbox, &ways, "plain", "is not a virtual environment");
    }
}

#[test]
fn what_is_no_environment() {
    let sandbox = Sandbox::new();
    sandbox.write("data/file", "mine");
    sandbox.write("hidden/.file", "mine");
    sandbox.write("tools/bin/tool", "mine");
    sandbox.write("cfg/pyvenv.cfg/file", "mine");
    sandbox.write("linked/file", "mine");
    symlink("nowhere", sandbox.path("linked/pyvenv.cfg")).unwrap();
    let ways = [CLEAR, DELETE, DELETE_BY_FORCE];
    for name in ["data", "hidden", "tools", "cfg", "linked"] {
        refused(&sandbox, &ways, name, "is not a virtual environment");
    }
    fs::create_dir(sandbox.path("empty")).unwrap();
    let message = "is not a virtual environment: it has no pyvenv.cfg";
    refused(&sandbox, &ways[1..], "empty", message);
    refused(&sandbox, &ways[1..], "missing", "does not exist");
}

/// A home and folders above the current one, all of the sandbox's own; what really is one is for `throwaway.rs`.
#[test]
fn homes_and_what_is_above_the_current_directory() {
    let mut sandbox = Sandbox::new();
    let python = &pythons()[0];
    bare(&sandbox, python, &["home/me", "."]);
    sandbox.set("HOME", sandbox.path("home/me"));
    for name in ["home/me", "home/me/", "home/./me", "home/me/../me"] {
        refused(&sandbox, &ALL, name, "is the home directory");
    }
    let above = [CLEAR, CLEAR_BY_FORCE, DELETE, DELETE_BY_FORCE];
    for name in ["home", "home/me/..", "."] {
        refused(&sandbox, &above, name, "above the home directory");
    }
    symlink("me", sandbox.path("home/link")).unwrap();
    sandbox.set("HOME", sandbox.path("home/link"));
    refused(&sandbox, &ALL, "home/me", "is the home directory");
    sandbox.set("HOME", sandbox.path("home/not yet"));
    let makers = [CREATE, CLEAR, CLEAR_BY_FORCE];
    refused(&sandbox, &makers, "home/not yet", "is the home directory");
    let home = sandbox.home().to_owned();
    sandbox.set("HOME", home);
    bare(&sandbox, python, &["a"]);
    sandbox.enter("a/b/c");
    refused(&sandbox, &ALL, "../..", "above the current one");
    refused(&sandbox, &ALL, "..", "above the current one");
    refused(
        &sandbox,
        &[DELETE, DELETE_BY_FORCE],
        ".",
        "is the current directory",
    );
}

#[test]
fn the_activated_environment_is_not_deleted_by_chance() {
    let mut sandbox = Sandbox::new();
    bare(&sandbox, &pythons()[0], &["env"]);
    for active in ["env", "env/", "env/../env"] {
        sandbox.set("VIRTUAL_ENV", sandbox.path(active));
        for target in ["env", "./env/", "env/."] {
            refused(&sandbox, &[DELETE], target, "is the activated environment");
        }
    }
}
