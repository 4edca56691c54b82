//! Activation where something is wrong: an environment that was moved, a Python that is gone, a script that is run, a
//! shell with next to nothing in its environment, names that the user has taken.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::driver::{DRIVERS, Driver, Step};
use super::world::{World, lines};
use super::{check, compare, drivers};

/// The scripts that can find out where they are; in ksh, only ksh93's.
fn knows_its_place(driver: &Driver) -> bool {
    let name = driver.name.split(' ').next().unwrap();
    ["bash", "zsh", "ksh", "fish", "nu", "pwsh"].contains(&name)
}

/// Activates the only environment of `world` in each shell, which has to succeed with one line on stderr. Returns it.
#[track_caller]
fn warning(world: &World, driver: &Driver) -> Option<String> {
    let program = driver.program()?;
    let steps = [
        Step::Activate(0),
        Step::Show("in"),
        Step::Deactivate,
        Step::Show("out"),
    ];
    let output = world.run(driver, &program, &driver.script(&world.roots(), &steps));
    let errors = lines(&output.stderr);
    assert!(output.status.success(), "{}: {errors:?}", driver.name);
    assert_eq!(errors.len(), 1, "{}: {errors:?}", driver.name);
    if knows_its_place(driver) {
        compare(driver, &lines(&output.stdout), &world.expected(&steps));
    }
    errors.into_iter().next()
}

/// Fails unless a warning names an environment and says what mends it, in no words that a shell would take for code.
#[track_caller]
fn advises(line: &str, environment: &Path, driver: &Driver) {
    let is_named = line.contains(environment.to_str().unwrap());
    let is_advice = line.ends_with("; to mend it: rvenv --upgrade, with its path");
    assert!(is_named && is_advice, "{}: {line}", driver.name);
}

#[test]
fn says_that_an_environment_was_moved_and_activates_where_it_is() {
    let mut world = World::new(&["the old"]);
    let old = world.environments[0].root.clone();
    let new = old.with_file_name("the $new");
    fs::rename(&old, &new).unwrap();
    world.environments[0].root.clone_from(&new);
    for driver in DRIVERS {
        let Some(line) = warning(&world, driver) else {
            continue;
        };
        let named = if knows_its_place(driver) { &new } else { &old };
        assert!(
            line.contains(old.to_str().unwrap()),
            "{}: {line}",
            driver.name
        );
        advises(&line, named, driver);
    }
}

#[test]
fn another_name_for_the_same_place_is_not_a_move() {
    let world = World::new(&["one"]);
    let root = &world.environments[0].root;
    symlink(root, world.sandbox.path("link")).unwrap();
    let steps = [Step::Activate(0), Step::Show("in")];
    for (driver, program) in
        drivers().filter(|(driver, _)| ["bash", "zsh", "fish"].contains(&driver.name))
    {
        let script = driver
            .script(&world.roots(), &steps)
            .replace("\"$E0\"", "link")
            .replace("$E0", "link");
        let output = world.run(driver, &program, &script);
        assert_eq!(
            lines(&output.stderr),
            Vec::<String>::new(),
            "{}",
            driver.name
        );
        compare(driver, &lines(&output.stdout), &world.expected(&steps));
    }
}

#[test]
fn says_that_the_python_is_gone() {
    let world = World::new(&["one"]);
    let root = &world.environments[0].root;
    let python = root.join("bin/python");
    fs::remove_file(&python).unwrap();
    symlink("/nowhere/bin/python3", &python).unwrap();
    for driver in DRIVERS {
        let Some(line) = warning(&world, driver) else {
            continue;
        };
        assert!(
            line.contains(python.to_str().unwrap()),
            "{}: {line}",
            driver.name
        );
        advises(&line, root, driver);
    }
}

#[test]
fn says_that_it_must_be_sourced() {
    let world = World::new(&["it's one"]);
    let can_say = ["activate", "activate.fish", "activate.csh"];
    for (driver, program) in
        drivers().filter(|(driver, _)| can_say.contains(&driver.language.script))
    {
        let bin = world.environments[0].root.join("bin");
        for script in [
            bin.join(driver.language.script),
            driver.language.script.into(),
        ] {
            let mut command = world.sandbox.command(&program);
            command
                .args(&driver.command[1..])
                .arg(&script)
                .current_dir(&bin);
            let output = world.finish(&mut command);
            let errors = lines(&output.stderr);
            assert_eq!(
                output.status.code(),
                Some(33),
                "{}: {errors:?}",
                driver.name
            );
            assert!(
                errors.len() == 1 && errors[0].contains("must be sourced"),
                "{}: {errors:?}",
                driver.name
            );
        }
    }
}

#[test]
fn an_empty_path_is_empty_again() {
    let world = World::new(&["one"]);
    let steps = [
        Step::Set("PATH", ""),
        Step::Activate(0),
        Step::Show("in"),
        Step::Deactivate,
        Step::Show("out"),
    ];
    check(&world, &steps);
}

#[test]
fn needs_nothing_in_the_environment() {
    let mut world = World::new(&["one"]);
    for name in ["PATH", "HOME", "LANG"] {
        world.unset(name);
    }
    for (driver, program) in drivers() {
        let said = world.said(
            driver,
            &program,
            &[
                Step::Activate(0),
                Step::Show("in"),
                Step::Deactivate,
                Step::Show("out"),
            ],
        );
        let bin = world.environments[0].bin();
        assert!(
            said[0].contains(&format!("PATH={bin}")),
            "{}: {}",
            driver.name,
            said[0]
        );
        assert!(!said[1].contains(&bin), "{}: {}", driver.name, said[1]);
    }
}

