//! Errors of AWS, classified by their code.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use nex_plan::Class;

use crate::io::Failure;

/// Why something on AWS did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call failed.
    #[error("{operation} {about}")]
    Call {
        /// The API call.
        operation: &'static str,
        /// What it was about.
        about: String,
        /// What the error's code says.
        class: Class,
        /// The service's answer, or why there is none.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// There are no credentials to sign calls with.
    #[error("no AWS credentials were found")]
    NoCredentials(#[source] Box<dyn StdError + Send + Sync>),
    /// The credentials are for another account than the spec's.
    #[error("the credentials are for account {found}, the spec is for {expected}")]
    OtherAccount {
        /// The account of the credentials.
        found: String,
        /// The account in the spec.
        expected: String,
    },
    /// Something that the spec points at is not there, or not just once.
    #[error("{what} {selector} was found {found} times in {place}; it must be there exactly once")]
    Lookup {
        /// What was looked up.
        what: &'static str,
        /// How the spec points at it.
        selector: String,
        /// How many there are.
        found: usize,
        /// Where was looked.
        place: String,
    },
    /// An answer lacks what every such answer has.
    #[error("the answer of {operation} about {about} lacks {lacks}")]
    Answer {
        /// The API call.
        operation: &'static str,
        /// What it was about.
        about: String,
        /// What is missing.
        lacks: &'static str,
    },
    /// Something did not come to pass in time.
    #[error("{about} was not {state} after {seconds} s")]
    TooLate {
        /// What was waited for.
        about: String,
        /// The state that did not come.
        state: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// A step needs something that is not there yet.
    #[error("{about} needs {missing}, which is not there")]
    Missing {
        /// The step's resource.
        about: String,
        /// What it needs.
        missing: String,
    },
    /// A change that nex does not make.
    #[error("{about} can't be changed: {why}")]
    Unchangeable {
        /// The resource.
        about: String,
        /// Why not.
        why: &'static str,
    },
}

/// A service's answer, as it words it.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
struct Answered {
    code: String,
    message: String,
}

impl Failure for Error {
    fn class(&self) -> Class {
        match self {
            Error::Call { class, .. } => *class,
            Error::NoCredentials(_) | Error::OtherAccount { .. } => Class::Denied,
            Error::Answer { .. } => Class::Lost,
            Error::Lookup { .. }
            | Error::TooLate { .. }
            | Error::Missing { .. }
            | Error::Unchangeable { .. } => Class::Other,
        }
    }
}

impl Error {
    /// Turns a failed call's error into ours: `operation` failed on `about`.
    pub(super) fn call<E, R>(
        operation: &'static str,
        about: impl Into<String>,
    ) -> impl FnOnce(SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let about = about.into();
        move |error| {
            let code = error.code().map(str::to_owned);
            let class = match (&error, &code) {
                (_, Some(code)) => classify(code),
                (SdkError::ConstructionFailure(_), None) => Class::Other,
                (_, None) => Class::Lost,
            };
            let source: Box<dyn StdError + Send + Sync> = match code {
                Some(code) => Box::new(Answered {
                    message: error.message().unwrap_or("no message").to_owned(),
                    code,
                }),
                None => Box::new(error),
            };
            Error::Call {
                operation,
                about,
                class,
                source,
            }
        }
    }

    /// Whether what the call named is not there.
    pub(super) fn is_not_found(&self) -> bool {
        self.class() == Class::NotFound
    }

    /// Whether the message of the service's answer contains `text`.
    pub(super) fn says(&self, text: &str) -> bool {
        matches!(self, Error::Call { source, .. } if source.to_string().contains(text))
    }
}

/// An absent thing is `None`, not an error.
pub(super) fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The codes, from the services' API references.
fn classify(code: &str) -> Class {
    const EXISTS: [&str; 11] = [
        "AlreadyExists",
        "AlreadyExistsFault",
        "BucketAlreadyOwnedByYou",
        "EntityAlreadyExists",
        "IdempotentParameterMismatch",
        "InvalidGroup.Duplicate",
        "InvalidLaunchTemplateName.AlreadyExistsException",
        "InvalidPermission.Duplicate",
        "OperationAbortedException",
        "ResourceAlreadyExistsException",
        "ResourceExistsException",
    ];
    const NOT_FOUND: [&str; 5] = [
        "DBInstanceNotFound",
        "NoSuchEntity",
        "NotFound",
        "ResourceNotFoundException",
        "ParameterNotFound",
    ];
    const DENIED: [&str; 10] = [
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    ];
    // With the contention of two calls: either may have been the one that acted.
    const LOST: [&str; 18] = [
        "ConcurrentModification",
        "ConcurrentModificationException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "InternalServiceException",
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeoutException",
        "ResourceContention",
        "ServiceFailure",
        "ServiceFailureException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
        "UnavailableException",
    ];
    if EXISTS.contains(&code) {
        Class::Exists
    } else if NOT_FOUND.contains(&code)
        || code.starts_with("NoSuch")
        || code.ends_with(".NotFound")
        || code.ends_with(".NotFoundException")
    {
        Class::NotFound
    } else if DENIED.contains(&code) {
        Class::Denied
    } else if LOST.contains(&code) {
        Class::Lost
    } else {
        Class::Other
    }
}
