//! Wheels that somebody crafted: refused with a message, nothing is written outside and nothing left, and what would fill
//! the memory or the disk is not unpacked.

use crate::image::{bundled, python, quoted, stand_in};
use crate::sandbox::{RVENV, Sandbox, tree};
use crate::seed::{bundle_bytes, with_own_stdlib};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const RECORD: &str = "pip-1.0.dist-info/RECORD";

/// How many kB of addresses a run may have: 200 MB, and 100 for the program itself and its threads.
const MEMORY: u32 = 300_000;

/// A wheel in the making.
struct Crafted {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    record: String,
}

impl Crafted {
    fn new() -> Self {
        let zip = ZipWriter::new(Cursor::new(Vec::new()));
        let record = String::new();
        Self { zip, record }.with("module.py", b"x = 1\n")
    }

    /// Adds a file, and its row to RECORD.
    fn with(self, name: &str, contents: &[u8]) -> Self {
        self.with_row(name, contents, contents.len())
    }

    /// Adds a file that RECORD says has `size` bytes.
    fn with_row(mut self, name: &str, contents: &[u8], size: usize) -> Self {
        let digest = data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(contents));
        writeln!(self.record, "\"{name}\",sha256={digest},{size}").unwrap();
        let method = match contents.len() {
            ..100 => CompressionMethod::Stored,
            _ => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        self.zip.start_file(name, options).unwrap();
        self.zip.write_all(contents).unwrap();
        self
    }

    fn finish(mut self) -> Vec<u8> {
        let options = SimpleFileOptions::default();
        self.zip.start_file(RECORD, options).unwrap();
        self.zip.write_all(self.record.as_bytes()).unwrap();
        self.zip.finish().unwrap().into_inner()
    }
}

/// Makes an environment with such a wheel, which fails with `message` within seconds and in little memory, and changes
/// nothing, nor leaves anything in the store.
#[track_caller]
fn refuses(wheel: &[u8], message: &str) {
    let sandbox = with_own_stdlib();
    bundle_bytes(&sandbox, wheel);
    let before = tree(sandbox.path(""));
    let started = Instant::now();
    let line = format!("ulimit -v {MEMORY}; exec '{RVENV}' -p ./python a/b/env");
    let mut shell = sandbox.command("sh");
    let shell = shell.args(["-c", &line]).env("MALLOC_ARENA_MAX", "1");
    let output = shell.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert!(stderr.contains(message), "no `{message}`: {stderr}");
    assert!(stderr.contains("`--without-pip`"), "{stderr}");
    assert!(started.elapsed() < Duration::from_secs(20), "too slow");
    assert_eq!(before, tree(sandbox.path("")), "something was changed");
    let stored = tree(sandbox.store());
    let mut left = stored.keys().filter(|path| path.starts_with("images-v2"));
    let is_lock = |path: &_| std::path::Path::extension(path).is_some_and(|it| it == "lock");
    assert!(
        left.all(|path| path.ends_with("images-v2") || is_lock(path)),
        "{stored:?}"
    );
}

/// Writes other bytes of the same length over all that are like these, or from the `first` on.
fn patched(mut wheel: Vec<u8>, from: &[u8], to: &[u8], first: usize) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = wheel
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from)
        .map(|(at, _)| at)
        .skip(first)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        wheel[at..at + to.len()].copy_from_slice(to);
    }
    wheel
}

#[test]
fn a_name_that_leads_out_is_refused() {
    for name in [
        "../x",
        "/abs",
        "C:\\x",
        "C:x",
        "a\\..\\x",
        "a/../../x",
        "./x",
        "a//x",
        "..",
        "a/.",
        "a\nb",
    ] {
        let wheel = Crafted::new().with(name, b"x").finish();
        refuses(&wheel, "would be outside of the environment");
    }
}

#[test]
fn a_symlink_is_refused() {
    let mut crafted = Crafted::new();
    let options = SimpleFileOptions::default();
    crafted.zip.add_symlink("link", "/tmp", options).unwrap();
    let wheel = crafted.finish();
    refuses(&wheel, "`link` in it is a symlink");
    let mut crafted = Crafted::new().with("link/escaped", b"x");
    crafted.zip.add_symlink("link", "/tmp", options).unwrap();
    refuses(&crafted.finish(), "both a file and a directory");
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let wheel = Crafted::new().with("modulf.py", b"x = 2\n").finish();
    let wheel = patched(wheel, b"modulf.py", b"module.py", 0);
    refuses(&wheel, "duplicate file names");
    let wheel = Crafted::new().with("MODULE.py", b"x = 2\n").finish();
    refuses(&wheel, "is in it twice");
}

#[test]
fn headers_that_disagree_are_refused() {
    let wheel = Crafted::new().with("modulf.py", b"x = 2\n").finish();
    // Its own header comes first, its row of RECORD is packed, and the third is that of the directory.
    let wheel = patched(wheel, b"modulf.py", b"../ulf.py", 1);
    refuses(&wheel, "header inconsistency");
}

