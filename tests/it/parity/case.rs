//! `Case`: one command line and the circumstances in which it is run.

use std::path::Path;

use super::call::Call;
use crate::pythons::{Python, is_extreme};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Seed {
    Nothing,
    Pip,
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
    /// Whether it is made with the oldest and the newest CPython only.
    pub(super) extremes: bool,
    /// Whether venv fails, and rvenv must.
    pub(super) fails: bool,
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
            extremes: true,
            ..Self::seeded(name, args)
        }
    }

    /// With pip.
    pub(super) fn seeded(name: &'static str, args: &[&str]) -> Self {
        Self {
            name,
            args: owned(args),
            seed: Seed::Pip,
            call: Call::Path,
            folder: String::new(),
            umask: "022",
            prepare: |_| (),
            before: Vec::new(),
            runs: 1,
            inside: vec!["env"],
            overlooked: Vec::new(),
            extremes: false,
            fails: false,
        }
    }

    /// One that is called in its own way.
    pub(super) fn call(name: &'static str, call: Call) -> Self {
        Self {
            call,
            ..Self::new(name, &["env"])
        }
    }

    pub(super) fn called(self, call: Call) -> Self {
        Self { call, ..self }
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

    pub(super) fn failing(self) -> Self {
        Self {
            fails: true,
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
        let is_asked = !self.extremes || is_extreme(python);
        is_known && is_safe && is_asked && (self.seed == Seed::Nothing || python.seeds)
    }

    /// PyPy's `--copies` copies all of `../lib` besides: of Debian's, the 4 GB of /usr/lib, and fails on the way.
    fn copies_what_stands_beside(&self) -> bool {
        let commands = self.before.iter().chain([&self.args]);
        let is_copy = commands
            .flatten()
            .any(|arg| "--copies".starts_with(arg.as_str()) && arg.len() > 2);
        match self.call {
            Call::Linked(_) | Call::Portable => false,
            Call::Environment(flag) => flag == "--copies",
            _ => is_copy,
        }
    }
}

fn unseeded(args: &[&str]) -> Vec<String> {
    owned(&[&["--without-pip"], args].concat())
}

fn owned(args: &[&str]) -> Vec<String> {
    args.iter().map(|&arg| arg.to_owned()).collect()
}
