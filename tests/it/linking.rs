//! How the store's files get into an environment, and that what is done to them there does not reach the next one.

use crate::pythons::{Python, seeding_pythons};
use crate::sandbox::{Sandbox, note, tree};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::SystemTime;
use walkdir::WalkDir;

fn python() -> &'static Python {
    seeding_pythons()
        .find(|python| !python.is_pypy)
        .expect("these tests need a python3 with ensurepip")
}

/// Makes an environment, and returns what was said on stderr.
#[track_caller]
fn create(sandbox: &Sandbox, args: &[&str], env: &str) -> String {
    let python = ["-p".as_ref(), python().path.as_os_str()];
    let args = args.iter().map(AsRef::as_ref).chain([env.as_ref()]);
    let output = sandbox
        .rvenv(python.into_iter().chain(args))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    stderr
}

#[track_caller]
fn assert_pip_works_as_it_is(sandbox: &Sandbox, env: &str) {
    let before = tree(sandbox.path(env).join("lib"));
    let pip = sandbox.path(env).join("bin/pip");
    let output = sandbox.command(pip).arg("--version").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let after = tree(sandbox.path(env).join("lib"));
    assert!(before == after, "bytecode was written again");
}

/// The file of that name in an environment or in the store.
#[track_caller]
fn find(root: &Path, name: &str) -> PathBuf {
    let entries = WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.unwrap().into_path());
    let mut found = entries.filter(|path| path.ends_with(name));
    found
        .next()
        .unwrap_or_else(|| panic!("there is no {name} in {}", root.display()))
}

const MODULE: &str = "pip/_internal/cli/main.py";

/// What an environment's file is to the store's.
#[derive(Debug, PartialEq)]
enum Kinship {
    Same,
    Link,
    Stranger,
}

fn kinship(sandbox: &Sandbox, env: &str) -> Kinship {
    let [own, stored] = [&sandbox.path(env), sandbox.store()].map(|root| find(root, MODULE));
    let inode = |path: &Path| fs::symlink_metadata(path).unwrap().ino();
    if own.is_symlink() {
        assert_eq!(own.canonicalize().unwrap(), stored.canonicalize().unwrap());
        Kinship::Link
    } else if inode(&own) == inode(&stored) {
        Kinship::Same
    } else {
        assert_eq!(fs::read(own).unwrap(), fs::read(stored).unwrap());
        Kinship::Stranger
    }
}

#[test]
fn each_mode_makes_an_environment_that_works() {
    let sandbox = Sandbox::new();
    for (mode, expected, said) in [
        ("hardlink", Kinship::Same, "hard links"),
        ("copy", Kinship::Stranger, "copies"),
        ("symlink", Kinship::Link, "symlinks"),
    ] {
        let args = ["-v", "--link-mode", mode];
        let stderr = create(&sandbox, &args, mode);
        assert!(stderr.contains(said), "{mode}: {stderr}");
        assert_eq!(kinship(&sandbox, mode), expected, "{mode}");
        assert_pip_works_as_it_is(&sandbox, mode);
    }
}

#[test]
fn the_mode_may_be_a_setting() {
    let mut sandbox = Sandbox::new();
    sandbox.set("RVENV_LINK_MODE", "copy");
    assert_eq!(create(&sandbox, &[], "one"), "");
    assert_eq!(kinship(&sandbox, "one"), Kinship::Stranger);
    create(&sandbox, &["--link-mode", "hardlink"], "two");
    assert_eq!(kinship(&sandbox, "two"), Kinship::Same);
}

#[test]
fn symlinks_lead_to_the_store_from_wherever_that_was_named() {
    let sandbox = Sandbox::new();
    create(
        &sandbox,
        &["--cache-dir", "store", "--link-mode", "symlink"],
        "env",
    );
    let module = find(&sandbox.path("env"), MODULE);
    let stored = sandbox.path("store").canonicalize().unwrap();
    assert!(module.is_symlink() && module.canonicalize().unwrap().starts_with(stored));
}

#[test]
fn a_mode_that_is_not_possible_is_told_and_done_without() {
    let mut sandbox = Sandbox::new();
    let Ok(memory) = tempfile::tempdir_in("/dev/shm") else {
        return crate::sandbox::missing("/dev/shm");
    };
    sandbox.set("RVENV_CACHE_DIR", memory.path());
    let stderr = create(&sandbox, &["--link-mode", "hardlink"], "env");
    assert!(stderr.contains("warning: files were copied"), "{stderr}");
    assert_pip_works_as_it_is(&sandbox, "env");
    assert_eq!(create(&sandbox, &["--link-mode", "auto"], "quiet"), "");
}

type Damage = fn(&Path) -> io::Result<()>;

