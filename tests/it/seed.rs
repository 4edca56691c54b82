//! Wheels that are missing or not what they should be: a message, and nothing made.

use crate::pythons::pythons;
use crate::sandbox::Sandbox;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt;
use zip::write::SimpleFileOptions;

/// The name of a stand-in for an interpreter whose standard library is the folder `stdlib`.
const PYTHON: &str = "./python";

/// A sandbox with such an interpreter: a real one, whose answer is changed on the way.
pub(crate) fn with_own_stdlib() -> Sandbox {
    let sandbox = Sandbox::new();
    let script = format!(
        "#!/bin/sh\n'{}' \"$@\" | sed -e 's#\"stdlib\": \"[^\"]*\"#\"stdlib\": \"{}\"#' \
         -e 's#\"wheel_pkg_dir\": \"[^\"]*\"#\"wheel_pkg_dir\": null#'\n",
        pythons()[0].path.display(),
        sandbox.path("stdlib").display(),
    );
    let path = sandbox.write("python", script);
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    let versions = "_SETUPTOOLS_VERSION = \"1.0\"\n_PIP_VERSION = \"1.0\"\n";
    sandbox.write("stdlib/ensurepip/__init__.py", versions);
    sandbox
}

/// Writes a bundled wheel of `pip` and one of `setuptools`, with these entries.
fn bundle(sandbox: &Sandbox, entries: &[(&str, &str)]) {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(contents.as_bytes()).unwrap();
    }
    bundle_bytes(sandbox, &zip.finish().unwrap().into_inner());
}

/// Writes a bundled wheel of `pip` and one of `setuptools`, with these bytes.
pub(crate) fn bundle_bytes(sandbox: &Sandbox, wheel: &[u8]) {
    for project in ["pip", "setuptools"] {
        let name = format!("stdlib/ensurepip/_bundled/{project}-1.0-py3-none-any.whl");
        sandbox.write(name, wheel);
    }
}

/// Makes an environment below folders that are not there, which fails and leaves none of them.
#[track_caller]
pub(crate) fn check(sandbox: &Sandbox, message: &str, hint: &str) {
    let output = sandbox.rvenv(["-p", PYTHON, "a/b/env"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains(message),
        "does not say `{message}`: {stderr}"
    );
    assert!(stderr.contains(hint), "does not advise `{hint}`: {stderr}");
    assert!(!sandbox.path("a").exists(), "something was left behind");
    assert!(!sandbox.path("escaped").exists() && !sandbox.path("a/escaped").exists());
}

#[track_caller]
fn check_wheel(entries: &[(&str, &str)], message: &str) {
    let sandbox = with_own_stdlib();
    bundle(&sandbox, entries);
    check(&sandbox, message, "`--without-pip`");
}

const MODULE: (&str, &str) = ("module.py", "x = 1\n");

#[test]
fn an_interpreter_without_wheels_says_which_package_has_them() {
    let sandbox = with_own_stdlib();
    check(&sandbox, "has no bundled pip", "-venv`");
    check(&sandbox, "has no bundled pip", "`--without-pip`");
    sandbox
        .rvenv(["-p", PYTHON, "--without-pip", "env"])
        .assert()
        .success();
}

#[test]
fn a_wheel_that_is_no_archive_is_refused() {
    let sandbox = with_own_stdlib();
    bundle_bytes(&sandbox, b"garbage");
    check(
        &sandbox,
        "is not a wheel that can be installed",
        "`--without-pip`",
    );
}

#[test]
fn a_wheel_without_a_record_is_refused() {
    check_wheel(&[MODULE], "it has no RECORD");
}

#[test]
fn a_file_that_is_not_what_record_says_is_refused() {
    let record = ("pip-1.0.dist-info/RECORD", "module.py,sha256=AAAA,6\n");
    check_wheel(
        &[MODULE, record],
        "`module.py` in it is not what RECORD says",
    );
    let unlisted = ("pip-1.0.dist-info/RECORD", "other.py,sha256=AAAA,6\n");
    check_wheel(
        &[MODULE, unlisted],
        "`module.py` in it is not what RECORD says",
    );
}

/// More bytes than RECORD tells are not even unpacked.
#[test]
fn a_file_that_is_larger_than_record_says_is_refused() {
    let large = " ".repeat(1 << 20);
    let record = ("pip-1.0.dist-info/RECORD", "module.py,sha256=AAAA,6\n");
    check_wheel(
        &[("module.py", &large), record],
        "`module.py` in it is not what RECORD says",
    );
}

#[test]
fn names_that_leave_the_environment_are_refused() {
    for name in [
        "../escaped",
        "/escaped",
        "a/../../escaped",
        "a\\..\\escaped",
    ] {
        let record = ("pip-1.0.dist-info/RECORD", "");
        check_wheel(
            &[(name, "x"), record],
            "would be outside of the environment",
        );
    }
}

#[test]
fn entry_points_that_leave_bin_are_refused() {
    let digest = |text: &str| {
        data_encoding::BASE64URL_NOPAD.encode(&<sha2::Sha256 as sha2::Digest>::digest(text))
    };
    for name in ["../escaped", "/tmp/escaped", ".."] {
        let entry_points = format!("[console_scripts]\n{name} = module:main\n");
        let path = "pip-1.0.dist-info/entry_points.txt";
        let record = format!(
            "{path},sha256={},{}\n",
            digest(&entry_points),
            entry_points.len()
        );
        check_wheel(
            &[(path, &entry_points), ("pip-1.0.dist-info/RECORD", &record)],
            "would be outside of `bin`",
        );
    }
}

/// One of the two would vanish on a file system that does not tell them apart.
#[test]
fn names_that_differ_in_case_only_are_refused() {
    let record = ("pip-1.0.dist-info/RECORD", "");
    check_wheel(&[MODULE, ("Module.py", ""), record], "is in it twice");
}
