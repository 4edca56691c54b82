//! `rvenv delete`: removes environments, and nothing else.

mod selection;

use crate::commands::Context;
use crate::commands::delete::selection::{Candidate, Consent, STDIN};
use crate::commands::json::{self, FailureAt, Output};
use crate::commands::measure::size;
use crate::commands::survey::Levels;
use crate::error::{Hinted, Reported};
use crate::sys::remove::{Count, Removed};
use crate::ui::Ui;
use crate::venv::locate;
use crate::venv::remove::{self, Loss};
use anyhow::{Result, bail};
use clap::builder::FalseyValueParser;
use clap::{ArgAction, ValueHint};
use serde::Serialize;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The directory of an environment, whoever made it; `-` for those that stdin lists as `rvenv list --json` does; with
    /// --broken, where to look, else here
    #[arg(value_name = "ENV_DIR", required_unless_present = "broken", value_hint = ValueHint::DirPath)]
    env_dirs: Vec<OsString>,
    /// Delete every environment in the directory and below that is broken, as `rvenv list --broken` shows them, but for those
    /// whose Python can be used
    #[arg(long)]
    broken: bool,
    #[arg(
        long,
        value_name = "N",
        requires = "broken",
        help = "With --broken, how many levels below the directory to look [env: RVENV_DEPTH]"
    )]
    depth: Option<Levels>,
    /// Do not ask, where nobody has named the environments
    #[arg(short, long, action = ArgAction::SetTrue, env = "RVENV_YES", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    yes: bool,
    /// Say what would be deleted, and delete nothing
    #[arg(short = 'n', long, action = ArgAction::SetTrue, env = "RVENV_DRY_RUN", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    dry_run: bool,
    /// Delete an environment although it is activated, or although its directory also holds what is not an environment's
    #[arg(long, conflicts_with = "broken")]
    force: bool,
    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
