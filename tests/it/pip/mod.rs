//! pip in an environment that rvenv made does what it does in a venv, and what it changes stays in that environment. No
//! test needs a network: `wheels` makes what is installed.

pub(crate) mod wheels;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::{contains, starts_with};

use crate::pythons::{Python, seeding_pythons};
use crate::sandbox::{Entry, RVENV, Sandbox, missing, note, tree};
use wheels::Wheel;

/// Two environments of one Python, `one` and `two`, and a store that only they use.
struct Pair {
    sandbox: Sandbox,
    neighbour: BTreeMap<PathBuf, Entry>,
    store: BTreeMap<PathBuf, Entry>,
}

impl Pair {
    fn new(python: &Python) -> Self {
        note(&python.path.display().to_string());
        let mut sandbox = Sandbox::new();
        sandbox.set("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        make(&sandbox, python, &["one", "two"]);
        let (neighbour, store) = (tree(sandbox.path("two")), tree(sandbox.store()));
        Self {
            sandbox,
            neighbour,
            store,
        }
    }

    /// Runs `pip ARGS` in `one`, which succeeds.
    #[track_caller]
    fn pip(&self, args: &[&str]) -> Assert {
        self.sandbox
            .python("one")
            .args(["-m", "pip"])
            .args(args)
            .assert()
            .success()
    }

    /// Installs from the folder `links` alone.
    #[track_caller]
    fn install(&self, args: &[&str]) -> Assert {
        self.pip(&[&["install", "--no-index", "--find-links", "links"], args].concat())
    }

    fn links(&self) -> PathBuf {
        self.sandbox.path("links")
    }

    fn site_packages(&self) -> PathBuf {
        let mut python = self.sandbox.python("one");
        let question = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let answer = python.args(["-c", question]).assert().success();
        PathBuf::from(
            String::from_utf8(answer.get_output().stdout.clone())
                .unwrap()
                .trim_end(),
        )
    }

    /// What the pip of an environment says that it is.
    #[track_caller]
    fn version(&self, name: &str) -> Assert {
        let mut python = self.sandbox.python(name);
        python.args(["-m", "pip", "--version"]).assert().success()
    }

    /// Fails if anything of `two` or of the store is not as it was, or if the pip of `two` does not start.
    #[track_caller]
    fn assert_rest_is_untouched(&self) {
        self.version("two");
        assert_unchanged(&self.neighbour, &tree(self.sandbox.path("two")));
        assert_unchanged(&self.store, &tree(self.sandbox.store()));
    }
}

/// Runs `rvenv -p PYTHON ARGS`.
#[track_caller]
fn make(sandbox: &Sandbox, python: &Python, args: &[&str]) {
    let mut rvenv = sandbox.rvenv(["-p"]);
    rvenv.arg(&python.path).args(args).assert().success();
}

#[track_caller]
fn assert_unchanged(before: &BTreeMap<PathBuf, Entry>, after: &BTreeMap<PathBuf, Entry>) {
    let paths = before.keys().chain(after.keys());
    let changed: Vec<_> = paths
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    assert!(changed.is_empty(), "changed: {changed:?}");
}

/// The names in a directory that start with `prefix`.
fn names(directory: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter(|name| name.starts_with(prefix)).collect()
}

#[test]
fn pip_lists_and_checks_what_is_there_without_the_store() {
    for python in seeding_pythons() {
        let pair = Pair::new(python);
        fs::remove_dir_all(pair.sandbox.store()).unwrap();
        let has_setuptools =
            contains("\nsetuptools==").count(usize::from(python.version < (3, 12)));
        let list = contains("pip==").and(has_setuptools);
        pair.pip(&["list", "--format=freeze"]).stdout(list);
        pair.pip(&["check"])
            .stdout(contains("No broken requirements found"));
        pair.pip(&["show", "--files", "pip"])
            .stdout(contains("bin/pip3").and(contains(".pyc")));
    }
}

#[test]
fn pip_installs_and_removes_wheels_and_source_archives() {
    for python in seeding_pythons() {
        let pair = Pair::new(python);
        Wheel::demo("alpha", "1.0").write(&pair.links());
        Wheel::demo("beta", "2.0").write_source(&pair.links());
        let before = tree(pair.sandbox.path("one"));
        let names = if python.version < (3, 7) {
            &["alpha"][..]
        } else {
            &["alpha", "beta"]
        }; // pip 18.1 knows no PEP 517
        pair.install(names);
        for name in names {
            let command = pair.sandbox.path("one/bin").join(name);
            pair.sandbox
                .command(command)
                .assert()
                .success()
                .stdout(starts_with(format!("{name} ")));
        }
        pair.pip(&["check"]);
        pair.pip(&[&["uninstall", "-y"], names].concat());
        assert_unchanged(&before, &tree(pair.sandbox.path("one")));
        pair.assert_rest_is_untouched();
    }
}

#[test]
fn pip_replaces_itself_in_one_environment_only() {
    for python in seeding_pythons() {
        let pair = Pair::new(python);
        let site_packages = pair.site_packages();
        Wheel::repacked(&site_packages, "pip", "99.0").write(&pair.links());
        pair.install(&["-U", "pip"]);
        pair.version("one").stdout(starts_with("pip 99.0 "));
        pair.pip(&["check"]);
        assert_eq!(names(&site_packages, "pip-"), ["pip-99.0.dist-info"]);
        pair.assert_rest_is_untouched();
        make(&pair.sandbox, python, &["three"]);
        pair.version("three").stdout(starts_with("pip 99.0 ").not());
    }
}

#[test]
fn pip_removes_itself_from_one_environment_only() {
    for python in seeding_pythons() {
        let pair = Pair::new(python);
        let site_packages = pair.site_packages();
        pair.pip(&["uninstall", "-y", "pip"]);
        assert_eq!(names(&site_packages, "pip"), [""; 0]);
        assert_eq!(names(&pair.sandbox.path("one/bin"), "pip"), [""; 0]);
        if python.version >= (3, 12) {
            assert_eq!(names(&site_packages, ""), [""; 0]);
        }
        pair.assert_rest_is_untouched();
    }
}

#[test]
fn upgrade_deps_obeys_the_users_pip_configuration() {
    for python in seeding_pythons().filter(|python| python.knows("--upgrade-deps")) {
        let mut pair = Pair::new(python);
        Wheel::repacked(&pair.site_packages(), "pip", "99.0").write(&pair.links());
        let folder = pair.sandbox.home().join(".config/pip");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("pip.conf"), "[global]\nno-index = true\n").unwrap();
        pair.sandbox.set("PIP_FIND_LINKS", pair.links());
        make(&pair.sandbox, python, &["--upgrade-deps", "three"]);
        pair.version("three").stdout(starts_with("pip 99.0 "));
        pair.assert_rest_is_untouched();
    }
}