/// What people and their tools do to a file in place, where another name of it is in the store.
#[test]
fn what_is_done_to_a_file_in_one_environment_does_not_reach_the_next() {
    let sandbox = Sandbox::new();
    create(&sandbox, &[], "first");
    let original = fs::read(find(&sandbox.path("first"), MODULE)).unwrap();
    let damages: [(&str, Damage); 5] = [
        ("appended", |path| {
            let text = [fs::read(path)?, b"x = 1\n".into()].concat();
            fs::write(path, text)
        }),
        ("overwritten", |path| {
            let text = vec![b'#'; fs::read(path)?.len()];
            fs::write(path, text)
        }),
        ("emptied", |path| fs::write(path, "")),
        ("touched", |path| {
            let file = File::options().write(true).open(path)?;
            file.set_modified(SystemTime::UNIX_EPOCH)
        }),
        ("made executable", |path| {
            fs::set_permissions(path, PermissionsExt::from_mode(0o755))
        }),
    ];
    for (name, damage) in damages {
        create(&sandbox, &[], name);
        let spoilt = find(&sandbox.path(name), MODULE);
        damage(&spoilt).unwrap();
        let after = fs::read(&spoilt).unwrap();
        let next = format!("after {name}");
        assert_eq!(create(&sandbox, &[], &next), "");
        let module = find(&sandbox.path(&next), MODULE);
        assert_eq!(fs::read(&module).unwrap(), original, "{name}");
        assert_eq!(
            fs::metadata(&module).unwrap().permissions().mode() & 0o777,
            0o644,
            "{name}"
        );
        assert_eq!(
            fs::read(&spoilt).unwrap(),
            after,
            "the environment's own file was changed"
        );
        assert_pip_works_as_it_is(&sandbox, &next);
    }
}

#[test]
fn a_file_or_an_image_that_is_gone_is_made_again() {
    let sandbox = Sandbox::new();
    create(&sandbox, &[], "first");
    let remove: [fn(&Sandbox); 3] = [
        |sandbox| fs::remove_file(find(sandbox.store(), MODULE)).unwrap(),
        |sandbox| fs::remove_dir_all(find(sandbox.store(), "tree/pip/_internal")).unwrap(),
        |sandbox| fs::remove_dir_all(find(sandbox.store(), "images-v2")).unwrap(),
    ];
    for (number, remove) in remove.into_iter().enumerate() {
        remove(&sandbox);
        let env = format!("env{number}");
        assert_eq!(create(&sandbox, &[], &env), "");
        assert_eq!(kinship(&sandbox, &env), Kinship::Same);
        assert_pip_works_as_it_is(&sandbox, &env);
    }
}

/// Bytecode is replaced, never written to in place: neither by an import nor by `compileall`.
#[test]
fn bytecode_that_an_environment_writes_again_is_its_own() {
    let sandbox = Sandbox::new();
    create(&sandbox, &[], "env");
    let module = find(&sandbox.path("env"), MODULE);
    let bytecode = |root: &Path| {
        let name = format!(
            "cli/__pycache__/main.cpython-{}{}.pyc",
            python().version.0,
            python().version.1
        );
        fs::read(find(root, &name)).unwrap()
    };
    let stored = bytecode(sandbox.store());
    let text = fs::read(&module).unwrap();
    fs::remove_file(&module).unwrap();
    fs::write(&module, [&text[..], b"MINE = 1\n"].concat()).unwrap();
    let mut python = sandbox.python("env");
    python
        .args(["-c", "from pip._internal.cli import main; main.MINE"])
        .assert()
        .success();
    let mut python = sandbox.python("env");
    python
        .args(["-m", "compileall", "-q", "-f"])
        .arg(module.parent().unwrap())
        .assert()
        .success();
    assert_ne!(bytecode(&sandbox.path("env")), stored);
    assert_eq!(bytecode(sandbox.store()), stored);
}

/// ext4 has an end at 65,000.
#[test]
fn a_file_with_as_many_links_as_there_can_be_is_copied() {
    let sandbox = Sandbox::new();
    create(&sandbox, &[], "first");
    let stored = find(sandbox.store(), MODULE);
    let links = sandbox.home().join("links");
    fs::create_dir(&links).unwrap();
    let link = |number: u32| fs::hard_link(&stored, links.join(number.to_string()));
    let refusal = (0..70_000).find_map(|number| link(number).err());
    if refusal.is_none_or(|err| err.kind() != io::ErrorKind::TooManyLinks) {
        return note("skipped: this file system has no limit that is soon reached");
    }
    assert_eq!(create(&sandbox, &[], "env"), "");
    assert_eq!(kinship(&sandbox, "env"), Kinship::Stranger);
    let [own, stored] =
        [&sandbox.path("env"), sandbox.store()].map(|root| find(root, "pip/__init__.py"));
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(inode(&own), inode(&stored), "the others are linked");
    assert_pip_works_as_it_is(&sandbox, "env");
}

