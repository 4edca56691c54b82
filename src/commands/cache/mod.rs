//! `rvenv cache`: what is in the store, whether it is whole, and removing from it.

mod contents;
mod removal;
mod verification;

use crate::commands::cache::removal::Removal;
use crate::commands::json::{self, Output};
use crate::commands::{Context, print};
use crate::error::Hinted;
use crate::seed::inventory::Extent;
use anyhow::Result;
use clap::Subcommand;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print where the store is
    #[command(after_help = DIR_SHAPE)]
    Dir(Output),
    /// List images of wheels and the interpreters that are remembered, with sizes and ages
    ///
    /// How many environments use an image is the number of hard links to its files; those that have clones or copies
    /// of them are not counted.
    #[command(after_help = contents::SHAPE)]
    List(Output),
    /// Read every byte of every image, name what is not as RECORD says, and drop the images that are spoilt
    ///
    /// The next environment builds them again. Exits with 1 where there was any.
    #[command(after_help = verification::SHAPE)]
    Verify(Output),
    /// Remove images that no known interpreter needs, interpreters that are gone or have changed, and what killed
    /// processes left
    #[command(after_help = removal::SHAPE)]
    Prune(Removal),
    /// Remove all that is rvenv's; environments keep the files they have, unless they were made with `--link-mode symlink`
    #[command(after_help = removal::SHAPE)]
    Clear(Removal),
}

const DIR_SHAPE: &str = "\
--json prints:
  {\"path\"}";

/// Where the store is, as data.
#[derive(Debug, Serialize)]
struct Place {
    path: String,
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        let (ui, store) = (context.ui, &store(context)?);
        match &self.command {
            Command::Dir(output) => dir(output, store),
            Command::List(output) => contents::list(ui, output, store),
            Command::Verify(output) => verification::verify(ui, output, store),
            Command::Prune(removal) => removal.run(ui, store, Extent::Stale),
            Command::Clear(removal) => removal.run(ui, store, Extent::All),
        }
    }
}

fn dir(output: &Output, store: &Path) -> Result<()> {
    if output.json {
        let path = json::path(store);
        return json::print_object(&Place { path });
    }
    print(&[store.as_os_str().as_encoded_bytes(), b"\n"].concat())
}

fn store(context: &Context) -> Result<PathBuf> {
    context.cache_dir().ok_or_else(|| {
        Hinted::error(
            "there is no place for a store: no home directory is known",
            "name one with `--cache-dir`",
        )
    })
}
