//! `rvenv check`: says what is wrong with environments, and how to mend it.

mod activation;
mod report;

use crate::commands::check::report::Report;
pub(super) use crate::commands::check::report::{Checked, command};
use crate::commands::json::{FailureAt, Output};
use crate::commands::{Context, is_set};
use crate::error::{Hinted, Reported};
use crate::seed;
use crate::sys::footprint::Catalogue;
use crate::sys::{fs, interrupt};
use crate::venv::check::{Anatomy, Depth, Finding, Kind};
use crate::venv::{check, environment, locate, pyvenv_cfg, target};
use anyhow::{Context as _, Result};
use clap::ValueHint;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The directory of an environment, whoever made it; else `.venv` here or above, the only one in this directory, or
    /// the activated one
    #[arg(value_name = "ENV_DIR", value_hint = ValueHint::DirPath)]
    env_dirs: Vec<OsString>,
    #[arg(
        long,
        help = "Also compare every file with its RECORD, and start the environment's Python [env: RVENV_DEEP]"
    )]
    deep: bool,
    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Exits with 0 where all are healthy, with 1 where one is broken or is no environment; warnings do not count.

--json prints:
  {\"healthy\", \"environments\": [ENVIRONMENT or FAILURE]}
  ENVIRONMENT = {\"path\", \"python\", \"home\", \"made_by\", \"healthy\", \"findings\": [FINDING]}
  FINDING = {\"kind\", \"severity\", \"message\", \"mend\"}
  FAILURE = {\"path\", \"error\", \"hint\"}";

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        if self.depth() == Depth::Deep {
            // The Python that is started is to end with this process.
            interrupt::listen().context("failed to listen for signals")?;
        }
        let dirs = self.dirs()?;
        let mut reports = Vec::new();
        for dir in dirs {
            let report = self.check(&dir);
            // A Python that was interrupted, too, tells nothing.
            interrupt::check()?;
            if !self.output.json {
                report.say(context.ui)?;
            }
            reports.push(report);
        }
        if self.output.json {
            report::print(&reports)?;
        }
        if reports.iter().all(Report::is_healthy) {
            return Ok(());
        }
        Err(Reported.into())
    }

    fn dirs(&self) -> Result<Vec<PathBuf>> {
        if self.env_dirs.is_empty() {
            return meant().map(|root| vec![root]);
        }
        Ok(self.env_dirs.iter().map(PathBuf::from).collect())
    }

    fn check(&self, dir: &Path) -> Report {
        let root = match root(dir) {
            Ok(root) => root,
            Err(err) => return Report::Failed(FailureAt::new(dir, &err), err),
        };
        let anatomy = Anatomy::of(&root);
        let mut findings = findings(&anatomy, self.depth());
        // Of several, at most one is the activated one.
        if self.env_dirs.len() < 2 {
            findings.extend(activation::disagreement(&anatomy));
        }
        Report::Checked(Checked::new(&anatomy, &findings))
    }

    fn depth(&self) -> Depth {
        if self.deep || is_set("RVENV_DEEP") {
            Depth::Deep
        } else {
            Depth::Whole
        }
    }
}

/// Returns the environment that is meant where none is named.
fn meant() -> Result<PathBuf> {
    let active = env::var_os("VIRTUAL_ENV").filter(|active| !active.is_empty());
    locate::root_from(&fs::absolute(Path::new("."))?).or_else(|err| match active {
        Some(active) => fs::absolute(Path::new(&active)),
        None => Err(err),
    })
}

/// Returns the absolute path of the environment that is typed as `dir`.
///
/// # Errors
/// When there is none.
fn root(dir: &Path) -> Result<PathBuf> {
    let root = locate::directory(&target::absolute(dir)?)?;
    let problem = match root.metadata() {
        Err(_) if root.is_symlink() => "leads to nothing",
        Err(_) => "does not exist",
        Ok(metadata) if !metadata.is_dir() => "is a file, not a directory",
        Ok(_) if root.join(pyvenv_cfg::FILE_NAME).symlink_metadata().is_ok() => return Ok(root),
        Ok(_) if environment::is_half_made(&root)? => return Ok(root),
        Ok(_) => "is not a virtual environment: it has no pyvenv.cfg",
    };
    Err(Hinted::error(
        format!("`{}` {problem}", root.display()),
        "name the directory of an environment",
    ))
}

/// Returns what is wrong with an environment.
///
/// No Python is started unless it is to be looked at deeply.
pub(super) fn findings(anatomy: &Anatomy, depth: Depth) -> Vec<Finding> {
    findings_knowing(anatomy, depth, &Catalogue::default())
}

/// Returns what is wrong with an environment of which these files were seen already.
pub(super) fn findings_knowing(anatomy: &Anatomy, depth: Depth, known: &Catalogue) -> Vec<Finding> {
    let mut findings = check::findings(anatomy);
    findings.extend(activation::missing(anatomy));
    findings.extend(activation::moved(anatomy));
    findings.extend(seed::check::findings(anatomy, depth, known));
    let starts = |finding: &Finding| {
        !matches!(
            finding.kind,
            Kind::BaseGone | Kind::AnotherSystem | Kind::Configuration
        )
    };
    if depth == Depth::Deep && findings.iter().all(starts) {
        let mut answers = seed::check::deep::findings(anatomy);
        answers.retain(|answer| findings.iter().all(|finding| finding.kind != answer.kind));
        findings.extend(answers);
    }
    findings
}
