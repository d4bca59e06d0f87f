//! Origin CA certificates: what a secret holds of one, when a new one is needed, and how it gets there.
//!
//! A certificate is known by its public key. The key is in the secret before Cloudflare is asked to sign anything, and
//! its fingerprint stays there for as long as a certificate for it may live. So whatever crashes or races, every live
//! certificate that was asked for is found again in Cloudflare's list by its key.

mod bundle;
mod decide;
#[cfg(feature = "client")]
mod issue;
#[cfg(feature = "client")]
mod key;
#[cfg(feature = "client")]
mod revoke;
mod sink;

use std::collections::BTreeSet;

use time::OffsetDateTime;

pub use bundle::{Bundle, Issued, NotABundle, Pending, Terms};
pub use decide::{CERTIFICATE, Which, changes, in_use, lint, revocations};
#[cfg(feature = "client")]
pub use issue::{Issuance, IssueError, ensure, held};
#[cfg(feature = "client")]
pub use key::{KeyError, fingerprint, fingerprint_of_certificate, fingerprint_of_key};
#[cfg(feature = "client")]
pub use revoke::{Revocation, RevokeError, revoke};
pub use sink::{Held, SecretSink, SecretSource, Stored};

use crate::spec::KeyType;

/// A certificate that Cloudflare's list shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LiveCertificate {
    /// Its id.
    pub id: String,
    /// Itself, as PEM.
    pub certificate: String,
    /// The SHA-256 of its public key (SPKI), in hex; `None` if the certificate can't be read.
    pub public_key: Option<String>,
    /// The names that it is for.
    pub hostnames: BTreeSet<String>,
    /// When it ends.
    pub expires: OffsetDateTime,
}

/// What Cloudflare is asked to sign. The key is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The certificate signing request, as PEM.
    pub csr: String,
    /// What the certificate is to be.
    pub terms: Terms,
}

impl KeyType {
    /// The name of the key's type in Cloudflare's API.
    pub fn request_type(self) -> &'static str {
        match self {
            KeyType::Rsa => "origin-rsa",
            KeyType::Ecdsa => "origin-ecc",
        }
    }
}
