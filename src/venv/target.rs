//! Where an environment is wanted: what cannot be one is refused before anything is changed.

use crate::error::Hinted;
use crate::sys::{fs, platform};
use crate::venv::check::Anatomy;
use crate::venv::create::{Existing, Options};
use crate::venv::environment::{self, Environment};
use crate::venv::interpreter::Interpreter;
use crate::venv::layout::Layout;
use crate::venv::replace;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::{env, io};

/// What is at the place where an environment is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Directory,
}

/// Returns the absolute path that `typed` means, where an environment can be made.
///
/// # Errors
/// When none can be there whatever the disk says: blank, not UTF-8, control characters, a `PATH` separator, the name of a
/// temporary directory.
pub(crate) fn resolve(typed: &Path) -> Result<PathBuf> {
    let path = absolute(typed)?;
    if let Some(problem) = unspeakable(&path) {
        return Err(Hinted::error(
            format!(
                "no environment can be at `{}`: {problem}",
                path.display().to_string().escape_debug()
            ),
            "choose another path",
        ));
    }
    refuse_temporary(&path)?;
    Ok(path)
}

/// Refuses a name that would be swept away.
fn refuse_temporary(path: &Path) -> Result<()> {
    if replace::is_temporary(path) {
        return Err(Hinted::error(
            format!(
                "`{}` has the name of a temporary directory of rvenv's",
                path.display()
            ),
            "choose another name",
        ));
    }
    Ok(())
}

/// Returns the absolute path that `typed` means.
///
/// # Errors
/// When it is blank.
pub(crate) fn absolute(typed: &Path) -> Result<PathBuf> {
    if typed.to_str().is_some_and(|path| path.trim().is_empty()) {
        return Err(Hinted::error(
            format!(
                "the path of the environment is empty (`{}`)",
                typed.display()
            ),
            "name a directory, or `.` for the current one; in a script, check that the variable is set",
        ));
    }
    fs::absolute(typed)
}

/// Returns why a path cannot be said in a configuration file, a script or `PATH`.
fn unspeakable(path: &Path) -> Option<String> {
    let Some(text) = path.to_str() else {
        return Some("the path is not UTF-8".to_owned());
    };
    if text.contains(is_control) {
        return Some("the path has a control character".to_owned());
    }
    let separator = platform::PATH_SEPARATOR;
    text.contains(separator)
        .then(|| format!("the path has the PATH separator `{separator}`"))
}

/// Returns whether a character can end or hide a line for a terminal, a shell or a configuration file.
pub(crate) fn is_control(char: char) -> bool {
    char.is_ascii_control()
}

/// Returns what is at `path`.
///
/// # Errors
/// When that, or something above it, is no directory, or is a directory that no environment may take over.
pub(crate) fn inspect(path: &Path, options: &Options) -> Result<Found> {
    match std::fs::symlink_metadata(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            refuse_home_to_be(path)?;
            Ok(Found::Nothing)
        }
        Ok(metadata) if metadata.is_dir() => {
            refuse_precious(path, options.existing)?;
            refuse_to_clear_others(path, options)?;
            if options.existing == Existing::Clear {
                refuse_what_holds_a_mount(path)?;
            }
            Ok(Found::Directory)
        }
        Ok(metadata) => Err(not_a_directory(path, metadata.is_symlink())),
        Err(err) if err.kind() == io::ErrorKind::NotADirectory => Err(inside_a_file(path)),
        Err(err) => {
            Err(anyhow::Error::new(err).context(format!("failed to look at `{}`", path.display())))
        }
    }
}

fn not_a_directory(path: &Path, is_symlink: bool) -> anyhow::Error {
    let (what, hint) = if is_symlink {
        (
            "a symlink",
            "name the directory itself: an environment is never made or cleared through a symlink",
        )
    } else {
        ("a file", "remove it or choose another path")
    };
    Hinted::error(
        format!("`{}` is {what}, not a directory", path.display()),
        hint,
    )
}

fn inside_a_file(path: &Path) -> anyhow::Error {
    let file = path
        .ancestors()
        .find(|ancestor| ancestor.exists())
        .unwrap_or(path);
    let message = format!(
        "`{}` is inside `{}`, which is not a directory",
        path.display(),
        file.display()
    );
    Hinted::error(message, "choose another path")
}

/// What makes a directory one that holds everything else, or that somebody is in: nothing of that kind is ever deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precious {
    Root,
    Home,
    AboveHome,
    AboveHere,
    Here,
}

impl Precious {
    /// Returns why `path` is not to be touched, or `None` where it may be; symlinks on the way to it are followed.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let here = env::current_dir().ok();
        precious(
            &fs::real(path),
            here.as_deref().map(fs::real).as_deref(),
            env::home_dir().as_deref().map(fs::real).as_deref(),
        )
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Root => "the root directory",
            Self::Home => "the home directory",
            Self::AboveHome => "a directory above the home directory",
            Self::AboveHere => "a directory above the current one",
            Self::Here => "the current directory",
        }
    }
}

/// Refuses the directories in which no environment is ever made or cleared.
fn refuse_precious(path: &Path, existing: Existing) -> Result<()> {
    match Precious::of(path) {
        None | Some(Precious::Here) => Ok(()),
        Some(Precious::AboveHome) if existing != Existing::Clear => Ok(()),
        Some(precious) => Err(too_precious(path, precious)),
    }
}

