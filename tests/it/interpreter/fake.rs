//! Interpreters that are small scripts: they answer the probe, and write down that they were started.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where the started ones write their paths, below the sandbox's folder.
const STARTED: &str = "started";

/// Makes an interpreter at `path` below the folder that says it is CPython `version`.
pub(crate) fn cpython(sandbox: &Sandbox, path: &str, version: &str) -> PathBuf {
    fake(sandbox, path, &json!({ "version": numbers(version) }))
}

/// The same for PyPy.
pub(crate) fn pypy(sandbox: &Sandbox, path: &str, version: &str, own_version: &str) -> PathBuf {
    let facts = json!({
        "implementation": "pypy",
        "version": numbers(version),
        "implementation_version": numbers(own_version),
    });
    fake(sandbox, path, &facts)
}

fn numbers(version: &str) -> Vec<u16> {
    version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect()
}

/// Makes an interpreter with further or other facts.
pub(crate) fn fake(sandbox: &Sandbox, path: &str, other: &Value) -> PathBuf {
    let absolute = sandbox.path(path);
    let shown = absolute.to_str().unwrap();
    let mut facts = facts(&absolute);
    for (key, value) in other.as_object().unwrap() {
        facts[key] = value.clone();
    }
    if other.get("implementation_version").is_none() {
        facts["implementation_version"] = facts["version"].clone();
    }
    let log = sandbox.path(STARTED);
    let script = format!(
        "echo '{shown}' >> '{}'; cat > /dev/null; printf '\\n@RVENV@%s\\n' '{facts}'",
        log.display()
    );
    executable(sandbox, path, &script)
}

/// Makes a script that does anything.
pub(crate) fn executable(sandbox: &Sandbox, path: &str, script: &str) -> PathBuf {
    let path = sandbox.write(path, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn facts(executable: &Path) -> Value {
    let home = executable.parent().unwrap();
    let library = "lib/python3/site-packages";
    json!({
        "executable": executable,
        "real_executable": executable,
        "base_executable": executable,
        "home": home,
        "implementation": "cpython",
        "pre_release": "",
        "free_threaded": false,
        "debug": false,
        "cache_tag": "cpython-342",
        "magic_number": "00000d0a",
        "posix": true,
        "platform": "linux",
        "machine": "x86_64",
        "libc": "gnu",
        "is_64bit": true,
        "utf8_file_names": true,
        "paths": {"scripts": "bin", "include": "include", "purelib": library, "platlib": library},
        "activation_scripts": [],
        "stdlib": home.join("lib"),
        "wheel_pkg_dir": null,
        "site_packages": [],
    })
}

/// Returns which were started since the last time, each as its path below the folder.
pub(crate) fn started(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.path(STARTED);
    let text = fs::read_to_string(&log).unwrap_or_default();
    fs::remove_file(&log).ok();
    text.lines().map(|line| below(sandbox, line)).collect()
}

/// Returns a path below the sandbox's folder as it is there, any other as it is.
pub(crate) fn below(sandbox: &Sandbox, path: &str) -> String {
    let root = format!("{}/", sandbox.path("").display());
    path.strip_prefix(&root).unwrap_or(path).to_owned()
}

/// Sets PATH to directories below the folder.
pub(crate) fn set_path(sandbox: &mut Sandbox, dirs: &[&str]) {
    let dirs: Vec<PathBuf> = dirs.iter().map(|dir| sandbox.path(dir)).collect();
    let mut path = std::env::join_paths(dirs).unwrap();
    // The scripts need a shell's programs, and no Python is among those.
    path.push(":");
    path.push(tools(sandbox));
    sandbox.set_path(path);
}

/// Returns a directory with nothing but what the scripts need.
fn tools(sandbox: &Sandbox) -> PathBuf {
    let dir = sandbox.home().join("tools");
    fs::create_dir_all(&dir).unwrap();
    for name in ["cat", "sleep"] {
        let tool = ["/bin", "/usr/bin"].map(|dir| Path::new(dir).join(name));
        let tool = tool.into_iter().find(|tool| tool.exists()).unwrap();
        std::os::unix::fs::symlink(tool, dir.join(name)).ok();
    }
    dir
}

/// Runs `rvenv python find ARGS`, which has to succeed, and returns what it found, below the folder where it is.
#[track_caller]
pub(crate) fn find(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = sandbox
        .rvenv(["python", "find"])
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    below(sandbox, String::from_utf8_lossy(&output.stdout).trim_end())
}

/// The same where nothing is to be found; returns what was said.
#[track_caller]
pub(crate) fn fail(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = sandbox
        .rvenv(["python", "find"])
        .args(args)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("\nhint: ") && !said.contains("panick"),
        "{said}"
    );
    said
}
