//! `rvenv man`: prints the manual page of a command, or writes all of them.

use crate::commands::{Context, print};
use crate::error::Hinted;
use crate::sys::fs;
use anyhow::{Context as _, Result};
use clap::{Command, ValueHint};
use clap_mangen::Man;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The command whose page to print, as in `rvenv man cache list`; else rvenv itself
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
    /// Write the pages of all commands into this directory, for a package
    #[arg(long, value_name = "DIR", conflicts_with = "words", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

const AFTER_HELP: &str = "To read one: rvenv man delete | man -l -";

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        let mut command = (context.command)().disable_help_subcommand(true);
        command.build();
        match &self.dir {
            Some(dir) => {
                fs::create_dir_all(dir)?;
                write_all(&command, dir)
            }
            None => print(&page(self.meant(&command)?)?.1),
        }
    }

    /// Returns the command that is named below `command`.
    fn meant<'a>(&self, command: &'a Command) -> Result<&'a Command> {
        let mut words = self.words.iter();
        words.try_fold(command, |command, word| {
            command.find_subcommand(word).ok_or_else(|| {
                Hinted::error(
                    format!("there is no command `{}`", self.words.join(" ")),
                    "`rvenv --help` lists them",
                )
            })
        })
    }
}

/// Returns the name of a command's page, and its text.
fn page(command: &Command) -> Result<(String, Vec<u8>)> {
    const SOURCE: &str = concat!("rvenv ", env!("CARGO_PKG_VERSION"));
    let page = Man::new(command.clone()).source(SOURCE);
    let mut text = Vec::new();
    page.render(&mut text).context("failed to write the page")?;
    Ok((page.get_filename(), text))
}

/// Writes the pages of a command and those below it.
fn write_all(command: &Command, dir: &Path) -> Result<()> {
    let (name, text) = page(command)?;
    fs::write(&dir.join(name), &text)?;
    let mut below = command.get_subcommands();
    below.try_for_each(|command| write_all(command, dir))
}
