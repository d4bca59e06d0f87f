//! Errors of a provider: what an error means for the next step, and a chain of errors on one line.

use std::borrow::Cow;
use std::error::Error;

/// What a failed call means for the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No answer came, or the answer does not say what happened: the provider may have acted.
    Indeterminate,
    /// The resource to create already exists.
    AlreadyExists,
    /// The resource that the call names does not exist.
    NotFound,
    /// The caller lacks the permission.
    Denied,
    /// What was found makes every change unsafe, such as two resources that claim to be one.
    Unsafe,
    /// The run was cancelled while the call waited for something.
    Cancelled,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Whether a fresh read shows what the call did.
    pub fn is_resolved_by_reading(self) -> bool {
        matches!(
            self,
            ErrorKind::Indeterminate | ErrorKind::AlreadyExists | ErrorKind::NotFound
        )
    }
}

/// An error of a provider.
pub trait CloudError: Error + Send + Sync + 'static {
    /// What the error means for the next step.
    fn kind(&self) -> ErrorKind;

    /// What resolves the error.
    fn hint(&self) -> Option<Cow<'static, str>> {
        None
    }
}

/// An error with its causes on one line, each cause once.
///
/// ```
/// use std::io;
///
/// let error = io::Error::new(io::ErrorKind::NotFound, "the file does not exist");
/// assert_eq!(nex_plan::chain(&error), "the file does not exist");
/// ```
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
