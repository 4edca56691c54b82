//! The steps of making an environment, short of pip and activation scripts.

use crate::sys::fs;
use crate::ui::Ui;
use crate::venv::executables::{self, Executables};
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use crate::venv::pyvenv_cfg::{self, PyvenvCfg};
use anyhow::Result;
use std::path::Path;

/// The text of the `.gitignore` that 3.13 and later write.
const GIT_IGNORE: &str = "# Created by venv; see https://docs.python.org/3/library/venv.html\n*\n";

/// How to make an environment. There is no default: whoever makes one says it all.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) system_site_packages: bool,
    pub(crate) executables: Executables,
    pub(crate) existing: Existing,
    pub(crate) prompt: Option<Prompt>,
    pub(crate) with_pip: bool,
    pub(crate) upgrade_deps: bool,
    pub(crate) scm_ignore_files: bool,
    /// Whether to clear what is not an environment.
    pub(crate) force: bool,
}

/// What to do with what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Replaces the files of the environment and leaves all others.
    Keep,
    /// Mends the environment, and keeps its settings.
    Upgrade,
    /// The same where it is broken, nothing where it is not.
    Ensure,
    /// Replaces everything.
    Clear,
}

/// The name that an activated shell shows.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    /// As it was typed.
    pub(crate) typed: String,
    /// The name of the current directory, which `.` stands for.
    pub(crate) current_dir_name: String,
}

impl Prompt {
    /// Returns the name to show; `.` means the current directory since 3.9.
    pub(crate) fn shown(&self, interpreter: &Interpreter) -> &str {
        if self.typed == "." && interpreter.is_at_least(3, 9) {
            &self.current_dir_name
        } else {
            &self.typed
        }
    }
}

impl Options {
    /// Returns the flags of `python -m venv` that mean the same, in the order in which CPython records them.
    pub(crate) fn venv_flags(&self, interpreter: &Interpreter) -> Vec<String> {
        let manner = match self.executables {
            Executables::Symlink => (!interpreter.posix).then_some("--symlinks"),
            Executables::Copy => interpreter.posix.then_some("--copies"),
        };
        let flag = |wanted: bool, name| wanted.then_some(name);
        let before_prompt = [
            manner,
            flag(!self.with_pip, "--without-pip"),
            flag(self.system_site_packages, "--system-site-packages"),
            flag(self.existing == Existing::Clear, "--clear"),
            flag(self.existing == Existing::Upgrade, "--upgrade"),
            flag(self.upgrade_deps, "--upgrade-deps"),
        ];
        let prompt = self
            .prompt
            .as_ref()
            .map(|prompt| format!("--prompt=\"{}\"", prompt.typed));
        let no_ignore_files = !self.scm_ignore_files && writes_ignore_file(interpreter);
        let after_prompt = no_ignore_files.then(|| "--without-scm-ignore-files".to_owned());
        before_prompt
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .chain(prompt)
            .chain(after_prompt)
            .collect()
    }
}

fn writes_ignore_file(interpreter: &Interpreter) -> bool {
    interpreter.is_at_least(3, 13)
}

/// Makes an environment in `place`, an empty directory, that works once it is at the root of `layout`.
///
/// # Errors
/// When the file system does not let it.
pub(crate) fn build(
    ui: Ui,
    place: &Path,
    interpreter: &Interpreter,
    layout: &Layout,
    options: &Options,
) -> Result<()> {
    make_directories(place, layout)?;
    write_ignore_file(place, interpreter, options)?;
    executables::install(ui, place, interpreter, options.executables)?;
    write_configuration(place, interpreter, layout, options)
}

fn make_directories(place: &Path, layout: &Layout) -> Result<()> {
    for directory in layout.all_directories() {
        fs::create_dir(&place.join(directory))?;
    }
    if layout.lib64 {
        fs::symlink(Path::new("lib"), &place.join("lib64"))?;
    }
    Ok(())
}

fn write_ignore_file(place: &Path, interpreter: &Interpreter, options: &Options) -> Result<()> {
    if !options.scm_ignore_files || !writes_ignore_file(interpreter) {
        return Ok(());
    }
    fs::write_new(&place.join(".gitignore"), GIT_IGNORE.as_bytes())
}

fn write_configuration(
    place: &Path,
    interpreter: &Interpreter,
    layout: &Layout,
    options: &Options,
) -> Result<()> {
    let cfg = PyvenvCfg::new(interpreter, options, layout);
    fs::write_new(
        &place.join(pyvenv_cfg::FILE_NAME),
        cfg.to_string().as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            system_site_packages: true,
            executables: Executables::Copy,
            existing: Existing::Clear,
            prompt: Some(Prompt {
                typed: ".".to_owned(),
                current_dir_name: "here".to_owned(),
            }),
            with_pip: false,
            upgrade_deps: true,
            scm_ignore_files: false,
            force: true,
        }
    }

    #[test]
    fn flags_are_recorded_in_the_order_of_cpython() {
        let interpreter = Interpreter::sample("cpython", 13, "python3");
        let flags = options().venv_flags(&interpreter).join(" ");
        let expected = "--copies --without-pip --system-site-packages --clear --upgrade-deps \
                        --prompt=\".\" --without-scm-ignore-files";
        assert_eq!(flags, expected);
        let before = options().venv_flags(&Interpreter::sample("cpython", 12, "python3"));
        assert!(!before.contains(&"--without-scm-ignore-files".to_owned()));
    }

    #[test]
    fn a_dot_means_the_current_directory_since_3_9() {
        let shown = |minor| {
            options()
                .prompt
                .unwrap()
                .shown(&Interpreter::sample("cpython", minor, "python3"))
                .to_owned()
        };
        assert_eq!((shown(8), shown(9)), (".".to_owned(), "here".to_owned()));
    }
}
