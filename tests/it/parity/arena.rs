//! Makes one case twice at the same path, with venv and then with rvenv, and looks at both: from outside and from inside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use super::call::Invocation;
use super::case::{Case, Seed};
use super::snapshot;
use crate::pythons::Python;
use crate::sandbox::{RVENV, Sandbox, search_path, tree};

/// What both Pythons must say alike.
const FACTS: &str = "
import json, site, sys, sysconfig
print(json.dumps({
    'sys.prefix': sys.prefix, 'sys.base_prefix': sys.base_prefix, 'sys.exec_prefix': sys.exec_prefix,
    'sys.base_exec_prefix': sys.base_exec_prefix, 'sys.executable': sys.executable,
    'sys._base_executable': getattr(sys, '_base_executable', None), 'sys.path': sys.path,
    'sysconfig.get_paths()': sysconfig.get_paths(), 'site.ENABLE_USER_SITE': site.ENABLE_USER_SITE,
    'site.getsitepackages()': site.getsitepackages(), 'sys.flags': repr(sys.flags)}))
";

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
    facts: Vec<Value>,
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
        let setup = sandbox.path("setup");
        fs::create_dir(&setup).unwrap();
        let invocation = Invocation::of(case.call, python, &sandbox, &setup)?;
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
        if let Some(what) = self.unlike_outcome(&venv.output, &rvenv.output) {
            return vec![what];
        }
        let mut found = snapshot::differences(self.python, &venv.root, &rvenv.root);
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
        let environments = self.case.inside.iter().filter(|_| output.status.success());
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
        let search = search_path();
        let folders = self
            .invocation
            .search
            .clone()
            .into_iter()
            .chain(std::env::split_paths(&search));
        command.env("PATH", std::env::join_paths(folders).unwrap());
        command.envs(self.invocation.variables.iter().cloned());
        command.args(args).output().unwrap()
    }

    /// What the Python of an environment says of itself; the error text where it says nothing.
    fn facts(&self, environment: &Path) -> Value {
        let mut command = self.sandbox.command(environment.join("bin/python"));
        match command.args(["-B", "-c", FACTS]).output() {
            Ok(output) => {
                serde_json::from_slice(&output.stdout).unwrap_or_else(|_| said(&output).into())
            }
            Err(error) => error.to_string().into(),
        }
    }

    fn unlike_outcome(&self, venv: &Output, rvenv: &Output) -> Option<String> {
        let is_failure = [venv, rvenv].map(|output| !output.status.success());
        let is_silent = rvenv.stdout.is_empty() && rvenv.stderr.is_empty();
        match (is_failure, self.case.fails) {
            ([true, _], false) => Some(format!("venv itself fails: {}", said(venv))),
            ([false, _], true) => Some("venv does not fail".to_owned()),
            ([_, true], false) => Some(format!("rvenv fails: {}", said(rvenv))),
            ([_, false], true) => Some(format!("venv fails, rvenv does not: {}", said(venv))),
            _ if !is_silent && !self.case.fails => {
                Some(format!("rvenv is not silent: {}", said(rvenv)))
            }
            _ => None,
        }
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

fn unlike_facts(theirs: &Value, mine: &Value) -> Vec<String> {
    let (Some(one), Some(two)) = (theirs.as_object(), mine.as_object()) else {
        return if theirs.is_object() {
            vec![format!("its Python does not run: {mine}")]
        } else {
            Vec::new()
        };
    };
    let unlike = one
        .iter()
        .filter(|(key, value)| two.get(*key) != Some(value));
    unlike
        .map(|(key, value)| format!("inside, {key} is {}, venv's is {value}", two[key]))
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
