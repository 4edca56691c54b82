//! `--temp`: nothing is left, whatever the command did and whoever was killed; what is another's stays.

use super::{WAYS, left, nothing_is_left, process, run, scene, wait_until, words};
use crate::sandbox::{Sandbox, note, tree};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::path::Path;
use std::process::{Child, Stdio};

#[test]
fn what_the_command_leaves_goes_too() {
    let sandbox = scene();
    for script in [
        "touch \"$VIRTUAL_ENV/file\" \"$VIRTUAL_ENV/../beside\"",
        "mkdir -p \"$VIRTUAL_ENV/a/b\"; touch \"$VIRTUAL_ENV/a/b/c\"; chmod 0 \"$VIRTUAL_ENV/a/b\"; chmod 500 \"$VIRTUAL_ENV/a\" \"$VIRTUAL_ENV\"",
        "rm -rf \"$VIRTUAL_ENV\"",
        "rm -rf \"${VIRTUAL_ENV%/*}\"",
        "(i=0; while test $i -lt 300; do i=$((i+1)); echo x > \"$VIRTUAL_ENV/$i\" || exit; done) 2>/dev/null >&2 &",
        "ln -s \"$PWD/env\" \"$VIRTUAL_ENV/link\"; exit 0",
    ] {
        let before = tree(sandbox.path("env"));
        let assert = run(&sandbox, words(WAYS[1], &["sh", "-c", script])).assert();
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert.success();
        assert!(stderr.is_empty() || script.ends_with('&'), "{stderr}");
        wait_until("something is left", || {
            // Who still writes may be faster than who removes, once.
            run(&sandbox, words(WAYS[1], &["true"])).assert().success();
            left(&sandbox).is_empty()
        });
        assert_eq!(tree(sandbox.path("env")), before);
    }
}

/// Starts one that runs for long, waits until it does, and returns the number of its command, too.
fn running(sandbox: &Sandbox) -> (Child, String) {
    let ready = sandbox.path("ready");
    fs::remove_file(&ready).ok();
    let script = "echo $$ > making; mv making ready; exec sleep 300";
    let mut process = process(sandbox, words(WAYS[1], &["sh", "-c", script]));
    let child = process.stdout(Stdio::null()).spawn().unwrap();
    wait_until("it does not run", || ready.exists());
    let command = fs::read_to_string(ready).unwrap();
    (child, command.trim_end().to_owned())
}

