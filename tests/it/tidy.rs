//! The rules of the house that a program can see, each a test. One that is wrong for good is changed here, in the commit
//! that needs it.

use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// The modules of `src`, top first. One imports from the layers below its own, never from its own layer's others.
const LAYERS: &[&[&str]] = &[
    &["cli"],
    &["commands"],
    &["seed"],
    &["venv", "shell"],
    &["sys", "ui"],
    &["error"],
];

/// What the code (not the comments) of a part of `src` does without.
const UNKNOWN: &[(&str, &[&str])] = &[
    ("src/shell/", &["std::fs", "std::env", "std::path"]),
    ("src/sys/", &["python", "pyvenv"]),
];

/// In pieces, since this file is read too.
const FORBIDDEN_WORDS: &[&str] = &[
    concat!("to", "do"),
    concat!("fix", "me"),
    concat!("x", "xx"),
    concat!("db", "g!"),
];

/// Where developers work.
const OWN_PLACES: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/main"),
    concat!("/wo", "rk/shared"),
    concat!("/opt/", "lab"),
];

/// Where people live; the one in all examples is `me`.
const HOMES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!(r"\Us", r"ers\"),
];

const REGISTRY_HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.debian", ".org"),
    concat!("archive.ubuntu", ".com"),
];

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    let built_in = || OsString::from(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| built_in().into(), PathBuf::from)
}

/// The files of the project, found without git, which an unpacked archive lacks: all but what is built or an
/// environment, and of the hidden ones the project's own.
pub(crate) fn files() -> Vec<PathBuf> {
    let root = root();
    let below = WalkDir::new(&root).sort_by_file_name().into_iter();
    let files: Vec<PathBuf> = below
        .filter_entry(is_own)
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().strip_prefix(&root).unwrap().to_owned())
        .collect();
    assert!(
        files.len() > 20,
        "{} has too few files: {files:?}",
        root.display()
    );
    files
}

fn is_own(entry: &DirEntry) -> bool {
    const HIDDEN: &[&str] = &[".cargo", ".ci", ".github", ".gitattributes", ".gitignore"];
    const MADE: &[&str] = &["CACHEDIR.TAG", "pyvenv.cfg"];
    let name = entry.file_name().to_string_lossy();
    let is_made = entry.depth() > 0 && MADE.iter().any(|mark| entry.path().join(mark).exists());
    let is_hidden = entry.depth() == 1 && name.starts_with('.') && !HIDDEN.contains(&name.as_ref());
    !is_made && !is_hidden && name != "target"
}

