//! What went wrong, and what to do about it.

use std::fmt;

/// An error that the user can act on: what went wrong, and what to try next.
///
/// It is always the root of its chain, so that [`hints`] finds it.
#[derive(Debug)]
pub(crate) struct Hinted {
    message: String,
    hint: String,
}

impl Hinted {
    /// Returns an error that says `message`, with `hint` as the advice.
    pub(crate) fn error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        Self {
            message: message.into(),
            hint: hint.into(),
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
    err.chain()
        .filter_map(|cause| cause.downcast_ref::<Hinted>())
        .map(|hinted| hinted.hint.as_str())
}
