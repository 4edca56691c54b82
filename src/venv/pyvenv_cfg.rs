//! `pyvenv.cfg` (PEP 405): an ordered list of keys and values.

use crate::sys::fs;
use crate::venv::create::Options;
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use anyhow::Result;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// The name of the file that makes a directory an environment.
pub(crate) const FILE_NAME: &str = "pyvenv.cfg";

/// The key that says which rvenv made the environment.
const OWN_KEY: &str = "rvenv";

/// The keys and values of a `pyvenv.cfg`, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PyvenvCfg {
    entries: Vec<(String, String)>,
}

impl PyvenvCfg {
    /// Returns what this interpreter's own `venv` would write, and after it the one key that is ours.
    pub(crate) fn new(interpreter: &Interpreter, options: &Options, layout: &Layout) -> Self {
        let mut cfg = Self {
            entries: Vec::new(),
        };
        cfg.push("home", interpreter.home.display());
        cfg.push("include-system-site-packages", options.system_site_packages);
        cfg.push("version", interpreter.version);
        if let Some(prompt) = options
            .prompt
            .as_ref()
            .filter(|_| interpreter.is_at_least(3, 8))
        {
            cfg.push("prompt", python_repr(prompt.shown(interpreter)));
        }
        if interpreter.is_at_least(3, 11) {
            cfg.push("executable", interpreter.real_executable.display());
            cfg.push("command", one_line(&command(interpreter, options, layout)));
        }
        cfg.push(OWN_KEY, env!("CARGO_PKG_VERSION"));
        cfg
    }

    /// Returns the keys and values of `text` as CPython's `site` reads them: lines with a `=`, both sides stripped.
    pub(crate) fn parse(text: &str) -> Self {
        let entry = |line: &str| {
            let (key, value) = line.split_once('=')?;
            Some((key.trim().to_lowercase(), value.trim().to_owned()))
        };
        Self {
            entries: text.split(['\n', '\r']).filter_map(entry).collect(),
        }
    }

    /// Reads the `pyvenv.cfg` in `root`; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// When there is none that can be read.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        Ok(Self::parse(&String::from_utf8_lossy(&fs::read(
            &root.join(FILE_NAME),
        )?)))
    }

    /// Returns the value of a key; of several, the last counts, as for CPython.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the keys that are there more than once, with different values.
    pub(crate) fn contradictions(&self) -> impl Iterator<Item = &str> {
        let is_last = |name: &str, value: &str| self.get(name) == Some(value);
        let others = self
            .entries
            .iter()
            .filter(move |(name, value)| !is_last(name, value));
        let names: BTreeSet<&str> = others.map(|(name, _)| name.as_str()).collect();
        names.into_iter()
    }

    /// Returns who made the environment, by the key that each but `venv` leaves.
    pub(crate) fn maker(&self) -> &'static str {
        let makers = [OWN_KEY, "uv", "virtualenv"];
        let maker = makers.into_iter().find(|key| self.get(key).is_some());
        maker.unwrap_or("venv")
    }

    /// Returns major and minor version, from `version` (venv) or `version_info` (virtualenv, uv).
    pub(crate) fn version(&self) -> Option<(u16, u16)> {
        let version = self.full_version()?;
        let mut parts = version.split('.').map(|part| part.parse().ok());
        Some((parts.next()??, parts.next()??))
    }

    /// Returns the version as it is written, from `version` (venv) or `version_info` (virtualenv, uv).
    pub(crate) fn full_version(&self) -> Option<&str> {
        self.get("version").or_else(|| self.get("version_info"))
    }

    /// Returns the prompt, which venv writes as Python's `repr` does, and others as it is.
    pub(crate) fn prompt(&self) -> Option<String> {
        let value = self.get("prompt")?;
        Some(from_python_repr(value).unwrap_or_else(|| value.to_owned()))
    }

    fn push(&mut self, key: &str, value: impl fmt::Display) {
        self.entries.push((key.to_owned(), value.to_string()));
    }
}

impl fmt::Display for PyvenvCfg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries
            .iter()
            .try_for_each(|(key, value)| writeln!(f, "{key} = {value}"))
    }
}