/// Every text file: its path with `/`, and its text.
fn texts() -> Vec<(String, String)> {
    let read = |path: &PathBuf| String::from_utf8(fs::read(root().join(path)).unwrap()).ok();
    files()
        .iter()
        .filter_map(|path| Some((slashed(path), read(path)?)))
        .collect()
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn rust_files() -> Vec<(String, String)> {
    let mut files = texts();
    files.retain(|(file, _)| has_extension(file, "rs"));
    files
}

fn has_extension(file: &str, extension: &str) -> bool {
    Path::new(file)
        .extension()
        .is_some_and(|it| it == extension)
}

/// `src/venv/create.rs` is in `venv`, `src/ui.rs` in `ui`.
fn module(file: &str) -> Option<&str> {
    let below = file.strip_prefix("src/")?;
    below.split(['/', '.']).next()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The words that follow `mark`.
fn words_after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(mark)
        .skip(1)
        .map(|rest| rest.split(|it| !is_word(it)).next().unwrap())
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The text without its `//` comments, roughly: a `//` within a string ends the line as well.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The lines of each function: from the one with `fn` down to the brace at the same indentation, which rustfmt grants.
fn functions(text: &str) -> Vec<Range<usize>> {
    let lines: Vec<&str> = text.lines().collect();
    let opens = |&start: &usize| {
        let is_short = lines[start].ends_with(['}', ';']);
        is_function(lines[start].trim_start()) && !is_short
    };
    (0..lines.len())
        .filter(opens)
        .map(|start| {
            let indent = lines[start].len() - lines[start].trim_start().len();
            let closes = |line: &&str| {
                let (margin, rest) = line.split_at_checked(indent).unwrap_or_default();
                margin.trim().is_empty()
                    && (rest == "}" || rest.starts_with(')') && rest.ends_with(';'))
            };
            let length = lines[start..].iter().position(closes).unwrap();
            start..start + length + 1
        })
        .collect()
}

fn is_function(line: &str) -> bool {
    let line = line
        .strip_prefix("pub")
        .map_or(line, |rest| match rest.split_once(')') {
            Some((_, rest)) if line.starts_with("pub(") => rest,
            _ => rest,
        });
    let mut words = line.split_whitespace();
    words.find(|word| !matches!(*word, "const" | "async" | "unsafe")) == Some("fn")
}

/// Fails with every place where a rule is broken.
#[track_caller]
fn none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n  {}\n", broken.join("\n  "));
}

/// Fails with every line of `files` that is `bad`.
#[track_caller]
fn no_line(rule: &str, files: &[(String, String)], bad: impl Fn(&str, &str) -> bool) {
    let mut broken = Vec::new();
    for (file, text) in files {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| bad(file, line));
        broken.extend(lines.map(|(number, line)| format!("{file}:{number}: {}", line.trim())));
    }
    none(rule, &broken);
}

#[test]
fn every_module_has_its_layer() {
    let files = rust_files();
    let mut strangers: Vec<String> = files
        .iter()
        .filter_map(|(file, _)| module(file))
        .filter(|module| *module != "main" && layer(module).is_none())
        .map(str::to_owned)
        .collect();
    strangers.dedup();
    none(
        "a module of src is not in LAYERS of tests/it/tidy.rs",
        &strangers,
    );
}

#[test]
fn imports_point_down() {
    let mut broken = Vec::new();
    for (file, text) in rust_files() {
        let Some(own) = module(&file).filter(|own| layer(own).is_some()) else {
            continue;
        };
        let text = code(&text);
        let named = words_after(&text, "crate::").chain(words_after(&text, "super::"));
        for other in named.filter(|other| *other != own) {
            if layer(other).is_some_and(|theirs| theirs <= layer(own).unwrap()) {
                broken.push(format!("{file} imports `{other}`"));
            }
        }
    }
    none("an import points up or sideways", &broken);
    let hidden = |_: &str, line: &str| line.contains(concat!("crate", "::{"));
    no_line(
        "one `use` for each module, so that its layer shows",
        &rust_files(),
        hidden,
    );
}

#[test]
fn only_the_command_line_knows_clap() {
    let mut files = rust_files();
    files.retain(|(file, _)| module(file).and_then(layer).is_some_and(|it| it >= 2));
    let knows = |_: &str, line: &str| line.contains("clap");
    no_line("clap below `commands`", &files, knows);
}

#[test]
fn each_part_knows_only_what_is_its_business() {
    for (part, unknown) in UNKNOWN {
        let files: Vec<_> = rust_files()
            .into_iter()
            .filter(|(file, _)| file.starts_with(part))
            .map(|(file, text)| (file, code(&text).to_lowercase()))
            .collect();
        assert!(!files.is_empty(), "nothing is in {part}");
        let knows = |_: &str, line: &str| unknown.iter().any(|word| line.contains(word));
        no_line(
            &format!("{part} is to know nothing of {unknown:?}"),
            &files,
            knows,
        );
    }
}

#[test]
fn functions_fit_on_a_screen() {
    const MOST: usize = 60;
    let mut broken = Vec::new();
    for (file, text) in rust_files() {
        let long = functions(&text).into_iter().filter(|it| it.len() > MOST);
        broken.extend(long.map(|it| format!("{file}:{}: {} lines", it.start + 1, it.len())));
    }
    none(&format!("a function has more than {MOST} lines"), &broken);
}

