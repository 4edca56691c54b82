//! `rvenv cache list`: images and interpreters, as tables and as data.

use crate::commands::json::{self, Output};
use crate::commands::measure::{age, count, size, table};
use crate::commands::print;
use crate::seed::inventory::{self, Listed};
use crate::ui::{self, Ui};
use crate::venv::interpreter::{Remembered, Standing};
use anyhow::Result;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

pub(super) const SHAPE: &str = "\
--json prints:
  {\"path\", \"images\": [IMAGE], \"interpreters\": [INTERPRETER]}
  IMAGE = {\"name\", \"version\", \"python\", \"size\", \"environments\", \"built\"}
  INTERPRETER = {\"path\", \"implementation\", \"version\", \"state\"}";

/// What is in a store, as data.
#[derive(Debug, Serialize)]
struct Contents {
    path: String,
    images: Vec<Image>,
    interpreters: Vec<Known>,
}

#[derive(Debug, Serialize)]
struct Image {
    name: String,
    version: String,
    /// The cache tag.
    python: String,
    /// On disk, in bytes.
    size: u64,
    /// How many share its files by hard links.
    environments: u64,
    built: Option<u64>,
    #[serde(skip)]
    age: Option<Duration>,
}

#[derive(Debug, Serialize)]
struct Known {
    path: String,
    implementation: String,
    version: String,
    state: &'static str,
    #[serde(skip)]
    title: String,
}

impl Image {
    fn of(listed: Listed) -> Self {
        Self {
            name: listed.key.name,
            version: listed.key.version,
            python: listed.key.python,
            size: listed.usage.total(),
            environments: listed.usage.other_names,
            built: listed.built.and_then(json::seconds),
            age: listed
                .built
                .map(|built| built.elapsed().unwrap_or_default()),
        }
    }

    fn columns(&self) -> [String; 6] {
        [
            self.name.clone(),
            self.version.clone(),
            self.python.clone(),
            size(self.size),
            self.environments.to_string(),
            self.age.map_or("unknown".to_owned(), age),
        ]
    }
}

impl Known {
    fn of(remembered: &Remembered) -> Self {
        let state = match remembered.standing {
            Standing::Holds => "there",
            Standing::Changed => "changed",
            Standing::Gone => "gone",
        };
        let interpreter = &remembered.interpreter;
        Self {
            path: json::path(&remembered.called),
            implementation: interpreter.implementation.clone(),
            version: interpreter.full_version(),
            state,
            title: interpreter.title(),
        }
    }

    fn columns(&self) -> [String; 3] {
        let path = ui::printable(&self.path);
        [path, self.title.clone(), self.state.to_owned()]
    }
}

pub(super) fn list(ui: Ui, output: &Output, store: &Path) -> Result<()> {
    let images = inventory::images(store)?.into_iter();
    let contents = Contents {
        path: json::path(store),
        images: images.map(Image::of).collect(),
        interpreters: inventory::interpreters(store)?
            .iter()
            .map(Known::of)
            .collect(),
    };
    if output.json {
        return json::print_object(&contents);
    }
    if contents.images.is_empty() && contents.interpreters.is_empty() {
        ui.answer(format_args!("there is nothing in `{}`", store.display()));
        return Ok(());
    }
    print(contents.text().as_bytes())
}

impl Contents {
    /// Returns the tables, each under its heading unless there is nothing to put into it, and a line about all.
    fn text(&self) -> String {
        let images: Vec<_> = self.images.iter().map(Image::columns).collect();
        let interpreters: Vec<_> = self.interpreters.iter().map(Known::columns).collect();
        let total = format!(
            "{} in {} for {}\n",
            size(self.images.iter().map(|image| image.size).sum()),
            count(images.len(), "image"),
            count(interpreters.len(), "interpreter")
        );
        let heading = [
            "IMAGE",
            "VERSION",
            "PYTHON",
            "SIZE",
            "ENVIRONMENTS",
            "BUILT",
        ];
        let tables = [
            headed(heading, images, &[3, 4]),
            headed(["INTERPRETER", "VERSION", "STATE"], interpreters, &[]),
        ];
        let parts = tables.into_iter().filter(|part| !part.is_empty());
        parts.chain([total]).collect::<Vec<_>>().join("\n")
    }
}

/// Returns a table under its heading; empty where there is nothing to put into it.
fn headed<const N: usize>(heading: [&str; N], rows: Vec<[String; N]>, numbers: &[usize]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heading = vec![heading.map(str::to_owned)];
    table(&[heading, rows].concat(), numbers)
}