/// Returns the `python -m venv` line that makes the same environment, flags in CPython's order, nothing quoted.
fn command(interpreter: &Interpreter, options: &Options, layout: &Layout) -> String {
    let mut words = vec![format!("{} -m venv", interpreter.executable.display())];
    words.extend(options.venv_flags(interpreter));
    words.push(layout.root.display().to_string());
    words.join(" ")
}

/// Escapes what some readers take for the end of a line though CPython does not (CVE-2026-113715).
fn one_line(value: &str) -> String {
    value
        .replace('\u{85}', r"\x85")
        .replace('\u{2028}', r"\u2028")
        .replace('\u{2029}', r"\u2029")
}

/// Returns `text` as Python's `repr` writes it.
fn python_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut repr = String::from(quote);
    for char in text.chars() {
        match char {
            '\\' => repr.push_str(r"\\"),
            '\'' if quote == '\'' => repr.push_str(r"\'"),
            char if is_printable(char) => repr.push(char),
            char => repr.push_str(&python_escape(char)),
        }
    }
    repr.push(quote);
    repr
}

/// Rust escapes the same characters as Python, `'`, `"` and `\` aside: controls, formats, separators, unassigned.
///
/// The `a` keeps a combining character from being escaped for standing alone.
fn is_printable(char: char) -> bool {
    matches!(char, '\'' | '"')
        || ['a', char]
            .iter()
            .collect::<String>()
            .escape_debug()
            .count()
            == 2
}

fn python_escape(char: char) -> String {
    match char as u32 {
        0x0a => r"\n".to_owned(),
        0x0d => r"\r".to_owned(),
        0x09 => r"\t".to_owned(),
        code @ ..=0xff => format!(r"\x{code:02x}"),
        code @ ..=0xffff => format!(r"\u{code:04x}"),
        code => format!(r"\U{code:08x}"),
    }
}

/// Returns the string that Python's `repr` wrote as `repr`, or `None` where it is no such text.
fn from_python_repr(repr: &str) -> Option<String> {
    let quote = repr
        .chars()
        .next()
        .filter(|quote| matches!(quote, '\'' | '"'))?;
    let inner = repr.get(1..)?.strip_suffix(quote)?;
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        text.push(if char == '\\' {
            unescaped(&mut chars)?
        } else {
            char
        });
    }
    Some(text)
}

/// Returns the character that the escape after a backslash stands for.
fn unescaped(chars: &mut std::str::Chars) -> Option<char> {
    let digits = match chars.next()? {
        'n' => return Some('\n'),
        'r' => return Some('\r'),
        't' => return Some('\t'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        char => return Some(char),
    };
    let code: String = chars.take(digits).collect();
    char::from_u32(u32::from_str_radix(&code, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_python_writes_them() {
        for (text, expected) in [
            ("", "''"),
            ("plain", "'plain'"),
            ("it's", r#""it's""#),
            (r#"it's "q" x"#, r#"'it\'s "q" x'"#),
            (r"a\b", r"'a\\b'"),
            ("ünï 🐍 e\u{301}", "'ünï 🐍 e\u{301}'"),
            (
                "\u{a0}\u{85}\u{2028}\u{e000}\u{e0001}\t",
                r"'\xa0\x85\u2028\ue000\U000e0001\t'",
            ),
        ] {
            assert_eq!(python_repr(text), expected);
            assert_eq!(from_python_repr(expected).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_prompt_that_is_no_python_string_is_taken_as_it_is() {
        for (line, expected) in [
            ("prompt = 'it\\'s'", "it's"),
            ("prompt = plain", "plain"),
            ("prompt = 'open", "'open"),
            ("prompt = '\\x'", "'\\x'"),
            ("prompt = '", "'"),
        ] {
            assert_eq!(PyvenvCfg::parse(line).prompt().as_deref(), Some(expected));
        }
    }

    #[test]
    fn reads_what_it_writes_and_what_others_write() {
        let cfg = PyvenvCfg::parse(
            "home=/usr/bin\r\nVersion_Info = 3.12.1.final.0\nnonsense\nhome = /opt/bin\n\n",
        );
        assert_eq!(cfg.get("home"), Some("/opt/bin"));
        assert_eq!(cfg.version(), Some((3, 12)));
        assert_eq!(PyvenvCfg::parse(&cfg.to_string()), cfg);
        assert_eq!(PyvenvCfg::parse("version = x.y").version(), None);
    }
}