#[test]
fn files_are_short() {
    const MOST: usize = 400;
    let lengths = rust_files()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > MOST);
    let broken: Vec<_> = long
        .map(|(file, lines)| format!("{file}: {lines} lines"))
        .collect();
    none(&format!("a file has more than {MOST} lines"), &broken);
}

#[test]
fn every_file_says_what_it_answers_for() {
    let silent = rust_files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "));
    let broken: Vec<_> = silent.map(|(file, _)| file).collect();
    none("a file does not open with `//!`", &broken);
}

#[test]
fn nothing_is_left_for_later() {
    let forbidden = |_: &str, line: &str| {
        let line = line.to_lowercase();
        let mut words = line.split(|letter| !is_word(letter) && letter != '!');
        words.any(|word| {
            let is = |it: &&str| word == *it || word.trim_end_matches('!') == *it;
            FORBIDDEN_WORDS.iter().any(is)
        })
    };
    no_line("a forbidden word", &texts(), forbidden);
}

#[test]
fn platforms_differ_in_files_or_items_not_within_functions() {
    let mut broken = Vec::new();
    for (file, text) in rust_files() {
        let lines: Vec<&str> = text.lines().collect();
        let bodies = functions(&text).into_iter().flatten();
        let inside = bodies.filter(|line| lines[*line].trim_start().starts_with("#[cfg"));
        broken.extend(inside.map(|line| format!("{file}:{}", line + 1)));
    }
    none("`#[cfg]` within a function", &broken);
}

#[test]
fn nothing_is_public_outside_of_the_crate() {
    let mut sources = rust_files();
    sources.retain(|(file, _)| file.starts_with("src/"));
    let public = |_: &str, line: &str| line.trim_start().starts_with("pub ");
    no_line("`pub(crate)`, so that dead code shows", &sources, public);
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let named = |_: &str, line: &str| {
        let mut users = HOMES.iter().flat_map(|place| words_after(line, place));
        users.any(|user| user != "me") || OWN_PLACES.iter().any(|place| line.contains(place))
    };
    no_line("a path of somebody's machine", &texts(), named);
}

#[test]
fn no_file_names_a_registry() {
    let mut files = texts();
    files.retain(|(file, _)| file != "Cargo.lock"); // cargo writes it
    let named = |_: &str, line: &str| REGISTRY_HOSTS.iter().any(|host| line.contains(host));
    no_line(
        "a registry's host name; the client is to know it",
        &files,
        named,
    );
}

#[test]
fn only_batch_files_have_crlf() {
    let mut broken = Vec::new();
    for (file, text) in texts() {
        let (feeds, both) = (text.matches('\n').count(), text.matches("\r\n").count());
        let wanted = if has_extension(&file, "bat") {
            feeds
        } else {
            0
        };
        if both != wanted || text.matches('\r').count() != both {
            broken.push(format!("{file}: {both} of {feeds} lines end in CRLF"));
        }
    }
    none("CRLF is for all of a `.bat` and nothing else", &broken);
}

#[test]
fn the_oldest_rust_is_written_once() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let version = manifest.split("rust-version = \"").nth(1).unwrap();
    let version = version.split('"').next().unwrap();
    let named = |file: &str, line: &str| {
        let line = format!("{file}: {line}").to_lowercase();
        let is_about_rust = ["rust", "msrv", "toolchain"]
            .iter()
            .any(|it| line.contains(it));
        let mut numbers = line.split(|it: char| !it.is_ascii_digit() && it != '.');
        is_about_rust && numbers.any(|it| it.trim_matches('.') == version)
    };
    let mut files = texts();
    files.retain(|(file, _)| file != "Cargo.lock" && file != "Cargo.toml");
    no_line(
        "`rust-version` in Cargo.toml says it already",
        &files,
        named,
    );
    let own = manifest.lines().filter(|line| named("Cargo.toml", line));
    assert_eq!(own.count(), 1, "Cargo.toml says it once");
}
