//! The prompt: what PS1 holds, and what a shell on a terminal draws.

use std::path::Path;
use std::process::Output;

use super::driver::{Driver, find};
use super::world::{World, lines};
use super::{NASTY, drivers};
use crate::pythons::pythons;
use crate::sandbox::missing;

/// What each POSIX shell prints that reads `text`, which activates the environment `a b`; silent on stderr.
#[track_caller]
fn check(variables: &[(&str, &str)], text: &str, expected: &[&str]) {
    let mut world = World::new(&["a b"]);
    for (name, value) in variables {
        world.set(name, value);
    }
    for (driver, program) in drivers().filter(|(driver, _)| driver.is_posix()) {
        let output = world.run(driver, &program, &driver.strictly(text));
        assert_eq!(
            lines(&output.stderr),
            Vec::<String>::new(),
            "{}",
            driver.name
        );
        assert_eq!(lines(&output.stdout), expected, "{}", driver.name);
    }
}

#[test]
fn stands_before_the_old_prompt_and_goes_again() {
    let text = "PS1='old> '; . \"$E0/bin/activate\"; echo \"$PS1\"; deactivate; echo \"$PS1\"";
    check(&[], text, &["(a b) old> ", "old> "]);
}

#[test]
fn is_drawn_once_after_a_second_activation() {
    let text = "PS1='old> '; . \"$E0/bin/activate\"; . \"$E0/bin/activate\"; echo \"$PS1\"; deactivate; echo \"$PS1\"";
    check(&[], text, &["(a b) old> ", "old> "]);
}

#[test]
fn stays_away_where_it_is_disabled() {
    let text = "PS1='old> '; . \"$E0/bin/activate\"; echo \"$PS1$VIRTUAL_ENV_PROMPT\"; deactivate; echo \"$PS1\"";
    check(
        &[("VIRTUAL_ENV_DISABLE_PROMPT", "1")],
        text,
        &["old> a b", "old> "],
    );
    check(
        &[("VIRTUAL_ENV_DISABLE_PROMPT", "")],
        text,
        &["(a b) old> a b", "old> "],
    );
}

#[test]
fn is_not_exported() {
    let text = "PS1='old> '; . \"$E0/bin/activate\"; /usr/bin/env | grep -c ^PS1= || :";
    check(&[], text, &["0"]);
}

#[test]
fn an_unset_prompt_is_unset_again() {
    let text =
        "unset PS1; . \"$E0/bin/activate\"; echo \"$PS1\"; deactivate; echo \"${PS1-unset}\"";
    check(&[], text, &["(a b) ", "unset"]);
}

#[test]
fn a_prompt_that_may_not_be_written_is_left_alone() {
    let text = "PS1='old> '; readonly PS1; . \"$E0/bin/activate\"; echo \"$PS1\"; deactivate; echo \"$PS1\"";
    check(&[], text, &["old> ", "old> "]);
}

#[test]
fn leaves_no_names_behind() {
    let text = ". \"$E0/bin/activate\"; deactivate; set | grep -i -E '^_*(old_virtual|rvenv|virtual)' || :; \
        for name in deactivate _rvenv_activate _rvenv_place _rvenv_prompt; do \
        if command -v \"$name\"; then echo \"$name\"; fi; done";
    check(&[], text, &[]);
}

#[test]
fn deactivate_stays_while_it_is_nondestructive() {
    let text = ". \"$E0/bin/activate\"; deactivate nondestructive; deactivate nondestructive; deactivate; \
        deactivate 2> /dev/null || echo gone; echo \"${VIRTUAL_ENV-unset}\"";
    check(&[], text, &["gone", "unset"]);
}

/// A shell at a terminal: what makes its prompt `READY> ` without this line showing it, and how it activates and leaves.
struct Terminal {
    command: &'static [&'static str],
    prompt: &'static str,
    script: &'static str,
}

const POSIX_PROMPT: &str = "PS1='REA''DY> '";

