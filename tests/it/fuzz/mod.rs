//! Hostile names, as the directory and as the prompt: a whole environment that means nothing else by them, or a refusal
//! that changes nothing. `RVENV_TEST_SEED` says which names; what fails says its own.

mod readers;

use crate::pythons::{Python, pythons, seeding_pythons};
use crate::sandbox::{Sandbox, tree};
use fastrand::Rng;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, PathBuf};
use std::process::Output;

/// How many names each test tries.
const CASES: u64 = 50;

const SEED: u64 = 20_261_123;

/// Returns the seed of a run.
fn seed() -> u64 {
    let set = std::env::var("RVENV_TEST_SEED").ok();
    set.map_or(SEED, |seed| {
        seed.parse().expect("RVENV_TEST_SEED is a number")
    })
}

/// What some reader of a script, a configuration file, a line or a path takes for more than it is.
const TOKENS: &[&[u8]] = &[
    b"'",
    b"\"",
    b"`",
    b"$",
    b"(",
    b")",
    b";",
    b"&",
    b"|",
    b"<",
    b">",
    b"*",
    b"?",
    b"[",
    b"]",
    b"{",
    b"}",
    b"!",
    b"#",
    b"%",
    b"~",
    b"\\",
    b" ",
    b"=",
    b",",
    b"@",
    b"^",
    b"+",
    b"-",
    b".",
    b"..",
    b"--",
    b"'''",
    b"\"\"\"",
    b"\\n",
    b"%%",
    b"$(touch pwned)",
    b"`touch pwned`",
    b";touch pwned;",
    b"|touch pwned|",
    b"&touch pwned&",
    b">pwned",
    b"'$(touch pwned)'",
    b"\"$(touch pwned)\"",
    b"${x:=$(touch pwned)}",
    b"\\$(touch pwned)",
    b"$((x[$(touch pwned)]))",
    b"!!",
    b"%(touch)s",
    b"__VENV_DIR__",
    b"@ROOT@",
    b"@PROMPT@",
    b"include-system-site-packages = true",
    b"home = x",
    "\u{e9}".as_bytes(),
    "e\u{301}".as_bytes(),
    "\u{1f40d}".as_bytes(),
    "\u{85}".as_bytes(),
    "\u{a0}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{2029}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{fffd}".as_bytes(),
    b"CON",
    b"NUL.txt",
    b"a",
    b"Z",
    b"0",
];

/// What no environment can be called.
const REFUSED: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\t",
    b"\x1b[31m",
    b"\x7f",
    b"\x01",
    b":",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\nhome = x\n",
];

/// Returns a name of 1 to 200 bytes; one of six has what is refused.
fn name(random: &mut Rng) -> OsString {
    let mut bytes = Vec::new();
    let length = if random.u8(..4) == 0 { 200 } else { 24 };
    let length = random.usize(1..=length);
    while bytes.len() < length {
        bytes.extend_from_slice(random.choice(TOKENS).unwrap());
    }
    // In the middle of a character, too.
    bytes.truncate(length);
    if random.u8(..2) > 0 {
        bytes = String::from_utf8_lossy(&bytes).into_owned().into_bytes();
        bytes.truncate(200 - 200 % 3);
    }
    if random.u8(..6) == 0 {
        let at = random.usize(..=bytes.len());
        let refused = random.choice(REFUSED).unwrap().iter().copied();
        bytes.splice(at..at, refused);
    }
    OsString::from_vec(bytes)
}

/// Returns a path of such names, which stays where the test is.
fn path(random: &mut Rng) -> OsString {
    let mut path = match random.u8(..12) {
        0 => "..".into(),
        1 => "./".into(),
        2 => "../".into(),
        _ => OsString::new(),
    };
    if !path.is_empty() && random.u8(..3) > 0 {
        path.push("/");
    }
    path.push(name(random));
    match random.u8(..10) {
        0 => path.push("/"),
        1 => path.push("//"),
        2 => path.push("/."),
        3 => {
            path.push("/");
            path.push(name(random));
        }
        4 => path.push("/x/.."),
        _ => {}
    }
    path
}

/// One call of rvenv.
struct Case<'a> {
    sandbox: &'a Sandbox,
    python: &'a Python,
    /// Where it is run, two folders below one that is there for this case.
    here: PathBuf,
    env_dir: OsString,
    prompt: Option<OsString>,
    with_pip: bool,
    what: String,
}

