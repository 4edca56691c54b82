//! Building an image with an empty store: what is borrowed and what is compiled, by whom, and what a person sees of it.

use crate::parity::bytecode;
use crate::pythons::{Python, is_extreme, seeding_pythons};
use crate::sandbox::{RVENV, Sandbox};
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use walkdir::WalkDir;

pub(crate) fn python() -> &'static Python {
    seeding_pythons()
        .find(|python| is_extreme(python))
        .expect("these tests need a python3 with ensurepip")
}

/// Writes a program that can be run.
fn script(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.write(name, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// An interpreter of which some facts are changed on the way, each to a value in JSON.
pub(crate) fn stand_in(sandbox: &Sandbox, python: &Python, facts: &[(&str, &str)]) -> PathBuf {
    let change = |(fact, value): &(&str, &str)| {
        let old = r#"("[^"]*"|null|\[[^]]*\])"#;
        format!("-e 's#(\"{fact}\": ){old}#\\1{value}#' ")
    };
    let changes: String = facts.iter().map(change).collect();
    let text = format!("'{}' \"$@\" | sed -E {changes}", python.path.display());
    script(sandbox, "stand-in", &text)
}

const NO_PACKAGES: (&str, &str) = ("site_packages", "[]");

/// A path as a value in JSON.
pub(crate) fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

/// Runs `rvenv -v -p PYTHON env` with an empty store.
fn create(sandbox: &Sandbox, python: &Path) -> Output {
    let args = [
        OsStr::new("-v"),
        "-p".as_ref(),
        python.as_ref(),
        "env".as_ref(),
    ];
    sandbox.rvenv(args).output().unwrap()
}

#[track_caller]
fn said(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    stderr
}

/// Returns the paths of the bytecode files in a directory, relative to it.
fn compiled(root: &Path) -> Vec<PathBuf> {
    let below = WalkDir::new(root).sort_by_file_name().into_iter();
    let paths = below.map(|entry| entry.unwrap().into_path());
    paths
        .filter(|path| path.extension() == Some("pyc".as_ref()))
        .map(|path| path.strip_prefix(root).unwrap().to_owned())
        .collect()
}

/// Returns the directories of the images of a store.
fn images(sandbox: &Sandbox) -> Vec<PathBuf> {
    let below = WalkDir::new(sandbox.store()).max_depth(3).into_iter();
    let trees = below.map(|entry| entry.unwrap().into_path());
    trees
        .filter(|path| path.ends_with("tree"))
        .map(|path| path.parent().unwrap().to_owned())
        .collect()
}

#[test]
fn borrowed_bytecode_is_what_compiling_gives() {
    for python in seeding_pythons().filter(|python| is_extreme(python)) {
        let [own, stranger] = [Sandbox::new(), Sandbox::new()];
        let borrowed = said(&create(&own, &python.path));
        if borrowed.contains("bytecode: 0 of") {
            crate::sandbox::missing(&format!("pip in {}", python.path.display()));
        }
        let made = said(&create(
            &stranger,
            &stand_in(&stranger, python, &[NO_PACKAGES]),
        ));
        assert!(made.contains("bytecode: 0 of"), "{made}");
        let roots = [stranger.path("env"), own.path("env")];
        let names = compiled(&roots[0]);
        assert!(names.len() > 100 && names == compiled(&roots[1]));
        let differences =
            bytecode::differences(python, [roots[0].as_ref(), roots[1].as_ref()], &names);
        assert!(differences.is_empty(), "{differences:#?}");
    }
}

#[test]
fn an_image_lists_the_digests_of_its_bytecode() {
    let sandbox = Sandbox::new();
    said(&create(&sandbox, &python().path));
    for image in images(&sandbox) {
        let row = |name: &PathBuf| {
            let contents = fs::read(image.join("tree").join(name)).unwrap();
            let digest = data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(&contents));
            format!("{},sha256={digest},{}\r\n", name.display(), contents.len())
        };
        let mut rows: Vec<String> = compiled(&image.join("tree")).iter().map(row).collect();
        rows.sort();
        let listed = fs::read_to_string(image.join("bytecode")).unwrap();
        assert!(rows.len() > 100 && rows.concat() == listed);
    }
}

/// As by pip.
#[test]
fn a_module_that_does_not_compile_is_left_without_bytecode() {
    let sandbox = Sandbox::new();
    let stdlib = quoted(&sandbox.path("stdlib"));
    for (wheel, name) in bundled(python()) {
        let path = sandbox.write(format!("stdlib/ensurepip/_bundled/{name}"), "");
        add(
            &wheel,
            &path,
            &[("broken/syntax.py", b"def"), ("broken/nul.py", b"x = 1\0")],
        );
    }
    let said = said(&create(
        &sandbox,
        &stand_in(
            &sandbox,
            python(),
            &[("stdlib", &stdlib), ("wheel_pkg_dir", "null")],
        ),
    ));
    assert!(!said.contains("broken"), "{said}");
    let compiled = compiled(&sandbox.path("env"));
    assert!(compiled.len() > 100);
    assert!(
        !compiled
            .iter()
            .any(|path| path.to_string_lossy().contains("broken"))
    );
    sandbox
        .python("env")
        .args(["-m", "pip", "check"])
        .assert()
        .success();
}

/// Returns the paths and names of the wheels that an interpreter bundles, or has from its distribution.
pub(crate) fn bundled(python: &Python) -> Vec<(PathBuf, String)> {
    let question = "import ensurepip, os, sysconfig; \
        print(sysconfig.get_config_var('WHEEL_PKG_DIR') or os.path.join(os.path.dirname(ensurepip.__file__), '_bundled'))";
    let output = std::process::Command::new(&python.path)
        .args(["-I", "-c", question])
        .output()
        .unwrap();
    let folder = String::from_utf8(output.stdout).unwrap();
    let entries = fs::read_dir(folder.trim_end()).unwrap();
    entries
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.path(), entry.file_name().into_string().unwrap()))
        .filter(|(_, name)| name.starts_with("pip-") || name.starts_with("setuptools-"))
        .collect()
}

