//! What rvenv does where the system says no: no space, no permission, no descriptors, errors at any call, a store that is
//! damaged. The store's trouble is never the user's; that of the target is told, and nothing is left of the try.

mod descriptors;
mod home;
mod injected;
mod permissions;
mod space;
mod store;

use crate::killed::calls::told;
use crate::killed::whole::{Pip, fault, leftovers, python};
use crate::sandbox::Sandbox;
use std::path::{Path, PathBuf};
use std::process::Output;

/// `-p PYTHON ARGS`.
fn args<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let head = ["-p", python().path.to_str().unwrap()];
    head.iter().chain(args).copied().collect()
}

/// Succeeds, and the environment is whole.
#[track_caller]
fn is_made(sandbox: &Sandbox, env: &str, output: &Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", told(output));
    let path = sandbox.path(env);
    assert_eq!(fault(sandbox, &path, Pip::With), None, "{what}");
    assert_eq!(left(&path), [] as [PathBuf; 0], "{what}");
}

/// Fails with a message that has each of `parts`, or one of the ways to say it that `|` separates.
#[track_caller]
fn is_told(output: &Output, parts: &[&str], what: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{what}: {}", told(output));
    assert!(stderr.contains("error: "), "{what}: {stderr}");
    let is_said = |part: &&str| part.split('|').any(|way| stderr.contains(way));
    let unsaid = parts.iter().find(|part| !is_said(part));
    assert!(unsaid.is_none(), "{what}: `{unsaid:?}` is not in {stderr}");
}

/// What is left beside and inside of a target.
fn left(env: &Path) -> Vec<PathBuf> {
    [leftovers(env.parent().unwrap()), leftovers(env)].concat()
}
