//! Where shims of pyenv lead, by its own rules.

use super::{create, fake, folder, home};
use crate::pythons::{self, pythons};
use crate::sandbox::{self, Sandbox};
use std::fs;
use std::path::Path;

/// A pyenv with a version that leads to a real Python, and shims that fail when they are run.
fn with_pyenv() -> Sandbox {
    let mut sandbox = Sandbox::new();
    for (name, version) in [
        ("3.9.1", "3.9.1"),
        ("3.9.10", "3.9.10"),
        ("other", "3.42.0"),
    ] {
        fake::cpython(
            &sandbox,
            &format!("pyenv/versions/{name}/bin/python3"),
            version,
        );
    }
    fake::executable(
        &sandbox,
        "pyenv/shims/python3",
        "echo 'the shim was run' >&2; exit 1",
    );
    sandbox.set("PYENV_ROOT", sandbox.path("pyenv"));
    sandbox.set_path(sandbox.path("pyenv/shims"));
    sandbox
}

#[track_caller]
fn check(sandbox: &Sandbox, version: &str) {
    let said = create(sandbox, &[]);
    assert!(!said.contains("shim"), "{said}");
    assert_eq!(
        Path::new(&home(sandbox)),
        sandbox.path("pyenv/versions").join(version).join("bin")
    );
}

#[test]
fn shims_lead_where_pyenv_says_and_are_never_run() {
    let mut sandbox = with_pyenv();
    sandbox.write("pyenv/version", "other\n");
    check(&sandbox, "other");
    sandbox.write(".python-version", "# a comment\n3.9.1\n");
    check(&sandbox, "3.9.1");
    sandbox.write(".python-version", "3.9\n");
    check(&sandbox, "3.9.10");
    sandbox.set("PYENV_VERSION", "missing:other");
    check(&sandbox, "other");
}

/// CVE-2022-35861: a file of somebody's repository chooses what is run.
#[test]
fn a_version_file_cannot_lead_out_of_the_versions() {
    let mut sandbox = with_pyenv();
    fake::executable(&sandbox, "evil/bin/python3", "echo evil >&2; exit 1");
    let good = folder(&sandbox, "good", &pythons()[0], &["python3"]);
    sandbox.set_path(format!("{}:{good}", sandbox.path("pyenv/shims").display()));
    for version in [
        "../../evil",
        sandbox.path("evil").to_str().unwrap(),
        "..",
        ".",
    ] {
        sandbox.write(".python-version", version);
        assert!(!create(&sandbox, &[]).contains("evil/bin"));
        assert_eq!(home(&sandbox), good);
    }
}

#[test]
fn a_shim_that_leads_nowhere_is_passed_over() {
    let mut sandbox = with_pyenv();
    sandbox.write("pyenv/version", "system\n");
    let good = folder(&sandbox, "good", &pythons()[0], &["python3"]);
    sandbox.set_path(format!("{}:{good}", sandbox.path("pyenv/shims").display()));
    create(&sandbox, &[]);
    assert_eq!(home(&sandbox), good);
}

/// Against the real pyenv of this machine.
#[test]
fn shims_lead_where_the_real_pyenv_leads() {
    let Some(root) = pythons::pyenv_root().filter(|root| root.join("shims/python3").is_file())
    else {
        sandbox::note("skipped: no pyenv on this machine");
        return;
    };
    let mut sandbox = Sandbox::new();
    sandbox.set("PYENV_ROOT", &root);
    let path = format!(
        "{}:{}",
        root.join("shims").display(),
        sandbox::search_path().to_str().unwrap()
    );
    sandbox.set_path(path);
    for version in fs::read_dir(root.join("versions")).unwrap() {
        let version = version.unwrap().file_name();
        sandbox.write(".python-version", version.to_str().unwrap());
        let shim = sandbox
            .command("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&shim.stdout).trim().to_owned();
        if shim.status.success() && said.contains("versions") {
            create(&sandbox, &[]);
            assert_eq!(
                Path::new(&home(&sandbox)),
                Path::new(&said).parent().unwrap()
            );
        }
    }
}
