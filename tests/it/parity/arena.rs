//! Makes one case twice at the same path, with venv and then with rvenv, and looks at both: from outside and from inside.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::call::{Ground, Invocation};
use super::case::{Case, Fate, Seed};
use super::snapshot;
use crate::pythons::Python;
use crate::sandbox::{RVENV, Sandbox, tree};

/// What both Pythons must say alike of where they are.
const PLACES: &str = "
import sys
def say(name, value): print(name, ascii(value), sep='\t')
for name in ['prefix', 'base_prefix', 'exec_prefix', 'base_exec_prefix', 'executable', '_base_executable', 'path', 'flags']:
    say('sys.' + name, getattr(sys, name, None))
";

/// And of what follows from that.
const SCHEMES: &str = "
import site, sysconfig
say('sysconfig.get_paths()', sysconfig.get_paths())
say('site.ENABLE_USER_SITE', site.ENABLE_USER_SITE)
say('site.getsitepackages()', site.getsitepackages())
";

/// What a Python says of itself, by name; or why it says nothing.
type Facts = Result<BTreeMap<String, String>, String>;

/// What `bin/pip` imports, in the order of pip's versions.
const IMPORT_PIP: &str = "
try: import pip._internal.cli.main
except ImportError: import pip._internal
";

/// Who makes the environment.
#[derive(Clone, Copy, PartialEq)]
enum Maker {
    Venv,
    Rvenv,
}

/// What came of one run.
struct Made {
    root: PathBuf,
    output: Output,
    facts: Vec<Facts>,
}

/// A folder in which one case is made with one interpreter.
pub(super) struct Arena<'a> {
    sandbox: Sandbox,
    python: &'a Python,
    case: &'a Case,
    invocation: Invocation,
}

impl<'a> Arena<'a> {
    /// Sets up what the case needs, or nothing where this interpreter cannot be called as the case wants it.
    pub(super) fn new(python: &'a Python, case: &'a Case) -> Option<Self> {
        let sandbox = Sandbox::with_shared_store();
        let invocation = (case.call)(&Ground::new(python, &sandbox))?;
        Some(Self {
            sandbox,
            python,
            case,
            invocation,
        })
    }

    /// Everything by which rvenv's result is not venv's, with `@` for the folder that is another in each run.
    pub(super) fn differences(&self) -> Vec<String> {
        let (top, version) = (self.sandbox.path(""), self.python.versioned_name());
        let top = top.to_str().unwrap();
        let is_meant = |what: &String| self.case.overlooked.iter().any(|part| what.contains(part));
        let found = self.found().into_iter().filter(|what| !is_meant(what));
        found
            .map(|what| what.replace(top, "@").replace(&version, "python3.X"))
            .collect()
    }

    fn found(&self) -> Vec<String> {
        let venv = self.make(Maker::Venv, "venv");
        let rvenv = self.make(Maker::Rvenv, "rvenv");
        let unlike = match self.case.fate_of(self.python) {
            (Fate::Broken, reason) => return unlike_broken(&venv, &rvenv, reason),
            (Fate::Fails, _) => unlike_failure(&venv.output, &rvenv.output),
            (Fate::Works, _) => unlike_success(&venv.output, &rvenv.output),
        };
        if let Some(what) = unlike {
            return vec![what];
        }
        let mut found = snapshot::differences(self.python, &venv.root, &rvenv.root);
        found.extend(silent(&rvenv).map(|error| format!("its Python does not run: {error}")));
        for (theirs, mine) in venv.facts.iter().zip(&rvenv.facts) {
            found.extend(unlike_facts(theirs, mine));
        }
        if self.case.seed == Seed::Pip {
            fs::rename(&rvenv.root, self.sandbox.path("work")).unwrap();
            found.extend(self.unusable_pip());
        }
        found
    }

    /// Makes the case in `work`, asks the environments, and moves all of it aside.
    fn make(&self, maker: Maker, aside: &str) -> Made {
        let work = self.folder();
        fs::create_dir_all(&work).unwrap();
        (self.case.prepare)(&work);
        for args in &self.case.before {
            let output = self.run(Maker::Venv, args);
            assert!(output.status.success(), "{}", said(&output));
        }
        let mut output = self.run(maker, &self.case.args);
        for _ in 1..self.case.runs {
            output = self.run(maker, &self.case.args);
        }
        let is_asked = output.status.success() && self.asks(maker);
        let environments = self.case.inside.iter().filter(|_| is_asked);
        let facts = environments
            .map(|name| self.facts(&work.join(name)))
            .collect();
        let root = self.sandbox.path(aside);
        fs::rename(self.sandbox.path("work"), &root).unwrap();
        Made {
            root,
            output,
            facts,
        }
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.path("work").join(&self.case.folder)
    }

