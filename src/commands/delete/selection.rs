//! Which environments to delete where nobody has named them: those that are broken, or those that stdin lists; and asking
//! whether that is meant.

use crate::commands::check::{self, Checked};
use crate::commands::list::nothing;
use crate::commands::survey::{Levels, Wanted, roots, survey};
use crate::error::Hinted;
use crate::sys::fs;
use crate::ui::{self, Answer, Ui};
use crate::venv::check::{Anatomy, Depth};
use anyhow::{Context as _, Result, bail};
use serde_json::{Deserializer, Value};
use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

/// What stands for stdin.
pub(super) const STDIN: &str = "-";

/// How much of what is not understood is shown, in characters.
const LONGEST_EXCERPT: usize = 60;

/// An environment that somebody may want to be deleted.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    /// What is wrong with it, as far as that is the reason.
    pub(super) problem: Option<String>,
}

/// Returns the environments below these directories that are broken.
///
/// # Errors
/// When one is no directory.
pub(super) fn broken(ui: Ui, typed: &[OsString], levels: Levels) -> Result<Vec<Candidate>> {
    let roots = roots(typed)?;
    let found = survey(ui, roots.clone(), levels, Wanted::Broken).environments;
    if found.is_empty() {
        ui.answer(nothing(&roots, Wanted::Broken));
    }
    let found = found.into_iter().map(|it| (it.root, it.checked));
    let (doomed, kept): (Vec<_>, Vec<_>) = found.partition(|(_, checked)| checked.is_of_no_use());
    for (path, checked) in kept {
        let (path, problems) = (path.display(), checked.problems());
        ui.answer(format_args!("kept `{path}`, which can be used: {problems}"));
    }
    let candidate = |(path, checked): (PathBuf, Checked)| Candidate {
        path,
        problem: Some(checked.problems()),
    };
    Ok(doomed.into_iter().map(candidate).collect())
}

/// Refuses an environment that is not broken any more.
///
/// # Errors
/// When somebody has mended it meanwhile.
pub(super) fn refuse_mended(root: &Path) -> Result<()> {
    let anatomy = Anatomy::of(root);
    let findings = check::findings(&anatomy, Depth::Glance);
    if Checked::new(&anatomy, &findings).is_of_no_use() {
        return Ok(());
    }
    Err(Hinted::error(
        format!("`{}` is not broken any more, so it stays", root.display()),
        "`rvenv delete` with its name deletes it nonetheless",
    ))
}

/// Returns the environments that stdin lists.
///
/// # Errors
/// When it holds anything else.
pub(super) fn listed(ui: Ui) -> Result<Vec<Candidate>> {
    const HINT: &str =
        "`rvenv list --json` prints it, as in `rvenv list --json --broken | rvenv delete -`";
    let mut stdin = io::stdin();
    if stdin.is_terminal() {
        let message = "`-` stands for a list of environments on stdin, which is a terminal";
        return Err(Hinted::error(message, HINT));
    }
    let mut text = Vec::new();
    stdin
        .read_to_end(&mut text)
        .context("failed to read stdin")?;
    let paths = paths(&text).map_err(|problem| {
        Hinted::error(format!("stdin is no list of environments: {problem}"), HINT)
    })?;
    if paths.is_empty() {
        ui.answer("there is nothing to delete: the list on stdin is empty");
    }
    let candidate = |path| Candidate {
        path,
        problem: None,
    };
    Ok(paths.into_iter().map(candidate).collect())
}

/// Returns the paths of the objects in a text, in arrays or one after the other, each once; or what is wrong with it.
fn paths(text: &[u8]) -> Result<Vec<PathBuf>, String> {
    let mut items = Vec::new();
    let mut is_empty = true;
    for value in Deserializer::from_slice(text).into_iter::<Value>() {
        is_empty = false;
        match value.map_err(|err| format!("it is not JSON: {err}"))? {
            Value::Array(array) => items.extend(array),
            value => items.push(value),
        }
    }
    if is_empty {
        return Err("nothing is there".to_owned());
    }
    let mut seen = HashSet::new();
    let mut paths: Vec<PathBuf> = items.iter().map(path).collect::<Result<_, _>>()?;
    paths.retain(|path| seen.insert(fs::real(path)));
    Ok(paths)
}

