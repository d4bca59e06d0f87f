//! Why a step failed: a cause that a program can act on, and a text for people.

use std::io;

use nex_host::{Cause, Reason};

/// Why a step failed. The text never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// The kind of cause.
    pub cause: Cause,
    /// What people need to know.
    pub text: String,
}

impl Failure {
    /// A failure.
    pub fn new(cause: Cause, text: impl Into<String>) -> Self {
        Self {
            cause,
            text: text.into(),
        }
    }

    /// The failure of an operation on a file or a folder, such as `write /etc/a`.
    pub fn file(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| {
            let cause = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Cause::DiskFull,
                _ => Cause::Other,
            };
            Self::new(cause, format!("failed to {what}: {error}"))
        }
    }
}

impl From<&Failure> for Reason {
    fn from(failure: &Failure) -> Self {
        Reason::new(failure.cause, &failure.text)
    }
}
