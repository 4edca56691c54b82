//! `python` and its other names in an environment: which there are, and which is a link to which.

use crate::sys::fs;
use crate::ui::Ui;
use crate::venv::interpreter::Interpreter;
use anyhow::{Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// How the interpreter comes into an environment (`--symlinks`, `--copies`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Executables {
    Symlink,
    Copy,
}

/// What an implementation has beyond `python`, `python3` and `python3.X`.
///
/// To add an implementation: add a row.
struct Implementation {
    name: &'static str,
    /// Further names in `bin`.
    names: &'static [&'static str],
    /// The beginning of a library beside the executable that a copy cannot do without.
    library: &'static str,
    /// What the standard library in `lib` is called before the version, beside which the libraries of a portable build are.
    stdlib: &'static str,
}

const IMPLEMENTATIONS: &[Implementation] = &[Implementation {
    name: "pypy",
    names: &["pypy3", "pypy"],
    library: "libpypy",
    stdlib: "pypy",
}];

/// What is in the `lib` of a system belongs to no interpreter alone.
const SYSTEM_LIBRARIES: [&str; 3] = ["/lib", "/usr/lib", "/usr/local/lib"];

/// Puts the interpreter into the `bin` of `place`, which is empty yet.
///
/// # Errors
/// When it can be neither linked nor copied.
pub(crate) fn install(
    ui: Ui,
    place: &Path,
    interpreter: &Interpreter,
    manner: Executables,
) -> Result<()> {
    let bin = place.join(&interpreter.paths.scripts);
    if !interpreter.posix {
        return install_launchers(&bin, interpreter);
    }
    let base = &interpreter.base_executable;
    let first = Path::new(interpreter.executable_name());
    put(ui, base, base, &bin.join(first), manner)?;
    for name in names(interpreter)
        .iter()
        .map(Path::new)
        .filter(|name| *name != first)
    {
        put(ui, first, base, &bin.join(name), manner)?;
    }
    if let Some(implementation) =
        implementation(interpreter).filter(|_| manner == Executables::Copy)
    {
        implementation.copy_libraries(interpreter, place)?;
    }
    Ok(())
}

impl Implementation {
    /// Copies what a copied executable loads from beside itself, as this implementation's `venv` does.
    fn copy_libraries(&self, interpreter: &Interpreter, place: &Path) -> Result<()> {
        let home = &interpreter.home;
        let bin = place.join(&interpreter.paths.scripts);
        for path in fs::list(home)?
            .iter()
            .filter(|path| starts_with(path, self.library))
        {
            let copy = bin.join(path.file_name().unwrap_or_default());
            fs::copy(path, &copy)?;
            fs::set_mode(&copy, 0o755)?;
        }
        let Ok(libraries) = home.join("../lib").canonicalize() else {
            return Ok(());
        };
        let stdlib = format!("{}{}", self.stdlib, interpreter.version.x_y());
        if SYSTEM_LIBRARIES
            .iter()
            .any(|system| libraries == Path::new(system))
        {
            return Ok(());
        }
        for path in fs::list(&libraries)?
            .iter()
            .filter(|path| path.file_name() != Some(OsStr::new(&stdlib)))
        {
            let copy = place.join("lib").join(path.file_name().unwrap_or_default());
            // As `shutil.copyfile` and `shutil.copytree` do: only the latter keeps modes.
            if fs::metadata(path)?.is_dir() {
                copy_tree(path, &copy)?;
            } else {
                fs::write_new(&copy, &fs::read(path)?)?;
            }
        }
        Ok(())
    }
}

fn starts_with(path: &Path, start: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(start))
}

/// Copies a directory with everything in it; symlinks are followed.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    fs::list(from)?.iter().try_for_each(|path| {
        let copy = to.join(path.file_name().unwrap_or_default());
        if fs::metadata(path)?.is_dir() {
            copy_tree(path, &copy)
        } else {
            fs::copy(path, &copy)
        }
    })
}

/// Returns the names in `bin` other than the base executable's own.
fn names(interpreter: &Interpreter) -> Vec<String> {
    let mut names = vec!["python".to_owned(), "python3".to_owned()];
    if interpreter.is_at_least(3, 9) {
        names.push(format!("python{}", interpreter.version.x_y()));
    }
    if interpreter.version.x_y() == "3.14" && interpreter.utf8_file_names {
        names.push("𝜋thon".to_owned());
    }
    if let Some(implementation) = implementation(interpreter) {
        names.extend(implementation.names.iter().map(ToString::to_string));
    }
    names
}

fn implementation(interpreter: &Interpreter) -> Option<&'static Implementation> {
    IMPLEMENTATIONS
        .iter()
        .find(|implementation| implementation.name == interpreter.implementation)
}

