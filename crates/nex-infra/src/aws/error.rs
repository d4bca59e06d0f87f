//! Errors of AWS, classified by the code of the service's answer.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::path::PathBuf;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use nex_plan::{CloudError, ErrorKind};

use super::codes::{self, Condition};
use crate::model::Kind;

/// A failed operation on AWS.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call failed.
    #[error("{operation} {about}")]
    Call {
        /// The API call.
        operation: &'static str,
        /// The resource that the call is about.
        about: String,
        /// The service's answer, or why no answer came.
        source: CallError,
    },
    /// Keys and secret values would travel to another machine without encryption.
    #[error("the endpoint {0} is not encrypted and not on this machine")]
    ClearText(String),
    /// The file with the certificate authorities to trust can't be used.
    #[error("failed to read the CA bundle {}", .path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No credentials were found to sign calls with.
    #[error("no AWS credentials were found")]
    NoCredentials(#[source] Box<dyn StdError + Send + Sync>),
    /// The credentials belong to another account than the spec.
    #[error("the credentials are for account {found}, the spec is for {expected}")]
    OtherAccount {
        /// The account of the credentials.
        found: String,
        /// The account in the spec.
        expected: String,
    },
    /// A resource that the spec refers to does not exist, or is not the only one.
    #[error("{what} {selector} must exist exactly once in {place}, but {found} were found")]
    Lookup {
        /// The kind of resource.
        what: &'static str,
        /// The selector in the spec.
        selector: String,
        /// How many resources match.
        found: usize,
        /// Where nex looked.
        place: String,
    },
    /// A bucket name belongs to another account: bucket names are global to AWS.
    #[error("the bucket {name} belongs to another account")]
    ForeignBucket {
        /// The bucket's name.
        name: String,
    },
    /// A bucket is in another Region.
    #[error("the bucket {name} is in {found}, not in {expected}")]
    BucketRegion {
        /// The bucket's name.
        name: String,
        /// The bucket's Region.
        found: String,
        /// The spec's Region.
        expected: String,
    },
    /// Several living resources carry the tags of one: nex never chooses between them.
    #[error("{} {kind}s claim to be {name}: {}", .ids.len(), .ids.join(", "))]
    Ambiguous {
        /// The kind of resource.
        kind: Kind,
        /// The name that all of them claim.
        name: String,
        /// The ids of the resources.
        ids: Vec<String>,
    },
    /// An answer lacks a field that every such answer has.
    #[error("the answer of {operation} about {about} lacks {missing}")]
    Answer {
        /// The API call.
        operation: &'static str,
        /// The resource that the call is about.
        about: String,
        /// The field.
        missing: &'static str,
    },
    /// A resource did not reach a state in time.
    #[error("{about} was not {state} after {seconds} s")]
    TooLate {
        /// The resource.
        about: String,
        /// The state.
        state: &'static str,
        /// How long nex waited.
        seconds: u64,
    },
    /// An instance ended instead of reaching a state.
    #[error("{about} ended instead of being {state}: {reason}")]
    Ended {
        /// The instance.
        about: String,
        /// The state.
        state: &'static str,
        /// EC2's reason.
        reason: String,
    },
    /// A server did not start with its new instance type.
    #[error(
        "{about} did not start as {new}{}",
        if *.restarted { format!(", and runs as {old} again") } else { format!(", and not as {old} again: the server is stopped") }
    )]
    Resize {
        /// The instance.
        about: String,
        /// The instance type before the change.
        old: String,
        /// The instance type that the spec asks for.
        new: String,
        /// Whether the server runs again with its old type.
        restarted: bool,
        /// Why the server did not start.
        source: Box<Error>,
    },
    /// The run was cancelled while nex waited for a resource to reach a state.
    #[error("{about} was not yet {state}")]
    Cancelled {
        /// The resource.
        about: String,
        /// The state.
        state: &'static str,
    },
    /// A step needs something that does not exist.
    #[error("{about} needs {missing}, which does not exist")]
    Missing {
        /// The step's resource.
        about: String,
        /// What the step needs.
        missing: String,
    },
    /// A change that nex does not make.
    #[error("{about} can't be changed: {why}")]
    Unchangeable {
        /// The resource.
        about: String,
        /// The reason.
        why: &'static str,
    },
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service answered with an error.
    #[error("{code}: {message}")]
    Refused {
        /// The error's code, such as `InvalidGroup.NotFound`.
        code: String,
        /// The error's message.
        message: String,
    },
    /// The SDK could not build the request: the call was not made.
    #[error(transparent)]
    NotSent(Box<dyn StdError + Send + Sync>),
    /// No answer came, or none that the SDK understands: the service may have acted.
    #[error(transparent)]
    NoAnswer(Box<dyn StdError + Send + Sync>),
}

