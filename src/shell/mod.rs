//! Shells: the scripts that activate an environment in each of them, as text. It knows no disk and no `Environment`:
//! strings go in, a script comes out.
//!
//! To add a shell: one entry in `SHELLS`, its template, a quote function if none fits, one driver in `tests/it/shells/driver.rs`.

pub(crate) mod detect;
mod evaluate;
mod quote;
pub(crate) mod read;

/// A language that environments can be activated in.
pub(crate) struct Shell {
    /// What it is called, the usual name first; several shells may read one language.
    pub(crate) names: &'static [&'static str],
    /// The scripts that activate in it, the one to activate with first.
    pub(crate) scripts: &'static [Script],
    /// What to type, or to put into a startup file, to activate by way of `rvenv activate-script`.
    pub(crate) usage: &'static str,
    /// What stands before the path of a script that the shell is to run itself; `None` where that is not all.
    source: Option<&'static str>,
    quote: fn(&str) -> String,
    evaluate: fn(&str) -> String,
}

/// One file in an environment's `bin`.
pub(crate) struct Script {
    /// As `python -m venv` or virtualenv calls it.
    pub(crate) file_name: &'static str,
    /// With `@VIRTUAL_ENV@`, `@BIN@` and `@PROMPT@` where literals are to stand; never inside quotes.
    pub(crate) template: &'static str,
}

/// What a script is rendered for.
pub(crate) struct Activation<'a> {
    /// The absolute path of the environment.
    pub(crate) root: &'a str,
    /// `bin` or `Scripts`.
    pub(crate) bin: &'a str,
    /// The name shown in the prompt, without its parentheses; it may be empty.
    pub(crate) prompt: &'a str,
}

macro_rules! script {
    ($file_name:literal) => {
        Script {
            file_name: $file_name,
            template: include_str!(concat!("templates/", $file_name)),
        }
    };
}

/// Every shell; the order is that of messages and of `--help`.
pub(crate) const SHELLS: &[Shell] = &[
    Shell {
        names: &[
            "bash", "zsh", "sh", "dash", "ash", "busybox", "ksh", "mksh", "yash",
        ],
        scripts: &[script!("activate")],
        usage: "eval \"$(rvenv activate-script)\"",
        source: Some("source"),
        quote: quote::posix,
        evaluate: str::to_owned,
    },
    Shell {
        names: &["fish"],
        scripts: &[script!("activate.fish")],
        usage: "rvenv activate-script | source",
        source: Some("source"),
        quote: quote::fish,
        evaluate: str::to_owned,
    },
    Shell {
        names: &["tcsh", "csh"],
        scripts: &[script!("activate.csh")],
        usage: "eval `rvenv activate-script --shell tcsh`",
        source: Some("source"),
        quote: quote::csh,
        evaluate: evaluate::csh,
    },
    Shell {
        names: &["powershell", "pwsh"],
        scripts: &[script!("Activate.ps1")],
        usage: "rvenv activate-script --shell powershell | Out-String | Invoke-Expression",
        source: Some("&"),
        quote: quote::powershell,
        evaluate: str::to_owned,
    },
    Shell {
        names: &["cmd", "batch"],
        scripts: &[script!("activate.bat"), script!("deactivate.bat")],
        usage: "rvenv activate-script --shell cmd > activate.bat && call activate.bat",
        source: None,
        quote: quote::batch,
        evaluate: str::to_owned,
    },
    Shell {
        names: &["nu", "nushell"],
        scripts: &[script!("activate.nu")],
        usage: "rvenv activate-script --shell nu | save -f activate.nu   # and on a line of its own: overlay use activate.nu",
        source: None,
        quote: quote::nu,
        evaluate: str::to_owned,
    },
    Shell {
        names: &["xonsh"],
        scripts: &[script!("activate.xsh")],
        usage: "execx($(rvenv activate-script --shell xonsh))",
        source: None,
        quote: quote::python,
        evaluate: str::to_owned,
    },
    Shell {
        names: &["python"],
        scripts: &[script!("activate_this.py")],
        usage: "exec(subprocess.check_output(['rvenv', 'activate-script', '--shell', 'python']))",
        source: None,
        quote: quote::python,
        evaluate: str::to_owned,
    },
];

/// Returns the shell of that name.
pub(crate) fn named(name: &str) -> Option<&'static Shell> {
    SHELLS.iter().find(|shell| shell.names.contains(&name))
}

impl Shell {
    /// Returns a string as one word of this shell.
    pub(crate) fn literal(&self, value: &str) -> String {
        (self.quote)(value)
    }

    /// Returns what to type to have a script run by the shell itself, which goes by `name`; `None` where that is not all.
    pub(crate) fn source(&self, name: &str, script: &str) -> Option<String> {
        // Of the shells that read the language of POSIX, these two know `source` in all of their modes.
        let is_posix = self.names.contains(&"sh");
        let word = match self.source? {
            "source" if is_posix && !["bash", "zsh"].contains(&name) => ".",
            "&" if quote::is_plain(script) => return Some(script.to_owned()),
            word => word,
        };
        // What begins like an option is one, in quotes too.
        let here = if script.starts_with('-') { "./" } else { "" };
        Some(format!(
            "{word} {}",
            self.literal(&format!("{here}{script}"))
        ))
    }