#[test]
fn what_a_killed_one_has_left_is_swept_and_what_is_in_use_is_not() {
    let sandbox = scene();
    let (mut used, _) = running(&sandbox);
    let in_use = left(&sandbox);
    assert_eq!(in_use.len(), 1);
    let mode = fs::metadata(&in_use[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
    let (mut killed, command) = running(&sandbox);
    killed.kill().unwrap();
    killed.wait().unwrap();
    // The command went on.
    crate::killed::signals::send("KILL", &command);
    assert_eq!(left(&sandbox).len(), 2);
    let assert = run(&sandbox, ["-v", "--temp", "--without-pip", "--", "true"])
        .assert()
        .success();
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(
        stderr.contains("removed 1 throwaway environment that killed runs had left"),
        "{stderr}"
    );
    assert_eq!(left(&sandbox), in_use);
    crate::killed::signals::send("TERM", &used.id().to_string());
    used.wait().unwrap();
    nothing_is_left(&sandbox);
}

#[test]
fn many_at_once_leave_one_another_alone() {
    let sandbox = scene();
    let script = "sleep 0.05; test -x \"$VIRTUAL_ENV/bin/python\" && python -c pass";
    for _ in 0..3 {
        let start = |_| {
            process(&sandbox, words(WAYS[1], &["sh", "-c", script]))
                .spawn()
                .unwrap()
        };
        let children: Vec<Child> = (0..8).map(start).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
    }
    nothing_is_left(&sandbox);
}

#[test]
fn what_a_stranger_has_planted_is_left_alone() {
    const STRANGER: u32 = 65_534;
    let sandbox = scene();
    fs::set_permissions(sandbox.path("tmp"), Permissions::from_mode(0o1777)).unwrap();
    sandbox.write("mine/file", "mine");
    sandbox.write("tmp/rvenv-run-1aaaa1/temp/theirs", "theirs");
    let private = Permissions::from_mode(0o700);
    fs::set_permissions(sandbox.path("tmp/rvenv-run-1aaaa1"), private).unwrap();
    sandbox.write("tmp/rvenv-run-2aaaa2", "theirs");
    sandbox.write("tmp/rvenv-run-words/mine", "mine");
    symlink(sandbox.path("mine"), sandbox.path("tmp/rvenv-run-3aaaa3")).unwrap();
    for entry in walkdir::WalkDir::new(sandbox.path("tmp")).min_depth(1) {
        let path = entry.unwrap().into_path();
        if !path.starts_with(sandbox.path("tmp/rvenv-run-words"))
            && lchown(path, Some(STRANGER), Some(STRANGER)).is_err()
        {
            return note("skipped: only root can give anything away");
        }
    }
    let (tmp, mine) = (tree(sandbox.path("tmp")), tree(sandbox.path("mine")));
    run(&sandbox, words(WAYS[1], &["true"])).assert().success();
    assert_eq!(tree(sandbox.path("tmp")), tmp);
    assert_eq!(tree(sandbox.path("mine")), mine);
}

#[test]
fn what_may_be_somebodys_is_not_swept() {
    let sandbox = scene();
    let file = |name: &str, mode| {
        sandbox.write(format!("tmp/{name}"), "");
        let top = sandbox.path("tmp").join(name.split('/').next().unwrap());
        fs::set_permissions(top, Permissions::from_mode(mode)).unwrap();
    };
    file("rvenv-run-1aaaa1/temp/pyvenv.cfg", 0o755);
    file("rvenv-run-2aaaa2/temp/pyvenv.cfg", 0o700);
    file("rvenv-run-2aaaa2/thesis", 0o700);
    let theirs = tree(sandbox.path("tmp"));
    file("rvenv-run-3aaaa3/temp/pyvenv.cfg", 0o700);
    file("rvenv-run-4aaaa4/.temp.rvenv-1bbbb1/pyvenv.cfg", 0o700);
    let assert = run(&sandbox, ["-v", "--temp", "--without-pip", "--", "true"]).assert();
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(
        stderr.contains("removed 2 throwaway environments that killed runs had left"),
        "{stderr}"
    );
    assert_eq!(tree(sandbox.path("tmp")), theirs);
}

#[test]
fn what_cannot_be_removed_is_mentioned() {
    let sandbox = scene();
    let script = "mkdir \"$VIRTUAL_ENV/mounted\"; mount -t tmpfs none \"$VIRTUAL_ENV/mounted\" || exit 9; exit 3";
    let mut unshare = sandbox.command("unshare");
    unshare.args(["--mount", crate::sandbox::RVENV, "run"]);
    unshare.args(words(WAYS[1], &["sh", "-c", script]));
    let output = unshare.output();
    if output
        .as_ref()
        .map_or(true, |it| it.status.code() != Some(3))
    {
        return note("skipped: nothing can be mounted");
    }
    let stderr = String::from_utf8_lossy(&output.unwrap().stderr).into_owned();
    let place = left(&sandbox).pop().unwrap();
    let said = format!(
        "a part of `{}` is left: something is mounted at `",
        place.display()
    );
    assert!(stderr.contains(&said), "{stderr}");
    // It is not there any more outside, and the next run has no questions.
    run(&sandbox, words(WAYS[1], &["true"]))
        .assert()
        .success()
        .stderr("");
    nothing_is_left(&sandbox);
}

#[test]
fn a_temporary_directory_that_cannot_be_used_is_named() {
    let sandbox = scene();
    for (tmp, said) in [
        (sandbox.path("nowhere"), "nothing can be made in `"),
        (sandbox.write("file", ""), "nothing can be made in `"),
        (sandbox.path("a:b"), "PATH separator"),
    ] {
        fs::create_dir_all(sandbox.path("a:b")).unwrap();
        let mut command = run(&sandbox, words(WAYS[1], &["true"]));
        let assert = command.env("TMPDIR", &tmp).assert().code(1).stdout("");
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(
            stderr.contains(said) && stderr.contains("\nhint: "),
            "{stderr}"
        );
    }
    assert_eq!(fs::read_dir(sandbox.path("a:b")).unwrap().count(), 0);
    let script = "echo \"$VIRTUAL_ENV\"";
    for (tmp, place) in [
        ("tmp", sandbox.path("tmp")),
        ("", Path::new("/tmp").to_owned()),
        ("spa ce", sandbox.path("spa ce")),
    ] {
        fs::create_dir_all(&place).unwrap();
        let mut command = run(&sandbox, words(WAYS[1], &["sh", "-c", script]));
        let output = command.env("TMPDIR", tmp).output().unwrap();
        let said = super::stdout(&output);
        let root = Path::new(said.trim_end());
        assert_eq!(root.parent().and_then(Path::parent), Some(&*place));
        assert!(!root.exists());
    }
}