const TERMINALS: &[Terminal] = &[
    terminal(
        &["bash", "--norc", "--noprofile", "--noediting", "-iu"],
        POSIX_PROMPT,
        "activate",
    ),
    terminal(
        &[
            "bash",
            "--norc",
            "--noprofile",
            "--noediting",
            "--posix",
            "-i",
        ],
        POSIX_PROMPT,
        "activate",
    ),
    terminal(
        &["zsh", "-f", "-i", "+Z"],
        "unsetopt prompt_cr prompt_sp; PS1='REA''DY> '",
        "activate",
    ),
    terminal(
        &["zsh", "-f", "-i", "-u", "+Z"],
        "unsetopt prompt_cr prompt_sp; setopt prompt_subst prompt_bang ksh_arrays; psvar=(mine); PS1='REA''DY> '",
        "activate",
    ),
    terminal(&["dash", "-i"], POSIX_PROMPT, "activate"),
    terminal(&["busybox", "sh", "-i"], POSIX_PROMPT, "activate"),
    terminal(&["ksh", "-i"], POSIX_PROMPT, "activate"),
    terminal(&["mksh", "-i"], POSIX_PROMPT, "activate"),
    terminal(&["yash", "--norcfile", "-i"], POSIX_PROMPT, "activate"),
    terminal(
        &["tcsh", "-f", "-i"],
        "unset edit; set prompt = 'REA''DY> '",
        "activate.csh",
    ),
    terminal(
        &["fish", "--no-config", "-i"],
        "function fish_prompt; echo -n 'REA''DY> '; end",
        "activate.fish",
    ),
];

const fn terminal(
    command: &'static [&'static str],
    prompt: &'static str,
    script: &'static str,
) -> Terminal {
    Terminal {
        command,
        prompt,
        script,
    }
}

impl Terminal {
    /// What is drawn while each environment is activated and left.
    fn draws(&self, world: &World, program: &Path, count: usize) -> Output {
        let source = if self.script == "activate" {
            "."
        } else {
            "source"
        };
        let visit = |at| format!("{source} \"$E{at}\"/bin/{}\ndeactivate\n", self.script);
        let visits: String = (0..count).map(visit).collect();
        let typed = format!("{}\n{visits}", self.prompt);
        let driver = world
            .sandbox
            .write("terminal.py", include_str!("terminal.py"));
        let mut command = world.sandbox.command(&pythons()[0].path);
        command
            .arg(driver)
            .arg(program)
            .args(&self.command[1..])
            .write_stdin(typed);
        world.finish(&mut command)
    }
}

#[test]
fn no_prompt_is_ever_code() {
    let names: Vec<_> = NASTY
        .iter()
        .copied()
        .filter(|name| name.chars().all(printable))
        .collect();
    let mut world = World::new(&names);
    world.set("TERM", "dumb");
    for terminal in TERMINALS {
        let Some(program) = find(terminal.command[0]) else {
            missing(terminal.command[0]);
            continue;
        };
        let output = terminal.draws(&world, &program, names.len());
        let drawn = String::from_utf8_lossy(&output.stdout);
        for name in &names {
            assert!(
                drawn.contains(&format!("({name}) READY> ")),
                "{:?}: {name}\n{drawn}",
                terminal.command
            );
        }
        assert!(
            drawn.ends_with("\nREADY> ") || drawn.ends_with("\rREADY> "),
            "{:?}\n{drawn}",
            terminal.command
        );
    }
    assert!(!world.sandbox.path("pwned").exists());
}

/// U+0085 and U+2028 are not drawn as they are by every shell.
fn printable(character: char) -> bool {
    !character.is_control() && character != '\u{2028}'
}

#[test]
fn the_old_fish_prompt_still_sees_how_the_last_command_ended() {
    let world = World::new(&["a b"]);
    let fish = |driver: &&(&Driver, _)| driver.0.name == "fish";
    let Some((driver, program)) = drivers().find(|it| fish(&it)) else {
        return;
    };
    let text = "function fish_prompt; echo -n \"$status [$pipestatus] \"; end\n\
        source \"$E0\"/bin/activate.fish\n\
        false | true | false\nfish_prompt\necho \"| $status\"\n\
        deactivate\nfalse\nfish_prompt";
    let output = world.run(driver, &program, text);
    assert_eq!(lines(&output.stderr), Vec::<String>::new());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("(a b)") && said.contains(" 1 [1 0 1] "),
        "{said}"
    );
    assert!(said.ends_with("1 [1] "), "{said}");
}

#[test]
fn the_nushell_prompt_is_text() {
    let world = World::new(&["a (b) $c"]);
    let Some((driver, program)) = drivers().find(|(driver, _)| driver.name == "nu") else {
        return;
    };
    let text = driver.script(&world.roots(), &[super::driver::Step::Activate(0)]);
    let text =
        format!("$env.PROMPT_COMMAND = {{|| 'old> ' }}\n{text}print (do $env.PROMPT_COMMAND)\n");
    let text = text + "deactivate\nprint (do $env.PROMPT_COMMAND)";
    let output = world.run(driver, &program, &text);
    assert_eq!(
        lines(&output.stdout),
        ["(a (b) $c) old> ", "old> "],
        "{output:?}"
    );
}
