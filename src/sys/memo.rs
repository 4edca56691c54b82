//! Remembering something about a path: a folder of JSON files, each named by the digest of the path it is about.
//!
//! Whether what is remembered still holds is for the caller to say, who also keeps the path itself in it.

use crate::sys::fs;
use anyhow::Result;
use data_encoding::HEXLOWER;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Returns what is remembered about `path`, or `None` where that is nothing, or cannot be understood.
pub(crate) fn recall<T: DeserializeOwned>(folder: &Path, path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(&file(folder, path)).ok()?).ok()
}

/// Remembers something about `path` in the place of what was remembered before.
///
/// # Errors
/// When the folder cannot be made or written to.
pub(crate) fn remember<T: Serialize>(folder: &Path, path: &Path, what: &T) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write_atomic(&file(folder, path), &serde_json::to_vec(what)?)
}

fn file(folder: &Path, path: &Path) -> PathBuf {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    folder.join(format!("{}.json", HEXLOWER.encode(&digest[..16])))
}
