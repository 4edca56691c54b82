//! Taking turns: of the processes that want to change one directory, each waits until the one before it is done.

use crate::sys::interrupt;
use crate::sys::platform;
use crate::sys::workspace::{self, Hold};
use crate::ui::Ui;
use crate::venv::replace;
use anyhow::Result;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an rvenv holds a directory in which it does nothing, at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// A process's turn to change a directory; over when this is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `None` where directories cannot be locked, or there is none.
    _lock: Option<File>,
}

impl Turn {
    /// Waits until no other rvenv changes what is at `root`; by then something else may be there, or nothing. For another
    /// program that has locked the directory, as by `flock DIR rvenv DIR`, it does not wait long.
    ///
    /// # Errors
    /// When this process is interrupted meanwhile.
    pub(crate) fn wait(ui: Ui, root: &Path) -> Result<Self> {
        let mut idle_since = None;
        let ask = || match workspace::hold(root) {
            Ok(Hold::Held(lock)) if is_at(&lock, root) => Ok(Some(Some(lock))),
            Ok(Hold::Held(_)) => Ok(None),
            Ok(Hold::Busy) if replace::is_busy(root) => {
                idle_since = None;
                Ok(None)
            }
            Ok(Hold::Busy) => {
                let since = *idle_since.get_or_insert_with(Instant::now);
                Ok((since.elapsed() > PATIENCE).then_some(None))
            }
            Ok(Hold::Gone) | Err(_) => Ok(Some(None)),
        };
        let lock = interrupt::wait_for(ask)?;
        if lock.is_none() && idle_since.is_some() {
            let path = root.display();
            ui.note(format_args!("`{path}` is locked, and not by rvenv"));
        }
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
