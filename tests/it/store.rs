//! The store and the memory of interpreters: what they save, and that their damage never stops anything.

use crate::pythons::{Python, seeding_pythons};
use crate::sandbox::{Sandbox, tree};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use walkdir::WalkDir;

/// The interpreter whose pip is compiled fastest is as good as any.
pub(crate) fn python() -> &'static Python {
    seeding_pythons()
        .find(|python| !python.is_pypy)
        .expect("these tests need a python3 with ensurepip")
}

#[track_caller]
pub(crate) fn create(sandbox: &Sandbox, env: &str) {
    let args = ["-p".as_ref(), python().path.as_os_str(), env.as_ref()];
    sandbox.rvenv(args).assert().success().stdout("").stderr("");
    assert_pip_works(sandbox, env);
}

#[track_caller]
pub(crate) fn assert_pip_works(sandbox: &Sandbox, env: &str) {
    let pip = sandbox.path(env).join("bin/pip");
    let output = sandbox.command(pip).arg("--version").output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        stdout.contains(sandbox.path(env).to_str().unwrap()),
        "{stdout} {output:?}"
    );
}

/// Returns the directories of images in the store.
pub(crate) fn images(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.store().join("images-v2")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect()
}

pub(crate) fn pip_main(root: &Path) -> PathBuf {
    let files = WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.unwrap().into_path());
    files
        .into_iter()
        .find(|path| path.ends_with("pip/__main__.py"))
        .expect("there is a pip")
}

#[cfg(unix)]
#[test]
fn environments_share_their_files_with_the_store() {
    use std::os::unix::fs::MetadataExt as _;
    let sandbox = Sandbox::new();
    create(&sandbox, "one");
    create(&sandbox, "two");
    let inode = |root: PathBuf| fs::metadata(pip_main(&root)).unwrap().ino();
    assert_eq!(inode(sandbox.path("one")), inode(sandbox.path("two")));
    assert_eq!(
        inode(sandbox.path("one")),
        inode(sandbox.store().to_owned())
    );
}

/// <https://github.com/astral-sh/uv/issues/17867>
#[cfg(unix)]
#[test]
fn files_have_the_modes_that_the_umask_asks_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::with_shared_store();
    for (umask, expected) in [("077", 0o600), ("022", 0o644), ("002", 0o664)] {
        let line = format!("umask {umask}; exec \"$0\" \"$@\"");
        let mut shell = sandbox.command("sh");
        shell
            .args(["-c", &line, crate::sandbox::RVENV, "-p"])
            .arg(&python().path)
            .arg(umask);
        shell.assert().success();
        let mode = fs::metadata(pip_main(&sandbox.path(umask)))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, expected, "umask {umask}");
    }
}

#[test]
fn an_image_that_was_changed_through_an_environment_does_not_reach_the_next() {
    let sandbox = Sandbox::new();
    create(&sandbox, "one");
    let original = fs::read(pip_main(&sandbox.path("one"))).unwrap();
    let mut changed = original.clone();
    changed.extend(b"print('spoilt')\n");
    fs::write(pip_main(&sandbox.path("one")), &changed).unwrap();
    create(&sandbox, "two");
    assert_eq!(fs::read(pip_main(&sandbox.path("two"))).unwrap(), original);
    assert_eq!(fs::read(pip_main(&sandbox.path("one"))).unwrap(), changed);
}

#[test]
fn a_store_full_of_garbage_is_built_again() {
    let sandbox = Sandbox::new();
    create(&sandbox, "one");
    for entry in WalkDir::new(sandbox.store()) {
        let path = entry.unwrap().into_path();
        let is_memo = path.parent().unwrap().ends_with("interpreters-v3");
        if is_memo || path.ends_with("manifest.json") {
            fs::write(path, "garbage").unwrap();
        }
    }
    create(&sandbox, "two");
    assert_eq!(
        images(&sandbox).len(),
        if python().version < (3, 12) { 2 } else { 1 }
    );
}

