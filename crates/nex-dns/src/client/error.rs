//! Why a call failed.

use std::fmt;
use std::time::Duration;

use nex_plan::Class;
use serde::Deserialize;

use crate::diff::{Do, Step};
use crate::io::Failure;

/// Why something at Cloudflare did not work. [`Failure::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base address is none.
    #[error("`{0}` is no http or https address of an API")]
    BaseAddress(String),
    /// The token is empty, or has characters that a header can't carry. The token itself is not repeated.
    #[error("the API token is empty or has characters that no token has")]
    Token,
    /// Cloudflare knows the token, but it is disabled or expired.
    #[error("the API token is {0}")]
    InactiveToken(String),
    /// HTTPS can't be set up on this machine.
    #[error("failed to set up HTTPS")]
    Setup(#[source] reqwest::Error),
    /// No answer came.
    #[error("failed to {doing}: {}", if *.sent { "the answer was lost" } else { "Cloudflare was not reached" })]
    NoAnswer {
        /// What was tried.
        doing: String,
        /// Whether the call may have arrived.
        sent: bool,
        /// What happened to the connection.
        source: reqwest::Error,
    },
    /// Something answered that is not Cloudflare's API, or is, but broken.
    #[error("failed to {doing}: HTTP {status} with an answer that is not the API's: `{start}`")]
    NotJson {
        /// What was tried.
        doing: String,
        /// The HTTP status.
        status: u16,
        /// The answer's first words.
        start: String,
        /// When one may come back.
        retry_after: Option<Duration>,
    },
    /// The result has another form than documented.
    #[error("failed to {doing}: the result has another form than documented")]
    Form {
        /// What was tried.
        doing: String,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// The result lacks what every such result has.
    #[error("failed to {doing}: the result lacks {lacks}")]
    Answer {
        /// What was tried.
        doing: String,
        /// What is missing.
        lacks: &'static str,
    },
    /// Cloudflare refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The token sees no such zone, or more than one.
    #[error("the API token sees {found} zones named {zone}, not one")]
    Zone {
        /// The zone's name.
        zone: String,
        /// How many there are.
        found: usize,
    },
}

/// A refusal with all that Cloudflare said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was tried.
    pub doing: String,
    /// The HTTP status.
    pub status: u16,
    /// The errors, with their chains.
    pub errors: Vec<ApiError>,
    /// When one may come back.
    pub retry_after: Option<Duration>,
}

/// One error of Cloudflare's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ApiError {
    /// The code, such as 81053.
    #[serde(default)]
    pub code: u32,
    /// What Cloudflare says of it.
    #[serde(default)]
    pub message: String,
    /// The errors beneath.
    #[serde(default)]
    pub error_chain: Vec<ApiError>,
    /// Where in the request it is.
    #[serde(default)]
    pub source: Option<Source>,
}

/// Where in a request an error is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Source {
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
        write!(f, "failed to {}: ", self.doing)?;
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
        write!(f, "{} ({})", self.message.trim_end_matches('.'), self.code)?;
        for cause in &self.error_chain {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl Error {
    pub(super) fn no_answer(doing: &str, source: reqwest::Error) -> Self {
        Error::NoAnswer {
            doing: doing.to_owned(),
            sent: !source.is_connect() && !source.is_builder(),
            source,
        }
    }

    /// When one may come back, where Cloudflare said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Refused(refusal) => refusal.retry_after,
            Error::NotJson { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl Failure for Error {
    fn class(&self) -> Class {
        match self {
            Error::NoAnswer { sent: true, .. } | Error::Form { .. } => Class::Lost,
            Error::NotJson { status, .. } if *status >= 500 || *status < 300 => Class::Lost,
            Error::Refused(refusal) => refusal.class(),
            _ => Class::Other,
        }
    }

    fn hint(&self) -> Option<String> {
        super::hints::hint(self)
    }

    fn about(&self, steps: &[Step]) -> Vec<usize> {
        let errors: Vec<&ApiError> = self.refusal().into_iter().flat_map(Refusal::all).collect();
        let named = |step: &Step| {
            let name = step.name();
            errors.iter().any(|error| mentions(&error.message, name))
        };
        let pointed = errors
            .iter()
            .filter_map(|e| pointed(e.source.as_ref()?.pointer.as_deref()?, steps));
        let pointed: Vec<usize> = pointed.collect();
        match pointed.is_empty() {
            true => (0..steps.len()).filter(|at| named(&steps[*at])).collect(),
            false => pointed,
        }
    }
}

/// The change that a JSON pointer such as `/posts/3/content` leads to: a batch lists its deletes, patches and posts apart.
fn pointed(pointer: &str, steps: &[Step]) -> Option<usize> {
    let mut parts = pointer.trim_start_matches(['/', '#']).split('/');
    let (list, at) = (parts.next()?, parts.next()?.parse().ok()?);
    let is_in = |step: &Step| match &step.what {
        Do::Delete(_) => list == "deletes",
        Do::Update(..) => list == "patches",
        Do::Create(_) => list == "posts",
    };
    (0..steps.len()).filter(|at| is_in(&steps[*at])).nth(at)
}

/// Whether a message names a record, and not only one below or above it.
fn mentions(message: &str, name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.*".contains(c);
    message
        .split(|c: char| !inside(c))
        .any(|word| word.trim_end_matches('.') == name)
}

impl Refusal {
    fn class(&self) -> Class {
        match self.status {
            _ if self.has(&[81053, 81054, 81057, 81058]) => Class::Exists,
            _ if self.status == 404 || self.has(&[81044]) => Class::NotFound,
            _ if matches!(self.status, 401 | 403) || self.has(&[10000, 9109, 6003]) => {
                Class::Denied
            }
            500.. => Class::Lost,
            _ => Class::Other,
        }
    }
}