/// Linux lets nobody link to what is another user's and not writable (`fs.protected_hardlinks`).
#[test]
fn the_store_of_another_user_is_copied_from() {
    const NOBODY: u32 = 65534;
    let sandbox = Sandbox::new();
    let reachable =
        seeding_pythons().find(|python| !python.is_pypy && python.path.starts_with("/usr/bin"));
    let Some(python) = reachable.filter(|_| fs::metadata(sandbox.home()).unwrap().uid() == 0)
    else {
        return note("skipped: only root can be another user, who needs a Python in /usr/bin");
    };
    let rvenv = sandbox.path("rvenv");
    fs::copy(crate::sandbox::RVENV, &rvenv).unwrap();
    let theirs = sandbox.path("theirs");
    fs::create_dir(&theirs).unwrap();
    std::os::unix::fs::chown(&theirs, Some(NOBODY), Some(NOBODY)).unwrap();
    // No further up than the sandbox.
    for dir in theirs.ancestors().take(3) {
        fs::set_permissions(dir, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut own = sandbox.command(&rvenv);
    own.arg("-p")
        .arg(&python.path)
        .arg("first")
        .assert()
        .success();
    let mut setpriv = sandbox.command("setpriv");
    setpriv.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    setpriv
        .arg(&rvenv)
        .arg("-p")
        .arg(&python.path)
        .arg(theirs.join("env"));
    setpriv.assert().success().stderr("");
    let env = theirs.join("env");
    assert_pip_works_as_it_is(&sandbox, env.to_str().unwrap());
    assert_eq!(fs::metadata(find(&env, MODULE)).unwrap().uid(), NOBODY);
}

/// One link for a file, one directory for a directory, one look at what somebody may have edited: all else is little.
#[cfg(target_os = "linux")]
#[test]
fn a_warm_environment_takes_few_calls() {
    let sandbox = Sandbox::new();
    create(&sandbox, &[], "first");
    let counted = |args: &[&str]| {
        let log = sandbox.home().join("strace");
        let mut strace = sandbox.command("strace");
        strace
            .args(["-f", "-c", "-U", "calls,name", "-o"])
            .arg(&log)
            .arg(crate::sandbox::RVENV);
        strace
            .arg("-p")
            .arg(&python().path)
            .args(args)
            .assert()
            .success();
        let table = fs::read_to_string(log).unwrap();
        let calls = |name: &str| {
            let line = table
                .lines()
                .find(|line| line.split_whitespace().nth(1) == Some(name));
            line.map_or(0, |line| {
                line.split_whitespace().next().unwrap().parse().unwrap()
            })
        };
        // How often one thread waits for another is the machine's affair.
        let waits = ["clock_nanosleep", "futex", "sched_yield"].map(calls);
        let total = calls("total") - waits.iter().sum::<usize>();
        [
            calls("linkat"),
            calls("mkdirat"),
            calls("newfstatat"),
            total,
        ]
    };
    if which::which("strace").is_err() {
        return crate::sandbox::missing("strace");
    }
    let [links, directories, looks, total]: [usize; 4] = counted(&["with"]);
    assert!(links > 400 && looks < links, "{links} links, {looks} looks");
    assert!(total - links - directories - looks < 300, "{total} calls");
    let [links, .., total] = counted(&["--without-pip", "without"]);
    assert!(links == 0 && total < 140, "{total} calls");
}

/// A file system in a file, mounted below a sandbox for as long as this lives.
struct Mounted {
    at: PathBuf,
}

impl Mounted {
    /// Only root can, and not in every container.
    fn xfs(sandbox: &Sandbox) -> Option<Self> {
        let image = sandbox.write("disk", "");
        File::options()
            .write(true)
            .open(&image)
            .unwrap()
            .set_len(400 << 20)
            .unwrap();
        let at = sandbox.path("disk.mounted");
        fs::create_dir(&at).unwrap();
        let runs = |program: &str, args: &[&Path]| {
            let output = Process::new(program).args(args).output();
            output.is_ok_and(|output| output.status.success())
        };
        let is_mounted = runs("mkfs.xfs", &["-q".as_ref(), &image])
            && runs("mount", &["-o".as_ref(), "loop".as_ref(), &image, &at]);
        is_mounted.then_some(Self { at })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        Process::new("umount").arg(&self.at).status().ok();
    }
}

#[test]
fn clones_are_made_where_the_file_system_can() {
    let mut sandbox = Sandbox::new();
    let Some(disk) = Mounted::xfs(&sandbox) else {
        return note("skipped: no file system with clones can be mounted on this machine");
    };
    sandbox.set("RVENV_CACHE_DIR", disk.at.join("store"));
    for (args, env) in [
        (&["-v"][..], "cold"),
        (&["-v"], "warm"),
        (&["-v", "--link-mode", "clone"], "asked for"),
    ] {
        let env = disk.at.join(env);
        let stderr = create(&sandbox, args, env.to_str().unwrap());
        assert!(stderr.contains("clones of its image's files"), "{stderr}");
        assert_pip_works_as_it_is(&sandbox, env.to_str().unwrap());
        let module = find(&env, MODULE);
        assert_eq!(fs::metadata(&module).unwrap().nlink(), 1);
        fs::write(module, "spoilt").unwrap();
    }
    let last = disk.at.join("last");
    create(&sandbox, &[], last.to_str().unwrap());
    assert_ne!(fs::read(find(&last, MODULE)).unwrap(), b"spoilt");
}
