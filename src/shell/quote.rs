//! A string as one literal of a shell's language: read back by that shell, it is the same string and nothing has run.

use std::fmt::Write as _;

/// POSIX single quotes, as `shlex.quote` puts them; a plain word stays bare.
pub(super) fn posix(value: &str) -> String {
    if is_plain(value) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// fish reads `\\` and `\'` inside single quotes and nothing else.
pub(super) fn fish(value: &str) -> String {
    if is_plain(value) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

/// csh looks for history in single quotes too, and `set backslash_quote` changes what a backslash does there: the
/// characters in question go outside the quotes.
pub(super) fn csh(value: &str) -> String {
    if is_plain(value) {
        return value.to_owned();
    }
    let mut quoted = String::from("'");
    for character in value.chars() {
        match character {
            '\'' | '\\' | '!' | '\n' => write!(quoted, "'\\{character}'"),
            _ => write!(quoted, "{character}"),
        }
        .expect("a String takes everything");
    }
    quoted + "'"
}

/// ASCII only: Windows PowerShell 5.1 reads a script in the code page of the machine, and any PowerShell takes U+2018 to
/// U+201B for single quotes.
pub(super) fn powershell(value: &str) -> String {
    if value.is_ascii() {
        return format!("'{}'", value.replace('\'', "''"));
    }
    let mut quoted = String::from("('");
    for unit in value.encode_utf16() {
        match u8::try_from(unit).ok().filter(u8::is_ascii) {
            Some(b'\'') => write!(quoted, "''"),
            Some(byte) => write!(quoted, "{}", char::from(byte)),
            None => write!(quoted, "' + [char] 0x{unit:04x} + '"),
        }
        .expect("a String takes everything");
    }
    quoted + "')"
}

/// What stands unquoted after `set NAME=` in a batch file: inside quotes, a quote in the value would end them.
pub(super) fn batch(value: &str) -> String {
    let mut quoted = String::new();
    for character in value.chars() {
        match character {
            '%' => quoted.push('%'),
            '^' | '&' | '|' | '<' | '>' | '(' | ')' | '"' | '!' => quoted.push('^'),
            _ => {}
        }
        quoted.push(character);
    }
    quoted
}

/// A nushell string in double quotes, which expand nothing.
pub(super) fn nu(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""))
}

/// A Python string, for Python itself and for xonsh.
pub(super) fn python(value: &str) -> String {
    let mut quoted = String::from("'");
    for character in value.chars() {
        match character {
            '\'' | '\\' => write!(quoted, "\\{character}"),
            _ if character.is_control() => write!(quoted, "\\x{:02x}", u32::from(character)),
            _ => write!(quoted, "{character}"),
        }
        .expect("a String takes everything");
    }
    quoted + "'"
}

/// A word that no shell sees anything in, wherever it stands.
pub(super) fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    !value.is_empty() && !value.starts_with('-') && value.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(quote: fn(&str) -> String, value: &str, expected: &str) {
        assert_eq!(quote(value), expected, "{value:?}");
    }

    #[test]
    fn leaves_a_plain_word_alone() {
        for quote in [posix, fish, csh] {
            check(quote, "/home/me/.venv-3.13", "/home/me/.venv-3.13");
        }
    }

    #[test]
    fn quotes_what_is_empty_or_looks_like_an_option() {
        for quote in [posix, fish, csh] {
            check(quote, "", "''");
            check(quote, "-x", "'-x'");
        }
    }

    #[test]
    fn posix_closes_the_quotes_around_a_quote() {
        check(posix, "it's", r"'it'\''s'");
        check(posix, "$(touch pwned)`x`\"!", "'$(touch pwned)`x`\"!'");
        check(posix, r"a\", r"'a\'");
    }

    #[test]
    fn fish_escapes_backslashes_and_quotes() {
        check(fish, r"it's \$HOME", r"'it\'s \\$HOME'");
        check(fish, "{a,b}(ls)", "'{a,b}(ls)'");
    }

    #[test]
    fn csh_keeps_history_and_backslashes_out_of_the_quotes() {
        check(csh, r"a!b\c'd", r"'a'\!'b'\\'c'\''d'");
        check(csh, "$x`y`", "'$x`y`'");
    }

    #[test]
    fn powershell_writes_ascii_only() {
        check(powershell, "it's $(x)`y", "'it''s $(x)`y'");
        check(
            powershell,
            "ü'\u{2019}",
            "('' + [char] 0x00fc + '''' + [char] 0x2019 + '')",
        );
        check(
            powershell,
            "😀",
            "('' + [char] 0xd83d + '' + [char] 0xde00 + '')",
        );
        check(powershell, "", "''");
    }

    #[test]
    fn batch_escapes_what_cmd_reads_in_a_bare_value() {
        check(batch, r#"C:\a b\100%&"x""#, r#"C:\a b\100%%^&^"x^""#);
        check(batch, "(^|!)", "^(^^^|^!^)");
    }

    #[test]
    fn nu_escapes_backslashes_and_quotes() {
        check(nu, r#"C:\"x" $y (z)"#, r#""C:\\\"x\" $y (z)""#);
    }

    #[test]
    fn python_escapes_what_would_end_the_line_or_the_string() {
        check(python, "it's\\\n\u{85}é", r"'it\'s\\\x0a\x85é'");
    }
}
