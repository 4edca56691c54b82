//! Where interpreters are installed off `PATH`, by the tools that keep several of them and by systems.

use crate::sys::{fs, platform};
use crate::venv::interpreter::place::Place;
use crate::venv::interpreter::registry;
use crate::venv::interpreter::request::Spec;
use crate::venv::pyvenv_cfg;
use std::cmp::Reverse;
use std::env;
use std::path::{Path, PathBuf};

/// How much of a list of environments is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Something that installs interpreters.
struct Keeper {
    name: &'static str,
    /// The variable that says where it keeps them, or which program below that it is.
    variable: Option<&'static str>,
    /// Where that is without: absolute, below home or below what a variable says.
    roots: &'static [&'static str],
    /// The installations below that; a `*` is any name.
    installations: &'static [&'static str],
}

const KEEPERS: &[Keeper] = &[
    Keeper {
        name: "pyenv",
        variable: Some("PYENV_ROOT"),
        roots: &["~/.pyenv", "~/.pyenv/pyenv-win"],
        installations: &["versions/*"],
    },
    Keeper {
        name: "mise",
        variable: Some("MISE_DATA_DIR"),
        roots: &["$XDG_DATA_HOME/mise", "$LOCALAPPDATA/mise"],
        installations: &["installs/python/*"],
    },
    Keeper {
        name: "asdf",
        variable: Some("ASDF_DATA_DIR"),
        roots: &["~/.asdf"],
        installations: &["installs/python/*"],
    },
    Keeper {
        name: "uv",
        variable: Some("UV_PYTHON_INSTALL_DIR"),
        roots: &["$XDG_DATA_HOME/uv/python", "$APPDATA/uv/python"],
        installations: &["*"],
    },
    Keeper {
        name: "rye",
        variable: Some("RYE_HOME"),
        roots: &["~/.rye"],
        installations: &["py/*", "py/*/install"],
    },
    Keeper {
        name: "hatch",
        variable: None,
        roots: &[
            "$XDG_DATA_HOME/hatch/pythons",
            "$LOCALAPPDATA/hatch/pythons",
        ],
        installations: &["*/python"],
    },
    Keeper {
        name: "conda",
        variable: Some("CONDA_EXE"),
        roots: &[],
        installations: &["", "envs/*"],
    },
    Keeper {
        name: "conda",
        variable: Some("MAMBA_ROOT_PREFIX"),
        roots: &["~/micromamba"],
        installations: &["", "envs/*"],
    },
    Keeper {
        name: "conda",
        variable: None,
        roots: &[
            "~/miniconda3",
            "~/anaconda3",
            "~/miniforge3",
            "~/mambaforge",
            "~/.conda",
            "/opt/conda",
            "/opt/miniconda3",
            "/opt/anaconda3",
            "/opt/miniforge3",
        ],
        installations: &["", "envs/*"],
    },
    Keeper {
        name: "Homebrew",
        variable: Some("HOMEBREW_PREFIX"),
        roots: &["/opt/homebrew", "/usr/local"],
        installations: &["opt/python@*"],
    },
    Keeper {
        name: "Homebrew",
        variable: None,
        roots: &["/"],
        installations: &["home/linuxbrew/.linuxbrew/opt/python@*"],
    },
    Keeper {
        name: "python.org",
        variable: None,
        roots: &[
            "/Library/Frameworks/Python.framework",
            "/Library/Frameworks/PythonT.framework",
        ],
        installations: &["Versions/*"],
    },
    Keeper {
        name: "system",
        variable: None,
        roots: &["/"],
        installations: &["usr/local", "usr", "opt", "opt/*", "opt/python/*"],
    },
    Keeper {
        name: "python.org",
        variable: None,
        roots: &["$LOCALAPPDATA/Programs/Python", "$ProgramFiles"],
        installations: &["Python3*"],
    },
];

