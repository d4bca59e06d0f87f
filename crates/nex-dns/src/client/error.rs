//! Why a call failed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use nex_plan::{CloudError, ErrorKind, printable};
use serde::Deserialize;

use crate::change::{RecordChange, RecordStep};

/// Why a call to Cloudflare failed. [`CloudError::hint`] says what resolves the error. The fields hold what was answered;
/// the text of an error has control characters escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base address is not valid.
    #[error("`{}` is not a valid http or https address of an API", printable(.0))]
    BaseAddress(String),
    /// The base address is an `http` address on this other machine. The token would cross the network in clear text.
    #[error(
        "http to {0} is not encrypted, so the API token would be readable on the way: http is for this machine only \
         (localhost, 127.0.0.0/8, ::1)"
    )]
    ClearText(String),
    /// The token is empty, or has characters that a header can't carry. The error does not repeat the token.
    #[error("the API token is empty or has invalid characters")]
    Token,
    /// HTTPS can't be set up on this machine.
    #[error("failed to set up HTTPS")]
    Setup(#[source] reqwest::Error),
    /// No answer came.
    #[error(
        "failed to {}: {}",
        printable(operation),
        if *.sent { "the answer was lost" } else { "Cloudflare was not reached" }
    )]
    NoAnswer {
        /// What was tried.
        operation: String,
        /// Whether the call may have arrived.
        sent: bool,
        /// What happened to the connection.
        source: reqwest::Error,
    },
    /// The answer is not one of Cloudflare's API.
    #[error(
        "failed to {}: HTTP {status} with an answer that is not the API's: `{}`",
        printable(operation),
        printable(start)
    )]
    NotJson {
        /// What was tried.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The answer's first words.
        start: String,
        /// How long to wait before the next call.
        retry_after: Option<Duration>,
    },
    /// The result has another form than documented.
    #[error(
        "failed to {}: the result has another form than documented",
        printable(operation)
    )]
    Form {
        /// What was tried.
        operation: String,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// The result lacks a part that every such result has.
    #[error("failed to {}: the result lacks {missing}", printable(operation))]
    Answer {
        /// What was tried.
        operation: String,
        /// What is missing.
        missing: &'static str,
    },
    /// The answer has more, or other values, than Cloudflare ever answers. The client does not use it: such an answer
    /// could fill the memory, or open an origin to the world.
    #[error("failed to {}: {}", printable(operation), printable(what))]
    Implausible {
        /// What was tried.
        operation: String,
        /// What is wrong with the answer.
        what: String,
    },
    /// Cloudflare refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The token has access to no zone of this name, or to more than one.
    #[error(
        "the API token has access to {found} zones named {}; expected one",
        printable(zone)
    )]
    Zone {
        /// The zone's name.
        zone: String,
        /// How many there are.
        found: usize,
    },
    /// The run was cancelled while the call waited for the rate limit or for its next try.
    #[error("failed to {}: cancelled while waiting", printable(operation))]
    Cancelled {
        /// What was tried.
        operation: String,
    },
}

/// A refusal with everything that Cloudflare answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was tried.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
    /// The errors, with their chains.
    pub errors: Vec<ApiError>,
    /// How long to wait before the next call.
    pub retry_after: Option<Duration>,
}

/// One error in an answer of Cloudflare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ApiError {
    /// The code, such as 81053.
    #[serde(default)]
    pub code: u32,
    /// The message.
    #[serde(default)]
    pub message: String,
    /// The causes.
    #[serde(default)]
    pub error_chain: Vec<ApiError>,
    /// Where the error is in the request.
    #[serde(default)]
    pub source: Option<Pointer>,
}

/// Where an error is in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Pointer {
    /// A JSON pointer, such as `/posts/3/content`.
    #[serde(default)]
    pub pointer: Option<String>,
}

impl Refusal {
    /// Whether any of these codes is among the errors or their chains.
    pub fn has(&self, codes: &[u32]) -> bool {
        self.codes().any(|code| codes.contains(&code))
    }

    /// All codes, an error's own before those of its chain.
    pub fn codes(&self) -> impl Iterator<Item = u32> {
        self.all().map(|error| error.code)
    }

