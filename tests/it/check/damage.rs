//! What is wrong with an environment apart from what is installed in it.

use super::{configure, finds, finds_for, found, mends, newest, site_packages, without_pip};
use crate::existing::bare;
use crate::sandbox::{self, Sandbox};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

fn relink(path: &Path, target: impl AsRef<Path>) {
    fs::remove_file(path).unwrap();
    symlink(target, path).unwrap();
}

#[test]
fn a_base_that_is_gone_is_found() {
    let sandbox = without_pip();
    let check = |message: &str| finds_for("--upgrade", &sandbox, &[], "base-gone", message);
    let python = sandbox.path("env/bin/python3");
    relink(&python, "/nowhere/bin/python3.99");
    check("`bin/python` leads to `/nowhere/bin/python3.99`, which is not there");
    relink(&python, "python");
    check("`bin/python` leads to");
    fs::remove_file(&python).unwrap();
    fs::write(&python, "#!/bin/sh\n").unwrap();
    check("`bin/python` is not executable");
    fs::remove_file(&python).unwrap();
    fs::create_dir(&python).unwrap();
    finds(&sandbox, &[], "base-gone", "`bin/python` is no file");
    let sandbox = without_pip();
    fs::remove_file(sandbox.path("env/bin/python")).unwrap();
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "base-gone",
        "`bin/python` is missing",
    );
}

#[test]
fn a_home_without_a_python_is_found() {
    let sandbox = without_pip();
    fs::create_dir(sandbox.path("empty")).unwrap();
    configure(
        &sandbox,
        "home",
        &format!("home = {}", sandbox.path("empty").display()),
    );
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "base-gone",
        "in which there is no Python any more",
    );
}

#[test]
fn what_was_made_on_another_system_is_found() {
    let check = |sandbox: &Sandbox, message: &str| {
        finds_for("--upgrade", sandbox, &[], "another-system", message);
    };
    let sandbox = without_pip();
    configure(&sandbox, "home", "home = /builds/python/bin");
    check(
        &sandbox,
        "made on another system, or its Python was removed: `home` is `/builds/python/bin`, which is not here",
    );
    configure(&sandbox, "home", r"home = C:\Python313");
    check(
        &sandbox,
        r"made on another kind of system: `home` is `C:\Python313`",
    );
    let sandbox = without_pip();
    configure(&sandbox, "home", "home = /usr/bin");
    fs::rename(sandbox.path("env/bin"), sandbox.path("env/Scripts")).unwrap();
    finds(
        &sandbox,
        &[],
        "another-system",
        "made on another kind of system",
    );
}

#[test]
fn a_base_of_another_version_is_found() {
    let sandbox = without_pip();
    let version = newest().versioned_name();
    sandbox.write("base/bin/python3.99", "#!/bin/sh\n");
    let base = sandbox.path("base/bin/python3.99");
    fs::set_permissions(&base, Permissions::from_mode(0o755)).unwrap();
    let named = sandbox.path("env/bin").join(&version);
    relink(&named, &base);
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "another-version",
        &format!("`bin/{version}` is Python 3.99"),
    );
    relink(&sandbox.path("env/bin/python3"), &base);
    let message = "and its Python is 3.99 now";
    finds_for("--upgrade", &sandbox, &[], "another-version", message);
    // A name that tells nothing has the standard library beside it.
    let nameless = sandbox.path("base/bin/python3");
    fs::rename(&base, &nameless).unwrap();
    sandbox.write("base/lib/python3.98/os.py", "");
    relink(&sandbox.path("env/bin/python3"), &nameless);
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "another-version",
        "and its Python is 3.98 now",
    );
}

#[test]
fn another_patch_level_is_worth_a_warning() {
    let sandbox = without_pip();
    let (major, minor) = newest().version;
    configure(
        &sandbox,
        "version",
        &format!("version = {major}.{minor}.99"),
    );
    let has_header = found(&sandbox, &["env"]);
    if has_header.is_empty() {
        return sandbox::note("skipped: this Python has no headers");
    }
    let message =
        &format!("it was made of Python {major}.{minor}.99, and its Python is {major}.{minor}.");
    finds_for("--upgrade", &sandbox, &[], "another-version", message);
    sandbox.rvenv(["check", "env"]).assert().code(0);
}

#[test]
fn packages_for_two_versions_are_found_and_made_anew() {
    let sandbox = without_pip();
    fs::create_dir_all(sandbox.path("env/lib/python3.4/site-packages")).unwrap();
    let mend = finds(
        &sandbox,
        &[],
        "two-versions",
        "several versions of Python: `3.4`, `3.",
    );
    mends(&sandbox, &mend);
}

