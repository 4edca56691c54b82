//! Directories in which other users may make things, as in a shared temporary one.

use super::{Bait, furnish, look};
use crate::pythons::pythons;
use crate::sandbox::{self, RVENV, Sandbox, tree};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Output;

/// Who plants, and who makes environments where root does not.
const STRANGER: u32 = 65_534;
const USER: u32 = 65_533;

/// Who runs rvenv.
#[derive(Debug, Clone, Copy)]
enum Runner {
    Root,
    User,
}

/// A sandbox with a sticky directory for all, in which a stranger has planted what temporary directories are called like;
/// `None` where nobody can give anything away.
fn planted() -> Option<Sandbox> {
    let sandbox = Sandbox::new();
    furnish(&sandbox);
    let all = Permissions::from_mode(0o1777);
    fs::create_dir(sandbox.path("tmp")).unwrap();
    fs::set_permissions(sandbox.path("tmp"), all).unwrap();
    for dir in [sandbox.path(""), sandbox.path("").join("..")] {
        fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
    }
    // What is elsewhere may be out of another user's reach.
    fs::copy(RVENV, sandbox.path("rvenv")).unwrap();
    for (name, bait) in [
        ("AAAAAA", Bait::Directory),
        ("BBBBBB", Bait::File),
        ("CCCCCC", Bait::Nothing),
    ] {
        bait.plant(&sandbox, &sandbox.path(format!("tmp/.env.rvenv-{name}")));
    }
    sandbox.write("tmp/.env.rvenv-DDDDDD/bin/python", "theirs");
    sandbox.write("tmp/.env.rvenv-DDDDDD/pyvenv.cfg", "home = /usr/bin\n");
    sandbox.write("tmp/.env.rvenv-EEEEEE", "theirs");
    for entry in walkdir::WalkDir::new(sandbox.path("tmp")).min_depth(1) {
        let path = entry.unwrap().into_path();
        std::os::unix::fs::lchown(path, Some(STRANGER), Some(STRANGER)).ok()?;
    }
    Some(sandbox)
}

/// What the stranger has.
fn theirs(sandbox: &Sandbox) -> BTreeMap<PathBuf, sandbox::Entry> {
    let mut found = tree(sandbox.path("tmp"));
    found.retain(|path, _| {
        path.starts_with(".env.rvenv-DDDDDD") || path.to_string_lossy().starts_with(".env.rvenv-")
    });
    found
}

fn run(sandbox: &Sandbox, runner: Runner, args: &[&str]) -> Output {
    let user = format!("--reuid={USER}");
    let group = format!("--regid={USER}");
    let program = sandbox.path("rvenv");
    let mut command = match runner {
        Runner::Root => sandbox.command(program),
        Runner::User => {
            let mut command = sandbox.command("setpriv");
            command
                .args([&user, &group, "--clear-groups", "--"])
                .arg(program);
            command
        }
    };
    command.env("RVENV_CACHE_DIR", sandbox.path("tmp/store"));
    command.env("TMPDIR", sandbox.path("tmp"));
    command.args(args).output().unwrap()
}

/// Debian's own, which every user can run.
fn python() -> Option<&'static Path> {
    let mut paths = pythons().iter().map(|python| python.path.as_path());
    paths.find(|path| path.starts_with("/usr"))
}

#[test]
fn what_a_stranger_planted_beside_an_environment_is_left_alone() {
    let Some(python) = python().and_then(Path::to_str) else {
        return sandbox::missing("python3 in the system's place");
    };
    for runner in [Runner::Root, Runner::User] {
        let Some(sandbox) = planted() else {
            return sandbox::note("skipped: only root can give anything away");
        };
        let (outside, before) = (look(&sandbox), theirs(&sandbox));
        for flags in [&[][..], &[], &["--upgrade"], &["--clear"], &["delete"]] {
            let is_delete = flags == ["delete"];
            let python = ["-p", python, "--without-pip"];
            let head = if is_delete { &[][..] } else { &python };
            let args = [flags, head, &["tmp/env"]].concat();
            let output = run(&sandbox, runner, &args);
            assert!(output.status.success(), "{runner:?} {args:?}: {output:?}");
            assert_eq!(outside, look(&sandbox), "{runner:?} {args:?}");
            assert_eq!(before, theirs(&sandbox), "{runner:?} {args:?}");
            assert_eq!(sandbox.path("tmp/env").exists(), !is_delete);
        }
    }
}

/// A target that is another's own is not taken over by who may not write to it.
#[test]
fn what_a_stranger_planted_as_the_target_is_left_alone() {
    let Some(python) = python().and_then(Path::to_str) else {
        return sandbox::missing("python3 in the system's place");
    };
    let Some(sandbox) = planted() else {
        return sandbox::note("skipped: only root can give anything away");
    };
    sandbox.write("tmp/env/pyvenv.cfg", "home = /usr/bin\n");
    sandbox.write("tmp/env/bin/python", "theirs");
    for name in ["tmp/env", "tmp/env/bin", "tmp/env/pyvenv.cfg"] {
        chown(sandbox.path(name), Some(STRANGER), Some(STRANGER)).unwrap();
    }
    Bait::Directory.plant(&sandbox, &sandbox.path("tmp/link"));
    let (outside, before) = (look(&sandbox), tree(sandbox.path("tmp")));
    for target in ["tmp/env", "tmp/link", "tmp/link/", "tmp/link/."] {
        for flags in [
            &[][..],
            &["--upgrade"],
            &["--clear"],
            &["--clear", "--force"],
            &["delete"],
            &["delete", "--force"],
        ] {
            let is_delete = flags.first() == Some(&"delete");
            let python = ["-p", python, "--without-pip"];
            let head = if is_delete { &[][..] } else { &python };
            let args = [flags, head, &[target]].concat();
            let output = run(&sandbox, Runner::User, &args);
            assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
            assert_eq!(outside, look(&sandbox), "{args:?}");
            let mut now = tree(sandbox.path("tmp"));
            now.retain(|path, _| !path.starts_with("store"));
            assert_eq!(before, now, "{args:?}");
        }
    }
}
