//! Which environment it is, and of which Python.

use super::{nothing_is_left, run, scene, scene_of, stdout};
use crate::existing::bare;
use crate::pythons::{Python, pythons};
use crate::sandbox::note;
use std::fs;
use std::os::unix::fs::symlink;

const PREFIX: [&str; 4] = ["--", "python", "-c", "import sys; print(sys.prefix)"];

#[test]
fn without_a_directory_it_is_the_one_that_activation_finds() {
    let mut sandbox = scene();
    let env = format!("{}\n", sandbox.path("env").display());
    run(&sandbox, PREFIX).assert().success().stdout(env.clone());
    bare(&sandbox, super::python(), &["other"]);
    let several = run(&sandbox, PREFIX).assert().code(1).stdout("");
    let stderr = String::from_utf8_lossy(&several.get_output().stderr).into_owned();
    assert!(stderr.contains("several environments"), "{stderr}");
    sandbox.write(".venv", "env\n");
    sandbox.enter("below/this");
    run(&sandbox, PREFIX).assert().success().stdout(env.clone());
    let other = env.replace("env\n", "other\n");
    run(&sandbox, [&["../../other"], &PREFIX[..]].concat())
        .assert()
        .success()
        .stdout(other);
}

#[test]
fn what_is_no_environment_or_has_no_python_is_refused() {
    let sandbox = scene();
    fs::create_dir(sandbox.path("plain")).unwrap();
    let none = run(&sandbox, ["plain", "--", "true"])
        .assert()
        .code(1)
        .stdout("");
    let stderr = String::from_utf8_lossy(&none.get_output().stderr).into_owned();
    assert!(stderr.contains("is not a virtual environment"), "{stderr}");
    for name in ["python", "python3"] {
        fs::remove_file(sandbox.path("env/bin").join(name)).ok();
    }
    symlink("/nowhere/python3", sandbox.path("env/bin/python")).unwrap();
    let gone = run(&sandbox, ["env", "--", "true"])
        .assert()
        .code(1)
        .stdout("");
    let stderr = String::from_utf8_lossy(&gone.get_output().stderr).into_owned();
    let path = sandbox.path("env").display().to_string();
    let said = format!(
        "error: nothing can run in `{path}`: `bin/python` leads to `/nowhere/python3`, which is not there"
    );
    assert!(stderr.contains(&said), "{stderr}");
    assert!(
        stderr.contains(&format!("hint: mend it with: rvenv --upgrade {path}")),
        "{stderr}"
    );
}

/// Two Pythons of different minor versions.
fn two() -> Option<[&'static Python; 2]> {
    let mut cpythons = pythons().iter().filter(|python| !python.is_pypy);
    let one = cpythons.next()?;
    let other = cpythons.find(|python| python.version != one.version)?;
    Some([one, other])
}

#[test]
fn an_environment_that_is_there_must_be_of_the_python_that_is_typed() {
    let Some([own, other]) = two() else {
        return note("skipped: there is one Python");
    };
    let mut sandbox = scene_of(own);
    sandbox.set("RVENV_PYTHON", other.path.as_os_str());
    run(&sandbox, ["env", "--", "true"]).assert().success();
    let versions = [own, other].map(|it| format!("{}.{}", it.version.0, it.version.1));
    let paths = [own, other].map(|it| it.path.to_str().unwrap());
    for request in [&versions[0], paths[0], "cpython", "env", "env/bin/python"] {
        run(&sandbox, ["-p", request, "env", "--", "true"])
            .assert()
            .success()
            .stderr("");
    }
    run(
        &sandbox,
        ["-p", &versions[1], "-p", &versions[0], "env", "--", "true"],
    )
    .assert()
    .success();
    for request in [&versions[1], paths[1], "pypy"] {
        let refused = run(&sandbox, ["-p", request, "--", "true"])
            .assert()
            .code(1)
            .stdout("");
        let stderr = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(
            stderr.contains(&format!("is of CPython {}.", versions[0]))
                && stderr.contains(&format!(", not `{request}`\n")),
            "{stderr}"
        );
        assert!(stderr.contains("hint: leave `--python` out"), "{stderr}");
    }
}

#[test]
fn a_python_that_is_not_there_is_said_not_to_be() {
    let sandbox = scene();
    for request in ["nosuch", "./nosuch", "3.99"] {
        let refused = run(&sandbox, ["-p", request, "env", "--", "true"])
            .assert()
            .code(1)
            .stdout("");
        let stderr = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(
            stderr.contains(&format!("`{request}`")) && !stderr.contains(" is of "),
            "{stderr}"
        );
    }
}

#[test]
fn a_new_environment_is_as_it_is_asked_for() {
    let Some([one, other]) = two() else {
        return note("skipped: there is one Python");
    };
    let mut sandbox = scene_of(one);
    let version = [
        "--",
        "python",
        "-c",
        "import sys; print(sys.version_info[:2])",
    ];
    let expected = |python: &Python| format!("({}, {})\n", python.version.0, python.version.1);
    let temp = ["--temp", "--without-pip"];
    let args = [&temp, &version[..]].concat();
    run(&sandbox, args).assert().success().stdout(expected(one));
    let args = [&temp, &["-p", other.path.to_str().unwrap()], &version[..]].concat();
    run(&sandbox, args)
        .assert()
        .success()
        .stdout(expected(other));
    let cfg = ["--", "cat", "pyvenv.cfg"];
    let inside = [
        "--",
        "sh",
        "-c",
        "cd \"$VIRTUAL_ENV\" && cat pyvenv.cfg && ls lib/*/site-packages && echo \"$VIRTUAL_ENV_PROMPT\"",
    ];
    let said = stdout(
        &run(
            &sandbox,
            [&["--temp", "--system-site-packages"], &inside[..]].concat(),
        )
        .output()
        .unwrap(),
    );
    assert!(
        said.contains("include-system-site-packages = true\n")
            && said.contains("\npip\n")
            && said.ends_with("\ntemp\n"),
        "{said}"
    );
    sandbox.set("RVENV_WITHOUT_PIP", "1");
    sandbox.set("RVENV_COPIES", "1");
    let inside = [
        "--temp",
        "--",
        "sh",
        "-c",
        "cd \"$VIRTUAL_ENV\" && test ! -h bin/python && ls lib/*/site-packages",
    ];
    run(&sandbox, inside).assert().success().stdout("");
    run(&sandbox, cfg).assert().code(1);
    nothing_is_left(&sandbox);
}
