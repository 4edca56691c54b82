//! Which interpreter a command line means, and how often it is started.

use crate::pythons::{self, Python, pythons};
use crate::sandbox::{self, Sandbox};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// Runs `rvenv -v --without-pip ARGS env` and returns what it said.
#[track_caller]
fn create(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = sandbox
        .rvenv(["-v", "--without-pip", "--clear"])
        .args(args)
        .arg("env")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    stderr
}

/// Returns `home` of the environment that was made.
fn home(sandbox: &Sandbox) -> String {
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    cfg.lines()
        .next()
        .unwrap()
        .strip_prefix("home = ")
        .unwrap()
        .to_owned()
}

/// Makes a folder with names that lead to a Python, and returns its path.
fn folder(sandbox: &Sandbox, name: &str, python: &Python, names: &[&str]) -> String {
    let folder = sandbox.path(name);
    fs::create_dir_all(&folder).unwrap();
    for link in names {
        symlink(&python.path, folder.join(link)).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

fn script(sandbox: &Sandbox, name: &str, text: &str) {
    let path = sandbox.write(name, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn python3_on_path_comes_before_python() {
    let mut sandbox = Sandbox::new();
    let one = folder(&sandbox, "one", &pythons()[0], &["python"]);
    let two = folder(&sandbox, "two", &pythons()[0], &["python", "python3"]);
    sandbox.set_path(format!("{one}:{two}"));
    create(&sandbox, &[]);
    assert_eq!(home(&sandbox), two);
    create(&sandbox, &["-p", "python"]);
    assert_eq!(home(&sandbox), one);
}

#[test]
fn a_python_on_path_that_does_not_run_is_skipped_and_v_says_so() {
    let mut sandbox = Sandbox::new();
    script(&sandbox, "broken/python3", "echo oops >&2; exit 1");
    let good = folder(&sandbox, "good", &pythons()[0], &["python3"]);
    sandbox.set_path(format!("{}:{good}", sandbox.path("broken").display()));
    let said = create(&sandbox, &[]);
    assert!(
        said.contains("skipped: ") && said.contains("oops"),
        "{said}"
    );
    assert_eq!(home(&sandbox), good);
}

#[test]
fn without_any_python_the_error_says_what_was_looked_for() {
    let mut sandbox = Sandbox::new();
    sandbox.set_path(sandbox.path("empty"));
    let output = sandbox.rvenv(["env"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.contains("neither `python3` nor `python`") && stderr.contains("hint: "),
        "{stderr}"
    );
}

#[test]
fn the_activated_environment_comes_before_path() {
    let mut sandbox = Sandbox::new();
    let base = folder(&sandbox, "base", &pythons()[0], &["python3"]);
    let other = folder(&sandbox, "other", &pythons()[0], &["python3"]);
    sandbox.set_path(other.clone());
    sandbox
        .rvenv(["--without-pip", "-p", &format!("{base}/python3"), "active"])
        .assert()
        .success();
    let outside = home_made_by(&sandbox, "active/bin/python3");
    sandbox.set("VIRTUAL_ENV", sandbox.path("active"));
    create(&sandbox, &[]);
    assert_eq!(home(&sandbox), outside);
}

/// Returns the `home` that this Python's own `venv` writes.
fn home_made_by(sandbox: &Sandbox, python: &str) -> String {
    let args = ["-m", "venv", "--without-pip", "env"];
    sandbox
        .command(sandbox.path(python))
        .args(args)
        .assert()
        .success();
    home(sandbox)
}

#[test]
fn an_activated_environment_whose_python_is_gone_is_passed_over() {
    let mut sandbox = Sandbox::new();
    let good = folder(&sandbox, "good", &pythons()[0], &["python3"]);
    sandbox.set_path(good.clone());
    fs::create_dir_all(sandbox.path("dangling/bin")).unwrap();
    symlink("/nowhere/python3", sandbox.path("dangling/bin/python3")).unwrap();
    sandbox.set("VIRTUAL_ENV", sandbox.path("dangling"));
    create(&sandbox, &[]);
    assert_eq!(home(&sandbox), good);
}

#[test]
fn what_is_typed_wins_over_a_variable() {
    let mut sandbox = Sandbox::new();
    let base = folder(&sandbox, "base", &pythons()[0], &["python3"]);
    sandbox.set_path(base);
    let is_link = |sandbox: &Sandbox| sandbox.path("env/bin/python3").is_symlink();
    sandbox.set("RVENV_COPIES", "1");
    create(&sandbox, &["--symlinks"]);
    assert!(is_link(&sandbox));
    create(&sandbox, &[]);
    assert!(!is_link(&sandbox));
    sandbox.set("RVENV_COPIES", "0");
    create(&sandbox, &[]);
    assert!(is_link(&sandbox));
    sandbox.set("RVENV_QUIET", "1");
    assert!(create(&sandbox, &[]).contains("using "));
}

/// A panic would leave what is half made.
#[test]
fn a_reader_that_is_gone_is_no_reason_to_stop() {
    let sandbox = Sandbox::new();
    let line = format!(
        "'{}' -v --without-pip -p '{}' one two 2> /dev/full",
        sandbox::RVENV,
        pythons()[0].path.display()
    );
    sandbox.command("sh").args(["-c", &line]).assert().success();
    assert!(sandbox.path("two/pyvenv.cfg").is_file());
}

#[test]
fn nothing_of_the_users_takes_part_in_the_question() {
    let mut sandbox = Sandbox::new();
    let trap = "import sys\nprint('trapped')\nsys.exit('trapped')\n";
    for name in [
        "json.py",
        "sysconfig.py",
        "sitecustomize.py",
        "trap/json.py",
        "trap/usercustomize.py",
    ] {
        sandbox.write(name, trap);
    }
    sandbox.set("PYTHONPATH", sandbox.path("trap"));
    sandbox.set("PYTHONHOME", "/nowhere");
    sandbox.set("PYTHONSTARTUP", sandbox.path("json.py"));
    for python in pythons() {
        create(&sandbox, &["-p", python.path.to_str().unwrap()]);
    }
}

/// What a script answers may depend on anything, so it is never remembered.
#[test]
fn a_script_that_starts_a_python_is_asked_every_time() {
    let sandbox = Sandbox::new();
    let count = sandbox.write("count", "");
    let line = format!(
        "echo >> '{}'; exec '{}' \"$@\"",
        count.display(),
        pythons()[0].path.display()
    );
    script(&sandbox, "python", &line);
    for expected in 1..=3 {
        create(&sandbox, &["-p", "./python"]);
        assert_eq!(
            fs::read_to_string(&count).unwrap().lines().count(),
            expected
        );
    }
}

mod pyenv {
    use super::*;

    /// A pyenv with a version that leads to a real Python, and shims that fail when they are run.
    fn with_pyenv() -> Sandbox {
        let mut sandbox = Sandbox::new();
        for version in ["3.9.1", "3.9.10", "other"] {
            folder(
                &sandbox,
                &format!("pyenv/versions/{version}/bin"),
                &pythons()[0],
                &["python3"],
            );
        }
        script(
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
        script(&sandbox, "evil/bin/python3", "echo evil >&2; exit 1");
        let good = folder(&sandbox, "good", &pythons()[0], &["python3"]);
        sandbox.set_path(format!("{}:{good}", sandbox.path("pyenv/shims").display()));
        for version in [
            "../../evil",
            sandbox.path("evil").to_str().unwrap(),
            "..",
            ".",
        ] {
            sandbox.write(".python-version", version);
            assert!(!create(&sandbox, &[]).contains("evil"));
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
}