impl Case<'_> {
    /// Returns whether there was an environment.
    fn run(&self) -> bool {
        let top = self.here.ancestors().nth(2).unwrap();
        fs::create_dir_all(&self.here).unwrap();
        let before = tree(top);
        let output = self.rvenv();
        let stderr = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => self.check_environment(),
            Some(1 | 2) => {
                let what = format!("{}: {stderr}", self.what);
                assert!(stderr.starts_with("error: "), "{what}");
                let is_raw = |char: char| char.is_ascii_control() && char != '\n';
                assert!(!stderr.contains(is_raw), "{what:?}");
                assert_eq!(before, tree(top), "{what}");
            }
            code => panic!("{}: {code:?} {stderr}", self.what),
        }
        fs::remove_dir_all(top).unwrap();
        output.status.success()
    }

    fn rvenv(&self) -> Output {
        let mut rvenv = self.sandbox.rvenv(["-p"]);
        rvenv.current_dir(&self.here).arg(&self.python.path);
        if !self.with_pip {
            rvenv.arg("--without-pip");
        }
        if let Some(prompt) = &self.prompt {
            let mut flag = OsString::from("--prompt=");
            flag.push(prompt);
            rvenv.arg(flag);
        }
        rvenv.arg("--").arg(&self.env_dir).output().unwrap()
    }

    /// Returns the path as `os.path.abspath` has it.
    fn root(&self) -> PathBuf {
        let mut root = PathBuf::new();
        for part in self.here.join(&self.env_dir).components() {
            match part {
                Component::ParentDir => drop(root.pop()),
                part => root.push(part),
            }
        }
        root
    }

    fn check_environment(&self) {
        let (root, what) = (self.root(), &self.what);
        let mut python = self.sandbox.command(root.join("bin/python"));
        let output = python.args(["-c", QUESTION]).output().unwrap();
        let mut answers = output.stdout.split(|byte| *byte == 0);
        let mut answer = || OsStr::from_bytes(answers.next().unwrap_or_default());
        assert_eq!(answer(), root.as_os_str(), "{what}: {output:?}");
        assert_eq!(answer(), self.keys().as_str(), "{what}");
        assert_eq!(answer(), "false", "{what}");
        let here = tree(self.here.ancestors().nth(2).unwrap());
        for shell in ["sh", "bash"] {
            let mut shell = self.sandbox.command(shell);
            shell.current_dir(&self.here).args(["-c", ACTIVATION, "sh"]);
            let output = shell.arg(root.join("bin/activate")).output().unwrap();
            let said = OsStr::from_bytes(&output.stdout);
            assert_eq!(said, root.as_os_str(), "{what}: {output:?}");
            assert!(output.stderr.is_empty(), "{what}: {output:?}");
        }
        if self.with_pip {
            let mut pip = self.sandbox.command(root.join("bin/pip"));
            let output = pip.current_dir(&self.here).arg("--version").output();
            let output = output.unwrap();
            let said = OsStr::from_bytes(&output.stdout).to_string_lossy();
            assert!(said.contains(root.to_str().unwrap()), "{what}: {output:?}");
        }
        let mut now = tree(self.here.ancestors().nth(2).unwrap());
        now.retain(|path, _| !path.iter().any(|part| part == "__pycache__"));
        assert!(now.keys().all(|path| here.contains_key(path)), "{what}");
    }

    /// Returns the keys of `pyvenv.cfg`, in order.
    fn keys(&self) -> String {
        let minor = self.python.version.1;
        let mut keys = vec!["home", "include-system-site-packages", "version"];
        if self.prompt.is_some() && minor >= 8 {
            keys.push("prompt");
        }
        if minor >= 11 {
            keys.extend(["executable", "command"]);
        }
        keys.push("rvenv");
        keys.join(",")
    }
}

/// Prints what an interpreter is, and what its `site` would read.
const QUESTION: &str = r"
import os, sys
keys, values = [], {}
with open(os.path.join(sys.prefix, 'pyvenv.cfg'), encoding='utf-8') as lines:
    for line in lines:
        if '=' in line:
            key, _, value = line.partition('=')
            keys.append(key.strip().lower())
            values[keys[-1]] = value.strip()
answers = sys.prefix, ','.join(keys), values['include-system-site-packages']
os.write(1, b'\0'.join(map(os.fsencode, answers)))
";

/// Draws the prompt, too, where the shell can.
const ACTIVATION: &str = r#"
PS1='$ '
. "$1"
[ -z "${BASH_VERSION-}" ] || eval 'drawn=${PS1@P}'
printf %s "$VIRTUAL_ENV"
deactivate
"#;

/// Runs [`CASES`] cases with names that are made by `invent`, as directory and prompt.
fn try_names(which: u64, invent: impl Fn(&mut Rng) -> (OsString, Option<OsString>)) {
    let sandbox = Sandbox::with_shared_store();
    let pythons: Vec<_> = pythons().iter().filter(|python| !python.is_pypy).collect();
    let seeding: Vec<_> = seeding_pythons().filter(|python| !python.is_pypy).collect();
    let mut random = Rng::with_seed(seed().wrapping_add(which));
    let mut made = 0;
    for number in 0..CASES {
        let with_pip = number % 20 == 7;
        let among = if with_pip { &seeding } else { &pythons };
        let python = *random.choice(among).unwrap();
        let (env_dir, prompt) = invent(&mut random);
        let seed = seed();
        let names = [Some(&env_dir), prompt.as_ref()];
        let what = format!("RVENV_TEST_SEED={seed}, case {which}.{number}: {names:?}");
        let here = sandbox.path(format!("{number}/a/b"));
        let case = Case {
            sandbox: &sandbox,
            python,
            here,
            env_dir,
            prompt,
            with_pip,
            what,
        };
        made += usize::from(case.run());
    }
    crate::sandbox::note(&format!("{made} of {CASES} were environments"));
    assert!(made > 5, "{made} of {CASES}");
}

#[test]
fn a_hostile_directory_is_one_or_is_refused() {
    try_names(1, |random| (path(random), None));
}

#[test]
fn a_hostile_prompt_is_one_or_is_refused() {
    try_names(2, |random| ("env".into(), Some(name(random))));
}

#[test]
fn hostile_names_are_harmless_together() {
    try_names(3, |random| (path(random), Some(name(random))));
}

/// Without the `--` that ends the options.
#[test]
fn what_looks_like_an_option_is_no_directory_by_chance() {
    let sandbox = Sandbox::with_shared_store();
    let mut random = Rng::with_seed(seed());
    for _ in 0..30 {
        let mut typed = OsString::from("-");
        typed.push(name(&mut random));
        let before = tree(sandbox.path(""));
        let python = pythons()[0].path.as_os_str();
        let args = ["-p".as_ref(), python, "--without-pip".as_ref(), &*typed];
        let output = sandbox.rvenv(args).output().unwrap();
        let what = format!("RVENV_TEST_SEED={}: {typed:?}: {output:?}", seed());
        assert!(output.status.code().is_some(), "{what}");
        assert_eq!(before, tree(sandbox.path("")), "{what}");
    }
}