#[test]
fn what_contradicts_itself_is_made_anew() {
    let sandbox = without_pip();
    configure(&sandbox, "version", "version = 3.4.1");
    let found = found(&sandbox, &["env"]);
    assert!(
        found
            .iter()
            .any(|[kind, message, _]| kind == "contradiction"
                && message.contains("of Python 3.4, and its packages are for 3.")),
        "{found:?}"
    );
    let mend = found
        .iter()
        .find(|[kind, ..]| kind == "contradiction")
        .unwrap()[2]
        .clone();
    mends(&sandbox, &mend);
}

#[test]
fn a_configuration_that_says_nothing_is_written_again() {
    for damage in [&b"\xff\xfe\n"[..], b""] {
        let sandbox = without_pip();
        let path = sandbox.path("env/pyvenv.cfg");
        fs::write(&path, damage).unwrap();
        let message = if damage.is_empty() {
            "names no `home`"
        } else {
            "is not UTF-8"
        };
        finds_for("--upgrade", &sandbox, &[], "configuration", message);
    }
    let sandbox = without_pip();
    fs::remove_file(sandbox.path("env/pyvenv.cfg")).unwrap();
    let message = "its pyvenv.cfg is missing";
    finds_for("--upgrade", &sandbox, &[], "configuration", message);
}

#[test]
fn a_home_that_says_no_place_is_found() {
    let sandbox = without_pip();
    configure(&sandbox, "home", "home = usr/bin");
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "configuration",
        "`home` in its pyvenv.cfg is `usr/bin`, which is no absolute path",
    );
    configure(&sandbox, "home", "home = /usr/bin\nhome = /bin");
    finds_for(
        "--upgrade",
        &sandbox,
        &[],
        "configuration",
        "says `home` more than once",
    );
}

#[test]
fn what_everybody_may_write_to_is_found_and_mended() {
    for place in ["", "bin", "lib", "pyvenv.cfg", "site-packages"] {
        let sandbox = without_pip();
        let path = match place {
            "site-packages" => site_packages(&sandbox, "env"),
            place => sandbox.path("env").join(place),
        };
        let mode = if path.is_dir() { 0o777 } else { 0o666 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let mend = finds(
            &sandbox,
            &[],
            "world-writable",
            "everybody on this machine may write to",
        );
        mends(&sandbox, &mend);
        if path.is_dir() {
            fs::set_permissions(&path, Permissions::from_mode(0o1777)).unwrap();
            assert!(
                found(&sandbox, &["env"]).is_empty(),
                "a sticky bit guards it"
            );
        }
    }
}

#[test]
fn the_packages_of_the_system_are_worth_a_warning() {
    let sandbox = Sandbox::new();
    bare(&sandbox, newest(), &["--system-site-packages", "env"]);
    let mend = finds(
        &sandbox,
        &[],
        "system-site-packages",
        "it sees the packages of the system",
    );
    sandbox.rvenv(["check", "env"]).assert().code(0);
    mends(&sandbox, &mend);
}

#[test]
fn a_shell_that_disagrees_is_worth_a_warning() {
    let mut sandbox = without_pip();
    let [env, nowhere] = ["env", "nowhere"].map(|name| sandbox.path(name));
    sandbox.set("VIRTUAL_ENV", &nowhere);
    let mend = finds(
        &sandbox,
        &[],
        "virtual-env",
        "nowhere`, which is no directory",
    );
    assert_eq!(
        mend,
        format!("eval \"$(rvenv activate-script {})\"", env.display())
    );
    let home = sandbox.home().to_owned();
    sandbox.set("VIRTUAL_ENV", home);
    finds(
        &sandbox,
        &[],
        "virtual-env",
        "another environment than this one",
    );
    sandbox.set("VIRTUAL_ENV", &env);
    finds(
        &sandbox,
        &[],
        "virtual-env",
        "this environment, and `python` on PATH is ",
    );
    let search = [env.join("bin")]
        .into_iter()
        .chain(std::env::split_paths(&sandbox::search_path()))
        .collect::<Vec<_>>();
    sandbox.set_path(std::env::join_paths(search).unwrap());
    assert!(found(&sandbox, &["env"]).is_empty());
    sandbox.set("VIRTUAL_ENV", &nowhere);
    sandbox
        .rvenv(["check", "env", "env"])
        .assert()
        .code(0)
        .stderr("");
}
