//! Which interpreter a command line means, and how often it is started.

mod fake;
mod installed;
mod memory;
mod order;
mod project;
mod pyenv;

use self::fake::executable;
use crate::pythons::{Python, pythons};
use crate::sandbox::{self, Sandbox};
use std::fs;
use std::os::unix::fs::symlink;

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

#[test]
fn python3_comes_before_python_in_the_same_directory_of_path() {
    let mut sandbox = Sandbox::new();
    let one = folder(&sandbox, "one", &pythons()[0], &["python"]);
    let two = folder(&sandbox, "two", &pythons()[0], &["python", "python3"]);
    sandbox.set_path(format!("{one}:{two}"));
    create(&sandbox, &[]);
    assert_eq!(home(&sandbox), one);
    sandbox.set_path(two.clone());
    create(&sandbox, &[]);
    assert_eq!(home(&sandbox), two);
    let python3 = sandbox.path("two/python3");
    assert_eq!(
        fs::read_link(sandbox.path("env/bin/python3")).unwrap(),
        python3
    );
    create(&sandbox, &["-p", "python"]);
    assert!(
        sandbox
            .path("env/bin/python")
            .read_link()
            .unwrap()
            .is_absolute()
    );
}

#[test]
fn a_python_on_path_that_does_not_run_is_skipped_and_v_says_so() {
    let mut sandbox = Sandbox::new();
    executable(&sandbox, "broken/python3", "echo oops >&2; exit 1");
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
    executable(&sandbox, "python", &line);
    for expected in 1..=3 {
        create(&sandbox, &["-p", "./python"]);
        assert_eq!(
            fs::read_to_string(&count).unwrap().lines().count(),
            expected
        );
    }
}