#[test]
fn a_second_create_executes_nothing_but_itself() {
    if which::which("strace").is_err() {
        return missing("strace");
    }
    for python in seeding_pythons() {
        let sandbox = Sandbox::with_shared_store();
        make(&sandbox, python, &["one"]);
        let call = ["-p", python.path.to_str().unwrap()];
        assert_executes_only_itself(&sandbox, &[&call[..], &["two"]].concat());
        assert_executes_only_itself(
            &sandbox,
            &[&call[..], &["--clear", "--prompt", "p", "two"]].concat(),
        );
        assert_executes_only_itself(&sandbox, &[&call[..], &["two"]].concat());
    }
    let sandbox = Sandbox::new();
    sandbox.rvenv(["--without-pip", "one"]).assert().success();
    assert_executes_only_itself(&sandbox, &["--without-pip", "two"]);
}

#[track_caller]
fn assert_executes_only_itself(sandbox: &Sandbox, args: &[&str]) {
    let log = sandbox.path("strace.log");
    let mut strace = sandbox.command("strace");
    strace
        .args(["-f", "-qq", "-e", "trace=execve,execveat", "-o"])
        .arg(&log);
    strace.arg(RVENV).args(args).assert().success();
    let log = fs::read_to_string(log).unwrap();
    let executed: Vec<&str> = log.lines().filter(|line| line.contains("exec")).collect();
    assert_eq!(executed.len(), 1, "rvenv {args:?}: {executed:#?}");
}
