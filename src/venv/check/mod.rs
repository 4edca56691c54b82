//! What can be wrong with an environment, and what of that its directory shows without starting its Python.
//!
//! What pip and the activation scripts show is for the layers that know them; the words for all of it are here.

mod anatomy;
mod base;
mod configuration;
mod permission;
mod version;

pub(crate) use anatomy::Anatomy;
pub(crate) use permission::{protect, world_writable};
use serde::Serialize;
pub(crate) use version::Version;

/// Something wrong with an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    /// What it is and why that is wrong, with the values that show it.
    pub(crate) message: String,
    pub(crate) mend: Mend,
}

/// What is wrong; the names are part of what `--json` promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// `pyvenv.cfg` cannot be read, or does not say what it must.
    Configuration,
    /// What says which Python it is for does not agree.
    Contradiction,
    BaseGone,
    AnotherSystem,
    /// Its Python is another version than the one that it was made of.
    AnotherVersion,
    TwoVersions,
    WorldWritable,
    SystemSitePackages,
    ActivationMissing,
    Moved,
    PipMissing,
    PipNotImportable,
    LaunchersElsewhere,
    /// A package lacks files.
    FilesMissing,
    /// Files of a package are not what was installed.
    FilesChanged,
    /// Its Python does not start, or is not this environment's.
    PythonFails,
    /// `VIRTUAL_ENV` disagrees.
    VirtualEnv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    /// It does not do what an environment does, or not safely.
    Broken,
    /// It works, though maybe not as expected.
    Warning,
}

/// What mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mend {
    /// Making it whole with its packages kept.
    Upgrade,
    /// Making it anew.
    Clear,
    /// Hiding the packages of the system.
    Isolate,
    /// Taking the right to write from everybody.
    Protect,
    /// Installing a package again: what follows `install` on the command line of `Installer`.
    Reinstall(Installer, Vec<String>),
    /// Activating it in the shell.
    Activate,
}

/// What installs packages into an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installer {
    /// The environment's own pip.
    Pip,
    /// An environment without pip is likely uv's.
    Uv,
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// At what costs next to nothing: of packages, those that an environment begins with.
    Glance,
    /// At all that can be seen without reading every file.
    Whole,
    /// At every byte, and what its Python says when it is started.
    Deep,
}

impl Finding {
    pub(crate) fn broken(kind: Kind, message: impl Into<String>, mend: Mend) -> Self {
        Self {
            kind,
            severity: Severity::Broken,
            message: message.into(),
            mend,
        }
    }

    pub(crate) fn warning(kind: Kind, message: impl Into<String>, mend: Mend) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::broken(kind, message, mend)
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.severity == Severity::Broken
    }
}

/// Returns what is wrong with an environment apart from what is installed in it.
pub(crate) fn findings(anatomy: &Anatomy) -> Vec<Finding> {
    let mut findings = configuration::findings(anatomy);
    findings.extend(base::findings(anatomy));
    findings.extend(world_writable(anatomy));
    findings
}

/// Returns up to this many names, and how many more there are.
pub(crate) fn some_of(names: &[String]) -> String {
    const MOST: usize = 3;
    let quoted: Vec<_> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(MOST) {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}
