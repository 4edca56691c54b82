//! `rvenv python`: which interpreters there are, and which one is meant.

use crate::commands::json::{self, Output, print_object};
use crate::commands::measure::table;
use crate::commands::{Context, print};
use crate::error::Hinted;
use crate::seed;
use crate::sys::interrupt;
use crate::venv::interpreter::{self, Interpreter, Listed};
use anyhow::{Context as _, Result, bail};
use clap::{Subcommand, ValueHint};
use serde::Serialize;
use std::ffi::OsString;
use std::path::Path;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all Pythons, in the order in which they are looked for: on PATH, then those that pyenv, mise, asdf, uv, rye, hatch,
    /// conda, Homebrew, python.org and the system installed
    List(List),
    /// Print the path of the Python that a new environment would be made of
    ///
    /// `-v` says why it is this one, and why others are not.
    Find(Find),
}

const LIST_SHAPE: &str = "\
--json prints:
  [{\"version\", \"implementation\", \"path\", \"found_by\", \"free_threaded\", \"debug\",
    \"seeds\": [SEED]}]
  SEED = {\"name\", \"version\"}";

const FIND_SHAPE: &str = "\
--json prints:
  {\"version\", \"implementation\", \"path\", \"found_by\", \"free_threaded\", \"debug\",
    \"seeds\": [SEED]}
  SEED = {\"name\", \"version\"}";

#[derive(Debug, clap::Args)]
#[command(after_help = LIST_SHAPE)]
struct List {
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
#[command(after_help = FIND_SHAPE)]
struct Find {
    /// What to find, as for `--python`; of several the first that is found
    #[arg(env = "RVENV_PYTHON", hide_env_values = true, value_hint = ValueHint::AnyPath)]
    request: Vec<OsString>,
    /// As for making an environment
    #[arg(short, long, hide = true)]
    python: Vec<OsString>,
    #[command(flatten)]
    output: Output,
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        interrupt::listen().context("failed to listen for signals")?;
        match &self.command {
            Command::List(list) => list.run(context),
            Command::Find(find) => find.run(context),
        }
    }
}

impl List {
    fn run(&self, context: &Context) -> Result<()> {
        let listed = interpreter::list(context.ui, context.cache_dir().as_deref())?;
        let rows: Vec<Row> = listed.iter().map(Row::of).collect();
        if self.output.json {
            return print_object(&rows);
        }
        if rows.is_empty() {
            bail!(Hinted::error("there is no Python", "install one"));
        }
        let heading = ["VERSION", "IMPLEMENTATION", "FOUND BY", "SEEDS", "PATH"].map(str::to_owned);
        let lines = rows.into_iter().map(Row::columns);
        let table = table(&[vec![heading], lines.collect()].concat(), &[]);
        print(table.as_bytes())
    }
}

impl Find {
    fn run(&self, context: &Context) -> Result<()> {
        let requests = super::asked(if self.python.is_empty() {
            &self.request
        } else {
            &self.python
        });
        let cache_dir = context.cache_dir();
        let known = interpreter::find(context.ui, cache_dir.as_deref(), &requests)?;
        let path = &known.interpreter.base_executable;
        if self.output.json {
            return print_object(&Row::new(&known.interpreter, path, None));
        }
        print(&[path.as_os_str().as_encoded_bytes(), b"\n"].concat())
    }
}

/// An interpreter as data.
#[derive(Debug, Serialize)]
struct Row {
    version: String,
    implementation: String,
    #[serde(skip)]
    title: String,
    path: String,
    /// Who installed it, where it was looked for.
    found_by: Option<&'static str>,
    free_threaded: bool,
    debug: bool,
    /// What a new environment gets, without `--without-pip`.
    seeds: Vec<Seedable>,
}

#[derive(Debug, Serialize)]
struct Seedable {
    name: String,
    version: String,
}

impl Row {
    fn of(listed: &Listed) -> Self {
        Self::new(&listed.interpreter, &listed.path, Some(listed.keeper))
    }

    fn new(interpreter: &Interpreter, path: &Path, found_by: Option<&'static str>) -> Self {
        Self {
            version: interpreter.full_version(),
            implementation: interpreter.implementation.clone(),
            title: interpreter.implementation_title().to_owned(),
            path: json::path(path),
            found_by,
            free_threaded: interpreter.free_threaded,
            debug: interpreter.debug,
            seeds: seeds(interpreter),
        }
    }

    fn columns(self) -> [String; 5] {
        let seeds: Vec<String> = self
            .seeds
            .iter()
            .map(|seed| format!("{} {}", seed.name, seed.version))
            .collect();
        let seeds = if seeds.is_empty() {
            "nothing".to_owned()
        } else {
            seeds.join(", ")
        };
        let threading = if self.free_threaded {
            ", free-threaded"
        } else {
            ""
        };
        let debug = if self.debug { ", debug" } else { "" };
        let implementation = format!("{}{threading}{debug}", self.title);
        [
            self.version,
            implementation,
            self.found_by.unwrap_or_default().to_owned(),
            seeds,
            self.path,
        ]
    }
}

/// Returns what an environment of this interpreter gets; nothing where there are no wheels, as on a Debian without
/// `python3-venv`.
fn seeds(interpreter: &Interpreter) -> Vec<Seedable> {
    let wheels = seed::bundled(interpreter).unwrap_or_default();
    let seedable = |wheel: seed::Wheel| Seedable {
        name: wheel.name,
        version: wheel.version,
    };
    wheels.into_iter().map(seedable).collect()
}
