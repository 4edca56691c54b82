//! The Python that an environment was made of: whether it is there, and is still the one.

use crate::sys::{fs, platform};
use crate::venv::check::{Anatomy, Finding, Kind, Mend, Version};
use std::path::{Path, PathBuf};

/// The most of a header that is read, in bytes.
const LONGEST_HEADER: u64 = 1 << 14;

pub(super) fn findings(anatomy: &Anatomy) -> Vec<Finding> {
    if let Some(finding) = another_system(anatomy) {
        return vec![finding];
    }
    if let Some(finding) = gone(anatomy) {
        return vec![finding];
    }
    another_version(anatomy)
        .or_else(|| another_name(anatomy))
        .or_else(|| another_patch(anatomy))
        .into_iter()
        .collect()
}

/// Returns whether a path is one of Windows: `C:\` or `\\server`.
pub(super) fn is_of_windows(path: &str) -> bool {
    let mut chars = path.chars();
    let drive =
        chars.next().is_some_and(|char| char.is_ascii_alphabetic()) && chars.next() == Some(':');
    drive || path.starts_with(r"\\")
}

fn another_system(anatomy: &Anatomy) -> Option<Finding> {
    let home = anatomy.get("home").filter(|home| !home.is_empty());
    let is_here_windows = platform::SCRIPTS_DIR == "Scripts";
    let is_windows_home = home.map(is_of_windows);
    let has_other_layout = anatomy.is_windows() && !is_here_windows;
    if has_other_layout || is_windows_home.is_some_and(|windows| windows != is_here_windows) {
        let home = home.map_or(String::new(), |home| format!(": `home` is `{home}`"));
        let message = format!("it was made on another kind of system{home}");
        let mend = if has_other_layout {
            Mend::Clear
        } else {
            Mend::Upgrade
        };
        return Some(Finding::broken(Kind::AnotherSystem, message, mend));
    }
    let is_gone = |home: &Path| match home.metadata() {
        Ok(metadata) => !metadata.is_dir(),
        Err(err) => fs::is_absent(&err),
    };
    let home = home.filter(|home| Path::new(home).is_absolute() && is_gone(Path::new(home)))?;
    let message = format!(
        "it was made on another system, or its Python was removed: `home` is `{home}`, which is not here"
    );
    Some(Finding::broken(Kind::AnotherSystem, message, Mend::Upgrade))
}

fn gone(anatomy: &Anatomy) -> Option<Finding> {
    let python = anatomy.python();
    let name = format!("`{}`", shown(anatomy, &python));
    let message = match python.metadata() {
        // It may well be there, for others or later.
        Err(err) if !fs::is_absent(&err) => {
            let message = format!("{name} cannot be looked at: {err}");
            return Some(Finding::warning(Kind::BaseGone, message, Mend::Upgrade));
        }
        Err(_) if python.is_symlink() => {
            format!(
                "{name} leads to `{}`, which is not there",
                end_of(&python).display()
            )
        }
        Err(_) => format!("{name} is missing"),
        Ok(metadata) if !metadata.is_file() => format!("{name} is no file"),
        Ok(metadata) if platform::mode(&metadata) & 0o111 == 0 && !anatomy.is_windows() => {
            format!("{name} is not executable")
        }
        Ok(_) => {
            let home = anatomy.get("home").map(PathBuf::from)?;
            if !home.is_absolute() || base(anatomy, &home).is_some() {
                return None;
            }
            format!(
                "`home` is `{}`, in which there is no Python any more",
                home.display()
            )
        }
    };
    Some(Finding::broken(Kind::BaseGone, message, Mend::Upgrade))
}

/// Returns a path as it is called within the environment.
fn shown(anatomy: &Anatomy, path: &Path) -> String {
    let inside = path.strip_prefix(&anatomy.root).unwrap_or(path);
    inside.display().to_string()
}

/// Returns where a chain of symlinks ends.
fn end_of(link: &Path) -> PathBuf {
    const LONGEST_CHAIN: usize = 40;
    let mut path = link.to_owned();
    for _ in 0..LONGEST_CHAIN {
        let Ok(target) = path.read_link() else {
            break;
        };
        path = path.parent().unwrap_or(&path).join(target);
    }
    fs::absolute(&path).unwrap_or(path)
}

