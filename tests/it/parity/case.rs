//! `Case`: one command line and the circumstances in which it is run.

use std::path::Path;
use std::rc::Rc;

use super::call::{Call, Callable, Ground, call};
use crate::pythons::{Python, is_extreme};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Seed {
    Nothing,
    Pip,
}

/// What comes of a case with venv.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Works,
    /// It fails, and rvenv must.
    Fails,
    /// It fails, or makes an environment whose Python does not start; rvenv fails, or makes one that does.
    Broken,
}

/// A fate other than success.
#[derive(Clone)]
pub(super) struct Exception {
    fate: Fate,
    reason: &'static str,
    of: fn(&Python) -> bool,
}

/// One command line and the circumstances in which it is run.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) args: Vec<String>,
    pub(super) seed: Seed,
    pub(super) call: Call,
    /// The current folder, below the place where the case is made.
    pub(super) folder: String,
    pub(super) umask: &'static str,
    pub(super) prepare: fn(&Path),
    /// Command lines that venv runs first, for both.
    pub(super) before: Vec<Vec<String>>,
    /// How many times the command is run.
    pub(super) runs: usize,
    /// The environments to look at from inside.
    pub(super) inside: Vec<&'static str>,
    /// What is said of a difference that is meant, see `DIFFERENCES`.
    pub(super) overlooked: Vec<&'static str>,
    /// Which interpreters it is made with.
    pub(super) of: fn(&Python) -> bool,
    /// Where another fate than success is venv's, and why.
    pub(super) exceptions: Vec<Exception>,
    /// Whether it is about the way in which the interpreter is called, and nothing else.
    pub(super) is_way: bool,
    /// Whether the interpreter has a library to itself.
    pub(super) apart: bool,
}

impl Case {
    /// Without pip, which takes venv seconds.
    pub(super) fn new(name: &'static str, args: &[&str]) -> Self {
        Self {
            seed: Seed::Nothing,
            ..Self::seeded(name, args)
        }
        .with(args)
    }

    /// With pip and in some way besides, which every interpreter shares.
    pub(super) fn sampled(name: &'static str, args: &[&str]) -> Self {
        Self {
            of: is_extreme,
            ..Self::seeded(name, args)
        }
    }

    /// With pip.
    pub(super) fn seeded(name: &'static str, args: &[&str]) -> Self {
        Self {
            name,
            args: owned(args),
            seed: Seed::Pip,
            call: call(|it| it.path().to_owned()),
            folder: String::new(),
            umask: "022",
            prepare: |_| (),
            before: Vec::new(),
            runs: 1,
            inside: vec!["env"],
            overlooked: Vec::new(),
            of: |_| true,
            exceptions: Vec::new(),
            is_way: false,
            apart: false,
        }
    }

    /// One that is called in its own way.
    pub(super) fn way<C: Callable + 'static>(name: &'static str, way: fn(&Ground) -> C) -> Self {
        Self {
            is_way: true,
            ..Self::new(name, &["env"]).called(way)
        }
    }

    /// The same with PATH alone, for the oldest and the newest CPython.
    pub(super) fn alone_on_path(self) -> Self {
        let call = self.call;
        Self {
            call: Rc::new(move |it| call(it)?.alone_on_path()),
            of: is_extreme,
            ..self
        }
    }

    pub(super) fn called<C: Callable + 'static>(self, way: fn(&Ground) -> C) -> Self {
        Self {
            call: call(way),
            ..self
        }
    }

    /// Runs another command line, still without pip.
    pub(super) fn with(self, args: &[&str]) -> Self {
        Self {
            args: unseeded(args),
            ..self
        }
    }

    pub(super) fn twice(self) -> Self {
        Self { runs: 2, ..self }
    }

    pub(super) fn of(self, of: fn(&Python) -> bool) -> Self {
        Self { of, ..self }
    }

    pub(super) fn failing(self) -> Self {
        self.except(Fate::Fails, "it is an error", |_| true)
    }

    /// With another fate for the interpreters that `of` holds for.
    pub(super) fn except(
        mut self,
        fate: Fate,
        reason: &'static str,
        of: fn(&Python) -> bool,
    ) -> Self {
        self.exceptions.push(Exception { fate, reason, of });
        self
    }

    /// What comes of it with venv, and why.
    pub(super) fn fate_of(&self, python: &Python) -> (Fate, &'static str) {
        let exception = self.exceptions.iter().find(|it| (it.of)(python));
        exception.map_or((Fate::Works, ""), |it| (it.fate, it.reason))
    }

    /// Called in a place with a library to itself.
    pub(super) fn apart(self) -> Self {
        Self {
            apart: true,
            ..self
        }
    }

    pub(super) fn within(self, folder: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            ..self
        }
    }

    pub(super) fn umask(self, umask: &'static str) -> Self {
        Self { umask, ..self }
    }

    pub(super) fn prepare(self, prepare: fn(&Path)) -> Self {
        Self { prepare, ..self }
    }

    /// Run over what venv has made of `args`, with pip if this is.
    pub(super) fn over(mut self, args: &[&str]) -> Self {
        self.before.push(if self.seed == Seed::Pip {
            owned(args)
        } else {
            unseeded(args)
        });
        self
    }

    /// Overlooks a difference of which one of these is said.
    pub(super) fn overlooking(self, overlooked: &[&'static str]) -> Self {
        Self {
            overlooked: overlooked.to_vec(),
            ..self
        }
    }

    pub(super) fn inside(self, inside: &[&'static str]) -> Self {
        Self {
            inside: inside.to_vec(),
            ..self
        }
    }

    /// Whether this interpreter can do it, and knows every flag that is given.
    pub(super) fn applies_to(&self, python: &Python) -> bool {
        let flags = self
            .args
            .iter()
            .filter(|arg| arg.len() > 2 && arg.starts_with("--"));
        let mut names = flags.map(|flag| flag.split('=').next().unwrap());
        let is_known = names.all(|name| python.flags.iter().any(|known| known.starts_with(name)));
        let is_safe = !(python.is_pypy && self.copies_what_stands_beside());
        is_known && is_safe && (self.of)(python) && (self.seed == Seed::Nothing || python.seeds)
    }

    /// PyPy's `--copies` copies all of `../lib` besides: of Debian's, the 4 GB of /usr/lib, and fails on the way.
    fn copies_what_stands_beside(&self) -> bool {
        let commands = self.before.iter().chain([&self.args]);
        let mut args = commands.flatten().filter(|arg| arg.len() > 2);
        !self.apart && args.any(|arg| "--copies".starts_with(arg.as_str()))
    }
}

fn unseeded(args: &[&str]) -> Vec<String> {
    owned(&[&["--without-pip"], args].concat())
}

fn owned(args: &[&str]) -> Vec<String> {
    args.iter().map(|&arg| arg.to_owned()).collect()
}
