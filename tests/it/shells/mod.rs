//! Activation in real shells: every driver goes through the same steps and is held to the same model.
//!
//! A new shell is one row in `driver.rs`. `nu` is in npm's package `nushell`, as `node_modules/@nushell/*/bin/nu`.

mod comparison;
mod driver;
mod lint;
mod prompt;
mod summary;
mod trouble;
mod world;

pub(crate) use driver::find;
use driver::{DRIVERS, Driver, Step};
use std::path::PathBuf;
use world::{World, lines};

use crate::pythons::pythons;

/// Names that have a meaning to one shell or another, as paths and as prompts.
const NASTY: &[&str] = &[
    "sp ace",
    "two  spaces",
    "it's",
    "dq\"q",
    "$(touch pwned)",
    "`touch pwned`",
    "a;touch pwned;",
    "a&touch pwned|cat",
    "$HOME",
    "${HOME}",
    "wow!!",
    "!x!",
    "100%s%n%%",
    "%F{red}%v%1v",
    "#hash",
    "star*",
    "[a-z]?",
    "back\\slash\\n",
    "tail\\",
    "\\'\\\"",
    "{a,b}",
    "{env_name}",
    "-dash",
    "--",
    "~",
    "~root",
    "=ls",
    "a=b,c",
    "^caret^",
    "(ls)",
    "<in>out",
    "nel\u{85}x",
    "ls\u{2028}x",
    "\u{fc}n\u{ef} \u{65e5}\u{672c} \u{1f40d}",
    "\u{2018}curly\u{2019} \u{201c}double\u{201d}",
    "@VIRTUAL_ENV@",
    "@PROMPT@@BIN@",
];

/// The drivers that this machine has the shells for.
fn drivers() -> impl Iterator<Item = (&'static Driver, PathBuf)> {
    DRIVERS
        .iter()
        .filter_map(|driver| Some((driver, driver.program()?)))
}

/// Has every shell say `steps` and compares what it says with the model.
#[track_caller]
fn check(world: &World, steps: &[Step]) {
    let expected = world.expected(steps);
    for (driver, program) in drivers() {
        let said = world.said(driver, &program, steps);
        compare(driver, &said, &expected);
    }
}

/// Fails at the first line that differs.
#[track_caller]
fn compare(driver: &Driver, said: &[String], expected: &[String]) {
    for (said, expected) in said.iter().zip(expected) {
        assert_eq!(said, expected, "{}", driver.name);
    }
    assert_eq!(said.len(), expected.len(), "lines of {}", driver.name);
}

#[test]
fn every_template_has_a_driver() {
    for entry in std::fs::read_dir(lint::TEMPLATES).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let driven = DRIVERS.iter().any(|driver| driver.language.script == name);
        let elsewhere =
            ["activate.bat", "deactivate.bat", "activate_this.py"].contains(&name.as_str());
        assert!(driven || elsewhere, "no driver activates with {name}");
    }
}

#[test]
fn goes_in_and_out_of_environments() {
    use Step::{Activate, Back, Deactivate, Front, Nondestructive, Set, Show, Unset, Whose};
    let world = World::new(&["one", "two"]);
    let steps = [
        [Whose, Show("before"), Activate(0), Whose, Show("in-one")].as_slice(),
        &[
            Activate(0),
            Show("in-one-again"),
            Activate(1),
            Whose,
            Show("in-two"),
        ],
        &[
            Front("/front"),
            Back("/back"),
            Activate(0),
            Whose,
            Show("with-more"),
        ],
        &[
            Nondestructive,
            Whose,
            Show("out"),
            Activate(1),
            Show("back-in-two"),
        ],
        &[
            Deactivate,
            Whose,
            Show("out-again"),
            Set("PYTHONHOME", "/usr"),
        ],
        &[
            Activate(0),
            Show("home-is-gone"),
            Activate(1),
            Deactivate,
            Show("home-is-back"),
        ],
        &[
            Unset("PYTHONHOME"),
            Activate(0),
            Deactivate,
            Show("no-home"),
        ],
    ];
    check(&world, &steps.concat());
}

#[test]
fn no_string_is_ever_code() {
    let world = World::new(NASTY);
    for (driver, program) in drivers() {
        let mut steps = Vec::new();
        for at in (0..NASTY.len()).filter(|&at| driver.can_search(NASTY[at])) {
            for activate in [Step::Activate(at), Step::Evaluate(at)] {
                steps.extend([activate, Step::Show("in"), Step::Whose]);
                steps.extend([Step::Deactivate, Step::Show("out")]);
            }
        }
        compare(
            driver,
            &world.said(driver, &program, &steps),
            &world.expected(&steps),
        );
    }
    assert!(!world.sandbox.path("pwned").exists());
}

#[test]
fn a_running_python_is_activated() {
    let world = World::new(&["it's @PROMPT@"]);
    let environment = &world.environments[0];
    let text = "import os, runpy, sys; runpy.run_path(sys.argv[1]); print(sys.prefix); print(sys.path[0]); \
        print(os.environ['VIRTUAL_ENV'], os.environ['VIRTUAL_ENV_PROMPT'], os.environ['PATH'], sep='|')";
    for python in pythons() {
        let (major, minor) = python.version;
        let mut command = world.sandbox.command(&python.path);
        command
            .args(["-I", "-c", text])
            .arg(environment.root.join("bin/activate_this.py"));
        let said = lines(&world.finish(&mut command).stdout);
        let root = environment.root.display();
        let packages = format!("{root}/lib/python{major}.{minor}/site-packages");
        if world.sandbox.path(&packages).exists() {
            assert_eq!(
                said[..2],
                [root.to_string(), packages],
                "{}",
                python.path.display()
            );
        }
        assert!(
            said[2].starts_with(&format!("{root}|it's @PROMPT@|{root}/bin:")),
            "{said:?}"
        );
    }
}