#[test]
fn a_store_that_cannot_be_written_to_is_done_without() {
    let mut sandbox = Sandbox::new();
    let file = sandbox.write("file", "text");
    sandbox.set("RVENV_CACHE_DIR", file.join("store"));
    create(&sandbox, "env");
    assert_eq!(fs::read_to_string(file).unwrap(), "text");
}

#[cfg(unix)]
#[test]
fn another_file_system_gets_copies() {
    let Some(memory) = Path::new("/dev/shm")
        .is_dir()
        .then(|| tempfile::tempdir_in("/dev/shm").unwrap())
    else {
        return crate::sandbox::missing("/dev/shm");
    };
    let mut sandbox = Sandbox::new();
    sandbox.set("RVENV_CACHE_DIR", memory.path());
    create(&sandbox, "one");
    let before = tree(sandbox.path("one/lib"));
    sandbox
        .python("one")
        .args(["-c", "import pip"])
        .assert()
        .success();
    assert_eq!(
        before,
        tree(sandbox.path("one/lib")),
        "bytecode was written again"
    );
}

#[test]
fn many_processes_build_one_image() {
    let sandbox = Sandbox::new();
    let make = |process: usize| {
        for number in 0..10 {
            let mut rvenv = Process::new(crate::sandbox::RVENV);
            rvenv.arg("--cache-dir").arg(sandbox.store());
            rvenv.arg("-p").arg(&python().path);
            let env = sandbox.path(format!("env{process}-{number}"));
            assert!(rvenv.arg(env).status().unwrap().success());
        }
        assert_pip_works(&sandbox, &format!("env{process}-0"));
    };
    std::thread::scope(|scope| {
        for process in 0..8 {
            scope.spawn(move || make(process));
        }
    });
    let trees = |env: usize| tree(sandbox.path(format!("env{env}-9/lib")));
    assert!((1..8).all(|env| trees(env).len() == trees(0).len()));
    assert_eq!(
        images(&sandbox).len(),
        if python().version < (3, 12) { 2 } else { 1 }
    );
}

/// An interpreter that counts how often it is started, by way of a copied binary and a `pyvenv.cfg`-free folder.
#[cfg(unix)]
#[test]
fn an_interpreter_is_asked_again_when_it_has_changed() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("bin")).unwrap();
    let link = sandbox.path("bin/python3");
    let point_to = |python: &Python| {
        fs::remove_file(&link).ok();
        std::os::unix::fs::symlink(&python.path, &link).unwrap();
    };
    for python in crate::pythons::pythons() {
        point_to(python);
        sandbox
            .rvenv(["-p", "bin/python3", "--without-pip", "--clear", "env"])
            .assert()
            .success();
        let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
        let version = format!("version = {}.{}.", python.version.0, python.version.1);
        assert!(cfg.contains(&version), "{version}: {cfg}");
    }
}

mod second_run {
    use super::*;

    /// Makes an environment's pip look like another version, with a file of its own; returns that file.
    fn pretend(sandbox: &Sandbox, version: &str) -> PathBuf {
        let main = pip_main(&sandbox.path("env"));
        let site_packages = main.ancestors().nth(2).unwrap();
        let own = main.with_file_name("of_that_version.py");
        fs::write(&own, "").unwrap();
        let dist_info = dist_info(sandbox);
        let record = fs::read_to_string(dist_info.join("RECORD")).unwrap();
        let name = dist_info.file_name().unwrap().to_str().unwrap();
        let pretended = format!("pip-{version}.dist-info");
        let record = record.replace(name, &pretended) + "pip/of_that_version.py,,\n";
        fs::write(dist_info.join("RECORD"), record).unwrap();
        fs::rename(&dist_info, site_packages.join(pretended)).unwrap();
        own
    }

