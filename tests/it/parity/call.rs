//! The ways to call an interpreter, and what has to be there before it can be called so.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::pythons::{Python, pyenv_root};
use crate::sandbox::Sandbox;

/// How the interpreter is called; with `python -m venv` directly, with rvenv by `-p` unless it says otherwise.
#[derive(Clone, Copy)]
pub(super) enum Call {
    /// By its path.
    Path,
    /// By another name in the same folder.
    Sibling(&'static str),
    /// As `python3.X`.
    Versioned,
    /// By a link of this name in another folder.
    Linked(&'static str),
    /// In a tree that is a link to the real one.
    LinkedTree,
    /// By a path relative to the current folder.
    Relative,
    /// By its name, which PATH finds.
    Name,
    /// As the first `python3` on PATH, with no `-p`.
    Default,
    /// As `python3` in an activated environment, with no `-p`.
    Active,
    /// As the Python of an environment made with this flag.
    Environment(&'static str),
    /// In a tree of its own with libraries beside it, as PyPy's own archives are.
    Portable,
    /// By pyenv's shim.
    Shim,
}

/// How a case's interpreter is started, and asked for.
pub(super) struct Invocation {
    pub(super) program: PathBuf,
    /// The value of `-p`, if it is given.
    pub(super) request: Option<OsString>,
    /// What stands before the sandbox's PATH.
    pub(super) search: Option<PathBuf>,
    pub(super) variables: Vec<(&'static str, OsString)>,
}

impl Invocation {
    /// Sets it up below `setup`; nothing where this interpreter cannot be called so.
    pub(super) fn of(call: Call, python: &Python, sandbox: &Sandbox, setup: &Path) -> Option<Self> {
        let path = &python.path;
        let folder = path.parent()?;
        match call {
            Call::Path => Some(Self::asked(path.clone())),
            Call::Sibling(name) => sibling(python, name).map(Self::asked),
            Call::Versioned => sibling(python, &python.versioned_name()).map(Self::asked),
            Call::Linked(name) => Some(Self::asked(link(path, &setup.join(name)))),
            Call::LinkedTree => Some(Self::asked(
                link(folder.parent()?, &setup.join("tree"))
                    .join("bin")
                    .join(path.file_name()?),
            )),
            Call::Relative => {
                link(path, &setup.join("python3"));
                Some(Self::asked("../setup/python3".into()))
            }
            Call::Name => Some(Self {
                search: Some(folder.into()),
                ..Self::asked(path.file_name()?.into())
            }),
            Call::Default => Self::first_on_path(folder, python),
            Call::Active => Some(Self::active(python, sandbox, setup)),
            Call::Environment(flag) => Some(Self::asked(
                environment(python, sandbox, setup, flag).join("bin/python"),
            )),
            Call::Portable => python.is_pypy.then(|| Self::asked(portable(path, setup))),
            Call::Shim => Self::shim(path),
        }
    }

    fn asked(program: PathBuf) -> Self {
        Self {
            request: Some(program.clone().into()),
            program,
            search: None,
            variables: Vec::new(),
        }
    }

    fn first_on_path(folder: &Path, python: &Python) -> Option<Self> {
        sibling(python, "python3")?;
        Some(Self {
            request: None,
            search: Some(folder.into()),
            ..Self::asked("python3".into())
        })
    }

    fn active(python: &Python, sandbox: &Sandbox, setup: &Path) -> Self {
        let environment = environment(python, sandbox, setup, "--symlinks");
        let search = Some(environment.join("bin"));
        let variables = vec![("VIRTUAL_ENV", environment.into())];
        Self {
            request: None,
            program: "python3".into(),
            search,
            variables,
        }
    }

    fn shim(path: &Path) -> Option<Self> {
        let root = pyenv_root()?;
        let version = path
            .strip_prefix(root.join("versions"))
            .ok()?
            .iter()
            .next()?
            .to_owned();
        let shim = root.join("shims").join(path.file_name()?);
        let variables = vec![("PYENV_ROOT", root.into()), ("PYENV_VERSION", version)];
        shim.is_file().then(|| Self {
            variables,
            ..Self::asked(shim)
        })
    }
}

/// Another name for the same interpreter in its own folder.
fn sibling(python: &Python, name: &str) -> Option<PathBuf> {
    let path = python.path.with_file_name(name);
    let is_same = path.canonicalize().ok()? == python.path.canonicalize().ok()?;
    is_same.then_some(path)
}

fn link(target: &Path, path: &Path) -> PathBuf {
    symlink(target, path).unwrap();
    path.to_owned()
}

fn portable(path: &Path, setup: &Path) -> PathBuf {
    for folder in ["bin", "lib/tcl/deep", "lib/pypy3.9"] {
        fs::create_dir_all(setup.join(folder)).unwrap();
    }
    for file in ["lib/libffi.so.6", "lib/tcl/deep/init.tcl", "lib/pypy3.9/no"] {
        fs::write(setup.join(file), file).unwrap();
    }
    symlink("libffi.so.6", setup.join("lib/libffi.so")).unwrap();
    link(path, &setup.join("bin/pypy3"))
}

/// An environment that venv has made, to work from.
fn environment(python: &Python, sandbox: &Sandbox, setup: &Path, flag: &str) -> PathBuf {
    let path = setup.join("active");
    let mut command = sandbox.command(&python.path);
    command
        .args(["-m", "venv", "--without-pip", flag])
        .arg(&path)
        .assert()
        .success();
    path
}