    /// Returns [`Shell::usage`] for the environment that is named.
    pub(crate) fn usage_for(&self, env_dir: &str) -> String {
        let named = format!("activate-script {}", self.literal(env_dir));
        self.usage.replacen("activate-script", &named, 1)
    }

    /// The script as text for the shell's `eval`, or what it calls that.
    pub(crate) fn evaluate(&self, activation: &Activation) -> String {
        (self.evaluate)(&self.render(&self.scripts[0], activation))
    }

    /// The script for this environment: every placeholder replaced by a literal of the shell's language, in one pass, so
    /// that a path which contains a placeholder's name keeps it.
    pub(crate) fn render(&self, script: &Script, activation: &Activation) -> String {
        let values = [
            ("@VIRTUAL_ENV@", activation.root),
            ("@BIN@", activation.bin),
            ("@PROMPT@", activation.prompt),
        ];
        let mut rendered = String::with_capacity(script.template.len() + 1024);
        let mut rest = script.template;
        while let Some(at) = rest.find('@') {
            let (before, found) = rest.split_at(at);
            rendered.push_str(before);
            let value = values.iter().find(|(name, _)| found.starts_with(name));
            let (literal, taken) = match value {
                Some((name, value)) => ((self.quote)(value), name.len()),
                None => ("@".to_owned(), 1),
            };
            rendered.push_str(&literal);
            rest = &found[taken..];
        }
        rendered + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const PLACEHOLDERS: [&str; 3] = ["@VIRTUAL_ENV@", "@BIN@", "@PROMPT@"];

    fn scripts() -> impl Iterator<Item = (&'static Shell, &'static Script)> {
        let scripts =
            |shell: &'static Shell| shell.scripts.iter().map(move |script| (shell, script));
        SHELLS.iter().flat_map(scripts)
    }

    fn activation(root: &str) -> Activation<'_> {
        let (bin, prompt) = ("bin", root);
        Activation { root, bin, prompt }
    }

    #[test]
    fn every_shell_has_names_of_its_own_and_a_script() {
        let mut seen = BTreeSet::new();
        for shell in SHELLS {
            assert!(!shell.names.is_empty() && !shell.scripts.is_empty());
            for name in shell.names {
                assert!(seen.insert(name), "{name} is named twice");
            }
        }
    }

    #[test]
    fn has_the_scripts_that_venv_writes() {
        let names: BTreeSet<_> = scripts().map(|(_, script)| script.file_name).collect();
        for name in ["activate", "activate.csh", "activate.fish", "Activate.ps1"] {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn templates_have_no_other_placeholders() {
        for (_, script) in scripts() {
            for (at, _) in script.template.match_indices('@') {
                let around = |name: &str| {
                    let start = at.saturating_sub(name.len() - 1);
                    script.template[start..].starts_with(name)
                        || script.template[at..].starts_with(name)
                };
                let word =
                    script.template[at + 1..].starts_with(|next: char| next.is_ascii_uppercase());
                assert!(
                    !word || PLACEHOLDERS.iter().any(|name| around(name)),
                    "{}",
                    script.file_name
                );
            }
        }
    }

    #[test]
    fn placeholders_stand_outside_quotes() {
        for (_, script) in scripts() {
            for line in script.template.lines() {
                for (at, _) in PLACEHOLDERS
                    .iter()
                    .flat_map(|name| line.match_indices(name))
                {
                    let quotes = |quote| line[..at].matches(quote).count();
                    let outside = quotes('"') % 2 == 0 && quotes('\'') % 2 == 0;
                    assert!(outside, "{}: {line}", script.file_name);
                }
            }
        }
    }

    #[test]
    fn replaces_every_placeholder_once() {
        for (shell, script) in scripts() {
            let rendered = shell.render(script, &activation("/env"));
            let left = PLACEHOLDERS.iter().find(|name| rendered.contains(*name));
            assert_eq!(left, None, "{}", script.file_name);
        }
    }

    #[test]
    fn a_path_that_looks_like_a_placeholder_survives() {
        for (shell, script) in scripts() {
            let rendered = shell.render(script, &activation("/a/@PROMPT@/@VIRTUAL_ENV@"));
            let literal = (shell.quote)("/a/@PROMPT@/@VIRTUAL_ENV@");
            let expected = script.template.contains(PLACEHOLDERS[0]);
            assert_eq!(
                rendered.contains(&literal),
                expected,
                "{}",
                script.file_name
            );
        }
    }

    #[test]
    fn templates_are_ascii_with_no_blank_at_a_line_end() {
        for (_, script) in scripts() {
            assert!(script.template.is_ascii(), "{}", script.file_name);
            let blank = script
                .template
                .lines()
                .find(|line| line.ends_with([' ', '\t']));
            assert_eq!(blank, None, "{}", script.file_name);
        }
    }
}