    fn run(&self, maker: Maker, args: &[String]) -> Output {
        let mut command = self.sandbox.command("/bin/sh");
        command
            .current_dir(self.folder())
            .args(["-c", "umask $0 && exec \"$@\"", self.case.umask]);
        match (maker, &self.invocation.request) {
            (Maker::Venv, _) => command.arg(&self.invocation.program).args(["-m", "venv"]),
            (Maker::Rvenv, Some(request)) => command.arg(RVENV).arg("-p").arg(request),
            (Maker::Rvenv, None) => command.arg(RVENV),
        };
        if let Some(search) = &self.invocation.search {
            command.env("PATH", search);
        }
        command.envs(self.invocation.variables.iter().cloned());
        command.args(args).output().unwrap()
    }

    fn facts(&self, environment: &Path) -> Facts {
        let schemes = if self.case.is_way { "" } else { SCHEMES };
        let question = format!("{PLACES}{schemes}");
        let mut command = self.sandbox.command(environment.join("bin/python"));
        let output = command.args(["-B", "-c", &question]).output();
        let output = output.map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(said(&output));
        }
        let lines = String::from_utf8(output.stdout).unwrap();
        let facts = lines.lines().filter_map(|line| line.split_once('\t'));
        Ok(facts
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }

    /// Whether what `maker` makes is asked: the Python of the same tree at the same place says the same, which saves a
    /// quarter of the time of what is all about trees.
    fn asks(&self, maker: Maker) -> bool {
        let (fate, _) = self.case.fate_of(self.python);
        maker == Maker::Rvenv || !self.case.is_way || fate == Fate::Broken
    }

    /// How the pip of the environment in `work`, made by rvenv, is not one that venv has compiled and left alone.
    fn unusable_pip(&self) -> Vec<String> {
        let environment = self.folder().join(self.case.inside[0]);
        let before = tree(&environment);
        let mut found = self.recompiled(&environment);
        let output = self
            .sandbox
            .command(environment.join("bin/pip"))
            .arg("--version")
            .output();
        match output {
            Ok(output) if output.status.success() => {}
            Ok(output) => found.push(format!("pip --version fails: {}", said(&output))),
            Err(error) => found.push(format!("pip does not start: {error}")),
        }
        let after = tree(&environment);
        let touched = after
            .iter()
            .filter(|(path, entry)| before.get(*path) != Some(*entry));
        found.extend(touched.map(|(path, _)| format!("{}: changed by using pip", path.display())));
        found
    }

    /// What importing pip compiles, though it should have been compiled before.
    fn recompiled(&self, environment: &Path) -> Vec<String> {
        let mut python = self.sandbox.command(environment.join("bin/python"));
        let output = python.args(["-v", "-c", IMPORT_PIP]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let accepted = text
            .lines()
            .filter(|line| line.contains("site-packages") && line.contains(" matches "));
        let mut found: Vec<String> = text
            .lines()
            .filter(|line| line.contains("# wrote") || line.contains("bytecode is stale"))
            .map(|line| format!("python -v: {line}"))
            .collect();
        if !output.status.success() || accepted.count() < 20 {
            found.push(format!(
                "python -v takes too little of pip from bytecode: {}",
                said(&output)
            ));
        }
        found
    }
}

fn unlike_success(venv: &Output, rvenv: &Output) -> Option<String> {
    let is_silent = rvenv.stdout.is_empty() && rvenv.stderr.is_empty();
    match [venv, rvenv].map(|output| output.status.success()) {
        [false, _] => Some(format!("venv itself fails: {}", said(venv))),
        [_, false] => Some(format!("rvenv fails: {}", said(rvenv))),
        _ if !is_silent => Some(format!("rvenv is not silent: {}", said(rvenv))),
        _ => None,
    }
}

fn unlike_failure(venv: &Output, rvenv: &Output) -> Option<String> {
    match [venv, rvenv].map(|output| output.status.success()) {
        [true, _] => Some("venv does not fail".to_owned()),
        [_, true] => Some(format!("venv fails, rvenv does not: {}", said(venv))),
        _ => None,
    }
}

/// Where venv makes nothing that works, rvenv must not either pretend to.
fn unlike_broken(venv: &Made, rvenv: &Made, reason: &str) -> Vec<String> {
    let mut found = Vec::new();
    if venv.output.status.success() && silent(venv).is_none() {
        found.push(format!("venv's works, though {reason}"));
    }
    let lost = silent(rvenv).map(|error| format!("{reason}, and its Python does not run: {error}"));
    found.extend(lost);
    found
}

/// What is said by the first Python that says nothing of itself.
fn silent(made: &Made) -> Option<&String> {
    made.facts.iter().find_map(|facts| facts.as_ref().err())
}

fn unlike_facts(theirs: &Facts, mine: &Facts) -> Vec<String> {
    let (theirs, mine) = match (theirs, mine) {
        (Err(error), _) => return vec![format!("venv's Python does not run: {error}")],
        (_, Err(_)) => return Vec::new(),
        (Ok(theirs), Ok(mine)) => (theirs, mine),
    };
    let unlike = theirs
        .iter()
        .filter(|(name, value)| mine.get(*name) != Some(value));
    unlike
        .map(|(name, value)| format!("inside, {name} is {:?}, venv's is {value}", mine.get(name)))
        .collect()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    let skipped = text.chars().count().saturating_sub(600);
    format!(
        "{}: {}",
        output.status,
        text.chars().skip(skipped).collect::<String>()
    )
}
