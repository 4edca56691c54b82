//! What went wrong, and what to do about it.

use std::fmt;

/// An error that the user can act on: what went wrong, and what to try next.
///
/// It is always the root of its chain, so that [`hints`] finds it.
#[derive(Debug)]
pub(crate) struct Hinted {
    message: String,
    hint: String,
    code: u8,
}

/// What to exit with where nothing else is said: it failed, or was refused.
const FAILED: u8 = 1;

impl Hinted {
    /// Returns an error that says `message`, with `hint` as the advice.
    pub(crate) fn error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        Self::with_code(FAILED, message, hint)
    }

    /// Returns the same, with what to exit with.
    pub(crate) fn with_code(
        code: u8,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> anyhow::Error {
        Self {
            message: message.into(),
            hint: hint.into(),
            code,
        }
        .into()
    }
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Hinted {}

/// An error of which all has been said already; what is left is the exit code.
#[derive(Debug)]
pub(crate) struct Reported;

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it has been said what went wrong")
    }
}

impl std::error::Error for Reported {}

/// Returns every hint in the chain of `err`, outermost first.
pub(crate) fn hints(err: &anyhow::Error) -> impl Iterator<Item = &str> {
    hinted(err).map(|hinted| hinted.hint.as_str())
}

/// Returns what to exit with for `err`.
pub(crate) fn code(err: &anyhow::Error) -> u8 {
    hinted(err).next().map_or(FAILED, |hinted| hinted.code)
}

fn hinted(err: &anyhow::Error) -> impl Iterator<Item = &Hinted> {
    err.chain().filter_map(|cause| cause.downcast_ref())
}
