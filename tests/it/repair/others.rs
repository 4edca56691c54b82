//! Environments that other tools have made: what these leave beyond what venv does is mended, or left alone.

use super::{
    as_str, assert_healthy, dist_info, newest, packages, run, same, sandbox, site_packages,
};
use crate::sandbox::{self, Sandbox, tree};
use crate::store::pip_main;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// virtualenv records the directories of bytecode, which may be missing.
#[test]
fn a_newer_pip_that_is_whole_stays() {
    let sandbox = sandbox();
    let old = dist_info(&sandbox, "env");
    let new = old.with_file_name("pip-99.0.dist-info");
    fs::rename(&old, &new).unwrap();
    let record = fs::read_to_string(new.join("RECORD")).unwrap();
    let names = old.file_name().unwrap().to_str().unwrap();
    let rows = "pip/__pycache__,,\npip/_internal/missing/__pycache__,,\n";
    let record = record.replace(names, "pip-99.0.dist-info") + rows;
    fs::write(new.join("RECORD"), record).unwrap();
    let before = packages(&sandbox, "env");
    fs::remove_file(sandbox.path("env/bin/python")).unwrap();
    for command in ["--ensure", "--upgrade"] {
        run(&sandbox, &[command, "env"]);
        assert!(packages(&sandbox, "env") == before, "{command} changed pip");
    }
}

#[test]
fn what_else_names_the_old_place_names_the_new_one() {
    let sandbox = sandbox();
    let old = sandbox.path("env").display().to_string();
    let launcher = format!("#!{old}/bin/python\nimport sys\nprint(sys.prefix)\n");
    let path = sandbox.write("env/bin/pip-unrecorded", &launcher);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    for script in ["activate.nu", "activate.xsh", "activate.bat"] {
        sandbox.write(format!("env/bin/{script}"), &old);
    }
    sandbox.write("env/bin/mine", "#!/elsewhere/bin/python3\n");
    fs::rename(sandbox.path("env"), sandbox.path("moved")).unwrap();
    run(&sandbox, &["--upgrade", "moved"]);
    assert_healthy(&sandbox, "moved");
    for name in [
        "activate.nu",
        "activate.xsh",
        "activate.bat",
        "pip-unrecorded",
    ] {
        let text = fs::read_to_string(sandbox.path("moved/bin").join(name)).unwrap();
        assert!(!text.contains(&old), "{name}: {text}");
    }
    let mut tool = sandbox.command(sandbox.path("moved/bin/pip-unrecorded"));
    let said = format!("{}\n", sandbox.path("moved").display());
    tool.assert().success().stdout(said);
    let mine = fs::read_to_string(sandbox.path("moved/bin/mine")).unwrap();
    assert_eq!(mine, "#!/elsewhere/bin/python3\n");
}

#[test]
fn an_activation_script_that_is_missing_is_written() {
    let sandbox = sandbox();
    fs::remove_file(sandbox.path("env/bin/activate")).unwrap();
    let said = run(&sandbox, &["--ensure", "env"]);
    assert!(said.contains("mended: there is no script"), "{said}");
    assert_healthy(&sandbox, "env");
}

/// A package's name may begin with another's.
#[test]
fn pip_tools_is_no_pip() {
    let sandbox = sandbox();
    let packages = site_packages(&sandbox, "env");
    let dist_info = packages.join("pip-tools-7.4.dist-info");
    fs::create_dir(&dist_info).unwrap();
    fs::write(dist_info.join("RECORD"), "piptools.py,,\n").unwrap();
    fs::write(packages.join("piptools.py"), "").unwrap();
    let before = tree(&packages);
    for args in [&["env"][..], &["--upgrade", "env"]] {
        run(&sandbox, &[&["-p", "base/bin/python3"], args].concat());
        assert!(same(&packages, &before), "{args:?}");
    }
}

