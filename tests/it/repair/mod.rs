//! `--upgrade` and `--ensure`: an environment is damaged for real, mended, and works; what was mended is said, and nothing
//! else is changed. `ensure`: what `--ensure` does beyond that; `others`: what other
//! tools have made.

mod ensure;
mod others;

use crate::pythons::{Python, seeding_pythons};
use crate::sandbox::{Entry, Sandbox, tree};
use crate::store::{assert_pip_works, pip_main};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The newest CPython of this machine, and another that is not of its minor version.
fn two_pythons() -> (&'static Python, Option<&'static Python>) {
    let mut pythons: Vec<_> = seeding_pythons().filter(|python| !python.is_pypy).collect();
    pythons.sort_by_key(|python| python.version);
    let newest = pythons
        .pop()
        .expect("these tests need a python3 with ensurepip");
    let other = pythons
        .into_iter()
        .rfind(|python| python.version != newest.version);
    (newest, other)
}

fn newest() -> &'static Python {
    two_pythons().0
}

/// A folder with a base that can be removed (`base/bin`, links to a real one) and the environment `env` of it, with pip.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_shared_store();
    let bin = sandbox.path("base/bin");
    fs::create_dir_all(&bin).unwrap();
    symlink(&newest().path, bin.join("python3")).unwrap();
    run(&sandbox, &["-p", "base/bin/python3", "env"]);
    sandbox
}