--json prints:
  {\"deleted\": [{\"path\", \"freed\", \"shared\"}], \"would_delete\": [{\"path\"}],
    \"failed\": [FAILURE]}
  FAILURE = {\"path\", \"error\", \"hint\"}";

/// What `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    deleted: Vec<Gone>,
    would_delete: Vec<Gone>,
    failed: Vec<FailureAt>,
}

/// An environment that is deleted, or would be.
#[derive(Debug, Serialize)]
struct Gone {
    path: String,
    #[serde(flatten)]
    gain: Option<Gain>,
}

/// In bytes.
#[derive(Debug, Serialize)]
struct Gain {
    freed: u64,
    /// What the store or other environments keep.
    shared: u64,
}

impl Gone {
    fn new(root: &Path, removed: Option<Removed>) -> Self {
        let gain = removed.map(|Removed { freed, shared }| Gain { freed, shared });
        let path = json::path(root);
        Self { path, gain }
    }
}

impl Args {
    /// Deletes the environments one after the other; one that fails does not keep the others.
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        let env_dirs = self.env_dirs(context.ui)?;
        if self.output.json {
            return self.run_for_programs(context, &env_dirs);
        }
        if let [env_dir] = env_dirs.as_slice() {
            return self.delete(context, env_dir).map(drop);
        }
        let outcomes = env_dirs.iter().map(|dir| self.delete(context, dir));
        let failures = outcomes.filter_map(Result::err);
        let count = failures.map(|err| context.ui.error(&err)).count();
        if count > 0 {
            bail!("{count} of {} were not deleted", env_dirs.len());
        }
        Ok(())
    }

    /// Returns those that are named, or that are found and meant.
    fn env_dirs(&self, ui: Ui) -> Result<Vec<OsString>> {
        // What is printed is for a program.
        let ui = if self.output.json { ui.quiet() } else { ui };
        let candidates = match self.env_dirs.as_slice() {
            typed if self.broken => {
                let levels = self.depth.map_or_else(Levels::from_variable, Ok)?;
                selection::broken(ui, typed, levels)?
            }
            [only] if only == STDIN && self.force => return Err(by_force()),
            [only] if only == STDIN => selection::listed(ui)?,
            typed if typed.iter().any(|dir| dir == STDIN) => return Err(not_alone()),
            typed => return Ok(typed.to_vec()),
        };
        if !candidates.is_empty() {
            selection::confirm(ui, &candidates, self.consent())?;
        }
        let path = |candidate: Candidate| candidate.path.into_os_string();
        Ok(candidates.into_iter().map(path).collect())
    }

    fn consent(&self) -> Consent {
        match self {
            Self { dry_run: true, .. } => Consent::Needless,
            Self { yes: true, .. } => Consent::Given,
            Self { output, .. } if output.json => Consent::Impossible,
            _ => Consent::Wanted,
        }
    }

    fn run_for_programs(&self, context: &Context, env_dirs: &[OsString]) -> Result<()> {
        let mut outcome = Outcome::default();
        for env_dir in env_dirs {
            match self.delete(context, env_dir) {
                Ok(gone) if self.dry_run => outcome.would_delete.push(gone),
                Ok(gone) => outcome.deleted.push(gone),
                Err(err) => outcome
                    .failed
                    .push(FailureAt::new(Path::new(env_dir), &err)),
            }
        }
        json::print_object(&outcome)?;
        if outcome.failed.is_empty() {
            return Ok(());
        }
        Err(Reported.into())
    }

    fn delete(&self, context: &Context, env_dir: &OsStr) -> Result<Gone> {
        let (ui, started) = (context.ui, Instant::now());
        let finished = (!self.dry_run).then(|| remove::finish(ui, Path::new(env_dir)));
        if let Some(root) = finished.flatten() {
            return Ok(Gone::new(&root, Some(Removed::default())));
        }
        refuse_redirect(Path::new(env_dir))?;
        let root = remove::inspect(Path::new(env_dir), self.loss())?;
        if self.broken {
            selection::refuse_mended(&root)?;
        }
        if self.dry_run {
            ui.answer(format_args!("would delete `{}`", root.display()));
            return Ok(Gone::new(&root, None));
        }
        let count = if ui.summarizes() || self.output.json {
            Count::Bytes
        } else {
            Count::Nothing
        };
        let removed = remove::remove(ui, &root, count)?;
        ui.summary(format_args!(
            "deleted {} {}",
            ui.bold(&env_dir.display().to_string()),
            gain(removed, started.elapsed())
        ));
        Ok(Gone::new(&root, Some(removed)))
    }

    fn loss(&self) -> Loss {
        if self.force {
            Loss::Accepted
        } else {
            Loss::Refused
        }
    }
}

fn by_force() -> anyhow::Error {
    Hinted::error(
        "`--force` takes environments by name only, not `-`",
        "name each environment with which other things, too, are to be deleted",
    )
}

fn not_alone() -> anyhow::Error {
    Hinted::error(
        "`-` stands for a list of environments on stdin, and goes alone",
        "a directory of that name is `./-`",
    )
}

/// Refuses a file that says where an environment is (PEP 832), and says where that is.
fn refuse_redirect(path: &Path) -> Result<()> {
    let Some(environment) = locate::led_to(path) else {
        return Ok(());
    };
    Err(Hinted::error(
        format!("`{}` is a file, not a directory", path.display()),
        format!(
            "it leads to the environment `{}`, which `rvenv delete` takes by that name",
            environment.root().display()
        ),
    ))
}

/// Returns what a deletion took and gave, as far as that is known.
fn gain(removed: Removed, time: Duration) -> String {
    let (freed, shared) = (size(removed.freed), size(removed.shared));
    let gain = match removed {
        Removed { freed: 0, .. } => String::new(),
        Removed { shared: 0, .. } => format!(", which freed {freed}"),
        _ => format!(
            ", which freed {freed}; {shared} are shared with the store or other environments"
        ),
    };
    format!("in {} ms{gain}", time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_not_said_to_be_freed() {
        let check = |freed, shared, expected| {
            let removed = Removed { freed, shared };
            assert_eq!(gain(removed, Duration::from_millis(4)), expected);
        };
        check(0, 0, "in 4 ms");
        check(544_768, 0, "in 4 ms, which freed 544 kB");
        check(
            544_768,
            12_951_552,
            "in 4 ms, which freed 544 kB; 12.9 MB are shared with the store or other environments",
        );
    }
}
