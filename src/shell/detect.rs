//! Which shell somebody is in, told from the names of the processes that started this one.

use crate::shell::{self, Shell};

/// Returns the shell that the first of `processes` that is one tells, nearest first, else the one that `$SHELL` names.
///
/// A process is told by its name or its path: `bash`, `-zsh`, `/usr/bin/fish`, `pwsh.exe`.
pub(crate) fn detect(
    processes: impl Iterator<Item = String>,
    login_shell: Option<&str>,
) -> Option<&'static Shell> {
    let mut names = processes.chain(login_shell.map(str::to_owned));
    names.find_map(|name| shell_of(&name))
}

/// Returns the shell that a process is. A Python is no shell, though there is a script for it.
fn shell_of(process: &str) -> Option<&'static Shell> {
    let name = process
        .rsplit(['/', '\\'])
        .next()?
        .trim_start_matches('-')
        .to_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    let stem =
        name.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.' || char == '-');
    let shell = shell::named(name).or_else(|| shell::named(stem))?;
    Some(shell).filter(|shell| !shell.names.contains(&"python"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(processes: &[&str], login_shell: Option<&str>, expected: Option<&str>) {
        let processes = processes.iter().map(ToString::to_string);
        let found = detect(processes, login_shell).map(|shell| shell.names[0]);
        assert_eq!(found, expected);
    }

    #[test]
    fn the_nearest_process_that_is_a_shell_tells() {
        check(&["time", "-zsh", "fish"], None, Some("bash"));
        check(&["fish"], Some("/bin/bash"), Some("fish"));
        check(
            &[r"C:\Program Files\PowerShell\7\pwsh.exe"],
            None,
            Some("powershell"),
        );
        check(&["ksh93"], None, Some("bash"));
        check(&["python3.11", "tcsh"], None, Some("tcsh"));
    }

    #[test]
    fn the_login_shell_tells_where_no_process_does() {
        check(&["make", "python3"], Some("/usr/bin/fish"), Some("fish"));
        check(&["make"], None, None);
        check(&[], Some(""), None);
    }
}
