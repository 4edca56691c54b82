//! The same checks on the activation scripts of `python -m venv`, virtualenv and uv: a table for the README.
//!
//! virtualenv and uv are looked for in the folders that `RVENV_TEST_PEERS` lists, as in PATH. See the table with
//! `RVENV_TEST_PEERS=… cargo test --test it shells::comparison -- --nocapture`.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::driver::{DRIVERS, Driver, Step};
use super::world::{World, lines};
use crate::pythons::{Python, pythons};
use crate::sandbox::{Sandbox, note};

/// Something that makes environments: its name, and how it is asked for one with a prompt.
struct Tool {
    name: &'static str,
    make: fn(&Sandbox, &Path, &str),
}

const TOOLS: [Tool; 4] = [
    Tool {
        name: "rvenv",
        make: super::world::with_rvenv,
    },
    Tool {
        name: "venv",
        make: with_venv,
    },
    Tool {
        name: "virtualenv",
        make: with_virtualenv,
    },
    Tool {
        name: "uv",
        make: with_uv,
    },
];

/// One row of the table: a behaviour, and how often a tool's scripts have it, of how many shells.
struct Row {
    behaviour: &'static str,
    check: fn(&Tool) -> Score,
}

const ROWS: [Row; 8] = [
    Row {
        behaviour: "in and out again, with the shell's strictest flags",
        check: in_and_out,
    },
    Row {
        behaviour: "from one environment into another, and out",
        check: from_one_to_another,
    },
    Row {
        behaviour: "what was put into `PATH` meanwhile stays",
        check: what_was_added_stays,
    },
    Row {
        behaviour: "an empty `PATH` is empty again",
        check: empty_path,
    },
    Row {
        behaviour: "an empty `PYTHONHOME` is empty again",
        check: empty_home,
    },
    Row {
        behaviour: "names that look like code, as path and prompt",
        check: hostile_names,
    },
    Row {
        behaviour: "says that it must be sourced when it is run",
        check: says_when_run,
    },
    Row {
        behaviour: "says that its Python is gone",
        check: says_when_dangling,
    },
];

/// How many checks passed, of how many.
#[derive(Default)]
struct Score {
    passed: usize,
    made: usize,
}

impl Score {
    fn add(&mut self, passed: bool) {
        self.passed += usize::from(passed);
        self.made += 1;
    }
}

/// One driver for each shell.
const SHELLS: [&str; 9] = [
    "bash", "zsh", "dash", "busybox", "ksh", "mksh", "yash", "fish", "tcsh",
];

const HOSTILE: [&str; 10] = [
    "sp ace",
    "it's",
    "dq\"q",
    "$(touch pwned)",
    "`touch pwned`",
    "a;touch pwned;",
    "$HOME",
    "wow!!",
    "back\\slash\\n",
    "{a,b}",
];

fn newest() -> &'static Python {
    let cpythons = pythons().iter().filter(|python| !python.is_pypy);
    cpythons
        .max_by_key(|python| python.version)
        .expect("a CPython")
}