#[test]
fn only_launchers_that_are_wrong_are_changed_and_options_stay() {
    let sandbox = sandbox();
    let (bin, packages) = (sandbox.path("env/bin"), site_packages(&sandbox, "env"));
    let system = format!("#!{}\nimport this\n", newest().path.display());
    let texts = [
        ("meant", system.as_bytes()),
        ("options", b"#!/gone/env/bin/python3 -E\nprint()\n"),
        (
            "latin-1",
            b"#!/gone/env/bin/python3\n# -*- coding: latin-1 -*-\nprint('\xe9')\n",
        ),
    ];
    for (name, text) in texts {
        fs::write(bin.join(name), text).unwrap();
    }
    let record = texts
        .map(|(name, _)| format!("../../../bin/{name},,\n"))
        .concat();
    fs::create_dir(packages.join("tools-1.dist-info")).unwrap();
    fs::write(packages.join("tools-1.dist-info/RECORD"), record).unwrap();
    let said = run(&sandbox, &["--upgrade", "env"]);
    assert!(
        said.contains("mended: `latin-1`, `options` start"),
        "{said}"
    );
    let python = sandbox.path("env/bin/python3");
    let options = fs::read_to_string(bin.join("options")).unwrap();
    assert_eq!(options, format!("#!{} -E\nprint()\n", python.display()));
    assert_eq!(fs::read(bin.join("meant")).unwrap(), system.as_bytes());
    assert!(
        fs::read(bin.join("latin-1"))
            .unwrap()
            .ends_with(b"print('\xe9')\n")
    );
    assert_healthy(&sandbox, "env");
}

#[test]
fn one_of_uv_that_is_healthy_is_left_alone() {
    let sandbox = Sandbox::new();
    let python = as_str(&newest().path);
    run(&sandbox, &["-p", python, "--without-pip", "env"]);
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    sandbox.write(
        "env/pyvenv.cfg",
        cfg.replace("command", "uv = 0.13.9\nother"),
    );
    let before = tree(sandbox.path("env"));
    assert_eq!(run(&sandbox, &["--ensure", "env"]), "");
    assert!(same(&sandbox.path("env"), &before));
    fs::remove_file(sandbox.path("env/bin/activate")).unwrap();
    run(&sandbox, &["--upgrade", "env"]);
    assert!(!sandbox.path("env/bin/pip").exists(), "nobody wanted pip");
}

#[test]
fn a_copied_python_stays_a_copy() {
    let sandbox = Sandbox::new();
    let python = as_str(&newest().path);
    run(
        &sandbox,
        &["-p", python, "--without-pip", "--copies", "env"],
    );
    run(
        &sandbox,
        &["-p", python, "--without-pip", "--upgrade", "env"],
    );
    assert!(!sandbox.path("env/bin/python").is_symlink());
}

#[test]
fn a_file_of_pip_that_was_cut_short_is_whole_again() {
    let sandbox = sandbox();
    let module = pip_main(&sandbox.path("env")).with_file_name("__init__.py");
    fs::remove_file(&module).unwrap();
    fs::write(&module, "").unwrap();
    let said = run(&sandbox, &["--ensure", "env"]);
    assert!(said.contains("mended: files of pip"), "{said}");
    assert_healthy(&sandbox, "env");
}

/// What a killed create leaves in a directory is no proof that there was an environment.
#[test]
fn a_directory_in_which_an_environment_was_begun_is_not_cleared() {
    let sandbox = Sandbox::new();
    sandbox.write("data/thesis.txt", "mine");
    sandbox.write("data/.data.rvenv-1abc23/pyvenv.cfg", "home = /usr/bin\n");
    let before = tree(sandbox.path("data"));
    for args in [&["--clear", "data"][..], &["delete", "data"]] {
        super::fail(&sandbox, args);
        assert!(same(&sandbox.path("data"), &before), "{args:?}");
    }
}

/// <https://man7.org/linux/man-pages/man1/flock.1.html>
#[test]
fn a_lock_that_is_not_rvenvs_keeps_nobody() {
    let sandbox = sandbox();
    let mut flock = sandbox.command("flock");
    flock.args(["env", sandbox::RVENV, "-p", "base/bin/python3", "env"]);
    if flock.output().is_err() {
        return sandbox::missing("flock");
    }
    flock.assert().success();
}

