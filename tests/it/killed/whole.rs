//! What a directory holds but for the times, and whether it is a whole environment.

use crate::pythons::{Python, seeding_pythons};
use crate::sandbox::{Entry, Sandbox, tree};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A directory's content, without times; `None` where there is no directory.
pub(crate) type Picture = Option<BTreeMap<PathBuf, Trait>>;

/// What is compared of a file.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Trait {
    Directory(u32),
    Link(PathBuf),
    File(u32, Vec<u8>),
}

/// The newest CPython that has pip to give.
pub(crate) fn python() -> &'static Python {
    seeding_pythons()
        .filter(|python| !python.is_pypy)
        .max_by_key(|python| python.version)
        .expect("these tests need a python3 with ensurepip")
}

/// What is in `root`, but for rvenv's own temporary directories right in it.
pub(crate) fn picture(root: &Path) -> Picture {
    let entries = root.is_dir().then(|| tree(root))?;
    let own = |path: &Path| {
        path.iter()
            .next()
            .is_some_and(|name| is_temporary(name.as_ref()))
    };
    let entries = entries.into_iter().filter(|(path, _)| !own(path));
    Some(
        entries
            .map(|(path, entry)| (path, trait_of(entry)))
            .collect(),
    )
}

fn trait_of(entry: Entry) -> Trait {
    match entry {
        Entry::Special { mode } => panic!("a special file of mode {mode:o}"),
        Entry::Directory { mode } => Trait::Directory(mode),
        Entry::Link { target } => Trait::Link(target),
        Entry::File { mode, content, .. } => Trait::File(mode, content),
    }
}

fn is_temporary(name: &Path) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') && name.contains(".rvenv-")
}

/// The temporary directories in a directory that may be missing.
pub(crate) fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_left = |path: &PathBuf| is_temporary(path.file_name().unwrap().as_ref());
    paths.filter(is_left).collect()
}

/// The same without what is in bytecode, which names the time of its source: it differs where a store was made again.
pub(crate) fn without_bytecode(picture: Picture) -> Picture {
    let mut picture = picture?;
    for (path, found) in &mut picture {
        if let Trait::File(_, content) = found
            && path.extension().is_some_and(|it| it == "pyc")
        {
            content.clear();
        }
    }
    Some(picture)
}

/// The code of pip, without bytecode, in a picture of an environment.
pub(crate) fn code_of_pip(picture: &Picture) -> Vec<(&PathBuf, &Trait)> {
    let is_code = |path: &Path| {
        let names: Vec<_> = path.iter().collect();
        let is_in_pip = names
            .windows(2)
            .any(|pair| pair == ["site-packages", "pip"]);
        is_in_pip && path.extension().is_some_and(|it| it == "py")
    };
    let entries = picture.iter().flatten();
    entries.filter(|(path, _)| is_code(path)).collect()
}

/// How two pictures differ, in a few words.
pub(crate) fn difference(one: &Picture, other: &Picture) -> String {
    let (Some(one), Some(other)) = (one, other) else {
        let word = |picture: &Picture| {
            if picture.is_some() {
                "something"
            } else {
                "nothing"
            }
        };
        return format!("{} instead of {}", word(one), word(other));
    };
    let lacks = other.keys().filter(|path| !one.contains_key(*path));
    let more = one.keys().filter(|path| !other.contains_key(*path));
    let differs = |path: &&PathBuf| other.get(*path).is_some_and(|it| *it != one[*path]);
    let changed = one.keys().filter(differs);
    let say = |word: &str, paths: Vec<&PathBuf>| match paths.as_slice() {
        [] => String::new(),
        [first, ..] => format!("{word} {} like {}; ", paths.len(), first.display()),
    };
    let parts = [
        say("lacks", lacks.collect()),
        say("has besides", more.collect()),
        say("has otherwise", changed.collect()),
    ];
    parts.concat()
}

/// Whether an environment has pip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pip {
    With,
    Without,
}

