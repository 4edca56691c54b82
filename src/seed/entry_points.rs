//! Entry points: what a distribution wants to be run from `bin`.

use serde::{Deserialize, Serialize};

/// A console script: `pip = pip._internal.cli.main:main`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryPoint {
    pub(crate) name: String,
    pub(crate) module: String,
    /// What is called, dotted where it is in a class.
    pub(crate) attribute: String,
}

impl EntryPoint {
    /// Returns the console scripts that `entry_points.txt` declares.
    pub(crate) fn parse_all(text: &str) -> Vec<Self> {
        let mut section = "";
        let mut scripts = Vec::new();
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with(['#', ';']))
        {
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
            {
                section = name.trim();
            } else if section == "console_scripts" {
                scripts.extend(Self::parse(line));
            }
        }
        scripts
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, target) = line.split_once('=')?;
        let target = target.split('[').next()?;
        let (module, attribute) = target.split_once(':')?;
        let [name, module, attribute] =
            [name, module, attribute].map(|part| part.trim().to_owned());
        Some(Self {
            name,
            module,
            attribute,
        })
    }

    /// Returns whether its name is that of a file in `bin`, on every platform.
    pub(crate) fn stays_in_bin(&self) -> bool {
        let is_plain = |char: char| !matches!(char, '/' | '\\' | ':') && !char.is_control();
        !matches!(self.name.as_str(), "" | "." | "..") && self.name.chars().all(is_plain)
    }

    /// Returns the names in `bin`. As for pip, those of `pip` and `easy_install` follow the Python (`x_y`: `3.13`)
    /// they are for, not the one that their wheel was built with.
    pub(crate) fn launcher_names(&self, x_y: &str) -> Vec<String> {
        let versioned = |stem: &str| {
            self.name
                .strip_prefix(stem)
                .is_some_and(|rest| rest.starts_with(['-', '2', '3']))
        };
        match self.name.as_str() {
            "pip" => vec![
                "pip".to_owned(),
                format!("pip{}", &x_y[..1]),
                format!("pip{x_y}"),
            ],
            "easy_install" => vec!["easy_install".to_owned(), format!("easy_install-{x_y}")],
            _ if versioned("pip") || versioned("easy_install") => Vec::new(),
            name => vec![name.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_console_scripts_become_launchers() {
        let text = "[console_scripts]\npip = pip._internal.cli.main:main\n# x = y:z\npip3.13 = a:b\n\n\
                    [distutils.commands]\nalias = setuptools.command.alias:alias\n";
        let scripts = EntryPoint::parse_all(text);
        let names: Vec<_> = scripts
            .iter()
            .flat_map(|script| script.launcher_names("3.9"))
            .collect();
        assert_eq!(names, ["pip", "pip3", "pip3.9"]);
        assert_eq!(scripts[0].module, "pip._internal.cli.main");
    }

    #[test]
    fn whatever_is_declared_a_launcher_that_stays_has_a_plain_name() {
        const PIECES: [&str; 20] = [
            "[console_scripts]\n",
            "[console_scripts]\n",
            "[",
            "]",
            "\n",
            "\n",
            "\r\n",
            "=",
            " = ",
            ":",
            "a.b:c",
            "pip",
            "pip3",
            "easy_install-",
            "..",
            "/",
            "\\",
            "\0",
            "\u{2028}",
            "é",
        ];
        let mut random = fastrand::Rng::with_seed(1);
        let mut names = 0;
        for _ in 0..20_000 {
            let pieces = random.usize(..30);
            let text = (0..pieces).map(|_| *random.choice(PIECES.iter()).unwrap());
            for script in EntryPoint::parse_all(&text.collect::<String>()) {
                if script.stays_in_bin() {
                    let all = script.launcher_names("3.13").into_iter();
                    names += all.inspect(|name| assert_plain(name)).count();
                }
            }
        }
        assert!(names > 100, "{names}");
    }

    #[track_caller]
    fn assert_plain(name: &str) {
        let path = std::path::Path::new("bin").join(name);
        assert_eq!(path.parent(), Some("bin".as_ref()), "{name:?}");
        assert!(!name.contains(['\0', '\n', '\\', ':']), "{name:?}");
    }
}
