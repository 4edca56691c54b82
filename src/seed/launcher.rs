//! Launchers: the scripts in `bin` that pip makes of entry points, in the form that this pip writes.

use crate::seed::entry_points::EntryPoint;
use crate::shell::read;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::io::{Cursor, Write as _};
use std::path::Path;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// How a version of pip writes launchers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LauncherStyle {
    /// The text after the shebang line, with `%(module)s`, `%(import_name)s` and `%(func)s`.
    template: String,
    /// Whether a plain shebang line is followed by a blank one, as before distlib 0.2.9.
    pub(super) blank_line: bool,
}

impl LauncherStyle {
    /// Returns the style of a pip, given those of its sources that may say it, most decisive first; the last one is
    /// `distlib/scripts.py`, which writes the file.
    pub(crate) fn of_pip(sources: &[String]) -> Option<Self> {
        let template = sources.iter().find_map(|source| template_in(source))?;
        let blank_line = sources.last()?.contains("shebang + linesep + script_bytes");
        Some(Self {
            template,
            blank_line,
        })
    }

    /// Returns what a launcher does, without the line that says which interpreter does it.
    pub(crate) fn script(&self, entry_point: &EntryPoint) -> String {
        let import_name = entry_point.attribute.split('.').next().unwrap_or_default();
        self.template
            .replace("%(module)s", &entry_point.module)
            .replace("%(import_name)s", import_name)
            .replace("%(func)s", &entry_point.attribute)
            .replace("%%", "%")
    }
}

/// Returns a launcher for POSIX that has the interpreter at `python` run `script`.
pub(super) fn posix_launcher(python: &str, blank_line: bool, script: &str) -> String {
    let mut launcher = shebang(python, LONGEST_SHEBANG);
    if blank_line && launcher.lines().count() == 1 {
        launcher.push('\n');
    }
    launcher + script
}

/// Returns the string literal in a Python source that a launcher is made of.
fn template_in(source: &str) -> Option<String> {
    let inside = source.find("from %(module)s import %(import_name)s")?;
    let (start, quotes) = ["\"\"\"", "'''"]
        .into_iter()
        .filter_map(|quotes| Some((source[..inside].rfind(quotes)? + quotes.len(), quotes)))
        .max()?;
    let end = inside + source[inside..].find(quotes)?;
    let literal = source[start..end].trim_start_matches("\\\n");
    Some(dedent(literal))
}

/// Takes the indentation of the first line away from every line, as `textwrap.dedent` does for such a literal.
fn dedent(text: &str) -> String {
    let indentation = &text[..text.len() - text.trim_start_matches(' ').len()];
    text.split_inclusive('\n')
        .map(|line| line.strip_prefix(indentation).unwrap_or(line))
        .collect()
}

/// The longest line that the kernel reads to find an interpreter, as distlib has it.
#[cfg(target_os = "macos")]
const LONGEST_SHEBANG: usize = 512;
#[cfg(not(target_os = "macos"))]
const LONGEST_SHEBANG: usize = 127;

/// Returns the line that starts `python`, in the form that pip writes: a plain one where the kernel can read it,
/// else one that is a `sh` script and a Python string at once.
fn shebang(python: &str, longest_line: usize) -> String {
    let quoted = format!("\"{python}\"");
    let has_space = python.contains(' ');
    if !has_space && python.len() + "#!\n".len() <= longest_line {
        return format!("#!{python}\n");
    }
    let word = match python {
        python if python.contains(['$', '`', '"', '\\']) || python.contains("'''") => {
            sh_and_python_word(python)
        }
        _ if has_space => quoted,
        python => sh_word(python),
    };
    format!("#!/bin/sh\n'''exec' {word} \"$0\" \"$@\"\n' '''\n")
}

/// Returns `python` as pip writes it where it has no space: bare, unless a shell would read it otherwise.
fn sh_word(python: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "/._-+@%:,=~".contains(char);
    if python.chars().all(is_plain) {
        python.to_owned()
    } else {
        sh_and_python_word(python)
    }
}

/// Returns a launcher with the line that starts the interpreter of the same name in `bin`, or `python` where that is not
/// there; `None` where it starts none, or Python 2. Options of the interpreter stay.
pub(super) fn repointed(
    launcher: &[u8],
    bin: &Path,
    is_there: impl Fn(&str) -> bool,
) -> Option<Vec<u8>> {
    let (head, tail) = launcher.split_at(length_of_head(launcher));
    let (word, rest) = divided(std::str::from_utf8(head).ok()?)?;
    let (python, options) = match word.split_once(' ') {
        Some((python, options)) if !word.starts_with(['"', '\'']) => (python, options),
        _ => (word, ""),
    };
    let name = python.rsplit('/').next()?.trim_end_matches(['"', '\'']);
    let own = [name, "python"].into_iter().find(|name| is_there(name))?;
    if !is_python(name) || name.starts_with("python2") {
        return None;
    }
    let own = bin.join(own);
    let start = match options.trim() {
        "" => shebang(own.to_str()?, LONGEST_SHEBANG),
        options => with_options(own.to_str()?, options)?,
    };
    Some([start.as_bytes(), rest.as_bytes(), tail].concat())
}