/// Returns what is wrong with the environment: its Python runs and is its own, and its pip is all that RECORD says.
pub(crate) fn fault(sandbox: &Sandbox, env: &Path, pip: Pip) -> Option<String> {
    let fault = fault_of_use(sandbox, env, pip);
    fault.or_else(|| (pip == Pip::With).then(|| fault_of_record(env))?)
}

/// Returns why the environment cannot be used, whatever RECORD says.
pub(crate) fn fault_of_use(sandbox: &Sandbox, env: &Path, pip: Pip) -> Option<String> {
    let mut python = sandbox.process(env.join("bin/python"));
    python.args(["-I", "-B", "-c", "import sys; print(sys.prefix)"]);
    let Ok(output) = python.output() else {
        return Some("its Python does not start".to_owned());
    };
    let prefix = String::from_utf8_lossy(&output.stdout);
    if Path::new(prefix.trim_end()) != env {
        return Some(format!("its Python takes `{prefix}` for its prefix"));
    }
    match pip {
        Pip::With => fault_of_pip(sandbox, env),
        Pip::Without => None,
    }
}

fn fault_of_pip(sandbox: &Sandbox, env: &Path) -> Option<String> {
    let mut pip = sandbox.process(env.join("bin/pip"));
    pip.arg("--version").env("PYTHONDONTWRITEBYTECODE", "1");
    let said = pip
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let works = said
        .as_ref()
        .is_ok_and(|said| said.contains(env.to_str().unwrap()));
    (!works).then(|| format!("its pip says {said:?}"))
}

/// Every file that RECORD names is there as it says, and pip has no other.
fn fault_of_record(env: &Path) -> Option<String> {
    let site_packages = site_packages(env);
    let is_pips = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("pip-") && name.ends_with(".dist-info")
    };
    let entries = fs::read_dir(&site_packages).unwrap();
    let found: Vec<PathBuf> = entries
        .map(|it| it.unwrap().path())
        .filter(is_pips)
        .collect();
    let [dist_info] = found.as_slice() else {
        return Some(format!("it has {} versions of pip", found.len()));
    };
    let Ok(record) = fs::read_to_string(dist_info.join("RECORD")) else {
        return Some("its pip has no RECORD".to_owned());
    };
    let mut named = BTreeSet::new();
    for line in record.lines() {
        let mut fields = line.rsplitn(3, ',');
        let (_, digest, path) = (fields.next()?, fields.next()?, fields.next()?);
        named.insert(PathBuf::from(path));
        if let Some(fault) = fault_of_file(&site_packages.join(path), digest) {
            return Some(fault);
        }
    }
    let below = tree(site_packages.join("pip")).into_iter();
    let mut files = below.filter(|(_, entry)| matches!(entry, Entry::File { .. }));
    let is_stranger = |path: &Path| {
        let is_bytecode = path.extension().is_some_and(|it| it == "pyc");
        !is_bytecode && !named.contains(&Path::new("pip").join(path))
    };
    let stranger = files.find(|(path, _)| is_stranger(path));
    stranger.map(|(path, _)| format!("its pip has `{}`, which is not in RECORD", path.display()))
}

fn fault_of_file(path: &Path, digest: &str) -> Option<String> {
    let Ok(content) = fs::read(path) else {
        return Some(format!("`{}` is not there", path.display()));
    };
    let expected = digest.strip_prefix("sha256=").unwrap_or_default();
    let found = data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(content));
    let is_right = expected.is_empty() || expected == found;
    (!is_right).then(|| format!("`{}` is not what RECORD says", path.display()))
}

/// The one directory of an environment where packages are.
#[track_caller]
pub(crate) fn site_packages(env: &Path) -> PathBuf {
    let folders = fs::read_dir(env.join("lib")).unwrap();
    let mut folders = folders.map(|entry| entry.unwrap().path().join("site-packages"));
    folders
        .find(|path| path.is_dir())
        .expect("there are packages")
}