#[test]
fn an_unset_path_is_unset_again() {
    let world = World::new(&["one"]);
    let steps = [Step::Activate(0), Step::Deactivate];
    for (driver, program) in drivers().filter(|(driver, _)| driver.is_posix()) {
        let script = driver.script(&world.roots(), &steps) + "echo \"${PATH+set}\"\n";
        let output = world.run(driver, &program, &format!("unset PATH\n{script}"));
        assert_eq!(
            lines(&output.stderr),
            Vec::<String>::new(),
            "{}",
            driver.name
        );
        assert_eq!(lines(&output.stdout), [""], "{}", driver.name);
    }
}

#[test]
fn an_environment_active_outside_gives_way_inside() {
    let mut world = World::new(&["one", "two"]);
    let one = &world.environments[0];
    let (root, path) = (
        one.root.display().to_string(),
        format!("/first:{}:/usr/bin:/bin", one.bin()),
    );
    world.set("VIRTUAL_ENV", &root);
    world.set("VIRTUAL_ENV_PROMPT", "one");
    world.set("PATH", &path);
    let steps = [
        Step::Show("before"),
        Step::Activate(1),
        Step::Show("in"),
        Step::Deactivate,
        Step::Show("out"),
    ];
    check(&world, &steps);
    check(
        &world,
        &[
            Step::Activate(0),
            Step::Show("again"),
            Step::Deactivate,
            Step::Show("out"),
        ],
    );
}

#[test]
fn an_empty_pythonhome_is_empty_again() {
    let mut world = World::new(&["one"]);
    world.set("PYTHONHOME", "");
    let steps = [
        Step::Activate(0),
        Step::Show("in"),
        Step::Deactivate,
        Step::Show("out"),
    ];
    // PowerShell cannot set a variable to nothing; it leaves this one alone, as Python does.
    for (driver, program) in drivers().filter(|(driver, _)| driver.name != "pwsh") {
        compare(
            driver,
            &world.said(driver, &program, &steps),
            &world.expected(&steps),
        );
    }
}

/// Names that users take, with what each shell calls a function or an alias; the sourcing itself goes around them.
const TAKEN: &[(&str, &str)] = &[
    (
        "bash",
        "shopt -s expand_aliases; alias deactivate=false; hash() { echo hash; return 9; }; function . { echo dot; return 9; }",
    ),
    (
        "zsh",
        "alias deactivate=false; hash() { echo hash; return 9; }; function . { echo dot; return 9; }",
    ),
    (
        "dash",
        "deactivate() { echo no; return 9; }; hash() { echo hash; return 9; }; alias deactivate=false",
    ),
    (
        "ksh",
        "deactivate() { echo no; return 9; }; alias hash=false",
    ),
    (
        "mksh",
        "deactivate() { echo no; return 9; }; alias hash=false",
    ),
    (
        "yash",
        "deactivate() { echo no; return 9; }; alias hash=false",
    ),
    (
        "busybox",
        "deactivate() { echo no; return 9; }; hash() { echo hash; return 9; }",
    ),
    (
        "fish",
        "function .; echo dot; return 9; end; function hash; return 9; end; function deactivate; echo no; end",
    ),
    (
        "tcsh",
        "alias deactivate 'echo no'; alias hash 'echo no'; alias test 'echo no'",
    ),
];

#[test]
fn the_users_own_names_do_no_harm() {
    let world = World::new(&["one"]);
    let steps = [
        Step::Activate(0),
        Step::Show("in"),
        Step::Deactivate,
        Step::Show("out"),
    ];
    for (name, taken) in TAKEN {
        let driver = DRIVERS.iter().find(|driver| driver.name == *name).unwrap();
        let Some(program) = driver.program() else {
            continue;
        };
        let script = driver.script(&world.roots(), &steps);
        let script = if ["bash", "zsh"].contains(name) {
            script.replace(". \"", "builtin . \"")
        } else {
            script
        };
        let output = world.run(driver, &program, &format!("{taken}\n{script}"));
        assert_eq!(lines(&output.stderr), Vec::<String>::new(), "{name}");
        compare(driver, &lines(&output.stdout), &world.expected(&steps));
    }
}

#[test]
fn takes_over_from_venvs_own_scripts_and_gives_way_to_them() {
    let mut world = World::new(&["one", "two"]);
    world.replace_scripts_by_venvs(1);
    let (ours, theirs) = (Step::Activate(0), Step::Activate(1));
    let steps = [
        theirs,
        ours,
        Step::Show("after-theirs"),
        Step::Deactivate,
        Step::Show("out"),
    ];
    let back = [
        ours,
        theirs,
        Step::Show("after-ours"),
        Step::Deactivate,
        Step::Show("out"),
    ];
    let steps = [steps, back].concat();
    for name in ["bash posix", "zsh", "dash", "fish"] {
        let driver = DRIVERS.iter().find(|driver| driver.name == name).unwrap();
        let Some(program) = driver.program() else {
            continue;
        };
        compare(
            driver,
            &world.said(driver, &program, &steps),
            &world.expected(&steps),
        );
    }
}
