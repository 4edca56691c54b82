//! `rvenv cache`: what is in the store, whether it is whole, and removing from it.

use crate::commands::measure::{age, count, size, table};
use crate::commands::{Context, print};
use crate::error::Hinted;
use crate::seed::inventory::{self, Cleaner, Extent, Listed, Mode, Removed, Verdict};
use crate::sys::usage::Usage;
use crate::ui::Ui;
use crate::venv::interpreter::{Remembered, Standing};
use anyhow::{Result, bail};
use clap::Subcommand;
use std::iter;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print where the store is
    Dir,
    /// List images of wheels and the interpreters that are remembered, with sizes and ages
    ///
    /// How many environments use an image is the number of hard links to its files; those that have clones or copies
    /// of them are not counted.
    List,
    /// Read every byte of every image, name what is not as RECORD says, and drop the images that are spoilt
    ///
    /// The next environment builds them again. Exits with 1 where there was any.
    Verify,
    /// Remove images that no known interpreter needs, interpreters that are gone or have changed, and what killed
    /// processes left
    Prune(Removal),
    /// Remove all that is rvenv's; environments keep the files they have, unless they were made with `--link-mode symlink`
    Clear(Removal),
}

#[derive(Debug, clap::Args)]
struct Removal {
    /// Say what would be removed, and remove nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        let (ui, store) = (context.ui, &store(context)?);
        match &self.command {
            Command::Dir => print(&[store.as_os_str().as_encoded_bytes(), b"\n"].concat()),
            Command::List => list(ui, store),
            Command::Verify => verify(ui, store),
            Command::Prune(removal) => removal.run(ui, store, Extent::Stale),
            Command::Clear(removal) => removal.run(ui, store, Extent::All),
        }
    }
}

fn store(context: &Context) -> Result<PathBuf> {
    context.cache_dir().ok_or_else(|| {
        Hinted::error(
            "there is no place for a store: no home directory is known",
            "name one with `--cache-dir`",
        )
    })
}

fn list(ui: Ui, store: &Path) -> Result<()> {
    let (images, interpreters) = (inventory::images(store)?, inventory::interpreters(store)?);
    if images.is_empty() && interpreters.is_empty() {
        ui.answer(format_args!("there is nothing in `{}`", store.display()));
        return Ok(());
    }
    let total = images.iter().map(|image| image.usage.total()).sum();
    let total = format!(
        "{} in {} for {}\n",
        size(total),
        count(images.len(), "image"),
        count(interpreters.len(), "interpreter")
    );
    let parts = [
        images_table(&images),
        interpreters_table(&interpreters),
        total,
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    print(parts.join("\n").as_bytes())
}

/// Returns the table under its heading; empty where there is nothing to put into it.
fn images_table(images: &[Listed]) -> String {
    let heading = [
        "IMAGE",
        "VERSION",
        "PYTHON",
        "SIZE",
        "ENVIRONMENTS",
        "BUILT",
    ];
    let row = |image: &Listed| {
        let elapsed = image.built.map(|built| built.elapsed().unwrap_or_default());
        [
            image.key.name.clone(),
            image.key.version.clone(),
            image.key.python.clone(),
            size(image.usage.total()),
            image.usage.other_names.to_string(),
            elapsed.map_or("unknown".to_owned(), age),
        ]
    };
    if images.is_empty() {
        return String::new();
    }
    let heading = iter::once(heading.map(str::to_owned));
    table(
        &heading.chain(images.iter().map(row)).collect::<Vec<_>>(),
        &[3, 4],
    )
}

fn interpreters_table(interpreters: &[Remembered]) -> String {
    let heading = ["INTERPRETER", "VERSION", "STATE"];
    let row = |remembered: &Remembered| {
        let state = match remembered.standing {
            Standing::Holds => "there",
            Standing::Changed => "changed",
            Standing::Gone => "gone",
        };
        [
            remembered.called.display().to_string(),
            remembered.interpreter.title(),
            state.to_owned(),
        ]
    };
    if interpreters.is_empty() {
        return String::new();
    }
    let heading = iter::once(heading.map(str::to_owned));
    let rows: Vec<_> = heading.chain(interpreters.iter().map(row)).collect();
    table(&rows, &[])
}

fn verify(ui: Ui, store: &Path) -> Result<()> {
    let (mut images, mut spoilt, mut files, mut bytes) = (0_usize, 0_usize, 0, 0);
    for (name, key) in inventory::image_names(store)? {
        ui.note(format_args!("reading the image of {key}"));
        let Some(verdict) = inventory::verify(store, &name)? else {
            continue;
        };
        images += 1;
        files += verdict.files;
        bytes += verdict.bytes;
        if verdict.unrecorded > 0 {
            let unrecorded = count(verdict.unrecorded, "file");
            ui.note(format_args!(
                "nothing says what {unrecorded} of {key} are to hold"
            ));
        }
        spoilt += usize::from(tell(ui, &key.to_string(), verdict)?);
    }
    if images == 0 {
        ui.answer(format_args!("there is no image in `{}`", store.display()));
        return Ok(());
    }
    let images = count(images, "image");
    if spoilt > 0 {
        bail!("{spoilt} of {images} spoilt");
    }
    let (files, bytes) = (count(files, "file"), size(bytes));
    ui.answer(format_args!("{images} verified: {files}, {bytes}"));
    Ok(())
}

/// Prints what is wrong with an image and says what became of it; returns whether it was spoilt.
fn tell(ui: Ui, image: &str, verdict: Verdict) -> Result<bool> {
    for finding in &verdict.findings {
        print(format!("{}: {}\n", finding.path.display(), finding.what).as_bytes())?;
    }
    match verdict.dropped {
        None => return Ok(false),
        Some(Ok(())) => ui.answer(format_args!(
            "dropped the image of {image}; the next environment builds it again"
        )),
        Some(Err(err)) => ui.error(&err.context(format!("the image of {image} stays"))),
    }
    Ok(true)
}

impl Removal {
    fn run(&self, ui: Ui, store: &Path, extent: Extent) -> Result<()> {
        let mode = if self.dry_run {
            Mode::Pretend
        } else {
            Mode::Remove
        };
        let removed = Cleaner::new(ui, store, extent, mode).clean()?;
        let failures = removed.failures;
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
