//! What was typed for another tool, or with a letter too many: the advice that is given instead of environments of such names.

mod options;
mod words;

use crate::commands::activation;
pub(crate) use crate::commands::mistake::options::advice as advice_on_option;
use crate::commands::mistake::words::Advice;
use crate::error::Hinted;
use crate::shell::SHELLS;
use crate::venv::pyvenv_cfg;
use anyhow::Error;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A command line of the drop-in form, in which something else than environments may be meant.
#[derive(Debug)]
pub(crate) struct Typed<'a> {
    /// The directories to make.
    pub(crate) env_dirs: &'a [OsString],
    /// All that was typed.
    pub(crate) line: &'a [OsString],
    /// The subcommands' names.
    pub(crate) names: &'a [&'a str],
}

impl Typed<'_> {
    /// Returns the error that says what was meant, where that is no directory.
    pub(crate) fn mistake(&self) -> Option<Error> {
        let is_unknown = |word: &&str| is_bare(word) && !self.names.contains(word);
        let (word, others) = self.env_dirs.split_first()?;
        let word = word.to_str().filter(is_unknown)?;
        // Behind `--` it is a directory.
        let mut before = self.line.iter().take_while(|typed| *typed != "--");
        before.find(|typed| *typed == word)?;
        let advice = words::advice(word, words::Number::of(others), self.names)?;
        // What options before it are for, nobody can tell.
        let rest = match self.line.split_first() {
            Some((first, rest)) if first == word => rest,
            _ => others,
        };
        // It was made, so it was meant.
        if Path::new(word).join(pyvenv_cfg::FILE_NAME).exists() {
            return None;
        }
        let message = format!("`{word}` is no subcommand, and an unlikely name for an environment");
        let hint = format!(
            "{} (a directory of that name is `./{word}`)",
            said(advice, rest)
        );
        Some(Hinted::error(message, hint))
    }
}

/// Returns whether a word looks like a subcommand, not like a path.
fn is_bare(word: &str) -> bool {
    !word.starts_with(['.', '-']) && !word.contains(['/', '\\'])
}

/// Returns whether a word looks like an option.
pub(crate) fn is_option(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

/// Returns the advice for a command line whose further words are `rest`.
fn said(advice: Advice, rest: &[OsString]) -> String {
    let meant = |command: &str, rest: &[OsString]| {
        let words = rest.iter().map(|word| format!(" {}", literal(word)));
        format!("{command}{}", words.collect::<String>())
    };
    let question = |command: &str, rest: &[OsString]| {
        let meant = meant(command, rest);
        format!("did you mean `rvenv {meant}`?")
    };
    match advice {
        Advice::Spelled(command) => question(command, rest),
        Advice::Instead(command) => question(command, &without_options(rest)),
        Advice::Alone(command) => question(command, &[]),
        Advice::Inside(command) => {
            let meant = meant(command, rest);
            format!("activate an environment, or type `rvenv run -- {meant}`")
        }
        Advice::Activate => {
            let named = rest.first().map(Path::new);
            format!("`{}` activates an environment", activation::of(named))
        }
        Advice::Deactivate => "type `deactivate` itself, in the shell that is activated".to_owned(),
    }
}

/// Returns a word as one is typed in most shells, an option as an option.
fn literal(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let name = word.trim_start_matches('-');
    let is_plain = name.len() < word.len() && (name.is_empty() || SHELLS[0].literal(name) == name);
    if is_plain {
        word.into_owned()
    } else {
        SHELLS[0].literal(&word)
    }
}

/// Returns the words that are no options, and all from `--` on.
fn without_options(words: &[OsString]) -> Vec<OsString> {
    let end = words.iter().position(|word| word == "--");
    let (before, after) = words.split_at(end.unwrap_or(words.len()));
    let before = before.iter().filter(|word| !is_option(word));
    before.chain(after).cloned().collect()
}
