//! What `--json` prints of environments that were to be made.

use crate::commands::create::creation::{Action, Done};
use crate::commands::json::{Failure, Identity, path};
use crate::venv::check::{Anatomy, Finding, Kind};
use serde::Serialize;
use std::path::Path;

pub(super) const SHAPE: &str = "\
--json prints:
  {\"environments\": [MADE]} or {\"environments\": [MADE], \"error\", \"hint\"}
  MADE = {\"path\", \"python\", \"home\", \"made_by\", \"action\", \"executable\",
    \"mended\": [{\"kind\", \"message\"}]}";

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) environments: Vec<Made>,
    /// Why there are no more.
    #[serde(flatten)]
    pub(super) failure: Option<Failure>,
}

/// An environment that was asked for and is there.
#[derive(Debug, Serialize)]
pub(super) struct Made {
    #[serde(flatten)]
    identity: Identity,
    action: Action,
    /// Its Python.
    executable: String,
    mended: Vec<Mended>,
}

/// What had been wrong with an environment.
#[derive(Debug, Serialize)]
struct Mended {
    kind: Kind,
    message: String,
}

impl Made {
    pub(super) fn new(root: &Path, done: Done) -> Self {
        let anatomy = Anatomy::of(root);
        let mended = done.mended.into_iter();
        let mended = mended.map(|Finding { kind, message, .. }| Mended { kind, message });
        Self {
            identity: Identity::of(&anatomy),
            action: done.action,
            executable: path(&anatomy.python()),
            mended: mended.collect(),
        }
    }
}