impl CloudError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Error::Call { source, .. } => source.kind(),
            Error::NoCredentials(_) | Error::OtherAccount { .. } => ErrorKind::Denied,
            Error::ClearText(_) => ErrorKind::Unsafe,
            Error::Answer { .. } => ErrorKind::Indeterminate,
            Error::Cancelled { .. } => ErrorKind::Cancelled,
            Error::Ambiguous { .. } => ErrorKind::Unsafe,
            Error::CaBundle { .. }
            | Error::Lookup { .. }
            | Error::ForeignBucket { .. }
            | Error::BucketRegion { .. }
            | Error::TooLate { .. }
            | Error::Ended { .. }
            | Error::Resize { .. }
            | Error::Missing { .. }
            | Error::Unchangeable { .. } => ErrorKind::Other,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Error::NoCredentials(_) => "log in with `aws sso login`, or set AWS_PROFILE",
            Error::ClearText(_) => {
                "use an https address, or one of this machine, in AWS_ENDPOINT_URL"
            }
            Error::CaBundle { .. } => {
                "set AWS_CA_BUNDLE to a file with the certificates to trust, as PEM; unset it to trust those of this machine"
            }
            Error::OtherAccount { .. } => {
                "set AWS_PROFILE to a profile of the spec's account, or fix aws.account in the spec"
            }
            Error::Lookup { .. } => {
                "name the resource by its id in the spec, or create it: nex looks it up and never creates it"
            }
            Error::ForeignBucket { .. } | Error::BucketRegion { .. } => {
                "give the bucket another name in the spec: aws.storage or aws.fleet.cache_bucket"
            }
            Error::Ambiguous { .. } => {
                "find out which of them serves; delete the other one, or remove its tag Deployment"
            }
            Error::Call { source, .. } => match source.kind() {
                ErrorKind::Denied => {
                    "the credentials lack a permission: ask for the permission that the message names"
                }
                ErrorKind::Indeterminate => {
                    "AWS did not answer: check the network, AWS_ENDPOINT_URL and AWS_CA_BUNDLE, then run the command again"
                }
                _ => return None,
            },
            _ => return None,
        };
        Some(hint.into())
    }
}

impl CallError {
    fn kind(&self) -> ErrorKind {
        match self {
            CallError::Refused { code, .. } => codes::classify(code),
            CallError::NotSent(_) => ErrorKind::Other,
            CallError::NoAnswer(_) => ErrorKind::Indeterminate,
        }
    }
}

impl Error {
    /// Turns the SDK's error into ours: `operation` failed on `about`.
    pub(super) fn call<E>(
        operation: &'static str,
        about: impl Into<String>,
    ) -> impl FnOnce(SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let about = about.into();
        move |error| {
            let source = match (error.code(), &error) {
                (Some(code), _) => CallError::Refused {
                    code: code.to_owned(),
                    message: error.message().unwrap_or("no message").to_owned(),
                },
                (None, SdkError::ConstructionFailure(_)) => CallError::NotSent(Box::new(error)),
                (None, SdkError::ServiceError(answer)) => {
                    match code_of_status(answer.raw().status().as_u16()) {
                        Some(code) => CallError::Refused {
                            code: code.to_owned(),
                            message: "the answer has no message".to_owned(),
                        },
                        None => CallError::NoAnswer(Box::new(error)),
                    }
                }
                (None, _) => CallError::NoAnswer(Box::new(error)),
            };
            Error::Call {
                operation,
                about,
                source,
            }
        }
    }

    /// The answer of `operation` about `about` lacks a field: gives the error for the field's name.
    pub(super) fn lacks(
        operation: &'static str,
        about: &str,
    ) -> impl Fn(&'static str) -> Error + use<> {
        let about = about.to_owned();
        move |missing| Error::Answer {
            operation,
            about: about.clone(),
            missing,
        }
    }

    /// Whether the resource that the call named does not exist.
    pub(super) fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the service answered with this code.
    pub(super) fn has_code(&self, expected: &str) -> bool {
        matches!(self.refusal(), Some((code, _)) if code == expected)
    }

    /// Whether the service's answer means `condition`.
    pub(super) fn is(&self, condition: Condition) -> bool {
        self.refusal()
            .is_some_and(|(code, message)| condition.is_meant_by(code, message))
    }

    fn refusal(&self) -> Option<(&str, &str)> {
        match self {
            Error::Call {
                source: CallError::Refused { code, message },
                ..
            } => Some((code, message)),
            _ => None,
        }
    }
}

/// The code that S3 gives with a status. An answer to HEAD has no body, so only the status tells what it means.
fn code_of_status(status: u16) -> Option<&'static str> {
    match status {
        301 => Some("PermanentRedirect"),
        403 => Some("AccessDenied"),
        404 => Some("NotFound"),
        _ => None,
    }
}

/// A resource that does not exist is `None`, not an error.
pub(super) fn if_found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, message: &str) -> Error {
        Error::Call {
            operation: "RunInstances",
            about: "web".into(),
            source: CallError::Refused {
                code: code.into(),
                message: message.into(),
            },
        }
    }

    #[test]
    fn an_error_reads_on_one_line_and_tells_its_cause_once() {
        let error = refused("UnauthorizedOperation", "not allowed");
        assert_eq!(
            nex_plan::chain(&error),
            "RunInstances web: UnauthorizedOperation: not allowed"
        );
        let torn = Error::Call {
            operation: "RunInstances",
            about: "web".into(),
            source: CallError::NoAnswer("connection reset".into()),
        };
        assert_eq!(nex_plan::chain(&torn), "RunInstances web: connection reset");
        assert_eq!(torn.kind(), ErrorKind::Indeterminate);
    }

    #[test]
    fn a_hint_names_no_option_of_a_command() {
        let errors = [
            refused("UnauthorizedOperation", ""),
            refused("InternalError", ""),
            Error::NoCredentials("none".into()),
        ];
        for error in errors {
            let hint = error.hint().expect("a hint");
            assert!(!hint.contains("--"), "{hint}");
        }
        assert_eq!(refused("DependencyViolation", "").hint(), None);
    }

    #[test]
    fn a_code_is_compared_whole_and_apart_from_the_message() {
        let error = refused("InvalidRequestException", "NoSuchBucket");
        assert!(error.has_code("InvalidRequestException"));
        assert!(!error.has_code("InvalidRequest"));
        assert!(!error.has_code("NoSuchBucket"));
        assert!(!error.is_not_found());
    }
}