/// Runs `rvenv ARGS`, which succeeds, and returns what was said.
#[track_caller]
fn run(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = sandbox.rvenv(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {stderr}");
    assert!(output.stdout.is_empty());
    stderr
}

/// Runs `rvenv ARGS`, which is refused or fails, and returns what was said.
#[track_caller]
fn fail(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = sandbox.rvenv(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
    stderr
}

#[track_caller]
fn assert_healthy(sandbox: &Sandbox, env: &str) {
    assert_pip_works(sandbox, env);
    sandbox.rvenv(["check", "--deep", env]).assert().success();
}

fn site_packages(sandbox: &Sandbox, env: &str) -> PathBuf {
    let main = pip_main(&sandbox.path(env));
    main.ancestors().nth(2).unwrap().to_owned()
}

/// What is in `site-packages` of `env`, the `RECORD`s aside.
fn packages(sandbox: &Sandbox, env: &str) -> BTreeMap<PathBuf, Entry> {
    let mut packages = tree(site_packages(sandbox, env));
    packages.retain(|path, _| !path.ends_with("RECORD"));
    packages
}

fn dist_info(sandbox: &Sandbox, env: &str) -> PathBuf {
    let entries = fs::read_dir(site_packages(sandbox, env)).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    let is_pips = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("pip-")
    };
    paths.find(is_pips).unwrap()
}

fn configuration(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap()
}

/// A package with a launcher, as the user's pip would have installed it for the environment `env`; with the path of the
/// launcher.
fn install_tool(sandbox: &Sandbox) -> PathBuf {
    let python = sandbox.path("env/bin/python3");
    let launcher = format!(
        "#!{}\nimport tool\nprint('tool', tool.__file__)\n",
        python.display()
    );
    let path = sandbox.write("env/bin/tool", launcher);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let packages = site_packages(sandbox, "env");
    fs::write(packages.join("tool.py"), "").unwrap();
    fs::create_dir(packages.join("tool-1.dist-info")).unwrap();
    let record = "tool.py,,0\ntool-1.dist-info/RECORD,,\n../../../bin/tool,,\n";
    fs::write(packages.join("tool-1.dist-info/RECORD"), record).unwrap();
    path
}

/// <https://github.com/python/cpython/issues/87679>, <https://github.com/astral-sh/uv/issues/8028>
#[test]
fn a_python_that_is_gone_is_replaced_and_packages_are_kept() {
    let mut sandbox = sandbox();
    sandbox.set_path("");
    install_tool(&sandbox);
    let before = packages(&sandbox, "env");
    fs::rename(sandbox.path("base"), sandbox.path("moved")).unwrap();
    let said = fail(&sandbox, &["--upgrade", "env"]);
    assert!(said.contains("name one with `--python`"), "{said}");
    let said = run(&sandbox, &["--upgrade", "-p", "moved/bin/python3", "env"]);
    assert!(
        said.contains("mended: ") && said.contains("base/bin"),
        "{said}"
    );
    assert_healthy(&sandbox, "env");
    assert!(before == packages(&sandbox, "env"), "packages were changed");
    let home = format!("home = {}\n", sandbox.path("moved/bin").display());
    assert!(configuration(&sandbox).starts_with(&home));
    assert_eq!(
        run(&sandbox, &["--upgrade", "env"]),
        "",
        "there is nothing left to mend"
    );
}

#[test]
fn without_a_request_it_is_mended_with_its_own_python() {
    let (newest, Some(other)) = two_pythons() else {
        return crate::sandbox::missing("second minor version of Python");
    };
    let mut sandbox = sandbox();
    let path = |python: &Python| python.path.parent().unwrap().to_owned();
    sandbox.set_path(path(other));
    fs::remove_file(sandbox.path("env/bin/activate")).unwrap();
    run(&sandbox, &["--upgrade", "env"]);
    assert!(sandbox.path("env/bin/activate").is_file());
    fs::remove_dir_all(sandbox.path("base")).unwrap();
    sandbox.set_path(std::env::join_paths([path(other), path(newest)]).unwrap());
    run(&sandbox, &["--upgrade", "env"]);
    assert_healthy(&sandbox, "env");
    let refused = fail(
        &sandbox,
        &["--upgrade", "-p", other.path.to_str().unwrap(), "env"],
    );
    assert!(refused.contains("is an environment of Python"), "{refused}");
}

/// <https://github.com/python/cpython/issues/97647>, <https://github.com/kevinconway/venvctrl/issues/37>
/// Off PATH, by what installs several.
#[test]
fn a_python_that_is_gone_is_replaced_by_one_that_pyenv_keeps() {
    let mut sandbox = sandbox();
    let (major, minor) = newest().version;
    let bin = sandbox.path(format!("pyenv/versions/{major}.{minor}.99/bin"));
    fs::create_dir_all(&bin).unwrap();
    symlink(&newest().path, bin.join("python3")).unwrap();
    sandbox.set("PYENV_ROOT", sandbox.path("pyenv"));
    sandbox.set_path("");
    fs::remove_dir_all(sandbox.path("base")).unwrap();
    run(&sandbox, &["--upgrade", "env"]);
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    assert!(
        cfg.starts_with(&format!("home = {}\n", bin.display())),
        "{cfg}"
    );
    assert_healthy(&sandbox, "env");
}

#[test]
fn an_environment_that_was_moved_works_where_it_is_now() {
    let sandbox = sandbox();
    let launcher = install_tool(&sandbox);
    let before = (
        fs::read_to_string(&launcher).unwrap(),
        packages(&sandbox, "env"),
    );
    fs::rename(sandbox.path("env"), sandbox.path("other place")).unwrap();
    let said = run(&sandbox, &["--upgrade", "other place"]);
    assert!(said.contains("mended: it was moved"), "{said}");
    assert!(said.contains("mended: `pip`"), "{said}");
    assert_healthy(&sandbox, "other place");
    assert!(
        before.1 == packages(&sandbox, "other place"),
        "packages were changed"
    );
    let tool = sandbox.path("other place/bin/tool");
    sandbox.command(&tool).assert().success();
    let after = fs::read_to_string(&tool).unwrap();
    let body = |text: &str| text[text.find("import tool").unwrap()..].to_owned();
    assert_eq!(body(&after), body(&before.0));
    let mode = fs::metadata(&tool).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let script = fs::read_to_string(sandbox.path("other place/bin/activate")).unwrap();
    assert!(!script.contains(sandbox.path("env/").to_str().unwrap()));
}

#[test]
fn a_pip_that_lacks_files_is_installed_again() {
    let damages: [fn(&Sandbox); 4] = [
        |sandbox| fs::remove_dir_all(site_packages(sandbox, "env").join("pip/_internal")).unwrap(),
        |sandbox| fs::remove_file(dist_info(sandbox, "env").join("RECORD")).unwrap(),
        |sandbox| fs::write(dist_info(sandbox, "env").join("RECORD"), b"\xff\"").unwrap(),
        |sandbox| {
            let (dist_info, main) = (dist_info(sandbox, "env"), pip_main(&sandbox.path("env")));
            fs::rename(&dist_info, dist_info.with_file_name("pip-99.0.dist-info")).unwrap();
            fs::remove_file(main.with_file_name("__init__.py")).unwrap();
        },
    ];
    for damage in damages {
        let sandbox = sandbox();
        let mine = site_packages(&sandbox, "env").join("pip/_vendor/mine.py");
        fs::write(&mine, "mine").unwrap();
        damage(&sandbox);
        run(&sandbox, &["--upgrade", "env"]);
        assert_healthy(&sandbox, "env");
        let entries = fs::read_dir(site_packages(&sandbox, "env")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let pips = names.filter(|name| name.to_str().unwrap().starts_with("pip-"));
        assert_eq!(pips.count(), 1);
        assert_eq!(fs::read_to_string(mine).unwrap(), "mine");
    }
}

/// As after a kill between the step that replaces pip and the one that removes what is left of the old one.
#[test]
fn what_is_left_of_an_older_pip_is_removed_and_pip_stays() {
    let sandbox = sandbox();
    let before = packages(&sandbox, "env");
    let old = site_packages(&sandbox, "env").join("pip-9.0.1.dist-info");
    fs::create_dir(&old).unwrap();
    fs::write(
        old.join("RECORD"),
        "pip/__init__.py,,\npip-9.0.1.dist-info/RECORD,,\n",
    )
    .unwrap();
    run(&sandbox, &["-p", "base/bin/python3", "env"]);
    assert!(before == packages(&sandbox, "env"), "pip was changed");
}

/// <https://github.com/pypa/virtualenv/issues/929>
#[test]
fn a_program_that_runs_goes_on_while_its_python_is_replaced() {
    let sandbox = Sandbox::new();
    let python = newest().path.to_str().unwrap();
    let args = ["-p", python, "--without-pip", "--copies"];
    run(&sandbox, &[&args[..], &["env"]].concat());
    let code = "import sys; print(sys.prefix, flush=True); sys.stdin.read(); import json, decimal";
    let mut program = sandbox.process(sandbox.path("env/bin/python3"));
    program
        .args(["-c", code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut said = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut said)
        .unwrap();
    for more in [&[][..], &["--upgrade"], &["--clear"]] {
        run(&sandbox, &[&args[..], more, &["env"]].concat());
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

/// <https://github.com/pypa/virtualenv/issues/1824>: pip is replaced as a whole, and what others put beside it stays.
#[test]
fn what_others_put_into_pip_outlives_an_older_one() {
    let sandbox = sandbox();
    let (new, pip) = (
        dist_info(&sandbox, "env"),
        site_packages(&sandbox, "env").join("pip"),
    );
    let record = fs::read_to_string(new.join("RECORD")).unwrap();
    let old = new.with_file_name("pip-9.0.1.dist-info");
    fs::rename(&new, &old).unwrap();
    fs::write(pip.join("older.py"), "").unwrap();
    let row = "pip/older.py,,\n";
    fs::write(old.join("RECORD"), record + row).unwrap();
    fs::create_dir(pip.join("mine")).unwrap();
    fs::write(pip.join("mine/plugin.py"), "mine").unwrap();
    symlink("plugin.py", pip.join("mine/link")).unwrap();
    run(&sandbox, &["-p", "base/bin/python3", "env"]);
    assert_healthy(&sandbox, "env");
    assert!(!pip.join("older.py").exists() && !old.exists());
    assert_eq!(fs::read_to_string(pip.join("mine/link")).unwrap(), "mine");
}

#[test]
fn a_damaged_configuration_is_written_again() {
    for text in [
        None,
        Some(&b""[..]),
        Some(b"\xff\xfe\0garbage"),
        Some(b"home = /a\nhome = /b\n"),
    ] {
        let sandbox = sandbox();
        let before = configuration(&sandbox);
        let path = sandbox.path("env/pyvenv.cfg");
        fs::remove_file(&path).unwrap();
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        let said = run(&sandbox, &["--upgrade", "env"]);
        assert!(
            said.contains("mended: ") && said.contains("pyvenv.cfg"),
            "{text:?}: {said}"
        );
        assert_healthy(&sandbox, "env");
        let kept = |text: &str| {
            text.lines()
                .filter(|line| !line.starts_with("command"))
                .count()
        };
        assert_eq!(kept(&configuration(&sandbox)), kept(&before));
    }
}

#[test]
fn settings_stay_unless_another_is_asked_for() {
    let sandbox = Sandbox::new();
    let python = newest().path.to_str().unwrap();
    let settings = ["--system-site-packages", "--prompt", "it's mine"];
    run(
        &sandbox,
        &[&["-p", python, "--without-pip"][..], &settings, &["env"]].concat(),
    );
    run(&sandbox, &["--upgrade", "--without-pip", "env"]);
    let kept = configuration(&sandbox);
    assert!(
        kept.contains("include-system-site-packages = true\n"),
        "{kept}"
    );
    assert!(kept.contains("prompt = \"it's mine\"\n"), "{kept}");
    run(
        &sandbox,
        &["--upgrade", "--without-pip", "--prompt", "other", "env"],
    );
    assert!(configuration(&sandbox).contains("prompt = 'other'\n"));
}

#[test]
fn what_everybody_may_write_to_is_theirs_no_more() {
    let sandbox = sandbox();
    let bin = sandbox.path("env/bin");
    fs::set_permissions(&bin, fs::Permissions::from_mode(0o777)).unwrap();
    let said = run(&sandbox, &["--upgrade", "env"]);
    assert!(said.contains("mended: everybody"), "{said}");
    assert_eq!(
        fs::metadata(&bin).unwrap().permissions().mode() & 0o777,
        0o775
    );
}

#[test]
fn a_package_that_lacks_files_is_named() {
    let sandbox = sandbox();
    install_tool(&sandbox);
    fs::remove_file(site_packages(&sandbox, "env").join("tool.py")).unwrap();
    let said = run(&sandbox, &["--upgrade", "env"]);
    assert!(
        said.contains("warning: tool 1 lacks") && said.contains("tool==1"),
        "{said}"
    );
}

/// Whether two trees are the same, what was looked at and not changed included.
fn same(one: &Path, before: &BTreeMap<PathBuf, Entry>) -> bool {
    tree(one) == *before
}

fn as_str(path: &Path) -> &str {
    OsStr::to_str(path.as_os_str()).unwrap()
}