/// Refuses a home directory that is not there yet. All else that is precious is there.
fn refuse_home_to_be(path: &Path) -> Result<()> {
    if env::home_dir().as_deref() == Some(path) {
        return Err(too_precious(path, Precious::Home));
    }
    Ok(())
}

fn too_precious(path: &Path, precious: Precious) -> anyhow::Error {
    Hinted::error(
        format!("`{}` is {}", path.display(), precious.title()),
        "name a directory of its own for the environment, as in `.venv`",
    )
}

/// Returns what makes `path` too precious, given the current and the home directory; all without symlinks.
fn precious(path: &Path, here: Option<&Path>, home: Option<&Path>) -> Option<Precious> {
    let holds = |other: Option<&Path>| other.is_some_and(|other| other.starts_with(path));
    if path.parent().is_none() {
        Some(Precious::Root)
    } else if home == Some(path) {
        Some(Precious::Home)
    } else if holds(here) && here != Some(path) {
        Some(Precious::AboveHere)
    } else if holds(home) {
        Some(Precious::AboveHome)
    } else if here == Some(path) {
        Some(Precious::Here)
    } else {
        None
    }
}

/// Refuses `--clear` where it would take away what is not an environment's.
fn refuse_to_clear_others(path: &Path, options: &Options) -> Result<()> {
    if options.existing != Existing::Clear || options.force {
        return Ok(());
    }
    if let Some(entry) = environment::project_entry(path) {
        let message = format!(
            "`{}` holds a project or a repository (`{entry}`)",
            path.display()
        );
        return Err(Hinted::error(
            message,
            "choose another directory; `--force` clears it nonetheless",
        ));
    }
    let is_environment = Environment::open(path).is_some() || environment::is_half_made(path)?;
    match environment::entries(path)?.first() {
        Some(entry) if !is_environment => Err(Hinted::error(
            format!(
                "`{}` is not a virtual environment: it has no pyvenv.cfg, but `{}`",
                path.display(),
                entry.display()
            ),
            "choose another directory; `--force` clears it nonetheless",
        )),
        _ => Ok(()),
    }
}

/// Refuses a directory in which something is mounted, which would be taken along when it is moved.
pub(crate) fn refuse_what_holds_a_mount(path: &Path) -> Result<()> {
    match platform::mount_below(&fs::real(path)) {
        None => Ok(()),
        Some(place) => Err(Hinted::error(
            format!("something is mounted at `{}`", place.display()),
            "unmount it first",
        )),
    }
}

/// Refuses to mix two versions or implementations of Python in one environment.
///
/// # Errors
/// When an environment of another one is there, or an installed Python, which is not to be cleared.
pub(crate) fn refuse_another_python(
    interpreter: &Interpreter,
    layout: &Layout,
    options: &Options,
) -> Result<()> {
    let root = &layout.root;
    let anatomy = Anatomy::of(root);
    if options.existing == Existing::Clear {
        return Ok(());
    }
    refuse_an_installation(&anatomy)?;
    if !anatomy.is_environment() {
        return Ok(());
    }
    let version = anatomy.version().map(|version| version.to_string());
    let named = version
        .as_ref()
        .map(|version| format!(", as in `--python {version}`"));
    let other = version.filter(|version| *version != interpreter.version.x_y());
    let is_elsewhere = !anatomy.has_packages_in(layout);
    let other = other.map(|version| format!("Python {version}"));
    let Some(other) = other.or_else(|| is_elsewhere.then(|| "another implementation".to_owned()))
    else {
        return Ok(());
    };
    let message = format!(
        "`{}` is an environment of {other}, not of {}",
        root.display(),
        interpreter.title()
    );
    let named = named.unwrap_or_default();
    let hint = format!(
        "name the Python that it was made of{named}; or `--clear` makes it anew, without its packages"
    );
    bail!(Hinted::error(message, hint));
}

/// Refuses to make an environment of a Python that is installed there: its own executables would be replaced.
fn refuse_an_installation(anatomy: &Anatomy) -> Result<()> {
    if !anatomy.is_installation() {
        return Ok(());
    }
    Err(Hinted::error(
        format!(
            "`{}` is an installed Python, not an environment",
            anatomy.root.display()
        ),
        "choose another directory",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directories_that_hold_everything_are_precious() {
        let check = |path: &str, expected| {
            let found = precious(
                Path::new(path),
                Some(Path::new("/srv/project/src")),
                Some(Path::new("/home/me")),
            );
            assert_eq!(found, expected, "{path}");
        };
        check("/", Some(Precious::Root));
        check("/home/me", Some(Precious::Home));
        check("/home", Some(Precious::AboveHome));
        check("/srv/project", Some(Precious::AboveHere));
        check("/srv/project/src", Some(Precious::Here));
        check("/srv/project/src/.venv", None);
        check("/home/me/pro", None);
        let (here, home) = ("/srv/me/project", "/srv/me/home");
        let both = |path: &str| precious(path.as_ref(), Some(here.as_ref()), Some(home.as_ref()));
        assert_eq!(both("/srv/me"), Some(Precious::AboveHere));
    }

    #[test]
    fn what_no_script_can_say_is_no_path() {
        for path in ["/a\nb", "/a\rb", "/a\tb", "/a\u{1b}b", "/a\u{7f}b"] {
            assert!(unspeakable(Path::new(path)).is_some(), "{path:?}");
        }
        for path in ["/a b", "/ünï", "/a'b", "/a$(b)", "/a\u{85}b", "/a\u{2028}b"] {
            assert!(unspeakable(Path::new(path)).is_none(), "{path:?}");
        }
    }
}
