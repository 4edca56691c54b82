//! Words that are typed where a subcommand stands: those of other tools, and those that are nearly one of ours.

use std::ffi::OsString;

/// What to do instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice<'a> {
    /// This command, with the same words behind it.
    Spelled(&'a str),
    /// This command, with the same words behind it, but for options, which are another tool's.
    Instead(&'a str),
    /// This command.
    Alone(&'a str),
    /// This program, inside an environment, with the same words behind it.
    Inside(&'a str),
    Activate,
    Deactivate,
}

/// How many directories there would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    One,
    /// As hardly anybody asks for.
    Several,
}

impl Number {
    /// Returns how many there are with these others.
    pub(super) fn of(others: &[OsString]) -> Self {
        if others.is_empty() {
            Self::One
        } else {
            Self::Several
        }
    }
}

/// What other tools call it, unless it may well be a name, as which [`SEVERAL`] has it.
const WORDS: &[(&str, Advice)] = &[
    ("activate", Advice::Activate),
    ("shell", Advice::Activate),
    ("use", Advice::Activate),
    ("workon", Advice::Activate),
    ("deactivate", Advice::Deactivate),
    ("del", Advice::Instead("delete")),
    ("destroy", Advice::Instead("delete")),
    ("erase", Advice::Instead("delete")),
    ("remove", Advice::Instead("delete")),
    ("rm", Advice::Instead("delete")),
    ("rmvirtualenv", Advice::Instead("delete")),
    ("uninstall", Advice::Instead("delete")),
    ("ls", Advice::Instead("list")),
    ("lsvirtualenv", Advice::Instead("list")),
    ("exec", Advice::Instead("run")),
    ("mkvirtualenv", Advice::Instead("create")),
    ("init", Advice::Instead("create")),
    ("find", Advice::Instead("python find")),
    ("which", Advice::Instead("python find")),
    ("doctor", Advice::Instead("check")),
    ("info", Advice::Instead("check")),
    ("verify", Advice::Instead("check")),
    ("upgrade", Advice::Instead("--upgrade")),
    ("mend", Advice::Instead("--upgrade")),
    ("repair", Advice::Instead("--upgrade")),
    ("prune", Advice::Alone("cache prune")),
    ("version", Advice::Alone("--version")),
];

/// The same for words that are names where they stand alone.
const SEVERAL: &[(&str, Advice)] = &[
    ("add", Advice::Inside("pip install")),
    ("install", Advice::Inside("pip install")),
    ("pip", Advice::Inside("pip")),
    ("clean", Advice::Alone("cache prune")),
    ("envs", Advice::Instead("list")),
    ("fix", Advice::Instead("--upgrade")),
    ("show", Advice::Instead("check")),
    ("source", Advice::Activate),
    ("status", Advice::Instead("check")),
];

/// Nearly a subcommand, and a name where it stands alone.
const NAMES: &[&str] = &[
    "cached", "caches", "cachet", "checks", "cheek", "chick", "chock", "chuck", "crate", "created",
    "creates", "deleted", "deletes", "pythons", "pythonw",
];

/// Returns what is meant by a word, unless it may be the name of an environment.
pub(super) fn advice<'a>(word: &str, number: Number, names: &[&'a str]) -> Option<Advice<'a>> {
    let lower = word.to_lowercase();
    let row = |table: &[(&str, Advice<'static>)]| {
        let mut rows = table.iter();
        rows.find(|(name, _)| *name == lower)
            .map(|(_, advice)| *advice)
    };
    let several = || row(SEVERAL).filter(|_| number == Number::Several);
    row(WORDS)
        .or_else(several)
        .or_else(|| nearest(word, number, names).map(Advice::Spelled))
}

/// Returns the subcommand that a word misspells.
fn nearest<'a>(word: &str, number: Number, names: &[&'a str]) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let is_name = NAMES.contains(&lower.as_str()) || names.contains(&lower.as_str());
    if is_name && number == Number::One || lower.ends_with(|end: char| end.is_ascii_digit()) {
        return None;
    }
    names
        .iter()
        .copied()
        .find(|name| misspells(&lower, name, number))
}

