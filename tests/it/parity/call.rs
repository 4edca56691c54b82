//! How an interpreter is called, and the ground on which what has to be there before is set up.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::pythons::Python;
use crate::sandbox::Sandbox;

/// A way to call an interpreter; nothing where this one cannot be called so.
pub(super) type Call = Rc<dyn Fn(&Ground) -> Option<Invocation>>;

/// What a way to call an interpreter may end in.
pub(super) trait Callable {
    fn invocation(self) -> Option<Invocation>;
}

impl Callable for Invocation {
    fn invocation(self) -> Option<Invocation> {
        Some(self)
    }
}

/// To be asked for.
impl Callable for PathBuf {
    fn invocation(self) -> Option<Invocation> {
        Some(Invocation::asked(self))
    }
}

impl<C: Callable> Callable for Option<C> {
    fn invocation(self) -> Option<Invocation> {
        self?.invocation()
    }
}

/// Makes a row of a table a [`Call`].
pub(super) fn call<C: Callable + 'static>(way: fn(&Ground) -> C) -> Call {
    Rc::new(move |it| way(it).invocation())
}

/// How a case's interpreter is started: with `python -m venv` directly, with rvenv by `-p` unless it says otherwise.
pub(super) struct Invocation {
    pub(super) program: PathBuf,
    /// The value of `-p`, if it is given.
    pub(super) request: Option<OsString>,
    /// What PATH is, if it is not the sandbox's.
    pub(super) search: Option<PathBuf>,
    pub(super) variables: Vec<(&'static str, OsString)>,
}

impl Invocation {
    /// By a path, or by a name on PATH.
    pub(super) fn asked(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        Self {
            request: Some(program.clone().into()),
            program,
            search: None,
            variables: Vec::new(),
        }
    }

    /// As what PATH finds first in `folder`, with no `-p`.
    pub(super) fn first_in(folder: impl Into<PathBuf>) -> Self {
        Self {
            request: None,
            search: Some(folder.into()),
            ..Self::asked("python3")
        }
    }

    /// The same by its bare name, in a PATH of nothing but its folder; nothing where that is not what is looked for.
    pub(super) fn alone_on_path(self) -> Option<Self> {
        let name = self.program.file_name()?;
        let is_found = name == "python3" || name == "python" && !self.has_sibling("python3");
        let folder = self.request.as_ref().and(self.program.parent())?;
        let is_absolute = self.program.is_absolute() && self.variables.is_empty();
        (is_found && is_absolute).then(|| Self {
            program: name.into(),
            request: None,
            search: Some(folder.to_owned()),
            variables: Vec::new(),
        })
    }

    fn has_sibling(&self, name: &str) -> bool {
        self.program.with_file_name(name).exists()
    }

    /// With no `-p`, in the environment that `variable` says is active, while PATH leads to another `python3`.
    pub(super) fn active(it: &Ground, variable: &'static str, root: PathBuf) -> Self {
        let other = it.linked("other/python3");
        Self {
            request: None,
            search: other.parent().map(Path::to_owned),
            ..Self::asked(root.join("bin/python3")).with(variable, root)
        }
    }

    pub(super) fn with(mut self, variable: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((variable, value.into()));
        self
    }
}

/// An interpreter, and a folder of its own in which ways to call it are set up.
pub(super) struct Ground<'a> {
    pub(super) python: &'a Python,
    pub(super) sandbox: &'a Sandbox,
    pub(super) setup: PathBuf,
}

impl<'a> Ground<'a> {
    pub(super) fn new(python: &'a Python, sandbox: &'a Sandbox) -> Self {
        let setup = sandbox.path("setup");
        fs::create_dir(&setup).unwrap();
        Self {
            python,
            sandbox,
            setup,
        }
    }

    /// The interpreter as the tests found it.
    pub(super) fn path(&self) -> &'a Path {
        &self.python.path
    }

    /// The folder that it is in.
    pub(super) fn folder(&self) -> &'a Path {
        self.path().parent().unwrap()
    }

    /// The root of its installation.
    pub(super) fn root(&self) -> &'a Path {
        self.folder().parent().unwrap()
    }

    /// `python3.X`.
    pub(super) fn versioned(&self) -> String {
        self.python.versioned_name()
    }

    /// An environment of its own venv.
    pub(super) fn one(&self) -> PathBuf {
        self.environment(self.path(), "--symlinks", "one")
    }

    /// The executable itself.
    pub(super) fn real(&self) -> PathBuf {
        self.path().canonicalize().unwrap()
    }

    /// Another name for it in its own folder.
    pub(super) fn sibling(&self, name: &str) -> Option<PathBuf> {
        let path = self.path().with_file_name(name);
        (path.canonicalize().ok()? == self.real()).then_some(path)
    }

    /// A link called `name` to the interpreter.
    pub(super) fn linked(&self, name: impl AsRef<Path>) -> PathBuf {
        self.link(self.path(), name)
    }

    /// A link called `name`, with the folders above it.
    pub(super) fn link(&self, target: impl AsRef<Path>, name: impl AsRef<Path>) -> PathBuf {
        let path = self.place(name);
        symlink(target, &path).unwrap();
        path
    }

    /// The path called `name`, with the folders above it.
    pub(super) fn place(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.setup.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    pub(super) fn write(&self, name: impl AsRef<Path>, content: &str) -> PathBuf {
        let path = self.place(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// An environment called `name`, which `program`'s own venv makes.
    pub(super) fn environment(&self, program: &Path, flag: &str, name: &str) -> PathBuf {
        let path = self.setup.join(name);
        let mut command = self.sandbox.command(program);
        command.args(["-m", "venv", "--without-pip", flag]);
        command.arg(&path).assert().success();
        path
    }
}