    /// The one `.dist-info` of pip.
    #[track_caller]
    fn dist_info(sandbox: &Sandbox) -> PathBuf {
        let main = pip_main(&sandbox.path("env"));
        let entries = fs::read_dir(main.ancestors().nth(2).unwrap()).unwrap();
        let is_pips = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("pip-") && name.ends_with(".dist-info")
        };
        let found: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .filter(is_pips)
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn replaces_an_older_pip_and_leaves_nothing_of_it() {
        let sandbox = Sandbox::with_shared_store();
        create(&sandbox, "env");
        let before = dist_info(&sandbox);
        let own = pretend(&sandbox, "9.0.1");
        create(&sandbox, "env");
        assert_eq!(dist_info(&sandbox), before);
        assert!(!own.exists(), "a file of the older pip is left");
    }

    #[test]
    fn keeps_a_newer_pip_and_clear_does_not() {
        let sandbox = Sandbox::with_shared_store();
        create(&sandbox, "env");
        let before = dist_info(&sandbox);
        let own = pretend(&sandbox, "99.0");
        create(&sandbox, "env");
        assert!(dist_info(&sandbox).ends_with("pip-99.0.dist-info") && own.exists());
        let args = [
            "-p".as_ref(),
            python().path.as_os_str(),
            "--clear".as_ref(),
            "env".as_ref(),
        ];
        sandbox.rvenv(args).assert().success();
        assert_eq!(dist_info(&sandbox), before);
        assert!(!own.exists());
    }

    /// Whatever pip is in it, and whatever else has launchers.
    #[test]
    fn upgrade_mends_the_launchers_of_an_environment_that_was_moved() {
        let sandbox = Sandbox::with_shared_store();
        create(&sandbox, "env");
        pretend(&sandbox, "99.0");
        fs::rename(sandbox.path("env"), sandbox.path("another place")).unwrap();
        let pip = sandbox.path("another place/bin/pip");
        assert!(sandbox.command(&pip).arg("--version").output().is_err());
        let head = [
            "-p".as_ref(),
            python().path.as_os_str(),
            "--upgrade".as_ref(),
        ];
        sandbox
            .rvenv(head.into_iter().chain(["another place".as_ref()]))
            .assert()
            .success();
        assert_pip_works(&sandbox, "another place");
        let site_packages = pip_main(&sandbox.path("another place"));
        let record = site_packages
            .ancestors()
            .nth(2)
            .unwrap()
            .join("pip-99.0.dist-info/RECORD");
        let digest = <sha2::Sha256 as sha2::Digest>::digest(fs::read(&pip).unwrap());
        let digest = data_encoding::BASE64URL_NOPAD.encode(&digest);
        assert!(
            fs::read_to_string(record)
                .unwrap()
                .contains(&format!("bin/pip,sha256={digest},"))
        );
    }

    #[test]
    fn brings_back_a_pip_that_was_uninstalled() {
        let sandbox = Sandbox::with_shared_store();
        create(&sandbox, "env");
        let uninstall = ["-m", "pip", "uninstall", "-y", "pip"];
        sandbox.python("env").args(uninstall).assert().success();
        create(&sandbox, "env");
    }
}

/// A row of RECORD may name a path that a symlink leads out of the environment.
#[cfg(unix)]
#[test]
fn nothing_outside_is_removed_with_an_older_pip() {
    let sandbox = Sandbox::with_shared_store();
    create(&sandbox, "env");
    let victim = sandbox.write("outside/module.py", "mine");
    let main = pip_main(&sandbox.path("env"));
    let site_packages = main.ancestors().nth(2).unwrap();
    std::os::unix::fs::symlink(victim.parent().unwrap(), site_packages.join("out")).unwrap();
    let old = site_packages.join("pip-1.0.dist-info");
    fs::create_dir(&old).unwrap();
    fs::write(
        old.join("RECORD"),
        "out/module.py,,\n../../../../outside/module.py,,\n",
    )
    .unwrap();
    let entries = fs::read_dir(site_packages)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let current = entries.filter(|path| path.to_string_lossy().contains("pip-") && *path != old);
    current.for_each(|path| fs::remove_dir_all(path).unwrap());
    create(&sandbox, "env");
    assert_eq!(fs::read_to_string(victim).unwrap(), "mine");
}