/// Returns whether a word is a name with a slip of the finger. Of short names most such are names of their own.
fn misspells(word: &str, name: &str, number: Number) -> bool {
    let distance = strsim::osa_distance(word, name);
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let is_swapped = distance <= 2 && letters(word) == letters(name);
    let begins_alike = word.chars().next() == name.chars().next();
    match (name.len(), number) {
        (..=3, Number::One) => false,
        (..=4, Number::One) => distance == 1 && is_swapped && begins_alike,
        (..=4, Number::Several) => {
            distance == 1 && begins_alike && (is_swapped || is_stuttered(word, name))
        }
        (..=7, _) => is_swapped || distance <= 1 && begins_alike,
        _ => distance <= 2 && begins_alike,
    }
}

/// Returns whether a word is a name with a letter twice, or with one that is missing.
fn is_stuttered(word: &str, name: &str) -> bool {
    let mut once: Vec<char> = word.chars().collect();
    once.dedup();
    let is_shortened = name.len() == word.len() + 1 && word.len() > 2;
    once.into_iter().eq(name.chars()) || is_shortened
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBCOMMANDS: &[&str] = &[
        "create",
        "activate-script",
        "delete",
        "check",
        "python",
        "cache",
        "list",
        "run",
        "completions",
        "man",
        "help",
    ];

    #[test]
    fn names_of_environments_are_names() {
        const GOOD: &str = "env venv virtualenv test tests testing build dev devel develop py3 py312 python3 python2 \
            python311 python3.12 myenv my-env lib ci docs doc main app apps api new tmp temp demo live lint linters site rust \
            crate cython jython ipython bpython pypy cpython py checks checker cached caches cachet map mac max many men mann fun \
            ran ruin last lisp mint mist lost lint listing runner running clean envs pip install add show fix django flask \
            project project_name web server client worker jupyter data ml notebook prod production staging old backup venv2 \
            black mypy ruff tox nox release default base root e v x a ENV Test manual held hero shelf kelp whelp help2";
        for word in GOOD.split_whitespace() {
            assert_eq!(advice(word, Number::One, SUBCOMMANDS), None, "{word}");
        }
    }

    #[test]
    fn names_of_several_environments_are_names() {
        const GOOD: &str = "env venv test tests build dev py3 py312 python3 lib ci docs main app new tmp demo live lint site \
            rust cython jython ipython pypy map mac max ran fun last lisp mist one a x checker runner";
        for word in GOOD.split_whitespace() {
            assert_eq!(advice(word, Number::Several, SUBCOMMANDS), None, "{word}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_no_name() {
        const BAD: &str = "delet delte dleete deleet dellete detele edlete deelte Delete_ deletee create_ creat craete crete \
            cerate rceate chek chekc chcek cehck chck chack check_ pyton pythno pyhton ptyhon phyton cach cahce chace \
            lsit lits completion complettions completoins activate-scrip activate_script activatescript activate-scritp";
        for word in BAD.split_whitespace() {
            for number in [Number::One, Number::Several] {
                let found = advice(word, number, SUBCOMMANDS);
                assert!(matches!(found, Some(Advice::Spelled(_))), "{word}");
            }
        }
    }

    #[test]
    fn what_is_a_name_alone_is_none_with_more_behind_it() {
        const BAD: &str = "runn rnu ruun mna lst llist lisst crate checks Delete CHECK pythons";
        for word in BAD.split_whitespace() {
            let found = advice(word, Number::Several, SUBCOMMANDS);
            assert!(matches!(found, Some(Advice::Spelled(_))), "{word}");
        }
    }

    #[test]
    fn a_word_of_another_tool_is_explained() {
        for (word, _) in WORDS {
            assert!(advice(word, Number::One, SUBCOMMANDS).is_some(), "{word}");
        }
        let advice = |word| advice(word, Number::Several, SUBCOMMANDS);
        assert_eq!(advice("rm"), Some(Advice::Instead("delete")));
        assert_eq!(advice("pip"), Some(Advice::Inside("pip")));
        assert_eq!(advice("deactivate"), Some(Advice::Deactivate));
    }

    #[test]
    fn no_word_is_a_subcommand() {
        for (word, _) in WORDS.iter().chain(SEVERAL) {
            assert!(!SUBCOMMANDS.contains(word), "{word}");
        }
    }
}