/// Returns the base's executable in its `home`, under any of the names that it may have there.
fn base(anatomy: &Anatomy, home: &Path) -> Option<PathBuf> {
    let file_name = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    let recorded = ["executable", "base-executable"];
    let recorded = recorded
        .iter()
        .filter_map(|key| file_name(Path::new(anatomy.get(key)?)));
    let linked = file_name(&end_of(&anatomy.python()));
    let version = anatomy.version();
    let versioned = |start: &str| version.map(|version| format!("{start}{version}"));
    let usual = [
        "python3",
        "python",
        "pypy3",
        "pypy",
        "graalpy",
        "python.exe",
        "pypy3.exe",
    ];
    linked
        .into_iter()
        .chain(usual.map(str::to_owned))
        .chain(["python", "pypy"].into_iter().filter_map(versioned))
        .chain(recorded)
        .map(|name| home.join(name))
        .find(|path| match path.metadata() {
            Ok(metadata) => metadata.is_file(),
            Err(err) => !fs::is_absent(&err),
        })
}

/// Returns the path without symlinks of the base's executable: what leads there from the environment, or of a copy its
/// namesake in `home`.
fn real_base(anatomy: &Anatomy) -> Option<PathBuf> {
    let real = anatomy.python().canonicalize().ok()?;
    if !real.starts_with(fs::real(&anatomy.root)) {
        return Some(real);
    }
    base(anatomy, Path::new(anatomy.get("home")?))?
        .canonicalize()
        .ok()
}

/// Returns the version that an executable's name tells, or the one standard library beside it.
fn version_of(executable: &Path) -> Option<Version> {
    if let Some(version) = Version::in_name(executable.file_name()?.to_str()?) {
        return Some(version);
    }
    let lib = executable.parent()?.parent()?.join("lib");
    let libraries = fs::list(&lib).unwrap_or_default();
    let mut versions = libraries.iter().filter_map(|path| {
        let version = Version::in_name(path.file_name()?.to_str()?)?;
        path.join("os.py").is_file().then_some(version)
    });
    let only = versions.next()?;
    versions.all(|other| other == only).then_some(only)
}

fn another_version(anatomy: &Anatomy) -> Option<Finding> {
    let (recorded, base) = (anatomy.version()?, real_base(anatomy)?);
    let found = version_of(&base).filter(|found| *found != recorded)?;
    let message = format!(
        "it was made of Python {recorded}, and its Python is {found} now (`{}`)",
        base.display()
    );
    Some(Finding::broken(
        Kind::AnotherVersion,
        message,
        Mend::Upgrade,
    ))
}

/// Finds a `python3.12` among the executables that is another version.
fn another_name(anatomy: &Anatomy) -> Option<Finding> {
    let paths = fs::list(&anatomy.scripts).unwrap_or_default();
    paths.iter().find_map(|path| {
        let called = Version::in_name(path.file_name()?.to_str()?)?;
        let real = path.canonicalize().ok()?;
        let is = Version::in_name(real.file_name()?.to_str()?)?;
        let message = format!(
            "`{}` is Python {is} (`{}`)",
            shown(anatomy, path),
            real.display()
        );
        (is != called).then(|| Finding::broken(Kind::AnotherVersion, message, Mend::Upgrade))
    })
}

/// Compares the patch level on record with what a header beside the base says, where it has been installed.
fn another_patch(anatomy: &Anatomy) -> Option<Finding> {
    let recorded = anatomy.cfg.as_ref().ok()?.full_version()?;
    let recorded: Vec<&str> = recorded.split('.').take(3).collect();
    let [.., micro] = recorded.as_slice() else {
        return None;
    };
    let base = real_base(anatomy)?;
    let found = header_version(&base, anatomy.version()?)?;
    let recorded = recorded.join(".");
    let is_comparable = recorded.split('.').count() == 3
        && micro.bytes().all(|byte| byte.is_ascii_digit())
        && found.split('.').count() == 3;
    (is_comparable && found != recorded).then(|| {
        let message = format!("it was made of Python {recorded}, and its Python is {found} now");
        Finding::warning(Kind::AnotherVersion, message, Mend::Upgrade)
    })
}

/// Returns the `PY_VERSION` of the header that belongs to an executable, without what marks a development version.
fn header_version(executable: &Path, version: Version) -> Option<String> {
    let include = executable.parent()?.parent()?.join("include");
    let headers = ["python", "pypy"].map(|name| {
        include
            .join(format!("{name}{version}"))
            .join("patchlevel.h")
    });
    let bytes = headers
        .iter()
        .find_map(|path| fs::read_head(path, LONGEST_HEADER).ok())?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("#define PY_VERSION "))?;
    let found = line.trim().trim_matches('"').trim_end_matches('+');
    found
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        .then(|| found.to_owned())
}
