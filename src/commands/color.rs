//! `--color`: one answer for what rvenv says and for what clap does, which speaks before the options are known.

use crate::ui::Color;
use clap::{ColorChoice, ValueEnum};
use std::ffi::OsString;

/// When to write colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    #[value(alias = "")]
    Auto,
    Always,
    Never,
}

impl When {
    /// Returns what a command line asks for, else what the variable does; what is no answer is clap's to refuse.
    pub(crate) fn asked(line: &[OsString]) -> Self {
        let variable = || std::env::var("RVENV_COLOR").ok();
        let asked = typed(line).or_else(variable).unwrap_or_default();
        Self::from_str(&asked, false).unwrap_or(Self::Auto)
    }
}

/// Returns the value of the last `--color`, which may be shortened to where it is `--copies` no more.
fn typed(line: &[OsString]) -> Option<String> {
    let words = line.iter().take_while(|word| *word != "--");
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let value = |at: usize| {
        let (name, value) = words[at].split_once('=').unzip();
        let name = name.unwrap_or(&words[at]);
        let is_color = name.starts_with("--col") && "--color".starts_with(name);
        let value = value.or(words.get(at + 1).map(|next| &**next));
        value.filter(|_| is_color).map(str::to_owned)
    };
    (0..words.len()).rev().find_map(value)
}

impl From<When> for Color {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

impl From<When> for ColorChoice {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_is_typed_counts() {
        for (line, expected) in [
            ("--color never --help", Some("never")),
            ("delete --color=always --colo never", Some("never")),
            ("env --co --color", None),
            ("run -- --color never", None),
            ("--cache-dir x", None),
        ] {
            let line: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert_eq!(typed(&line).as_deref(), expected, "{line:?}");
        }
    }
}
