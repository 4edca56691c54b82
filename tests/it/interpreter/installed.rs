//! Interpreters that are installed off PATH, and the list of all.

use super::fake::{cpython, executable, fail, find, set_path, started};
use crate::pythons::pythons;
use crate::sandbox::Sandbox;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A directory of an installation, its version, and who installed it there.
const INSTALLATIONS: [(&str, &str, &str); 13] = [
    (".pyenv/versions/3.41.1", "3.41.1", "pyenv"),
    (".local/share/mise/installs/python/3.42.1", "3.42.1", "mise"),
    (".asdf/installs/python/3.43.1", "3.43.1", "asdf"),
    (
        ".local/share/uv/python/cpython-3.44.1-linux-x86_64-gnu",
        "3.44.1",
        "uv",
    ),
    (".rye/py/cpython@3.45.1", "3.45.1", "rye"),
    (".rye/py/cpython@3.46.1/install", "3.46.1", "rye"),
    (".local/share/hatch/pythons/3.47/python", "3.47.1", "hatch"),
    ("miniconda3", "3.48.1", "conda"),
    ("miniconda3/envs/science", "3.49.1", "conda"),
    ("miniforge3", "3.50.1", "conda"),
    ("miniforge3/envs/py27", "3.53.1", "conda"),
    ("micromamba/envs/tools", "3.51.1", "conda"),
    (".conda/envs/mine", "3.52.1", "conda"),
];

/// A home with all of them.
fn installed() -> Sandbox {
    let mut sandbox = Sandbox::new();
    for (dir, version, _) in INSTALLATIONS {
        cpython(&sandbox, &format!("user/{dir}/bin/python3"), version);
    }
    set_path(&mut sandbox, &[]);
    sandbox.set("HOME", sandbox.path("user"));
    sandbox
}