/// As a job in the background of a script, which Ctrl-C is not for.
#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let sandbox = Sandbox::new();
    let python = as_str(&newest().path);
    let script =
        "trap '' INT; exec strace -f -qq -o /dev/null --inject=symlink,symlinkat:signal=INT \"$@\"";
    let mut shell = sandbox.command("sh");
    shell.args([
        "-c",
        script,
        "sh",
        sandbox::RVENV,
        "-p",
        python,
        "--without-pip",
        "env",
    ]);
    if std::process::Command::new("strace")
        .arg("-V")
        .output()
        .is_err()
    {
        return sandbox::missing("strace");
    }
    shell.assert().success();
}

/// As `python3.12 -m venv` over an environment of 3.13 leaves it.
#[test]
fn what_cannot_be_mended_is_left_as_it_is() {
    let sandbox = sandbox();
    fs::create_dir_all(sandbox.path("env/lib/python3.1/site-packages")).unwrap();
    let before = tree(sandbox.path("env"));
    for command in ["--upgrade", "--ensure"] {
        let said = super::fail(&sandbox, &[command, "env"]);
        assert!(
            said.contains("cannot be mended: it has packages for several"),
            "{said}"
        );
        assert!(same(&sandbox.path("env"), &before), "{command}");
    }
}

#[test]
fn packages_tell_the_version_where_the_configuration_lies() {
    let sandbox = sandbox();
    let before = packages(&sandbox, "env");
    let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
    let lie = |line: &str| {
        if line.starts_with("version") {
            "version = 3.4.1"
        } else {
            line
        }
        .to_owned()
            + "\n"
    };
    sandbox.write("env/pyvenv.cfg", cfg.lines().map(lie).collect::<String>());
    let said = run(&sandbox, &["--upgrade", "env"]);
    assert!(
        said.contains("mended: its pyvenv.cfg says that it is of Python 3.4"),
        "{said}"
    );
    assert!(packages(&sandbox, "env") == before);
    assert_healthy(&sandbox, "env");
}

#[test]
fn of_two_pips_the_newest_that_is_whole_stays() {
    let sandbox = sandbox();
    let before = packages(&sandbox, "env");
    fs::create_dir(site_packages(&sandbox, "env").join("pip-99.0.dist-info")).unwrap();
    run(&sandbox, &["-p", "base/bin/python3", "env"]);
    assert!(packages(&sandbox, "env") == before);
}

/// Somebody's copy is none of rvenv's temporary directories.
#[test]
fn a_copy_of_an_environment_is_left_alone() {
    let sandbox = sandbox();
    for name in [".env.rvenv-backup", ".env.rvenv-kept", "..env.rvenv-1abc23"] {
        sandbox.write(format!("{name}/pyvenv.cfg"), "home = /usr/bin\n");
    }
    let before = tree(sandbox.path(""));
    run(&sandbox, &["delete", "env"]);
    let after = tree(sandbox.path(""));
    let kept = before.iter().filter(|(path, _)| !path.starts_with("env"));
    assert!(kept.eq(after.iter()));
}

#[test]
fn an_installed_python_becomes_no_environment() {
    let sandbox = Sandbox::new();
    sandbox.write("opt/bin/python3", "program");
    sandbox.write("opt/lib/python3.12/os.py", "");
    sandbox.write("opt/lib/python3.12/site-packages/README.txt", "");
    let before = tree(sandbox.path("opt"));
    let python = as_str(&newest().path);
    for how in [&[][..], &["--upgrade"], &["--ensure"], &["--clear"]] {
        let said = super::fail(&sandbox, &[&["-p", python], how, &["opt"]].concat());
        assert!(
            said.contains("is an installed Python") || how == ["--clear"],
            "{said}"
        );
        assert!(same(&sandbox.path("opt"), &before), "{how:?}");
    }
}

/// What somebody has done to a script is for `check --deep` to say.
#[test]
fn a_script_that_was_tampered_with_is_not_recorded_as_it_is() {
    let sandbox = sandbox();
    let pip = sandbox.path("env/bin/pip");
    let text = fs::read_to_string(&pip).unwrap() + "import evil\n";
    fs::remove_file(&pip).unwrap();
    fs::write(&pip, text).unwrap();
    let before = tree(site_packages(&sandbox, "env"));
    run(&sandbox, &["--upgrade", "env"]);
    assert!(same(&site_packages(&sandbox, "env"), &before));
}
