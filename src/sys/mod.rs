//! The operating system. Nothing here knows of Python.
//!
//! A platform difference is a function that `unix.rs` and `windows.rs` both have.

mod access;
pub(crate) mod conversation;
pub(crate) mod footprint;
pub(crate) mod fs;
pub(crate) mod handover;
pub(crate) mod interrupt;
pub(crate) mod link;
pub(crate) mod memo;
pub(crate) mod parallel;
#[cfg(unix)]
#[path = "unix.rs"]
pub(crate) mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
pub(crate) mod platform;
pub(crate) mod process;
pub(crate) mod remove;
pub(crate) mod search;
pub(crate) mod usage;
pub(crate) mod workspace;
