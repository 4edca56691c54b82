//! Many processes at the same time in the same place. `RVENV_TEST_ROUNDS` sets how many rounds there are of each kind.

use crate::killed::calls::told;
use crate::killed::whole::{Pip, fault, leftovers, python};
use crate::sandbox::{RVENV, Sandbox, note};
use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};

const PROCESSES: usize = 8;

fn rounds() -> usize {
    let value = std::env::var("RVENV_TEST_ROUNDS").ok();
    value.map_or(3, |value| value.parse().expect("a number"))
}

/// What one of the processes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Create,
    Clear,
    Ensure,
    Upgrade,
    Delete,
}

use Deed::{Clear, Create, Delete, Ensure, Upgrade};

impl Deed {
    fn words(self) -> &'static [&'static str] {
        match self {
            Create => &[],
            Clear => &["--clear"],
            Ensure => &["--ensure"],
            Upgrade => &["--upgrade"],
            Delete => &["delete"],
        }
    }

    /// What may be said by the one that fails, and why that is right: everything else succeeds.
    fn excuses(self) -> &'static [&'static str] {
        match self {
            Create | Clear | Ensure | Upgrade => &[],
            // It is not there yet, or is not there any more.
            Delete => &["does not exist"],
        }
    }
}

/// What is there before the processes start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Environment,
}

fn start(sandbox: &Sandbox, deed: Deed) -> std::process::Child {
    let mut process = sandbox.process(RVENV);
    process.args(deed.words());
    if deed != Delete {
        process.arg("-p").arg(&python().path);
    }
    process
        .arg("env")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    process.spawn().unwrap()
}

/// Fails where a process ended in a way that nothing explains.
fn unexplained(deed: Deed, output: &Output) -> Option<String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let excuse = deed.excuses().iter().any(|excuse| stderr.contains(excuse));
    let is_explained = output.status.success() || output.status.code() == Some(1) && excuse;
    (!is_explained).then(|| format!("{deed:?}: {}", told(output)))
}

/// What there may be in the end.
fn wrong_end(sandbox: &Sandbox, deeds: &[Deed]) -> Option<String> {
    let env = sandbox.path("env");
    let left = [leftovers(&sandbox.path("")), leftovers(&env)].concat();
    let may_be_gone = deeds.contains(&Delete);
    if left != [] as [PathBuf; 0] {
        return Some(format!("left over: {left:?}"));
    }
    if may_be_gone && !env.exists() {
        return None;
    }
    fault(sandbox, &env, Pip::With)
}

#[track_caller]
fn all_at_once(sandbox: &Sandbox, before: Before, deeds: &[Deed]) {
    let env = sandbox.path("env");
    let mut broken = Vec::new();
    for round in 0..rounds() {
        fs::remove_dir_all(&env).ok();
        if before == Before::Environment {
            let output = start(sandbox, Create).wait_with_output().unwrap();
            assert!(output.status.success(), "{}", told(&output));
        }
        let deeds: Vec<Deed> = deeds.iter().copied().cycle().take(PROCESSES).collect();
        let started: Vec<_> = deeds
            .iter()
            .map(|deed| (*deed, start(sandbox, *deed)))
            .collect();
        for (deed, process) in started {
            let output = process.wait_with_output().unwrap();
            broken.extend(unexplained(deed, &output).map(|it| format!("round {round}: {it}")));
        }
        broken
            .extend(wrong_end(sandbox, &deeds).map(|it| format!("round {round}: in the end {it}")));
        for left in [leftovers(&sandbox.path("")), leftovers(&env)].concat() {
            fs::remove_dir_all(left).ok();
        }
    }
    let count = broken.len();
    note(&format!(
        "{} rounds of {PROCESSES}: {before:?}, {deeds:?}",
        rounds()
    ));
    broken.truncate(10);
    assert!(
        count == 0,
        "{deeds:?}: {count} unexplained:\n  {}",
        broken.join("\n  ")
    );
}

/// With a store that is full, as nearly always.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    assert!(start(&sandbox, Create).wait().unwrap().success());
    sandbox
}

#[test]
fn all_create() {
    all_at_once(&sandbox(), Before::Nothing, &[Create]);
}

#[test]
fn all_make_it_again() {
    all_at_once(&sandbox(), Before::Environment, &[Create]);
}

#[test]
fn all_clear() {
    all_at_once(&sandbox(), Before::Environment, &[Clear]);
    all_at_once(&sandbox(), Before::Nothing, &[Clear]);
}

#[test]
fn all_ensure() {
    all_at_once(&sandbox(), Before::Nothing, &[Ensure]);
    all_at_once(&sandbox(), Before::Environment, &[Ensure]);
}

#[test]
fn all_upgrade() {
    all_at_once(&sandbox(), Before::Environment, &[Upgrade]);
}

#[test]
fn all_delete() {
    all_at_once(&sandbox(), Before::Environment, &[Delete]);
}

#[test]
fn some_create_and_some_delete() {
    all_at_once(&sandbox(), Before::Nothing, &[Create, Delete]);
    all_at_once(&sandbox(), Before::Environment, &[Delete, Create]);
}

#[test]
fn some_clear_and_some_delete() {
    all_at_once(&sandbox(), Before::Environment, &[Clear, Delete]);
}

#[test]
fn some_create_and_some_clear() {
    all_at_once(&sandbox(), Before::Environment, &[Create, Clear]);
}

#[test]
fn each_does_something_else() {
    let deeds = [Create, Clear, Ensure, Delete];
    all_at_once(&sandbox(), Before::Nothing, &deeds);
    all_at_once(&sandbox(), Before::Environment, &deeds);
}

#[test]
fn all_create_with_an_empty_store() {
    let sandbox = Sandbox::in_memory();
    let env = sandbox.path("env");
    for round in 0..rounds() {
        for folder in [sandbox.store(), &env] {
            fs::remove_dir_all(folder).ok();
        }
        let deeds = [Create, Clear, Ensure].into_iter().cycle().take(PROCESSES);
        let started: Vec<_> = deeds.map(|deed| (deed, start(&sandbox, deed))).collect();
        for (deed, process) in started {
            let output = process.wait_with_output().unwrap();
            assert_eq!(unexplained(deed, &output), None, "round {round}");
        }
        assert_eq!(wrong_end(&sandbox, &[]), None, "round {round}");
    }
}
