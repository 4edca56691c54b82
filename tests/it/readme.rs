//! README.md keeps its word: its two commands work, and it names every flag and every difference.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::help;
use crate::sandbox::Sandbox;
use crate::tidy::{files, root};

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|err| panic!("{file}: {err}"))
}

/// The one line in the `sh` block below `<!-- command: NAME -->`.
fn command(name: &str) -> String {
    let (readme, mark) = (read("README.md"), format!("<!-- command: {name} -->\n"));
    let block = readme.split_once(&mark).and_then(|(_, rest)| {
        let (_, rest) = rest
            .trim_start()
            .split_once("```sh\n")
            .filter(|(gap, _)| gap.is_empty())?;
        Some(rest.split_once("\n```")?.0.trim().to_owned())
    });
    block
        .filter(|block| !block.contains('\n'))
        .unwrap_or_else(|| {
            panic!(
                "README.md has no `{}` with a ```sh block of one line below it",
                mark.trim()
            )
        })
}

/// What stands below `## TITLE`.
pub(crate) fn section(title: &str) -> String {
    let (readme, heading) = (read("README.md"), format!("\n## {title}\n"));
    let below = readme
        .split_once(&heading)
        .map(|(_, rest)| rest.split("\n## ").next().unwrap());
    below
        .unwrap_or_else(|| panic!("README.md has no section `## {title}`"))
        .to_owned()
}

fn copy_tree(to: &Path) {
    for file in files() {
        let copy = to.join(&file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(root().join(&file), copy).unwrap();
    }
}

/// A release that is quick to build, since it is only to run once.
const QUICK: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// In a copy of the tree, with an empty HOME; what is built stays in `target/tmp`, so that the next time is quick.
#[test]
fn the_build_command_builds_rvenv_and_makes_an_environment() {
    let sandbox = Sandbox::new();
    copy_tree(&sandbox.path(""));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let mut shell = sandbox.command("sh");
    shell.args(["-ec", &command("build")]).envs(rust());
    shell.envs(QUICK).env("CARGO_TARGET_DIR", target);
    shell.assert().success();
    let below = WalkDir::new(sandbox.path("")).into_iter().flatten();
    let mut files = below.map(walkdir::DirEntry::into_path);
    let made = files
        .find(|file| file.ends_with("pyvenv.cfg"))
        .expect("an environment");
    let mut python = sandbox.python(made.parent().unwrap());
    python.args(["-m", "pip", "--version"]).assert().success();
}

/// Where Rust is, for a command that has another HOME.
fn rust() -> impl Iterator<Item = (&'static str, OsString)> {
    let homes = [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")].map(|(variable, folder)| {
        let usual = || Some(std::env::home_dir()?.join(folder).into_os_string());
        Some((variable, std::env::var_os(variable).or_else(usual)?))
    });
    let toolchain = std::env::var_os("RUSTUP_TOOLCHAIN").map(|name| ("RUSTUP_TOOLCHAIN", name));
    homes.into_iter().chain([toolchain]).flatten()
}

#[test]
fn the_test_command_is_what_ci_runs() {
    let command = command("test");
    assert!(
        read(".ci/run").lines().any(|line| line.trim() == command),
        ".ci/run has no line `{command}`"
    );
    let workflow = read(".github/workflows/ci.yml");
    assert!(
        workflow.contains(&format!("run: {command}\n")),
        "ci.yml has no step `{command}`"
    );
}

#[test]
fn every_flag_is_named() {
    let helps: Vec<String> = help::helps(&[]).into_values().collect();
    let readme = read("README.md");
    let named: Vec<&str> = flags(&readme).collect();
    let missing = helps
        .iter()
        .flat_map(|help| flags(help))
        .find(|flag| !named.contains(flag));
    assert_eq!(missing, None, "README.md names every flag but this one");
}

/// So that GitHub shows it, and tells nobody who looks at it.
#[test]
fn the_picture_loads_nothing_and_runs_nothing() {
    let picture = read("docs/terminal.svg");
    for part in ["@import", "url(h", "href", "<script", "<foreignObject"] {
        assert!(!picture.contains(part), "{part} in docs/terminal.svg");
    }
    assert!(picture.len() < 30_000 && read("README.md").contains("(docs/terminal.svg)"));
}

/// With `--help`, which is obeyed where all before it is understood.
#[test]
fn every_command_line_is_understood() {
    let sandbox = Sandbox::new();
    for command in command_lines(&read("README.md")) {
        let assert = sandbox.rvenv(&command).arg("--help").assert();
        let output = assert.get_output();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "rvenv {command:?}: {stderr}");
    }
}

/// The words behind each `rvenv` in a block or span of code, up to where the shell ends the command.
fn command_lines(text: &str) -> Vec<Vec<&str>> {
    const ENDS: &[char] = &['#', '|', '&', ';', ')', '>', '\\', '`'];
    let mut lines = Vec::new();
    for code in code(text) {
        for (start, name) in code.match_indices("rvenv ") {
            let is_word = code[..start].ends_with([' ', '(', '`', '"']) || start == 0;
            let rest = code[start + name.len()..].split(ENDS).next().unwrap();
            let rest = rest.split(" -- ").next().unwrap();
            let words = rest
                .split_whitespace()
                .map(|it| it.trim_matches(['[', ']']));
            lines.extend(is_word.then(|| words.collect()));
        }
    }
    lines
}

/// The lines of the blocks, and what stands between backticks elsewhere.
fn code(text: &str) -> Vec<&str> {
    let mut is_block = false;
    let mut pieces = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_block = !is_block;
        } else if is_block {
            pieces.push(line);
        } else {
            pieces.extend(line.split('`').skip(1).step_by(2));
        }
    }
    pieces
}

#[test]
fn a_command_line_ends_where_the_shell_says() {
    let text = "rvenv -x\n`rvenv a | b`, `not-rvenv -y`\n```\n- run: rvenv run [--temp] -- ruff -z\n  eval \"$(rvenv c)\" # rvenv.\n```\n";
    let expected: [&[&str]; 3] = [&["a"], &["run", "--temp"], &["c"]];
    assert_eq!(command_lines(text), expected);
}

/// Every `--flag`.
fn flags(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
        .filter(|word| word.len() > 2 && word.starts_with("--") && !word.starts_with("---"))
}

#[test]
fn every_difference_is_named() {
    let section = section("Differences from `python -m venv`");
    for difference in crate::parity::DIFFERENCES {
        let (name, reason) = (difference.name, difference.reason);
        assert!(
            section.contains(name),
            "README.md, in its section of differences, is to name {name}: {reason}"
        );
    }
}