/// Returns the length in bytes of the lines that start an interpreter; what follows may be any bytes.
fn length_of_head(launcher: &[u8]) -> usize {
    let lines = if launcher.starts_with(b"#!/bin/sh\n") {
        3
    } else {
        1
    };
    let lines = launcher.split_inclusive(|byte| *byte == b'\n').take(lines);
    lines.map(<[u8]>::len).sum()
}

/// Returns the line that starts `python` with options, where a plain line can.
fn with_options(python: &str, options: &str) -> Option<String> {
    let line = format!("#!{python} {options}\n");
    (!python.contains(' ') && line.len() <= LONGEST_SHEBANG).then_some(line)
}

/// Returns the absolute path of the interpreter that a script starts, or `None` where it starts another program, or finds
/// out when it runs which.
pub(super) fn python(text: &str) -> Option<String> {
    let (word, _) = divided(text)?;
    let python = if text.starts_with("#!/bin/sh\n") {
        read::word(word)?
    } else {
        word.split_whitespace().next()?.to_owned()
    };
    let name = Path::new(&python).file_name()?.to_str()?;
    (python.starts_with('/') && is_python(name)).then_some(python)
}

/// Divides a script into what it names to start it, which may be quoted for `sh`, and what is started.
fn divided(text: &str) -> Option<(&str, &str)> {
    let (line, rest) = text.split_once('\n')?;
    if line != "#!/bin/sh" {
        return Some((line.strip_prefix("#!")?.trim_end_matches('\r'), rest));
    }
    let (exec, rest) = rest.strip_prefix("'''exec' ")?.split_once('\n')?;
    let word = exec.strip_suffix(" \"$0\" \"$@\"")?;
    Some((word, rest.strip_prefix("' '''\n")?))
}

fn is_python(name: &str) -> bool {
    (name.starts_with("python") || name.starts_with("pypy")) && !name.contains(char::is_whitespace)
}

