//! The system calls of a run of rvenv, and a run in which something happens at one of them.

use crate::sandbox::{self, RVENV, Sandbox, note};
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fmt;
use std::process::{Command as Process, Output};

/// Every call that changes a file system, and what comes before each change of a file.
const CHANGES: &str = "mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,\
    openat,write,pwrite64,chmod,fchmodat,fchmod,flock";

/// Which calls are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Set {
    All,
    Changes,
    /// Those that name a file or have one open.
    Files,
}

impl Set {
    pub(crate) fn names(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Changes => CHANGES,
            Self::Files => "%file,%desc",
        }
    }

    /// `%desc` has calls that are about memory and waiting; and std panics at an error of `closedir`.
    fn has(self, name: &str) -> bool {
        !matches!(
            (self, name),
            (Self::Files, "mmap" | "poll" | "ppoll" | "close")
        )
    }
}

/// One call: strace counts those of each name for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) name: String,
    number: usize,
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.number)
    }
}

/// A run of rvenv: its arguments, and whether permissions count for it.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) args: Vec<OsString>,
    pub(crate) permissions: Permissions,
}

/// Whether root keeps its right to write anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permissions {
    Any,
    Count,
}

impl Run {
    pub(crate) fn new<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Self {
        Self {
            args: args.into_iter().map(Into::into).collect(),
            permissions: Permissions::Any,
        }
    }

    /// As it is.
    pub(crate) fn process(&self, sandbox: &Sandbox) -> Process {
        self.below(sandbox, &[])
    }

    /// With `what` (strace's words: `signal=KILL`, `error=EIO`) at `call`.
    pub(crate) fn with(&self, sandbox: &Sandbox, call: &Call, what: &str) -> Process {
        let Call { name, number } = call;
        let [trace, inject] = [
            format!("--trace={name}"),
            format!("--inject={name}:{what}:when={number}"),
        ];
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null"];
        let words: Vec<&str> = strace.into_iter().chain([&*trace, &*inject]).collect();
        self.below(sandbox, &words)
    }

    /// With one core, so that there is one thread and one order; below the program of `words`.
    fn below(&self, sandbox: &Sandbox, words: &[&str]) -> Process {
        const NO_OVERRIDE: [&str; 5] = [
            "setpriv",
            "--bounding-set",
            "-dac_override,-dac_read_search",
            "--inh-caps",
            "-all",
        ];
        let mut process = sandbox.process("taskset");
        process.args(["--cpu-list", "0"]);
        if self.permissions == Permissions::Count {
            process.args(NO_OVERRIDE);
        }
        process.args(words).arg(RVENV).args(&self.args);
        process
    }

    /// Returns the calls of one run, each once and in their order.
    #[track_caller]
    pub(crate) fn calls(&self, sandbox: &Sandbox, set: Set) -> Vec<Call> {
        let log = sandbox.home().join("strace");
        let trace = format!("--trace={}", set.names());
        let words = ["strace", "-f", "-qq", &trace, "-o", log.to_str().unwrap()];
        let output = self.below(sandbox, &words).output().unwrap();
        assert!(output.status.success(), "{:?}: {output:?}", self.args);
        let text = std::fs::read_to_string(log).unwrap();
        let mut seen = HashMap::new();
        let mut once = HashSet::new();
        let calls = text.lines().filter_map(|line| {
            let (process, rest) = line.split_once(' ')?;
            let (name, _) = rest.trim_start().split_once('(')?;
            let is_name = !name.is_empty() && name.bytes().all(|it| is_word(it.into()));
            let number = seen.entry((process, name)).or_insert(0);
            *number += 1;
            let (name, number) = (name.to_owned(), *number);
            (is_name && set.has(&name)).then_some(Call { name, number })
        });
        calls.filter(|call| once.insert(call.clone())).collect()
    }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Tells whether every call is to be tried: by default it is some.
pub(crate) fn every_call() -> bool {
    std::env::var_os("RVENV_TEST_EVERY_CALL").is_some_and(|value| value == "1")
}

/// Returns some of `calls`: those at which something is put in its place, with what is around them, the last ones, and
/// `others`; all of them where that is asked for.
pub(crate) fn spread(calls: Vec<Call>, others: usize) -> Vec<Call> {
    const LAST: usize = 10;
    const AROUND: usize = 1;
    let step = calls.len().div_ceil(others.max(1)).max(1);
    let is_place = |call: &Call| call.name.starts_with("rename") || call.name == "flock";
    let places: Vec<usize> = (0..calls.len())
        .filter(|&index| is_place(&calls[index]))
        .collect();
    let is_near = |index: usize| places.iter().any(|place| place.abs_diff(index) <= AROUND);
    let end = calls.len().saturating_sub(LAST);
    let is_taken = |&(index, _): &(usize, Call)| {
        every_call() || index >= end || index % step == 0 || is_near(index)
    };
    let some = calls.into_iter().enumerate().filter(is_taken);
    some.map(|(_, call)| call).collect()
}

/// Tells whether the tools of these tests are here; says so otherwise.
pub(crate) fn tools_are_missing(sandbox: &Sandbox) -> bool {
    for tool in ["strace", "taskset", "setpriv", "cp"] {
        if sandbox.command(tool).arg("--version").output().is_err() {
            sandbox::missing(tool);
            return true;
        }
    }
    let probe = ["-o", "/dev/null", "--trace=none", "true"];
    let works = sandbox.command("strace").args(probe).output().unwrap();
    if !works.status.success() {
        note("skipped: nothing may be traced on this machine");
    }
    !works.status.success()
}

/// What a run said and how it ended, in one line.
pub(crate) fn told(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    format!("{}: {}", output.status, stderr.trim().replace('\n', " | "))
}
