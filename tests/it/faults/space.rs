//! File systems that are full, or have no inodes left: small ones in memory, in a mount namespace of their own.

use super::{args, is_told};
use crate::killed::calls::told;
use crate::killed::whole::{Picture, difference, leftovers, picture, without_bytecode};
use crate::sandbox::{RVENV, Sandbox, missing, note};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

/// Where one of these file systems fails depends on its size.
const SIZES: [&str; 10] = [
    "size=16k",
    "size=64k",
    "size=256k",
    "size=1m",
    "size=3m",
    "size=6m",
    "size=9m",
    "size=12m",
    "size=16m",
    "size=40m",
];
const INODES: [&str; 8] = [
    "nr_inodes=3",
    "nr_inodes=8",
    "nr_inodes=20",
    "nr_inodes=60",
    "nr_inodes=300",
    "nr_inodes=900",
    "nr_inodes=1090",
    "nr_inodes=5000",
];

/// Mounts a file system of `$options` at `$at`, with what is in `$saved`; runs the rest, and shows what is there then.
const SCRIPT: &str = "
mount -t tmpfs -o \"$options\" rvenv \"$at\" && cp -a \"$saved/.\" \"$at\" || exit 99
cd / && \"$@\"
code=$?
cp -a \"$at/.\" \"$shown\"
exit $code";

/// Tells whether something can be mounted here, and says so where nothing can.
pub(super) fn mounts(sandbox: &Sandbox) -> bool {
    let probe = [
        "-m",
        "mount",
        "-t",
        "tmpfs",
        "rvenv",
        sandbox.home().to_str().unwrap(),
    ];
    let output = sandbox.command("unshare").args(probe).output();
    let works = output.is_ok_and(|output| output.status.success());
    if !works {
        missing("root who may mount");
    }
    works
}

/// A small file system, what it starts with, and what is there after a run.
struct Small {
    sandbox: Sandbox,
    at: PathBuf,
    saved: PathBuf,
    shown: PathBuf,
}

impl Small {
    fn new() -> Option<Self> {
        let sandbox = Sandbox::in_memory();
        let first = sandbox.home().join("first");
        let folders = ["at", "saved", "shown"].map(|name| sandbox.path(name));
        for folder in &folders {
            fs::create_dir(folder).unwrap();
        }
        sandbox
            .rvenv(args(&[first.to_str().unwrap()]))
            .assert()
            .success();
        let [at, saved, shown] = folders;
        let made = Self {
            sandbox,
            at,
            saved,
            shown,
        };
        mounts(&made.sandbox).then_some(made)
    }

    fn run(&self, options: &str, words: &[&str], store: &Path) -> Output {
        fs::remove_dir_all(&self.shown).unwrap();
        fs::create_dir(&self.shown).unwrap();
        let mut unshare = self.sandbox.process("unshare");
        unshare.args([
            "-m",
            "--propagation",
            "private",
            "sh",
            "-c",
            SCRIPT,
            "sh",
            RVENV,
        ]);
        unshare.env("options", options).env("at", &self.at);
        unshare.env("saved", &self.saved).env("shown", &self.shown);
        unshare.env("RVENV_CACHE_DIR", store).args(args(words));
        unshare.output().unwrap()
    }

    /// What a run makes where there is space.
    #[track_caller]
    fn reference(&self, words: &[&str]) -> Picture {
        let output = self.run("size=100m", words, self.sandbox.store());
        assert!(output.status.success(), "{}", told(&output));
        without_bytecode(picture(&self.shown.join("env")))
    }

    /// Each run succeeds, or is told and leaves everything as it was; some do the one, and some the other.
    #[track_caller]
    fn all_or_nothing(&self, words: &[&str], store: &Path) {
        let env = self.at.join("env");
        let words: Vec<&str> = words.iter().copied().chain(env.to_str()).collect();
        let after = self.reference(&words);
        let before = without_bytecode(picture(&self.saved.join("env")));
        let (mut broken, mut made, mut tried) = (Vec::new(), 0, 0);
        for options in SIZES.into_iter().chain(INODES) {
            let output = self.run(options, &words, store);
            if output.status.code() == Some(99) {
                continue; // what it starts with is too much already
            }
            tried += 1;
            made += usize::from(output.status.success());
            let expected = if output.status.success() {
                &after
            } else {
                &before
            };
            let now = without_bytecode(picture(&self.shown.join("env")));
            let left = [leftovers(&self.shown), leftovers(&self.shown.join("env"))].concat();
            if now != *expected {
                broken.push(format!(
                    "{options}: {} {}",
                    told(&output),
                    difference(&now, expected)
                ));
            }
            if !left.is_empty() {
                broken.push(format!("{options}: {} left {left:?}", told(&output)));
            }
            if !output.status.success() {
                is_told(&output, &["at/", "No space left|no storage space"], options);
            }
        }
        note(&format!("{words:?}: {made} of {tried} made"));
        assert!(broken.is_empty(), "{words:?}:\n  {}", broken.join("\n  "));
        assert!(0 < made && made < tried, "{made} of {tried}");
    }

    /// The environment `env` without pip, which is small, and what is somebody's.
    fn with_env(self) -> Self {
        let env = self.at.join("env");
        let words = ["--without-pip", env.to_str().unwrap()];
        self.sandbox.rvenv(args(&words)).assert().success();
        fs::write(env.join("notes.txt"), "mine\n").unwrap();
        fs::rename(&env, self.saved.join("env")).unwrap();
        self
    }
}

#[test]
fn a_first_run() {
    let Some(small) = Small::new() else { return };
    small.all_or_nothing(&[], small.sandbox.store());
}

#[test]
fn a_second_run() {
    let Some(small) = Small::new().map(Small::with_env) else {
        return;
    };
    small.all_or_nothing(&["--prompt", "other"], small.sandbox.store());
}

#[test]
fn clear() {
    let Some(small) = Small::new().map(Small::with_env) else {
        return;
    };
    small.all_or_nothing(&["--clear"], small.sandbox.store());
}

#[test]
fn a_first_run_with_the_store_there_too() {
    let Some(small) = Small::new() else { return };
    small.all_or_nothing(&[], &small.at.join("store"));
}

/// It is done without.
#[test]
fn a_store_that_is_full() {
    let Some(small) = Small::new() else { return };
    let env = small.sandbox.path("env");
    let words = [env.to_str().unwrap()];
    let mut after = None;
    for options in ["size=100m"].into_iter().chain(SIZES).chain(INODES) {
        fs::remove_dir_all(&env).ok();
        let output = small.run(options, &words, &small.at.join("store"));
        assert!(output.status.success(), "{options}: {}", told(&output));
        let now = without_bytecode(picture(&env));
        let first = after.get_or_insert_with(|| now.clone());
        assert!(now == *first, "{options}: {}", difference(&now, first));
    }
}