fn peer(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("RVENV_TEST_PEERS")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// What a tool cannot make is seen by the checks.
fn with_venv(sandbox: &Sandbox, root: &Path, prompt: &str) {
    let mut command = sandbox.command(&newest().path);
    command
        .args(["-m", "venv", "--without-pip", &format!("--prompt={prompt}")])
        .arg(root)
        .output()
        .unwrap();
}

fn with_virtualenv(sandbox: &Sandbox, root: &Path, prompt: &str) {
    let mut command = sandbox.command(peer("virtualenv").unwrap());
    command
        .args(["--no-seed", &format!("--prompt={prompt}"), "-p"])
        .arg(&newest().path)
        .arg(root)
        .output()
        .unwrap();
}

fn with_uv(sandbox: &Sandbox, root: &Path, prompt: &str) {
    let mut command = sandbox.command(peer("uv").unwrap());
    command
        .args(["venv", "--offline", &format!("--prompt={prompt}"), "-p"])
        .arg(&newest().path)
        .arg(root)
        .output()
        .unwrap();
}

/// Every shell of this machine that the environment has a script for.
fn drivers(world: &World) -> impl Iterator<Item = (&'static Driver, PathBuf)> {
    let bin = world.environments[0].root.join("bin");
    let named = DRIVERS
        .iter()
        .filter(|driver| SHELLS.contains(&driver.name));
    let written = named.filter(move |driver| bin.join(driver.language.script).is_file());
    written.filter_map(|driver| Some((driver, super::driver::find(driver.command[0])?)))
}

/// Whether a shell says of `steps` what it should, and nothing on stderr.
fn is_right(world: &World, driver: &Driver, program: &Path, steps: &[Step]) -> bool {
    let output = world.run(driver, program, &driver.script(&world.roots(), steps));
    output.status.success()
        && output.stderr.is_empty()
        && lines(&output.stdout) == world.expected(steps)
}

fn score(world: &World, steps: &[Step]) -> Score {
    let mut score = Score::default();
    drivers(world)
        .for_each(|(driver, program)| score.add(is_right(world, driver, &program, steps)));
    score
}

fn in_and_out(tool: &Tool) -> Score {
    let world = World::made_by(tool.make, &["one"]);
    score(
        &world,
        &[
            Step::Activate(0),
            Step::Show("in"),
            Step::Whose,
            Step::Deactivate,
            Step::Show("out"),
        ],
    )
}

fn from_one_to_another(tool: &Tool) -> Score {
    let world = World::made_by(tool.make, &["one", "two"]);
    score(
        &world,
        &[
            Step::Activate(0),
            Step::Activate(1),
            Step::Show("in"),
            Step::Deactivate,
            Step::Show("out"),
        ],
    )
}

fn what_was_added_stays(tool: &Tool) -> Score {
    let world = World::made_by(tool.make, &["one"]);
    score(
        &world,
        &[
            Step::Activate(0),
            Step::Front("/front"),
            Step::Deactivate,
            Step::Show("out"),
        ],
    )
}

fn empty_path(tool: &Tool) -> Score {
    let world = World::made_by(tool.make, &["one"]);
    score(
        &world,
        &[
            Step::Set("PATH", ""),
            Step::Activate(0),
            Step::Deactivate,
            Step::Show("out"),
        ],
    )
}

fn empty_home(tool: &Tool) -> Score {
    let mut world = World::made_by(tool.make, &["one"]);
    world.set("PYTHONHOME", "");
    score(
        &world,
        &[
            Step::Activate(0),
            Step::Show("in"),
            Step::Deactivate,
            Step::Show("out"),
        ],
    )
}

fn hostile_names(tool: &Tool) -> Score {
    let world = World::made_by(tool.make, &HOSTILE);
    let mut score = Score::default();
    for (driver, program) in drivers(&world) {
        for at in 0..HOSTILE.len() {
            let steps = [
                Step::Activate(at),
                Step::Show("in"),
                Step::Whose,
                Step::Deactivate,
                Step::Show("out"),
            ];
            score.add(is_right(&world, driver, &program, &steps));
        }
    }
    score
}

fn says_when_run(tool: &Tool) -> Score {
    let world = World::made_by(tool.make, &["one"]);
    let mut score = Score::default();
    for (driver, program) in drivers(&world) {
        let mut command = world.sandbox.command(&program);
        command.args(&driver.command[1..]).arg(
            world.environments[0]
                .root
                .join("bin")
                .join(driver.language.script),
        );
        let output = world.finish(&mut command);
        score.add(!output.status.success() && says(&output, "source"));
    }
    score
}

fn says_when_dangling(tool: &Tool) -> Score {
    let world = World::made_by(tool.make, &["one"]);
    let bin = world.environments[0].root.join("bin");
    for name in ["python", "python3"] {
        fs::remove_file(bin.join(name)).ok();
        symlink("/nowhere/python3", bin.join(name)).unwrap();
    }
    let mut score = Score::default();
    for (driver, program) in drivers(&world) {
        let output = world.run(
            driver,
            &program,
            &driver.script(&world.roots(), &[Step::Activate(0)]),
        );
        score.add(output.status.success() && says(&output, "/bin/python"));
    }
    score
}

/// Whether a word is in what a shell says on stderr, where it may complain of something else.
fn says(output: &Output, word: &str) -> bool {
    String::from_utf8_lossy(&output.stderr).contains(word)
}

#[test]
fn rvenv_passes_every_check_that_the_others_are_compared_by() {
    let is_here =
        |tool: &&Tool| ["rvenv", "venv"].contains(&tool.name) || peer(tool.name).is_some();
    let tools: Vec<&Tool> = TOOLS.iter().filter(is_here).collect();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
    let mut table = format!(
        "| | {} |\n|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for row in &ROWS {
        write!(table, "| {} |", row.behaviour).unwrap();
        for tool in &tools {
            let Score { passed, made } = (row.check)(tool);
            assert!(
                tool.name != "rvenv" || passed == made,
                "{}: {passed} of {made}",
                row.behaviour
            );
            write!(table, " {passed} of {made} |").unwrap();
        }
        table.push('\n');
    }
    note(&table);
}
