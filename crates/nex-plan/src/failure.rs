//! Errors of a cloud: what one means for what comes next, and how it is said on one line.

use std::error::Error;

/// What a failed call means for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The answer was lost: the server may have acted.
    Lost,
    /// What should be made is there already.
    Exists,
    /// What is named is not there.
    NotFound,
    /// The caller may not.
    Denied,
    /// Anything else.
    Other,
}

/// An error with its causes on one line, each said once.
///
/// ```
/// use std::io;
///
/// let error = io::Error::new(io::ErrorKind::NotFound, "there is no such file");
/// assert_eq!(nex_plan::chain(&error), "there is no such file");
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
