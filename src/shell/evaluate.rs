//! A script as the text that its shell's `eval` is given, where it does not take it as it is.

use std::fmt::Write as _;

/// csh splits what a command in backquotes prints at blanks and line ends, and expands braces and patterns in it. So the
/// script goes on one line, and comes out of `printf`, in double quotes, which keep it whole.
pub(super) fn csh(script: &str) -> String {
    let statements = script
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut evaluated = String::from("eval \"`/usr/bin/printf '");
    for byte in statements.flat_map(|line| line.bytes().chain(*b"; ")) {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'/' | b'=' => evaluated.push(char::from(byte)),
            _ => write!(evaluated, "\\{byte:03o}").expect("a String takes everything"),
        }
    }
    evaluated + "'`\"\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csh_gets_one_line_that_means_nothing_to_it_but_quotes() {
        let evaluated = csh("# note\nset x = 'a*'\n\nset y\n");
        let expected =
            r#"eval "`/usr/bin/printf 'set\040x\040=\040\047a\052\047\073\040set\040y\073\040'`""#;
        assert_eq!(evaluated, format!("{expected}\n"));
    }
}