/// Copies a wheel and adds files to it, with their rows in RECORD.
fn add(from: &Path, to: &Path, files: &[(&str, &[u8])]) {
    let mut old = zip::ZipArchive::new(fs::File::open(from).unwrap()).unwrap();
    let mut new = zip::ZipWriter::new(fs::File::create(to).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let mut put = |name: &str, contents: &[u8]| {
        new.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut new, contents).unwrap();
    };
    for index in 0..old.len() {
        let mut file = old.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut contents = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut contents).unwrap();
        if name.ends_with("/RECORD") {
            for (name, added) in files {
                let digest = data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(added));
                let row = format!("{name},sha256={digest},{}\n", added.len());
                contents.extend(row.into_bytes());
            }
        }
        put(&name, &contents);
    }
    for (name, contents) in files {
        put(name, contents);
    }
    new.finish().unwrap();
}

#[test]
fn an_interpreter_that_ends_while_it_compiles_is_an_error_and_nothing_is_made() {
    let sandbox = Sandbox::new();
    let dying = script(&sandbox, "dying", "read line; echo 'no more' >&2; exit 3");
    let output = create(
        &sandbox,
        &stand_in(
            &sandbox,
            python(),
            &[NO_PACKAGES, ("executable", &quoted(&dying))],
        ),
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for part in ["failed to compile", "exit status: 3", "no more", "hint: "] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(!sandbox.path("env").exists() && images(&sandbox).is_empty());
}

/// Makes an environment on a terminal, with an interpreter that takes a second to start, and returns what was drawn.
fn drawn(sandbox: &Sandbox, flags: &str) -> String {
    let slow = format!("sleep 0.5; exec '{}' \"$@\"", python().path.display());
    let slow = script(sandbox, "slow", &slow);
    let stand_in = stand_in(
        sandbox,
        python(),
        &[NO_PACKAGES, ("executable", &quoted(&slow))],
    );
    let line = format!("'{RVENV}' {flags} -p '{}' env", stand_in.display());
    let args = ["-qec", &line, "/dev/null"];
    let output = sandbox.command("script").args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_terminal_sees_how_far_a_long_build_is_and_nothing_of_it_is_left() {
    if which("script").is_none() {
        return crate::sandbox::missing("script");
    }
    let mut sandbox = Sandbox::new();
    sandbox.set("TERM", "xterm");
    let text = drawn(&sandbox, "-v");
    let (_, last) = text.rsplit_once("\rpreparing pip ").expect(&text);
    let [counted, wiped, rest] = last.splitn(3, '\r').collect::<Vec<_>>()[..] else {
        panic!("{text:?}");
    };
    assert!(counted.contains(" … ") && counted.contains('/'), "{text:?}");
    assert!(
        wiped.trim().is_empty() && wiped.len() > counted.len(),
        "{text:?}"
    );
    assert!(rest.starts_with("bytecode: "), "{text:?}");
    let sandbox = Sandbox::new();
    assert!(!drawn(&sandbox, "-q").contains("preparing"));
    let mut sandbox = Sandbox::new();
    sandbox.set("TERM", "dumb");
    assert!(!drawn(&sandbox, "").contains("preparing"));
}

fn which(name: &str) -> Option<PathBuf> {
    let search = crate::sandbox::search_path();
    std::env::split_paths(&search)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
