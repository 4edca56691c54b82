//! Two trees, what differs between them: paths, types, link targets, modes, contents; each kind of file by its own rule.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::bytecode;
use crate::pythons::Python;
use crate::sandbox::{Entry, tree};

/// The line by which rvenv says that an environment is its work.
pub(super) const SIGNATURE: &str = concat!("rvenv = ", env!("CARGO_PKG_VERSION"), "\n");

/// How the contents of a file are compared.
enum Kind {
    /// Not at all: they are our own.
    Activation,
    /// Byte by byte, but for the signature.
    Config,
    /// By the interpreter.
    Bytecode,
    /// Byte by byte.
    Plain,
}

impl Kind {
    fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap().to_string_lossy();
        let folder = path.parent().and_then(Path::file_name);
        let is_script = folder.is_some_and(|folder| folder == "bin");
        match &*name {
            "pyvenv.cfg" => Self::Config,
            name if is_script && name.to_lowercase().starts_with("activate") => Self::Activation,
            _ if path.extension().is_some_and(|end| end == "pyc") => Self::Bytecode,
            _ => Self::Plain,
        }
    }
}

/// Everything by which `second`, made by rvenv, is not like `first`, made by venv.
pub(super) fn differences(python: &Python, first: &Path, second: &Path) -> Vec<String> {
    let (mine, theirs) = (tree(second), tree(first));
    let paths: BTreeSet<&PathBuf> = theirs.keys().chain(mine.keys()).collect();
    let (mut found, mut bytecode) = (Vec::new(), Vec::new());
    for path in paths {
        match (theirs.get(path), mine.get(path)) {
            (Some(entry), None) => found.push(alone(path, "missing, venv makes a", entry)),
            (None, Some(entry)) => found.push(alone(path, "venv has no such", entry)),
            (Some(their), Some(my)) => found.extend(entry(path, their, my, &mut bytecode)),
            (None, None) => unreachable!(),
        }
    }
    found.extend(bytecode::differences(python, [first, second], &bytecode));
    found
}

fn alone(path: &Path, what: &str, entry: &Entry) -> String {
    let text = format!("{}: {what} {entry:?}", path.display());
    text.split(", written").next().unwrap().to_owned()
}

/// How one path differs; bytecode is put aside, to be compared all at once.
fn entry(path: &Path, theirs: &Entry, mine: &Entry, bytecode: &mut Vec<PathBuf>) -> Option<String> {
    let what = match (theirs, mine) {
        (
            Entry::File { mode, content, .. },
            Entry::File {
                mode: my_mode,
                content: my_content,
                ..
            },
        ) => modes(*mode, *my_mode).or_else(|| match Kind::of(path) {
            Kind::Activation => None,
            Kind::Config => config(content, my_content),
            Kind::Bytecode => {
                bytecode.push(path.to_owned());
                None
            }
            Kind::Plain => bytes(content, my_content),
        }),
        (Entry::Directory { mode }, Entry::Directory { mode: my_mode }) => modes(*mode, *my_mode),
        (theirs, mine) => {
            (theirs != mine).then(|| format!("is a {mine:?}, venv's is a {theirs:?}"))
        }
    };
    what.map(|what| format!("{}: {what}", path.display()))
}

fn modes(theirs: u32, mine: u32) -> Option<String> {
    (theirs != mine).then(|| format!("mode is {mine:04o}, venv's is {theirs:04o}"))
}

/// venv's keys, and then the signature; what some readers take for the end of a line is escaped in `command`.
fn config(theirs: &[u8], mine: &[u8]) -> Option<String> {
    let Some(mine) = mine.strip_suffix(SIGNATURE.as_bytes()) else {
        return Some(format!("does not end with `{}`", SIGNATURE.trim_end()));
    };
    let mut theirs = String::from_utf8(theirs.to_vec()).unwrap();
    for separator in ['\u{85}', '\u{2028}', '\u{2029}'] {
        theirs = theirs.replace(separator, &escaped(separator));
    }
    bytes(theirs.as_bytes(), mine)
}

/// As `repr()` writes it.
fn escaped(character: char) -> String {
    let number = u32::from(character);
    if number < 0x100 {
        format!("\\x{number:02x}")
    } else {
        format!("\\u{number:04x}")
    }
}

fn bytes(theirs: &[u8], mine: &[u8]) -> Option<String> {
    if theirs == mine {
        return None;
    }
    let [left, right] =
        [theirs, mine].map(|content| content.split(|&byte| byte == b'\n').collect::<Vec<_>>());
    let first = left
        .iter()
        .zip(&right)
        .position(|(left, right)| left != right);
    let line = first.unwrap_or(left.len().min(right.len()));
    let [left, right] = [left, right].map(|lines| excerpt(lines.get(line).copied()));
    Some(format!("line {} is {right}, venv's is {left}", line + 1))
}

fn excerpt(line: Option<&[u8]>) -> String {
    let text = line.map(|line| {
        String::from_utf8_lossy(line)
            .chars()
            .take(300)
            .collect::<String>()
    });
    text.map_or("missing".to_owned(), |text| format!("{text:?}"))
}
