//! `rvenv cache prune` and `rvenv cache clear`.

use crate::commands::json::{self, Output};
use crate::commands::measure::{count, size};
use crate::error::Reported;
use crate::seed::inventory::{Cleaner, Extent, Mode, Removed};
use crate::sys::usage::Usage;
use crate::ui::Ui;
use anyhow::{Result, bail};
use clap::ArgAction;
use clap::builder::FalseyValueParser;
use serde::Serialize;
use std::path::Path;

pub(super) const SHAPE: &str = "\
--json prints:
  {\"dry_run\", \"images\", \"interpreters\", \"leftovers\", \"freed\", \"shared\", \"failures\"}";

#[derive(Debug, clap::Args)]
pub(super) struct Removal {
    /// Say what would be removed, and remove nothing
    #[arg(short = 'n', long, action = ArgAction::SetTrue, env = "RVENV_DRY_RUN", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
}

/// What was removed, or would be, as data; sizes in bytes.
#[derive(Debug, Serialize)]
struct Gain {
    dry_run: bool,
    images: usize,
    interpreters: usize,
    leftovers: usize,
    freed: u64,
    /// What environments keep.
    shared: u64,
    failures: usize,
}

impl Gain {
    fn new(removed: &Removed, mode: Mode) -> Self {
        Self {
            dry_run: mode == Mode::Pretend,
            images: removed.images,
            interpreters: removed.interpreters,
            leftovers: removed.leftovers,
            freed: removed.usage.own,
            shared: removed.usage.shared,
            failures: removed.failures,
        }
    }
}

impl Removal {
    pub(super) fn run(&self, ui: Ui, store: &Path, extent: Extent) -> Result<()> {
        let mode = if self.dry_run {
            Mode::Pretend
        } else {
            Mode::Remove
        };
        let removed = Cleaner::new(ui, store, extent, mode).clean()?;
        let failures = removed.failures;
        if self.output.json {
            json::print_object(&Gain::new(&removed, mode))?;
            return if failures == 0 {
                Ok(())
            } else {
                Err(Reported.into())
            };
        }
        if failures == 0 || removed.usage != Usage::default() {
            ui.answer(gain(&removed, mode));
        }
        if failures > 0 {
            bail!("{} could not be removed", count(failures, "thing"));
        }
        Ok(())
    }
}

/// Returns what was removed, and what that gave.
fn gain(removed: &Removed, mode: Mode) -> String {
    let Removed {
        images,
        interpreters,
        leftovers,
        usage,
        ..
    } = removed;
    let things = [
        (images, "image"),
        (interpreters, "interpreter"),
        (leftovers, "leftover"),
    ];
    let things = things.iter().filter(|(number, _)| **number > 0);
    let things: Vec<String> = things.map(|(number, what)| count(**number, what)).collect();
    if things.is_empty() {
        return "there is nothing to remove".to_owned();
    }
    let verb = match mode {
        Mode::Remove => "removed",
        Mode::Pretend => "would remove",
    };
    let kept = match usage.shared {
        0 => String::new(),
        shared => format!("; environments keep {}", size(shared)),
    };
    let freed = size(usage.own);
    format!("{verb} {}: {freed} freed{kept}", things.join(", "))
}
