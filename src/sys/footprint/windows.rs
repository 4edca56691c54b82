//! Windows: std cannot tell which names are of one file.

use super::{Catalogue, Footprint};
use crate::sys::usage::Usage;
use anyhow::Result;
use std::path::Path;

/// Measures trees one after the other.
#[derive(Debug, Default)]
pub(crate) struct Surveyor {
    total: u64,
}

impl Surveyor {
    /// Returns what a directory takes with all that is in it, and nothing of what that is.
    ///
    /// # Errors
    /// When it is not there, or cannot be listed.
    pub(crate) fn measure(&mut self, root: &Path) -> Result<(Footprint, Catalogue)> {
        let usage = Usage::of(root)?;
        self.total += usage.total();
        let footprint = Footprint {
            total: usage.total(),
            shared: usage.shared,
            unreadable: 0,
        };
        Ok((footprint, Catalogue::default()))
    }

    /// Returns what all trees that these have measured take together.
    pub(crate) fn total(surveyors: impl IntoIterator<Item = Self>) -> u64 {
        surveyors.into_iter().map(|surveyor| surveyor.total).sum()
    }
}
