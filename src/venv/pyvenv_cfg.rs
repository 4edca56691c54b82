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

/// The longest one that is read, in bytes.
pub(crate) const LONGEST: u64 = 1 << 20;

/// The key that says which rvenv made the environment.
const OWN_KEY: &str = "rvenv";

/// The keys and values of a `pyvenv.cfg`, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PyvenvCfg {
    entries: Vec<(String, String)>,
}

/// Returns whether a directory is an environment by having the file, whatever is in it.
pub(crate) fn is_in(root: &Path) -> bool {
    root.join(FILE_NAME).exists()
}

/// Returns whether an executable is that of an environment, by where it is (PEP 405).
pub(crate) fn is_above(executable: &Path) -> bool {
    executable
        .parent()
        .and_then(Path::parent)
        .is_some_and(is_in)
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
            Some((strip(key).to_lowercase(), strip(value).to_owned()))
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
        let bytes = fs::read_head(&root.join(FILE_NAME), LONGEST)?;
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
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

/// Takes away what Python's `str.strip` does, which is more than white space.
fn strip(text: &str) -> &str {
    text.trim_matches(|char: char| char.is_whitespace() || matches!(char, '\x1c'..='\x1f'))
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

    /// Returns a text that is full of what matters to a reader of such files.
    fn text(random: &mut fastrand::Rng) -> String {
        const PIECES: [&str; 34] = [
            "home",
            "HOME",
            "Home ",
            "include-system-site-packages",
            "version",
            "prompt",
            "=",
            "=",
            " = ",
            "==",
            "true",
            "false",
            "/usr/bin",
            "3.13.0",
            "'it\\'s'",
            "\"\\u2028\"",
            "\n",
            "\n",
            "\r",
            "\r\n",
            "\t",
            " ",
            "\u{b}",
            "\u{c}",
            "\u{1c}",
            "\u{1f}",
            "\u{85}",
            "\u{a0}",
            "\u{2028}",
            "\u{feff}",
            "\u{180e}",
            "İ",
            "Σ",
            "#",
        ];
        let pieces = random.usize(..40);
        (0..pieces)
            .map(|_| *random.choice(PIECES.iter()).unwrap())
            .collect()
    }

    #[test]
    fn whatever_is_read_is_read_again_as_the_same() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..5000 {
            let mut bytes = text(&mut random).into_bytes();
            for _ in 0..random.usize(..3).min(bytes.len()) {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
            let cfg = PyvenvCfg::parse(&String::from_utf8_lossy(&bytes));
            assert_eq!(PyvenvCfg::parse(&cfg.to_string()), cfg, "{bytes:?}");
            let _ = (cfg.version(), cfg.prompt());
        }
    }

    /// `site.venv` of every version, on many texts at once.
    #[test]
    fn python_reads_the_same() {
        const SITE: &str = "
import json, sys
for text in json.load(sys.stdin):
    with open(sys.argv[1], 'w', newline='', encoding='utf-8') as file:
        file.write(text)
    home = system = None
    with open(sys.argv[1], encoding='utf-8') as file:
        for line in file:
            if '=' in line:
                key, _, value = line.partition('=')
                key, value = key.strip().lower(), value.strip()
                if key == 'include-system-site-packages':
                    system = value
                elif key == 'home':
                    home = value
    print(json.dumps([home, system]))
";
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        let mut random = fastrand::Rng::with_seed(2);
        let texts: Vec<String> = (0..1000).map(|_| text(&mut random)).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut python = Command::new("python3");
        python.args(["-c", SITE]).arg(file.path());
        python.stdin(Stdio::piped()).stdout(Stdio::piped());
        // Not every machine has one, and `tests/it` says so.
        let Ok(mut python) = python.spawn() else {
            return;
        };
        let input = serde_json::to_vec(&texts).unwrap();
        python.stdin.take().unwrap().write_all(&input).unwrap();
        let output = python.wait_with_output().unwrap();
        let answers = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answers.lines().count(), texts.len());
        for (text, answer) in texts.iter().zip(answers.lines()) {
            let expected: [Option<String>; 2] = serde_json::from_str(answer).unwrap();
            let cfg = PyvenvCfg::parse(text);
            let found = ["home", "include-system-site-packages"].map(|key| cfg.get(key));
            assert_eq!(found, expected.each_ref().map(Option::as_deref), "{text:?}");
        }
    }
}
