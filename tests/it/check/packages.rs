//! What is wrong with pip, launchers and packages.

use super::{configure, finds, finds_for, found, site_packages, with_pip, without_pip};
use crate::sandbox::Sandbox;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::SystemTime;

#[test]
fn what_was_moved_or_copied_is_found() {
    let sandbox = with_pip();
    fs::rename(sandbox.path("env"), sandbox.path("old")).unwrap();
    symlink("old", sandbox.path("env")).unwrap();
    assert!(
        found(&sandbox, &["env"]).is_empty(),
        "a symlinked way to it is none"
    );
    fs::remove_file(sandbox.path("env")).unwrap();
    let found = found(&sandbox, &["old"]);
    let kinds: Vec<_> = found.iter().map(|[kind, ..]| kind.as_str()).collect();
    assert_eq!(kinds, ["moved", "launchers-elsewhere"]);
    let env = sandbox.path("env").display().to_string();
    assert!(
        found[0][1].ends_with(&format!("are for `{env}`")),
        "{found:?}"
    );
    assert!(found[1][1].contains("`pip`, `pip3`"), "{found:?}");
    fs::rename(sandbox.path("old"), sandbox.path("env")).unwrap();
    assert!(self::found(&sandbox, &["env"]).is_empty());
}

#[test]
fn a_pip_that_is_missing_is_found_where_it_was_there_or_was_wanted() {
    let sandbox = with_pip();
    let site_packages = site_packages(&sandbox, "env");
    let remove = |name: &str| {
        let mut paths = fs::read_dir(&site_packages)
            .unwrap()
            .map(|it| it.unwrap().path());
        let path = paths.find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(name)
        });
        fs::remove_dir_all(path.unwrap()).unwrap();
    };
    fs::remove_file(site_packages.join("pip/__main__.py")).unwrap();
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "pip-not-importable",
        "lacks a file of its RECORD: `pip/__main__.py`",
    );
    remove("pip-");
    remove("pip");
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "pip-missing",
        "pip is missing, and its launchers are there: `pip`",
    );
    remove("pip-");
    remove("pip");
    for name in fs::read_dir(sandbox.path("env/bin")).unwrap() {
        let path = name.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("pip")
        {
            fs::remove_file(path).unwrap();
        }
    }
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "pip-missing",
        "pip is missing, though it was made with pip",
    );
    configure(
        &sandbox,
        "command",
        "command = /usr/bin/python3 -m venv --without-pip /env",
    );
    assert!(found(&sandbox, &["env"]).is_empty());
}

#[test]
fn a_pip_that_does_not_run_is_found_when_it_is_tried() {
    let sandbox = with_pip();
    let main = site_packages(&sandbox, "env").join("pip/__main__.py");
    let size = fs::read(&main).unwrap().len();
    fs::remove_file(&main).unwrap();
    let text = format!("{:#<size$}", "raise ImportError('no luck')\n");
    fs::write(&main, text).unwrap();
    // Bytecode of the same second would be taken for that of this text.
    let written = fs::File::options().write(true).open(&main).unwrap();
    written.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert!(found(&sandbox, &["env"]).is_empty());
    let found = found(&sandbox, &["--deep", "env"]);
    let kinds: Vec<_> = found.iter().map(|[kind, ..]| kind.as_str()).collect();
    assert_eq!(kinds, ["files-changed", "pip-not-importable"]);
    assert!(found[0][1].ends_with("`pip/__main__.py`"), "{found:?}");
    assert!(found[1][1].contains("no luck"), "{found:?}");
}

/// Installs the package `name` the way pip leaves it, with a launcher that starts `python`.
pub(super) fn install(sandbox: &Sandbox, name: &str, python: &str) {
    let site_packages = site_packages(sandbox, "env");
    let launcher = format!("#!{python}\nimport sys\nsys.exit(0)\n");
    fs::write(sandbox.path("env/bin").join(name), launcher).unwrap();
    fs::write(site_packages.join(format!("{name}.py")), "x = 1\n").unwrap();
    let dist_info = site_packages.join(format!("{name}-1.0.dist-info"));
    fs::create_dir_all(&dist_info).unwrap();
    let digest = "sha256=nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q";
    let record = format!(
        "../../../bin/{name},,\n{name}.py,{digest},6\n__pycache__/{name}.pyc,,\n{name}-1.0.dist-info/RECORD,,\n"
    );
    fs::write(dist_info.join("RECORD"), record).unwrap();
}

#[test]
fn launchers_that_start_another_python_are_found() {
    let sandbox = without_pip();
    let own = sandbox.path("env/bin/python3").display().to_string();
    install(&sandbox, "tool", &own);
    assert!(found(&sandbox, &["env"]).is_empty());
    fs::write(sandbox.path("env/bin/own-script"), "#!/old/bin/python3\n").unwrap();
    assert!(
        found(&sandbox, &["env"]).is_empty(),
        "only what a package has put there"
    );
    for python in [
        "/usr/bin/python3",
        "/old/env/bin/python3",
        &format!("{own}.0"),
    ] {
        install(&sandbox, "tool", python);
        let message = if python.starts_with(&own) {
            format!("`tool` starts `{python}`, which is not there")
        } else {
            format!("`tool` starts another Python than the environment's: `{python}`")
        };
        finds_for("--upgrade", &sandbox, &[], "launchers-elsewhere", &message);
    }
    install(&sandbox, "tool", "/usr/bin/env python3");
    assert!(found(&sandbox, &["env"]).is_empty());
}

#[test]
fn a_package_that_lacks_files_is_found() {
    let sandbox = with_pip();
    let own = sandbox.path("env/bin/python3").display().to_string();
    install(&sandbox, "tool", &own);
    fs::remove_file(site_packages(&sandbox, "env").join("tool.py")).unwrap();
    let mend = finds(
        &sandbox,
        &[],
        "files-missing",
        "tool 1.0 lacks a file of its RECORD: `tool.py`",
    );
    let python = sandbox.path("env/bin/python").display().to_string();
    assert_eq!(
        mend,
        format!("{python} -m pip install --force-reinstall --no-deps tool==1.0")
    );
    let origin = site_packages(&sandbox, "env").join("tool-1.0.dist-info/direct_url.json");
    fs::write(
        origin,
        r#"{"dir_info": {"editable": true}, "url": "file:///a b"}"#,
    )
    .unwrap();
    let mend = finds(&sandbox, &[], "files-missing", "tool 1.0");
    assert!(mend.ends_with(" --no-deps -e '/a b'"), "{mend}");
}

#[test]
fn files_with_other_contents_are_found_when_all_are_read() {
    let sandbox = without_pip();
    let own = sandbox.path("env/bin/python3").display().to_string();
    install(&sandbox, "tool", &own);
    let module = site_packages(&sandbox, "env").join("tool.py");
    fs::write(&module, "x = 2\n").unwrap();
    assert!(found(&sandbox, &["env"]).is_empty());
    let mend = finds(
        &sandbox,
        &["--deep"],
        "files-changed",
        "files of tool 1.0 are not what its RECORD says: `tool.py`",
    );
    let env = sandbox.path("env").display().to_string();
    assert_eq!(
        mend,
        format!("uv pip install --python {env} --reinstall --no-deps tool==1.0")
    );
    fs::write(&module, "x = 1\n").unwrap();
    assert!(found(&sandbox, &["--deep", "env"]).is_empty());
}
