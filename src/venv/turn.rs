//! Taking turns: of the processes that want to change one directory, each waits until the one before it is done.

use crate::sys::interrupt;
use crate::sys::platform;
use crate::sys::workspace::{self, Hold};
use crate::ui::Ui;
use anyhow::Result;
use std::fs::File;
use std::path::Path;

/// A process's turn to change a directory; over when this is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `None` where directories cannot be locked, or there is none.
    _lock: Option<File>,
}

impl Turn {
    /// Waits until no other rvenv changes what is at `root`; by then something else may be there, or nothing.
    ///
    /// # Errors
    /// When this process is interrupted meanwhile.
    pub(crate) fn wait(ui: Ui, root: &Path) -> Result<Self> {
        let mut is_told = false;
        let ask = || match workspace::hold(root) {
            Ok(Hold::Held(lock)) if is_at(&lock, root) => Ok(Some(Some(lock))),
            Ok(Hold::Held(_)) => Ok(None),
            Ok(Hold::Busy) => {
                if !std::mem::replace(&mut is_told, true) {
                    let path = root.display();
                    ui.note(format_args!("waiting for another rvenv in `{path}`"));
                }
                Ok(None)
            }
            Ok(Hold::Gone) | Err(_) => Ok(Some(None)),
        };
        let lock = interrupt::wait_for(ask)?;
        Ok(Self { _lock: lock })
    }
}

/// Returns whether an open directory is the one at `path`, which others may have put there meanwhile.
fn is_at(directory: &File, path: &Path) -> bool {
    let stamps = directory
        .metadata()
        .and_then(|own| Ok([own, path.symlink_metadata()?]));
    stamps.is_ok_and(|stamps| {
        let [own, there] = stamps.map(|metadata| platform::stamp(&metadata));
        own[..2] == there[..2]
    })
}