/// Makes `link` a symlink to `target`, or where that is not wanted or not possible a copy of `source`.
fn put(ui: Ui, target: &Path, source: &Path, link: &Path, manner: Executables) -> Result<()> {
    if manner == Executables::Symlink {
        match fs::symlink(target, link) {
            Ok(()) => return Ok(()),
            Err(err) => ui.note(format_args!("copied instead: {err:#}")),
        }
    }
    fs::copy(source, link)?;
    fs::set_mode(link, 0o755)
}

/// On Windows: the launcher's name in the environment, and its names in `Lib\venv\scripts\nt` (3.13 renamed them).
const LAUNCHERS: [(&str, [&str; 2]); 2] = [
    ("python.exe", ["venvlauncher.exe", "python.exe"]),
    ("pythonw.exe", ["venvwlauncher.exe", "pythonw.exe"]),
];

/// Copies the launchers that start the interpreter named in `pyvenv.cfg`; Windows' `venv` links nothing by default.
fn install_launchers(bin: &Path, interpreter: &Interpreter) -> Result<()> {
    let folder = interpreter.stdlib.join("venv").join("scripts").join("nt");
    for (name, sources) in LAUNCHERS {
        let source: Option<PathBuf> = sources
            .iter()
            .map(|source| folder.join(source))
            .find(|path| path.is_file());
        let Some(source) = source else {
            bail!("`{}` has no launcher for `{name}`", folder.display());
        };
        fs::copy(&source, &bin.join(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[track_caller]
    fn check(interpreter: &Interpreter, expected: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        let ui = Ui::new(crate::ui::Verbosity::Quiet, crate::ui::Color::Never);
        fs::create_dir(&dir.path().join("bin")).unwrap();
        install(ui, dir.path(), interpreter, Executables::Symlink).unwrap();
        let link = |path: PathBuf| {
            let target = std::fs::read_link(&path).unwrap();
            format!(
                "{} -> {}",
                path.file_name().unwrap().display(),
                target.display()
            )
        };
        let links: Vec<String> = fs::list(&dir.path().join("bin"))
            .unwrap()
            .into_iter()
            .map(link)
            .collect();
        assert_eq!(links, expected);
    }

    #[cfg(unix)]
    #[test]
    fn the_name_it_was_called_by_is_the_link_that_leads_out() {
        let first = "python3 -> /opt/bin/python3";
        check(
            &Interpreter::sample("cpython", 8, "python3"),
            &["python -> python3", first],
        );
        let named = ["python -> python3", first, "python3.13 -> python3"];
        check(&Interpreter::sample("cpython", 13, "python3"), &named);
        check(
            &Interpreter::sample("cpython", 15, "python3"),
            &["python -> python3", first, "python3.15 -> python3"],
        );
    }

    #[cfg(unix)]
    #[test]
    fn further_names_are_those_of_the_version_and_the_implementation() {
        let threaded = "python3.13t -> /opt/bin/python3.13t";
        let others = [
            "python -> python3.13t",
            "python3 -> python3.13t",
            "python3.13 -> python3.13t",
        ];
        check(
            &Interpreter::sample("cpython", 13, "python3.13t"),
            &[&others[..], &[threaded]].concat(),
        );
        let pi = [
            "python -> python3",
            "python3 -> /opt/bin/python3",
            "python3.14 -> python3",
            "𝜋thon -> python3",
        ];
        let sample = Interpreter::sample("cpython", 14, "python3");
        check(&sample, &pi);
        check(
            &Interpreter {
                utf8_file_names: false,
                ..sample
            },
            &pi[..3],
        );
        let names = [
            "pypy -> pypy3",
            "pypy3 -> /opt/bin/pypy3",
            "python -> pypy3",
            "python3 -> pypy3",
            "python3.11 -> pypy3",
        ];
        check(&Interpreter::sample("pypy", 11, "pypy3"), &names);
    }

    #[test]
    fn windows_launchers_have_had_two_names() {
        let dir = tempfile::tempdir().unwrap();
        let stdlib = dir.path().join("Lib");
        let folder = stdlib.join("venv").join("scripts").join("nt");
        fs::create_dir_all(&folder).unwrap();
        fs::write_new(&folder.join("venvlauncher.exe"), b"new").unwrap();
        fs::write_new(&folder.join("pythonw.exe"), b"old").unwrap();
        let sample = Interpreter::sample("cpython", 13, "python.exe");
        let interpreter = Interpreter {
            posix: false,
            stdlib,
            ..sample
        };
        install_launchers(dir.path(), &interpreter).unwrap();
        assert_eq!(fs::read(&dir.path().join("python.exe")).unwrap(), b"new");
        assert_eq!(fs::read(&dir.path().join("pythonw.exe")).unwrap(), b"old");
    }
}