/// Returns the directories of all installations that are known of, the latest first.
pub(super) fn everywhere() -> Vec<Place> {
    let kept = KEEPERS.iter().flat_map(Keeper::places);
    let mut places: Vec<Place> = registry::places()
        .into_iter()
        .chain(kept)
        .chain(environments_of_conda())
        .collect();
    let version = |place: &Place| place.says.as_ref().map(Spec::parts).map(<[u16]>::to_vec);
    places.sort_by_cached_key(|place| Reverse(version(place)));
    places
}

/// Returns the environments that conda knows of, wherever they are.
fn environments_of_conda() -> Vec<Place> {
    let list = env::home_dir().map(|home| home.join(".conda/environments.txt"));
    let text = list.and_then(|list| fs::read_head(&list, LONGEST).ok());
    let text = String::from_utf8_lossy(text.as_deref().unwrap_or_default()).into_owned();
    let roots = text.lines().map(PathBuf::from);
    roots
        .filter(|root| root.is_absolute())
        .map(|root| at(&root, "conda"))
        .collect()
}

/// Returns where the executables of an installation are; what its name says is `3.12.1`,
/// `cpython-3.12.1-linux-x86_64-gnu`, `python@3.12`, or nothing.
fn at(root: &Path, keeper: &'static str) -> Place {
    let name = root.file_name().and_then(|name| name.to_str());
    Place {
        dir: platform::INSTALLED_EXECUTABLES.map_or(root.to_owned(), |dir| root.join(dir)),
        keeper,
        // People name environments as they like.
        says: name.filter(|_| keeper != "conda").and_then(Spec::parse),
    }
}

impl Keeper {
    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for root in self.roots() {
            let installations = self.installations.iter();
            let roots = installations.flat_map(|pattern| expand(&root, pattern));
            places.extend(
                roots
                    // Environments are kept beside installations by pyenv-virtualenv.
                    .filter(|root| !pyvenv_cfg::is_in(root))
                    .map(|root| at(&root, self.name)),
            );
        }
        places
    }

    fn roots(&self) -> Vec<PathBuf> {
        let set = self.variable.and_then(env::var_os).map(PathBuf::from);
        match set.filter(|root| root.is_absolute()) {
            Some(root) => root_of(root).into_iter().collect(),
            None => self
                .roots
                .iter()
                .filter_map(|root| place_of(root))
                .collect(),
        }
    }
}

/// Returns the root that a variable names, itself or by a program in its `bin`.
fn root_of(path: PathBuf) -> Option<PathBuf> {
    if path.is_file() {
        return path.ancestors().nth(2).map(Path::to_owned);
    }
    Some(path)
}

/// Returns an absolute path from one that begins with `~` or a variable, `None` where that is not set.
fn place_of(root: &str) -> Option<PathBuf> {
    let (start, rest) = root.split_once('/').unwrap_or((root, ""));
    let start = match start.strip_prefix('$') {
        Some(variable) => variable_or_default(variable)?,
        None if start == "~" => env::home_dir()?,
        None => PathBuf::from("/"),
    };
    Some(start.join(rest)).filter(|root| root.is_absolute())
}

fn variable_or_default(variable: &str) -> Option<PathBuf> {
    let set = env::var_os(variable).map(PathBuf::from);
    set.filter(|path| path.is_absolute()).or_else(|| {
        let is_data = variable == "XDG_DATA_HOME";
        is_data.then(|| Some(env::home_dir()?.join(".local/share")))?
    })
}

/// Returns the directories below `root` that match a pattern.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut dirs = vec![root.to_owned()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        dirs = match part.strip_suffix('*') {
            None => dirs.iter().map(|dir| dir.join(part)).collect(),
            Some(start) => dirs
                .iter()
                .flat_map(|dir| beginning_with(dir, start))
                .collect(),
        };
    }
    dirs
}

fn beginning_with(dir: &Path, start: &str) -> Vec<PathBuf> {
    let is_match = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(start) && !name.starts_with('.')
    };
    let paths = fs::list(dir).unwrap_or_default();
    paths.into_iter().filter(is_match).collect()
}