fn path(item: &Value) -> Result<PathBuf, String> {
    let path = item.get("path").and_then(Value::as_str).ok_or_else(|| {
        let text = item.to_string();
        let excerpt: String = text.chars().take(LONGEST_EXCERPT).collect();
        let rest = if excerpt.len() < text.len() {
            "…"
        } else {
            ""
        };
        format!("`{excerpt}{rest}` has no `path`")
    })?;
    if path.contains(char::REPLACEMENT_CHARACTER) {
        return Err(format!(
            "`{path}` is not what the environment is called, which JSON cannot say"
        ));
    }
    let is_absolute = PathBuf::from(path).is_absolute();
    let relative = || format!("`{path}` is no absolute path");
    is_absolute.then(|| path.into()).ok_or_else(relative)
}

/// Whether to ask before deleting what nobody has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// It is to be asked for, at the terminal.
    Wanted,
    /// A program would be asked.
    Impossible,
    Given,
    /// Nothing is deleted.
    Needless,
}

/// Shows what is about to be deleted, and goes on if that is meant.
///
/// # Errors
/// When it is not, or nobody is there to ask.
pub(super) fn confirm(ui: Ui, candidates: &[Candidate], consent: Consent) -> Result<()> {
    let lines: Vec<String> = candidates.iter().map(Candidate::line).collect();
    let lines = lines.join("\n");
    let these = match candidates.len() {
        1 => "this environment".to_owned(),
        number => format!("these {number} environments"),
    };
    let answer = match consent {
        Consent::Given | Consent::Needless => {
            ui.answer(lines);
            return Ok(());
        }
        Consent::Impossible => None,
        Consent::Wanted => ui.confirm(format_args!("{lines}\ndelete {these}?")),
    };
    match answer {
        Some(Answer::Yes) => Ok(()),
        Some(Answer::No) => bail!("nothing was deleted"),
        None => Err(Hinted::error(
            format!("nobody can be asked whether to delete {these}:\n{lines}"),
            "`--yes` deletes them without asking, `--dry-run` says what it would delete",
        )),
    }
}

impl Candidate {
    fn line(&self) -> String {
        let path = self.path.display();
        let line = match &self.problem {
            Some(problem) => format!("{path}: {problem}"),
            None => path.to_string(),
        };
        ui::printable(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_objects_with_absolute_paths() {
        let [one, other] = if cfg!(windows) {
            [r"C:\one", r"C:\other"]
        } else {
            ["/one", "/other"]
        };
        let item = |path: &str| serde_json::json!({"path": path, "size": 1}).to_string();
        let [first, second] = [one, other].map(item);
        let check = |text: &str, expected: &[&str]| {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(paths(text.as_bytes()), Ok(expected), "{text}");
        };
        check("[]", &[]);
        check(&format!("[{first}, {second}, {first}]\n"), &[one, other]);
        check(&format!("{first}\n{second}\n"), &[one, other]);
        check(&format!("[{first}] []\n[{second}]"), &[one, other]);
    }

    #[test]
    fn anything_else_is_none() {
        let check = |text: &str, expected: &str| {
            let problem = paths(text.as_bytes()).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        };
        check("", "nothing is there");
        check(" \n", "nothing is there");
        check("no JSON", "it is not JSON: expected");
        check("[{\"path\": \"/one\"}", "it is not JSON: EOF");
        check("[{\"path\": 1}]", "`{\"path\":1}` has no `path`");
        check("[\"/one\"]", "`\"/one\"` has no `path`");
        check("{\"error\": \"…\", \"hint\": null}", "has no `path`");
        check("[{\"path\": \"one\"}]", "`one` is no absolute path");
        check("[{\"path\": \"/\u{fffd}\"}]", "which JSON cannot say");
        check("[{\"path\": \"\"}]", "`` is no absolute path");
        check(&format!("[\"{}\"]", "ü".repeat(100)), "ü…` has no `path`");
    }
}
