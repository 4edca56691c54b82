//! Files that others may have written, full of garbage: a result or a message, and never a panic, whatever they say.

use super::seed;
use crate::sandbox::{Sandbox, tree};
use crate::store::{create, pip_main, python};
use fastrand::Rng;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// Returns bytes that are made of these pieces, some of them spoilt.
fn garbage(random: &mut Rng, pieces: &[&[u8]]) -> Vec<u8> {
    let count = random.usize(..8);
    let chosen = (0..count).map(|_| *random.choice(pieces).unwrap());
    let mut bytes = chosen.collect::<Vec<_>>().concat();
    if random.bool() && !bytes.is_empty() {
        let at = random.usize(..bytes.len());
        bytes[at] = random.u8(..);
    }
    bytes
}

/// Runs `rvenv ARGS`, which prints something and succeeds, or says what is wrong; returns what it printed.
#[track_caller]
fn run<A: Into<OsString>>(
    sandbox: &Sandbox,
    args: impl IntoIterator<Item = A>,
    what: &str,
) -> Option<String> {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let output = sandbox.rvenv(&args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let what = format!("RVENV_TEST_SEED={}: {args:?}, {what}: {stderr}", seed());
    let stdout = String::from_utf8(output.stdout).expect(&what);
    match output.status.code() {
        Some(0) => Some(stdout),
        Some(1) => {
            assert!(stderr.starts_with("error: ") && stdout.is_empty(), "{what}");
            None
        }
        _ => panic!("{what}"),
    }
}

/// PEP 832.
#[test]
fn a_file_that_says_where_the_environment_is() {
    const PIECES: &[&[u8]] = &[
        b"env",
        b"../work/env",
        b"/",
        b"\n",
        b"\r\n",
        b"..",
        b".venv",
        b"$(touch pwned)",
        b" ",
        b"\0",
        b"\xff",
        b"\x1b[2J",
        b"a:b",
        b"\n\n",
        b"~",
        b"'",
    ];
    let sandbox = Sandbox::new();
    crate::existing::bare(&sandbox, python(), &["env"]);
    let mut random = Rng::with_seed(seed());
    let mut found = 0;
    for _ in 0..100 {
        let text = garbage(&mut random, PIECES);
        sandbox.write(".venv", &text);
        let before = tree(sandbox.path(""));
        let what = String::from_utf8_lossy(&text).into_owned();
        let script = run(&sandbox, ["activate-script", "--shell", "bash"], &what);
        if let Some(script) = script {
            assert!(script.contains(sandbox.path("env").to_str().unwrap()));
            found += 1;
        }
        assert_eq!(before, tree(sandbox.path("")), "{what}");
    }
    assert!(found > 0);
    sandbox.write(".venv", vec![b'x'; 1 << 20]);
    assert_eq!(run(&sandbox, ["activate-script"], "a long name"), None);
}

/// Whatever it says, only what is below pyenv's versions is run (CVE-2022-35861).
#[test]
fn a_file_that_says_which_version_of_pyenv() {
    const PIECES: &[&[u8]] = &[
        b"3.13.0",
        b"3.13",
        b"3",
        b"..",
        b"../../evil",
        b"/",
        b"\n",
        b":",
        b" ",
        b"#",
        b"python-",
        b"system",
        b"\xff",
        b"\0",
        b"\r\n",
        b"$(touch pwned)",
        b"*",
        b"~",
    ];
    let mut sandbox = Sandbox::new();
    let root = sandbox.path("pyenv");
    for (dir, target) in [
        ("versions/3.13.0/bin", true),
        ("evil/bin", false),
        ("shims", false),
    ] {
        fs::create_dir_all(root.join(dir)).unwrap();
        let path = root.join(dir).join("python3");
        if target {
            symlink(&python().path, path).unwrap();
        } else {
            let evil = sandbox.write(path, "#!/bin/sh\ntouch evil-was-run\nexit 1\n");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(evil, mode).unwrap();
        }
    }
    sandbox.set("PYENV_ROOT", &root);
    sandbox.set_path(root.join("shims"));
    let mut random = Rng::with_seed(seed());
    let mut made = 0;
    for _ in 0..60 {
        let text = garbage(&mut random, PIECES);
        sandbox.write(".python-version", &text);
        let what = String::from_utf8_lossy(&text).into_owned();
        let args = ["-q", "--without-pip", "env"];
        made += usize::from(run(&sandbox, args, &what).is_some());
        assert!(!sandbox.path("evil-was-run").exists(), "{what}");
        fs::remove_dir_all(sandbox.path("env")).ok();
    }
    assert!(made > 0);
}

/// How a memory or a manifest begins, and what is too much of it.
const MEMORIES: &[&[u8]] = &[b"rvenv\0m3", &[0xff; 8], b"{\"files\":", b"[[[[", b"9e99"];

/// Spoils what a store remembers: an environment is made as if there were nothing.
#[test]
fn a_store_that_is_spoilt_in_any_place() {
    let sandbox = Sandbox::new();
    create(&sandbox, "env");
    let image = pip_main(sandbox.store());
    let manifest = image.ancestors().nth(3).unwrap().join("manifest.json");
    let memories = fs::read_dir(sandbox.store().join("interpreters-v3")).unwrap();
    let mut files: Vec<PathBuf> = memories.map(|entry| entry.unwrap().path()).collect();
    files.push(manifest);
    let mut random = Rng::with_seed(seed());
    for path in files {
        let whole = fs::read(&path).unwrap();
        for _ in 0..8 {
            let mut bytes = whole.clone();
            match random.u8(..4) {
                0 => bytes.truncate(random.usize(..whole.len())),
                1 => bytes = garbage(&mut random, MEMORIES),
                _ => {
                    let at = random.usize(..whole.len());
                    bytes[at] ^= 1 << random.u8(..8);
                }
            }
            fs::write(&path, bytes).unwrap();
            run(&sandbox, ["cache", "list"], "a spoilt store");
            let python = python().path.to_str().unwrap();
            let made = run(&sandbox, ["-p", python, "made"], "a spoilt store");
            assert!(made.is_some() && sandbox.path("made/bin/pip").exists());
            fs::remove_dir_all(sandbox.path("made")).unwrap();
            fs::write(&path, &whole).unwrap();
        }
    }
}
