//! What an activation script says, read without running it: those of venv, virtualenv, uv and ours.

use std::str::Chars;

/// The files that [`place`] understands, in `bin`.
pub(crate) const SCRIPTS: [&str; 3] = ["activate", "activate.csh", "activate.fish"];

/// What a place is given to, in one of the languages.
const ASSIGNMENTS: [&str; 5] = [
    "export VIRTUAL_ENV=",
    "VIRTUAL_ENV=",
    "setenv VIRTUAL_ENV ",
    "set -gx VIRTUAL_ENV ",
    "set -l root ",
];

/// What a backslash is in single quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backslash {
    /// A character like any other: sh and csh.
    Plain,
    /// What takes a quote or another backslash as it is: fish.
    Escape,
}

/// Returns the directory that a script activates, or `None` where it finds that out when it runs.
pub(crate) fn place(file_name: &str, script: &str) -> Option<String> {
    let backslash = match file_name {
        "activate.fish" => Backslash::Escape,
        _ => Backslash::Plain,
    };
    let value = |line: &str| {
        let line = line.trim();
        let value = ASSIGNMENTS
            .iter()
            .find_map(|start| line.strip_prefix(start))?;
        literal(value, backslash).filter(|place| !place.is_empty())
    };
    script.lines().find_map(value)
}

/// Returns the string that a word means to sh; `None` where it is more than a literal.
pub(crate) fn word(text: &str) -> Option<String> {
    literal(text, Backslash::Plain)
}

fn literal(text: &str, backslash: Backslash) -> Option<String> {
    let mut literal = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\'' => single_quoted(&mut chars, backslash, &mut literal)?,
            '"' => double_quoted(&mut chars, &mut literal)?,
            '\\' => literal.push(chars.next()?),
            '$' | '`' | '(' => return None,
            char if char.is_whitespace() || char == ';' => break,
            char => literal.push(char),
        }
    }
    Some(literal)
}

fn single_quoted(chars: &mut Chars, backslash: Backslash, literal: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '\'' => return Some(()),
            '\\' if backslash == Backslash::Escape && chars.as_str().starts_with(['\'', '\\']) => {
                literal.push(chars.next()?);
            }
            char => literal.push(char),
        }
    }
}

fn double_quoted(chars: &mut Chars, literal: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '"' => return Some(()),
            '$' | '`' => return None,
            '\\' if chars.as_str().starts_with(['"', '\\', '$', '`']) => {
                literal.push(chars.next()?);
            }
            char => literal.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Activation, SHELLS};

    #[track_caller]
    fn check(file_name: &str, script: &str, expected: Option<&str>) {
        assert_eq!(place(file_name, script).as_deref(), expected, "{script}");
    }

    #[test]
    fn the_place_is_read_from_the_scripts_of_every_tool() {
        let place = Some("/a b/env");
        check(
            "activate",
            "VIRTUAL_ENV=\"/a b/env\"\nexport VIRTUAL_ENV\n",
            place,
        );
        let venv = "    VIRTUAL_ENV=$(cygpath \"/x\")\n    export VIRTUAL_ENV='/a b/env'\n";
        check("activate", venv, place);
        check("activate.csh", "setenv VIRTUAL_ENV '/a b/env'\n", place);
        check("activate.fish", "set -gx VIRTUAL_ENV '/a b/env'\n", place);
        check(
            "activate",
            "VIRTUAL_ENV=''\"$(dirname -- \"$0\")\"''\n",
            None,
        );
        check(
            "activate.fish",
            "set -gx VIRTUAL_ENV ''(dirname x)''\n",
            None,
        );
        check("activate", "VIRTUAL_ENV='/open\n", None);
    }

    #[test]
    fn our_own_scripts_say_it_whatever_is_in_the_path() {
        for root in ["/env", r"/a b/it's \' \$x `y` !z", "/\"q\"(x);"] {
            let (bin, prompt) = ("bin", "env");
            let activation = Activation { root, bin, prompt };
            let all = SHELLS.iter().flat_map(|shell| {
                let activation = &activation;
                shell
                    .scripts
                    .iter()
                    .map(move |script| (script.file_name, shell.render(script, activation)))
            });
            for (file_name, text) in all.filter(|(name, _)| SCRIPTS.contains(name)) {
                check(file_name, &text, Some(root));
            }
        }
    }
}