/// Quotes a path so that `sh` reads it literally, and a Python string in `'''` that it stands in neither ends nor
/// has an escape: pip's double quotes let `$(…)` run (CVE-2026-113722).
fn sh_and_python_word(python: &str) -> String {
    let mut word = String::new();
    for run in python.split_inclusive(['\'', '\\']) {
        let (plain, special) = run.split_at(run.trim_end_matches(['\'', '\\']).len());
        if !plain.is_empty() {
            word.extend(["'", plain, "'"]);
        }
        match special {
            "'" => word.push_str(r#""'""#),
            "\\" => word.push_str(r#""\\""#),
            _ => {}
        }
    }
    word
}

/// Returns a launcher for Windows: a program that reads the line behind it and runs the archive behind that.
///
/// `stub` is the program, as distlib brings it.
///
/// # Errors
/// When the archive cannot be written.
pub(crate) fn windows_launcher(stub: &[u8], python: &str, script: &str) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("__main__.py", SimpleFileOptions::default())?;
    archive.write_all(script.as_bytes())?;
    let quote = if python.contains(' ') { "\"" } else { "" };
    let line = format!("#!{quote}{python}{quote}\r\n");
    Ok([stub, line.as_bytes(), archive.finish()?.get_ref()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_pointed_to_the_interpreter_beside_it() {
        let check = |text: &str, expected: Option<&str>| {
            let bin = Path::new("/new/bin");
            let repointed = repointed(text.as_bytes(), bin, |name| name == "python3");
            let expected = expected.map(|rest| format!("#!/new/bin/python3{rest}").into_bytes());
            assert_eq!(repointed, expected, "{text}");
        };
        check("#!/old/bin/python3\nimport x\n", Some("\nimport x\n"));
        check("#!/old/bin/python3\r\nimport x\r\n", Some("\nimport x\r\n"));
        check("#!/old/bin/python3 -E\nimport x\n", Some(" -E\nimport x\n"));
        for word in [
            "\"/o ld/bin/python3\"",
            "'/o ld$/bin/python3'",
            "/long/bin/python3",
        ] {
            let text = format!("#!/bin/sh\n'''exec' {word} \"$0\" \"$@\"\n' '''\nimport x\n");
            check(&text, Some("\nimport x\n"));
        }
        for other in ["#!/bin/sh\necho\n", "#!/old/bin/python2\n", "x"] {
            check(other, None);
        }
    }

    #[test]
    fn the_interpreter_of_a_script_is_read_as_sh_reads_it() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(python(text).as_deref(), expected, "{text}");
        };
        check("#!/e/bin/python3\nx\n", Some("/e/bin/python3"));
        check("#!/e/bin/python3 -E\nx\n", Some("/e/bin/python3"));
        for path in ["/a b/python3", "/a 'b\\c$(d)\"/python3"] {
            check(&format!("{}x\n", shebang(path, 127)), Some(path));
        }
        let relocatable = "\"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python'";
        let text = format!("#!/bin/sh\n'''exec' {relocatable} \"$0\" \"$@\"\n' '''\nx\n");
        for text in [
            "#!/usr/bin/env python3\n",
            "#!/bin/sh\nx\n",
            "#!python\n",
            "#!\n",
            "",
            &text,
        ] {
            check(text, None);
        }
    }

    #[test]
    fn shebangs_are_those_of_pip_and_never_run_what_is_in_a_path() {
        let check = |python: &str, expected: &str| assert_eq!(shebang(python, 127), expected);
        check("/e/bin/python3", "#!/e/bin/python3\n");
        check(
            "/e $/python",
            "#!/bin/sh\n'''exec' '/e $/python' \"$0\" \"$@\"\n' '''\n",
        );
        check(
            "/a b/python",
            "#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\n",
        );
        check(
            r"/a 'b\c$(d)",
            "#!/bin/sh\n'''exec' '/a '\"'\"'b'\"\\\\\"'c$(d)' \"$0\" \"$@\"\n' '''\n",
        );
        let long = format!("/{}", "x".repeat(125));
        check(
            &long,
            &format!("#!/bin/sh\n'''exec' {long} \"$0\" \"$@\"\n' '''\n"),
        );
        check(&long[..124], &format!("#!{}\n", &long[..124]));
    }

    #[test]
    fn the_template_is_found_in_every_form_it_has_had() {
        let body = "import sys\nfrom %(module)s import %(import_name)s\nsys.exit(%(func)s())\n";
        let indented = format!("        {}\n", body.trim_end().replace('\n', "\n        "));
        for source in [
            format!(
                "A = '''other'''\nSCRIPT_TEMPLATE = r'''{body}'''\n\ndef f(): \"\"\"doc\"\"\"\n"
            ),
            format!("    maker.script_template = r\"\"\"{body}\"\"\"\n"),
            format!("    script_template = textwrap.dedent(\"\"\"\\\n{indented}\"\"\")\n"),
        ] {
            assert_eq!(template_in(&source).as_deref(), Some(body));
        }
    }

    #[test]
    fn a_windows_launcher_is_a_program_a_line_and_an_archive() {
        let launcher = windows_launcher(b"MZ", r"C:\a b\python.exe", "import sys\n").unwrap();
        assert!(launcher.starts_with(b"MZ#!\"C:\\a b\\python.exe\"\r\nPK"));
        let mut archive = zip::ZipArchive::new(Cursor::new(launcher)).unwrap();
        let main = std::io::read_to_string(archive.by_name("__main__.py").unwrap()).unwrap();
        assert_eq!(main, "import sys\n");
    }

    #[test]
    fn whatever_a_launcher_is_it_starts_what_is_beside_it_or_is_left_alone() {
        const PIECES: [&str; 20] = [
            "#!",
            "#!/bin/sh\n'''exec' ",
            "/old/bin/",
            "python3",
            "python",
            "pypy3",
            "/",
            "\n",
            "\n",
            "'''exec' ",
            "\"",
            "'",
            " \"$0\" \"$@\"\n",
            "' '''\n",
            "$(x)",
            " -E",
            "..",
            "é",
            "\r\n",
            "\0",
        ];
        let mut random = fastrand::Rng::with_seed(1);
        let mut count = 0;
        for _ in 0..50_000 {
            let pieces = random.usize(..9);
            let text = (0..pieces).map(|_| *random.choice(PIECES.iter()).unwrap());
            let text: String = text.collect();
            let bin = Path::new("/new/bin");
            if let Some(repointed) = repointed(text.as_bytes(), bin, |name| name == "python3") {
                let rest = repointed.strip_prefix(b"#!/new/bin/python3");
                let rest = rest.and_then(|rest| str::from_utf8(rest).ok()).unwrap();
                let (_, rest) = rest.split_once('\n').unwrap();
                assert!(text.ends_with(rest), "{text:?}");
                count += 1;
            }
        }
        assert!(count > 10, "{count}");
    }
}
