//! Which shell somebody is in, told from the names of the processes that started this one.

use crate::shell::{self, SHELLS, Shell};

/// A shell, and by which of its names it goes.
#[derive(Clone, Copy)]
pub(crate) struct Detected {
    pub(crate) shell: &'static Shell,
    pub(crate) name: &'static str,
}

impl Detected {
    /// The one whose words most people understand.
    pub(crate) const USUAL: Self = Self {
        shell: &SHELLS[0],
        name: SHELLS[0].names[0],
    };

    fn named(name: &str) -> Option<Self> {
        let shell = shell::named(name)?;
        let mut names = shell.names.iter();
        let name = names.find(|own| **own == name)?;
        Some(Self { shell, name })
    }
}

/// Returns the shell that the first of `processes` that is one tells, nearest first, else the one that `$SHELL` names.
///
/// A process is told by its name or its path: `bash`, `-zsh`, `/usr/bin/fish`, `pwsh.exe`.
pub(crate) fn detect(
    processes: impl Iterator<Item = String>,
    login_shell: Option<&str>,
) -> Option<Detected> {
    let mut names = processes.chain(login_shell.map(str::to_owned));
    names.find_map(|name| shell_of(&name))
}

/// Returns the shell that a process is. A Python is no shell, though there is a script for it.
fn shell_of(process: &str) -> Option<Detected> {
    let name = process
        .rsplit(['/', '\\'])
        .next()?
        .trim_start_matches('-')
        .to_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    let stem =
        name.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.' || char == '-');
    let detected = Detected::named(name).or_else(|| Detected::named(stem))?;
    Some(detected).filter(|detected| detected.name != "python")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(processes: &[&str], login_shell: Option<&str>, expected: Option<&str>) {
        let processes = processes.iter().map(ToString::to_string);
        let found = detect(processes, login_shell).map(|detected| detected.name);
        assert_eq!(found, expected);
    }

    #[test]
    fn the_nearest_process_that_is_a_shell_tells() {
        check(&["time", "-zsh", "fish"], None, Some("zsh"));
        check(&["fish"], Some("/bin/bash"), Some("fish"));
        check(
            &[r"C:\Program Files\PowerShell\7\pwsh.exe"],
            None,
            Some("pwsh"),
        );
        check(&["ksh93"], None, Some("ksh"));
        check(&["python3.11", "tcsh"], None, Some("tcsh"));
    }

    #[test]
    fn the_login_shell_tells_where_no_process_does() {
        check(&["make", "python3"], Some("/usr/bin/fish"), Some("fish"));
        check(&["make"], None, None);
        check(&[], Some(""), None);
    }
}
