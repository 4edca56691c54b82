//! Running a program in the place of this process: what comes to one reaches the other, and both end alike.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(crate) use platform::{accompany, end_as, replace};