fn list(sandbox: &Sandbox) -> Vec<Value> {
    let output = sandbox
        .rvenv(["python", "list", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn whoever_installed_it_it_is_found() {
    let sandbox = installed();
    let listed = list(&sandbox);
    for (dir, version, keeper) in INSTALLATIONS {
        let found = find(&sandbox, &[version]);
        assert_eq!(found, format!("user/{dir}/bin/python3"));
        let is_it = |row: &&Value| row["version"] == version && row["found_by"] == keeper;
        let row = listed.iter().find(is_it);
        assert!(row.is_some(), "{dir}: {listed:#?}");
    }
}

#[test]
fn variables_say_where_they_are() {
    let mut sandbox = Sandbox::new();
    set_path(&mut sandbox, &[]);
    for (variable, below) in [
        ("PYENV_ROOT", "versions/3.41.1"),
        ("MISE_DATA_DIR", "installs/python/3.42.1"),
        ("ASDF_DATA_DIR", "installs/python/3.43.1"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.44.1-linux-x86_64-gnu"),
        ("RYE_HOME", "py/cpython@3.45.1"),
        ("MAMBA_ROOT_PREFIX", "envs/3.46.1"),
        ("HOMEBREW_PREFIX", "opt/python@3.47"),
    ] {
        let version = format!("{}.1", &below[below.find("3.4").unwrap()..][..4]);
        cpython(
            &sandbox,
            &format!("{variable}/{below}/bin/python3"),
            &version,
        );
        sandbox.set(variable, sandbox.path(variable));
        let found = find(&sandbox, &[&version]);
        assert_eq!(found, format!("{variable}/{below}/bin/python3"));
    }
    cpython(&sandbox, "somewhere/envs/one/bin/python3", "3.48.1");
    sandbox.set("CONDA_EXE", executable(&sandbox, "somewhere/bin/conda", ""));
    assert_eq!(find(&sandbox, &["3.48"]), "somewhere/envs/one/bin/python3");
    cpython(&sandbox, "elsewhere/bin/python3", "3.49.1");
    sandbox.set("HOME", sandbox.path("user"));
    let elsewhere = sandbox.path("elsewhere");
    sandbox.write(
        "user/.conda/environments.txt",
        format!("{}\n", elsewhere.display()),
    );
    assert_eq!(find(&sandbox, &["3.49"]), "elsewhere/bin/python3");
}

/// A repository that is the current directory would be run otherwise.
#[test]
fn a_relative_place_is_none() {
    let mut sandbox = Sandbox::new();
    set_path(&mut sandbox, &[]);
    for (variable, below) in [
        ("PYENV_ROOT", "versions/3.41.1"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.41.1-linux-x86_64-gnu"),
    ] {
        cpython(
            &sandbox,
            &format!("{variable}/{below}/bin/python3"),
            "3.41.1",
        );
        sandbox.set(variable, variable);
    }
    fail(&sandbox, &["3.41"]);
    list(&sandbox);
    assert_eq!(started(&sandbox), Vec::<String>::new());
}

#[test]
fn the_latest_of_those_that_fit_is_taken_and_no_other_is_started() {
    let mut sandbox = Sandbox::new();
    cpython(
        &sandbox,
        "uv/cpython-3.41.9-linux-x86_64-gnu/bin/python3",
        "3.41.9",
    );
    cpython(
        &sandbox,
        "uv/cpython-3.43.0-linux-x86_64-gnu/bin/python3",
        "3.43.0",
    );
    sandbox.set("UV_PYTHON_INSTALL_DIR", sandbox.path("uv"));
    for version in ["3.41.2", "3.41.10", "3.42.0", "3.9.1"] {
        cpython(
            &sandbox,
            &format!("pyenv/versions/{version}/bin/python3"),
            version,
        );
    }
    cpython(
        &sandbox,
        "pyenv/versions/environment/bin/python3",
        "3.41.99",
    );
    sandbox.write("pyenv/versions/environment/pyvenv.cfg", "home = /nowhere\n");
    sandbox.set("PYENV_ROOT", sandbox.path("pyenv"));
    set_path(&mut sandbox, &[]);
    assert_eq!(
        find(&sandbox, &["3.41"]),
        "pyenv/versions/3.41.10/bin/python3"
    );
    assert_eq!(started(&sandbox), ["pyenv/versions/3.41.10/bin/python3"]);
    let latest = "uv/cpython-3.43.0-linux-x86_64-gnu/bin/python3";
    assert_eq!(find(&sandbox, &[">=3.41"]), latest);
    assert_eq!(started(&sandbox), [latest]);
}

#[test]
fn a_list_has_each_once_in_the_order_of_looking() {
    let mut sandbox = installed();
    cpython(&sandbox, "bin/python3", "3.60.0");
    symlink("python3", sandbox.path("bin/python")).unwrap();
    symlink("python3", sandbox.path("bin/python3.60")).unwrap();
    executable(&sandbox, "bin/python3.61", "exit 1");
    set_path(&mut sandbox, &["bin", "bin"]);
    let listed = list(&sandbox);
    let count = |version: &str| {
        listed
            .iter()
            .filter(|row| row["version"] == version)
            .count()
    };
    assert_eq!(listed[0]["version"], "3.60.0");
    assert_eq!(
        listed[0]["path"],
        sandbox.path("bin/python3").to_str().unwrap()
    );
    assert_eq!(count("3.60.0"), 1);
    assert!(
        INSTALLATIONS
            .iter()
            .all(|(_, version, _)| count(version) == 1),
        "{listed:#?}"
    );
}

/// Every interpreter of this machine, as it says about itself.
#[test]
fn a_list_says_what_environments_get() {
    let sandbox = Sandbox::with_shared_store();
    let names = pythons().iter().enumerate();
    let links = names.map(|(index, python)| {
        let name = format!(
            "path/{index}/{}",
            python.path.file_name().unwrap().to_str().unwrap()
        );
        let link = sandbox.path(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&python.path, &link).unwrap();
        link.parent().unwrap().to_owned()
    });
    let path = std::env::join_paths(links).unwrap();
    let output = sandbox
        .rvenv(["python", "list", "--json"])
        .env("PATH", path)
        .output()
        .unwrap();
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let rows: BTreeMap<&str, &Value> = listed
        .iter()
        .map(|row| (row["path"].as_str().unwrap(), row))
        .collect();
    for (index, python) in pythons().iter().enumerate() {
        let prefix = sandbox.path(format!("path/{index}"));
        let row = rows
            .iter()
            .find(|(path, _)| Path::new(path).starts_with(&prefix))
            .unwrap()
            .1;
        let (major, minor) = python.version;
        assert!(
            row["version"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{major}.{minor}.")),
            "{row}"
        );
        assert_eq!(row["implementation"] == "pypy", python.is_pypy, "{row}");
        let seeds = row["seeds"].as_array().unwrap();
        assert_eq!(
            seeds.iter().any(|seed| seed["name"] == "pip"),
            python.seeds,
            "{row}"
        );
        assert_eq!(
            seeds.iter().any(|seed| seed["name"] == "setuptools"),
            python.seeds && minor < 12,
            "{row}"
        );
    }
}

/// With no time for an answer, all is from memory.
#[test]
fn a_second_list_starts_nothing() {
    let mut sandbox = Sandbox::new();
    let dir = pythons()[0].path.parent().unwrap();
    sandbox.set_path(dir);
    let first = list(&sandbox);
    assert!(!first.is_empty());
    sandbox.set("RVENV_PROBE_TIMEOUT", "0");
    assert_eq!(list(&sandbox), first);
}

#[test]
fn a_table_is_for_people() {
    let mut sandbox = installed();
    set_path(&mut sandbox, &[]);
    let output = sandbox.rvenv(["python", "list"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        heading,
        ["VERSION", "IMPLEMENTATION", "FOUND", "BY", "SEEDS", "PATH"]
    );
    let row = lines.find(|line| line.starts_with("3.41.1 ")).unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    let path = sandbox.path("user/.pyenv/versions/3.41.1/bin/python3");
    assert_eq!(
        words,
        [
            "3.41.1",
            "CPython",
            "pyenv",
            "nothing",
            path.to_str().unwrap()
        ]
    );
}

#[test]
fn what_hangs_is_left_out() {
    let mut sandbox = Sandbox::new();
    executable(&sandbox, "bin/python3.63", "exec sleep 600");
    cpython(&sandbox, "bin/python3", "3.64.0");
    set_path(&mut sandbox, &["bin"]);
    sandbox.set("RVENV_PROBE_TIMEOUT", "1");
    let versions: Vec<Value> = list(&sandbox)
        .iter()
        .map(|row| row["version"].clone())
        .collect();
    assert_eq!(versions[0], "3.64.0");
    let paths = |row: &Value| row["path"].as_str().unwrap().to_owned();
    assert!(
        !list(&sandbox)
            .iter()
            .map(paths)
            .any(|path| path.ends_with("python3.63"))
    );
}