#[test]
fn what_is_both_file_and_directory_is_refused() {
    let wheel = Crafted::new().with("a", b"x").with("a/b", b"x").finish();
    refuses(&wheel, "`a` in it is both a file and a directory");
    let wheel = Crafted::new().with("a/b", b"x").with("A", b"x").finish();
    refuses(&wheel, "`a` in it is both a file and a directory");
}

#[test]
fn damage_is_refused() {
    let wheel = Crafted::new().finish();
    for length in [0, 1, 30, wheel.len() / 2, wheel.len() - 22, wheel.len() - 1] {
        refuses(&wheel[..length], "is not a wheel that can be installed");
    }
    let spoilt = patched(wheel.clone(), b"x = 1\n", b"x = 2\n", 0);
    refuses(&spoilt, "`module.py` is damaged");
    let version_and_flags = b"PK\x03\x04\x14\0\0\0";
    let mut encrypted = patched(wheel, version_and_flags, b"PK\x03\x04\x14\0\x01\0", 0);
    let directory = b"PK\x01\x02";
    let at = encrypted.windows(4).position(|window| window == directory);
    encrypted[at.unwrap() + 8] |= 1;
    refuses(&encrypted, "is not a wheel that can be installed");
}

/// What a file says of its size, and RECORD too, may be more or less than it has.
#[test]
fn a_file_of_another_size_than_is_said_is_refused() {
    let contents = vec![b' '; 1 << 20];
    for size in [6, 1 << 30, usize::MAX] {
        let wheel = Crafted::new().with_row("large.py", &contents, size);
        refuses(&wheel.finish(), "`large.py` in it is not what RECORD says");
    }
    let wheel = Crafted::new().with("large.py", &contents).finish();
    let size = |size: u32| size.to_le_bytes();
    for lie in [1 << 4, 1 << 23] {
        let wheel = patched(wheel.clone(), &size(1 << 20), &size(lie), 0);
        refuses(&wheel, "`large.py` is damaged");
    }
}

#[test]
fn a_bomb_is_not_unpacked() {
    let large = vec![0; 17 << 20];
    let wheel = Crafted::new().with("large.py", &large).finish();
    assert!(wheel.len() < 20_000);
    refuses(&wheel, "`large.py` in it has 17825792 bytes");
    let mut many = Crafted::new();
    for number in 0..20 {
        many = many.with(&format!("{number}.py"), &large[..(15 << 20)]);
    }
    refuses(&many.finish(), "bytes are in it");
    // Two gigabytes that are in it once.
    let mut overlapping = Crafted::new().with("large.py", &large[..(15 << 20)]);
    for number in 0..130 {
        let name = format!("{number}.py");
        overlapping
            .zip
            .shallow_copy_file("large.py", &name)
            .unwrap();
    }
    refuses(
        &overlapping.finish(),
        "is not a wheel that can be installed",
    );
}

#[test]
fn a_hundred_thousand_entries_are_refused() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..100_000 {
        let options = SimpleFileOptions::default();
        zip.start_file(number.to_string(), options).unwrap();
    }
    let wheel = zip.finish().unwrap().into_inner();
    refuses(&wheel, "it has 100000 entries");
    let long = Crafted::new().with(&"a/".repeat(30_000), b"").finish();
    refuses(&long, "is too long a name");
}

/// Another tool may have packed it: with the sizes of a large archive, without compression, with directories.
#[test]
fn a_wheel_that_is_packed_in_another_way_is_installed() {
    let sandbox = Sandbox::new();
    let stdlib = quoted(&sandbox.path("stdlib"));
    for (path, name) in bundled(python()) {
        let mut old = ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
        let mut new = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().large_file(true);
        let options = options.compression_method(CompressionMethod::Stored);
        new.add_directory("pip/", options).unwrap();
        for index in 0..old.len() {
            let mut file = old.by_index(index).unwrap();
            let mut contents = Vec::new();
            file.read_to_end(&mut contents).unwrap();
            let name = file.name().unwrap().into_owned();
            new.start_file(name, options).unwrap();
            new.write_all(&contents).unwrap();
        }
        let wheel = new.finish().unwrap().into_inner();
        sandbox.write(format!("stdlib/ensurepip/_bundled/{name}"), wheel);
    }
    let facts = [("stdlib", stdlib.as_str()), ("wheel_pkg_dir", "null")];
    let stand_in = stand_in(&sandbox, python(), &facts);
    let args = ["-p".as_ref(), stand_in.as_os_str(), "env".as_ref()];
    sandbox.rvenv(args).assert().success();
    let args = ["-m", "pip", "check"];
    sandbox.python("env").args(args).assert().success();
}
