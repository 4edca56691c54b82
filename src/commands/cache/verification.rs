//! `rvenv cache verify`: every byte of every image.

use crate::commands::json::{self, Failure, Output};
use crate::commands::measure::{count, size};
use crate::commands::print;
use crate::error::Reported;
use crate::seed::inventory::{self, Finding, Key, Verdict};
use crate::ui::Ui;
use anyhow::{Result, anyhow, bail};
use serde::Serialize;
use std::path::Path;

pub(super) const SHAPE: &str = "\
--json prints:
  {\"healthy\", \"images\", \"files\", \"size\", \"spoilt\": [SPOILT]}
  SPOILT = {\"name\", \"version\", \"python\", \"findings\": [{\"path\", \"message\"}],
    \"dropped\", \"failure\": {\"error\", \"hint\"} or null}";

/// What reading all images came to.
#[derive(Debug, Default, Serialize)]
struct Verified {
    healthy: bool,
    images: usize,
    files: usize,
    /// In bytes.
    size: u64,
    spoilt: Vec<Spoilt>,
}

/// An image that is not as it was built.
#[derive(Debug, Serialize)]
struct Spoilt {
    name: String,
    version: String,
    python: String,
    findings: Vec<Difference>,
    dropped: bool,
    /// Why it was not dropped.
    failure: Option<Failure>,
}

#[derive(Debug, Serialize)]
struct Difference {
    path: String,
    message: String,
}

impl Spoilt {
    fn new(key: Key, verdict: Verdict) -> Self {
        let failure = verdict.dropped.and_then(Result::err);
        let difference = |finding: Finding| Difference {
            path: json::path(&finding.path),
            message: finding.what,
        };
        Self {
            name: key.name,
            version: key.version,
            python: key.python,
            findings: verdict.findings.into_iter().map(difference).collect(),
            dropped: failure.is_none(),
            failure: failure.as_ref().map(Failure::new),
        }
    }
}

pub(super) fn verify(ui: Ui, output: &Output, store: &Path) -> Result<()> {
    let mut verified = Verified::default();
    for (name, key) in inventory::image_names(store)? {
        ui.note(format_args!("reading the image of {key}"));
        let Some(verdict) = inventory::verify(store, &name)? else {
            continue;
        };
        verified.images += 1;
        verified.files += verdict.files;
        verified.size += verdict.bytes;
        if verdict.unrecorded > 0 {
            let unrecorded = count(verdict.unrecorded, "file");
            ui.note(format_args!(
                "nothing says what {unrecorded} of {key} are to hold"
            ));
        }
        if !output.json {
            tell(ui, &key, &verdict)?;
        }
        if verdict.dropped.is_some() {
            verified.spoilt.push(Spoilt::new(key, verdict));
        }
    }
    verified.healthy = verified.spoilt.is_empty();
    if output.json {
        json::print_object(&verified)?;
        return if verified.healthy {
            Ok(())
        } else {
            Err(Reported.into())
        };
    }
    conclude(ui, store, &verified)
}

fn conclude(ui: Ui, store: &Path, verified: &Verified) -> Result<()> {
    if verified.images == 0 {
        ui.answer(format_args!("there is no image in `{}`", store.display()));
        return Ok(());
    }
    let images = count(verified.images, "image");
    if !verified.healthy {
        bail!("{} of {images} spoilt", verified.spoilt.len());
    }
    let (files, bytes) = (count(verified.files, "file"), size(verified.size));
    ui.answer(format_args!("{images} verified: {files}, {bytes}"));
    Ok(())
}

/// Prints what is wrong with an image, and says what became of it.
fn tell(ui: Ui, key: &Key, verdict: &Verdict) -> Result<()> {
    for finding in &verdict.findings {
        print(format!("{}: {}\n", finding.path.display(), finding.what).as_bytes())?;
    }
    match &verdict.dropped {
        None => {}
        Some(Ok(())) => ui.answer(format_args!(
            "dropped the image of {key}; the next environment builds it again"
        )),
        Some(Err(err)) => {
            ui.error(&anyhow!("{err:#}").context(format!("the image of {key} stays")));
        }
    }
    Ok(())
}