    /// All errors, each before its chain.
    pub(super) fn all(&self) -> impl Iterator<Item = &ApiError> {
        let mut waiting: Vec<&ApiError> = self.errors.iter().rev().collect();
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(next.error_chain.iter().rev());
            Some(next)
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}: ", printable(&self.operation))?;
        if self.errors.is_empty() {
            return write!(
                f,
                "Cloudflare refused with HTTP {} and no reason",
                self.status
            );
        }
        for (at, error) in self.errors.iter().enumerate() {
            write!(f, "{}{error}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = printable(self.message.trim_end_matches('.'));
        write!(f, "{message} ({})", self.code)?;
        for cause in &self.error_chain {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl Error {
    pub(super) fn no_answer(operation: &str, source: reqwest::Error) -> Self {
        Error::NoAnswer {
            operation: operation.to_owned(),
            sent: !source.is_connect() && !source.is_builder(),
            source,
        }
    }

    pub(super) fn implausible(operation: &str, what: impl Into<String>) -> Self {
        Error::Implausible {
            operation: operation.to_owned(),
            what: what.into(),
        }
    }

    pub(super) fn cancelled(operation: &str) -> Self {
        Error::Cancelled {
            operation: operation.to_owned(),
        }
    }

    /// How long to wait before the next call, where Cloudflare says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Refused(refusal) => refusal.retry_after,
            Error::NotJson { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The refusal, if the error is a refusal.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl CloudError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Error::NoAnswer { sent: true, .. } | Error::Form { .. } | Error::Implausible { .. } => {
                ErrorKind::Indeterminate
            }
            Error::NotJson { status, .. } if *status >= 500 || *status < 300 => {
                ErrorKind::Indeterminate
            }
            Error::Refused(refusal) => refusal.kind(),
            Error::Cancelled { .. } => ErrorKind::Cancelled,
            _ => ErrorKind::Other,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        super::hints::hint(self)
    }
}

impl Error {
    /// The steps that the error names, of `steps` that were sent in one call. The error names a step by a pointer into
    /// the request or by the record's name.
    pub(super) fn blamed(&self, steps: &[RecordStep]) -> Vec<usize> {
        let errors: Vec<&ApiError> = self.refusal().into_iter().flat_map(Refusal::all).collect();
        let pointed = errors
            .iter()
            .filter_map(|e| pointed(e.source.as_ref()?.pointer.as_deref()?, steps));
        let pointed: Vec<usize> = pointed.collect();
        if !pointed.is_empty() {
            return pointed;
        }
        let named: BTreeSet<&str> = errors.iter().flat_map(|e| names(&e.message)).collect();
        (0..steps.len())
            .filter(|at| named.contains(steps[*at].name()))
            .collect()
    }
}

/// The change that a JSON pointer such as `/posts/3/content` leads to: a batch lists its deletes, patches and posts
/// apart.
fn pointed(pointer: &str, steps: &[RecordStep]) -> Option<usize> {
    let mut parts = pointer.trim_start_matches(['/', '#']).split('/');
    let (list, at) = (parts.next()?, parts.next()?.parse().ok()?);
    let is_in = |step: &RecordStep| match &step.change {
        RecordChange::Delete(_) => list == "deletes",
        RecordChange::Update(..) => list == "patches",
        RecordChange::Create(_) => list == "posts",
    };
    (0..steps.len()).filter(|at| is_in(&steps[*at])).nth(at)
}

/// The words of a message that may be names, each without the final dot.
fn names(message: &str) -> impl Iterator<Item = &str> {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.*".contains(c);
    let words = message.split(move |c: char| !inside(c));
    words.map(|word| word.trim_end_matches('.'))
}

impl Refusal {
    fn kind(&self) -> ErrorKind {
        match self.status {
            _ if self.has(&[81053, 81054, 81055, 81056, 81057, 81058, 81062]) => {
                ErrorKind::AlreadyExists
            }
            _ if self.status == 404 || self.has(&[81044]) => ErrorKind::NotFound,
            _ if matches!(self.status, 401 | 403) || self.has(&[10000, 9109, 6003]) => {
                ErrorKind::Denied
            }
            500.. => ErrorKind::Indeterminate,
            _ => ErrorKind::Other,
        }
    }
}
