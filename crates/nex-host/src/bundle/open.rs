//! How a host opens a bundle, and why it refuses one.

use serde::Deserialize;

use super::{BUNDLE_LIMIT, Bundle, BundleError, Contents, FORMAT};
use crate::digest::Digest;
use crate::settings::Role;
use crate::status::{Cause, Reason};

/// Why a host refuses a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The document exceeds [`BUNDLE_LIMIT`].
    #[error("the bundle has {bytes} bytes; at most {BUNDLE_LIMIT} are allowed")]
    TooLarge {
        /// The size in bytes.
        bytes: usize,
    },
    /// The document is not the one that the host was told to apply.
    #[error("the bundle has the SHA-256 {found} instead of {expected}")]
    HashMismatch {
        /// The digest that the host was told.
        expected: Digest,
        /// The document's digest.
        found: Digest,
    },
    /// The format is unknown to this agent.
    #[error("the bundle has the format {found}; this agent knows only the format {FORMAT}")]
    UnknownFormat {
        /// The bundle's format.
        found: u32,
    },
    /// The document has fields that this agent does not know: it would leave out what they ask for.
    #[error("the bundle has fields that this agent does not know: {}", .0.join(", "))]
    UnknownFields(Vec<String>),
    /// The document is for hosts of the other role.
    #[error("the bundle is for a {bundle}, and this host is a {host}")]
    WrongRole {
        /// The bundle's role.
        bundle: Role,
        /// The host's role.
        host: Role,
    },
    /// The document is not a bundle, or has a value of a kind that this agent does not know.
    #[error("the bundle can't be read")]
    Malformed(#[source] serde_json::Error),
    /// The document reads as a bundle that breaks the rules of bundles.
    #[error("the bundle is not valid")]
    Invalid(#[source] BundleError),
    /// The document has the contents of a bundle in another form than the one that nex writes.
    #[error("the bundle is not in the form that nex writes")]
    NotCanonical,
}

impl From<&Refusal> for Reason {
    /// The reason as a status gives it.
    fn from(refusal: &Refusal) -> Self {
        let cause = match refusal {
            Refusal::HashMismatch { .. } => Cause::HashMismatch,
            _ => Cause::BundleRefused,
        };
        Reason::new(cause, &nex_plan::chain(refusal))
    }
}

#[derive(Deserialize)]
struct Envelope {
    format: u32,
}

impl Bundle {
    /// Opens the document of a bundle on a host with `role` that was told to apply the bundle `expected`.
    ///
    /// # Errors
    /// A [`Refusal`]. Nothing of a refused bundle may be applied.
    pub fn open(bytes: &[u8], expected: Digest, role: Role) -> Result<Self, Refusal> {
        if bytes.len() > BUNDLE_LIMIT {
            return Err(Refusal::TooLarge { bytes: bytes.len() });
        }
        let found = Digest::of(bytes);
        if found != expected {
            return Err(Refusal::HashMismatch { expected, found });
        }
        // The format comes first, because a newer format may have anything else in another shape.
        let Envelope { format } = serde_json::from_slice(bytes).map_err(Refusal::Malformed)?;
        if format != FORMAT {
            return Err(Refusal::UnknownFormat { found: format });
        }
        let bundle = Self::new(contents(bytes)?).map_err(Refusal::Invalid)?;
        if bundle.bytes != bytes {
            return Err(Refusal::NotCanonical);
        }
        if bundle.role() != role {
            return Err(Refusal::WrongRole {
                bundle: bundle.role(),
                host: role,
            });
        }
        Ok(bundle)
    }
}

fn contents(bytes: &[u8]) -> Result<Contents, Refusal> {
    let mut unknown = Vec::new();
    let mut document = serde_json::Deserializer::from_slice(bytes);
    let contents: Contents = serde_ignored::deserialize(&mut document, |path| {
        // `?` stands for the variant of an enum.
        unknown.push(path.to_string().replace(".?", ""));
    })
    .map_err(Refusal::Malformed)?;
    document.end().map_err(Refusal::Malformed)?;
    // `Envelope` has read it.
    unknown.retain(|field| field != "format");
    if unknown.is_empty() {
        Ok(contents)
    } else {
        Err(Refusal::UnknownFields(unknown))
    }
}
