//! `rvenv list`: the environments below a directory, whoever made them.

use crate::commands::check::Checked;
use crate::commands::json::{self, Output};
use crate::commands::measure::{age, count, size, table};
use crate::commands::survey::{Levels, Survey, Surveyed, Wanted, roots, survey};
use crate::commands::{Context, print};
use crate::shell::SHELLS;
use crate::sys::fs;
use crate::ui;
use anyhow::Result;
use clap::ArgAction;
use clap::builder::FalseyValueParser;
use serde::Serialize;
use std::ffi::OsString;
use std::iter;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Where to look; else here
    #[arg(value_name = "ROOT")]
    roots: Vec<OsString>,
    /// How many levels below ROOT to look; 0 is for ROOT itself
    #[arg(long, value_name = "N", env = "RVENV_DEPTH", hide_env_values = true)]
    depth: Option<Levels>,
    /// List those that are broken, and no others
    #[arg(long, action = ArgAction::SetTrue, env = "RVENV_BROKEN", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    broken: bool,
    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
No Python is started. What is in environments, `node_modules` and repositories' own directories is not looked at, nor \
where symlinks lead.

--json prints:
  [{\"path\", \"python\", \"home\", \"made_by\", \"healthy\", \"findings\": [FINDING], \"size\",
    \"shared\", \"last_used\"}]
  FINDING = {\"kind\", \"severity\", \"message\", \"mend\"}

`rvenv delete -` reads it.";

/// An environment as data.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    checked: &'a Checked,
    /// In bytes.
    size: u64,
    shared: u64,
    /// In seconds since 1970.
    last_used: Option<u64>,
}

impl<'a> Listed<'a> {
    fn new(environment: &'a Surveyed) -> Self {
        Self {
            checked: &environment.checked,
            size: environment.footprint.total,
            shared: environment.footprint.shared,
            last_used: environment.last_used.and_then(json::seconds),
        }
    }
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        let (ui, roots) = (context.ui, roots(&self.roots)?);
        let wanted = if self.broken {
            Wanted::Broken
        } else {
            Wanted::All
        };
        let survey = survey(ui, roots.clone(), self.depth.unwrap_or_default(), wanted);
        if self.output.json {
            let listed = survey.environments.iter().map(Listed::new);
            return json::print_object(&listed.collect::<Vec<_>>());
        }
        if survey.environments.is_empty() {
            ui.answer(nothing(&roots, wanted));
            return Ok(());
        }
        print(text(&survey, &fs::absolute(Path::new("."))?).as_bytes())
    }
}

/// Returns that nothing was found.
pub(super) fn nothing(roots: &[PathBuf], wanted: Wanted) -> String {
    let what = match wanted {
        Wanted::All => "environment",
        Wanted::Broken => "broken environment",
    };
    let names = roots.iter().map(|root| format!("`{}`", root.display()));
    format!(
        "there is no {what} in {} or below",
        names.collect::<Vec<_>>().join(", ")
    )
}

/// Returns the table, and what all take together.
fn text(survey: &Survey, here: &Path) -> String {
    let heading = ["PATH", "PYTHON", "MADE BY", "SIZE", "LAST USED", "HEALTH"].map(str::to_owned);
    let environments = &survey.environments;
    let rows = environments
        .iter()
        .map(|environment| row(environment, here));
    let rows: Vec<_> = iter::once(heading).chain(rows).collect();
    let is_broken = |environment: &&Surveyed| !environment.checked.is_healthy();
    let broken = match environments.iter().filter(is_broken).count() {
        0 => String::new(),
        broken => format!(", {broken} broken"),
    };
    let total = format!(
        "{}{broken}: {} on disk, files that they share counted once",
        count(environments.len(), "environment"),
        size(survey.total)
    );
    format!("{}\n{total}\n", table(&rows, &[3]))
}

fn row(environment: &Surveyed, here: &Path) -> [String; 6] {
    let checked = &environment.checked;
    let unknown = || "unknown".to_owned();
    let elapsed = |time: SystemTime| age(time.elapsed().unwrap_or_default());
    let health = checked.first_broken().map(|kind| format!("broken: {kind}"));
    [
        typed(&environment.root, here),
        checked.identity.python.clone().unwrap_or_else(unknown),
        checked.identity.made_by.map_or_else(unknown, str::to_owned),
        size(environment.footprint.total),
        environment.last_used.map_or_else(unknown, elapsed),
        health.unwrap_or_else(|| "healthy".to_owned()),
    ]
    .map(|cell| ui::printable(&cell))
}

/// Returns a path as it can be typed here.
fn typed(path: &Path, here: &Path) -> String {
    let path = match path.strip_prefix(here) {
        Ok(inside) if inside.as_os_str().is_empty() => Path::new(".").to_owned(),
        Ok(inside) if inside.to_string_lossy().starts_with('-') => Path::new(".").join(inside),
        Ok(inside) => inside.to_owned(),
        Err(_) => path.to_owned(),
    };
    SHELLS[0].literal(&json::path(&path))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_one_would_type() {
        let check = |path: &str, expected: &str| {
            assert_eq!(typed(Path::new(path), Path::new("/srv/src")), expected);
        };
        check("/srv/src", ".");
        check("/srv/src/a/.venv", "a/.venv");
        check("/srv/src/-f", "./-f");
        check("/srv/src/it's", r"'it'\''s'");
        check("/srv/source/env", "/srv/source/env");
    }
}
