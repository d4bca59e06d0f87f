//! Origin CA certificates: what their secret holds, when a new certificate is needed, and how the secret gets it.
//!
//! A certificate is identified by its public key. The private key is in the secret before Cloudflare signs anything,
//! and the key's fingerprint stays in the secret for as long as a certificate for the key may live. After any crash or
//! race, nex-dns therefore finds every live certificate that it requested in Cloudflare's list, by the key.
//!
//! A plan never reads a key: it needs only the [`SecretSummary`] that stands beside the value. The value is read when a
//! certificate is issued or stored.

mod decide;
#[cfg(feature = "engine")]
mod issue;
#[cfg(feature = "engine")]
mod key;
mod revoke;
mod secret;
mod store;
mod summary;

use std::collections::BTreeSet;

use time::OffsetDateTime;

pub use decide::CertificateStep;
pub(crate) use decide::{steps, unknown_findings, unused_findings};
#[cfg(feature = "engine")]
pub(crate) use issue::Issuer;
#[cfg(feature = "engine")]
pub use key::{KeyError, fingerprint, fingerprint_of_certificate, fingerprint_of_key};
pub use revoke::{Revocation, RevokeScope};
pub(crate) use revoke::{revocations, unrelated_findings};
pub use secret::{CertificateSecret, CertificateTerms, ForeignSecret, Issued, Pending};
pub use store::{NoSecrets, NoSecretsError, SecretReader, SecretWriter, StoreOutcome, Versioned};
pub use summary::{SecretSummary, Stored};

use crate::ids::CertificateId;
use crate::spec::KeyType;

/// A certificate that Cloudflare's list shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LiveCertificate {
    /// The id at Cloudflare.
    pub id: CertificateId,
    /// The certificate, as PEM.
    pub certificate: String,
    /// The SHA-256 of the public key (SPKI), in hex; `None` if the certificate can't be parsed.
    pub public_key: Option<String>,
    /// The names that the certificate covers.
    pub hostnames: BTreeSet<String>,
    /// When the certificate expires.
    pub expires: OffsetDateTime,
    /// The type of the key; `None` for a type that nex-dns never asks for.
    pub key_type: Option<KeyType>,
    /// The validity that was requested, in days; `None` if the answer does not name it.
    pub validity_days: Option<u32>,
}

/// A request for a certificate. The private key is not part of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The certificate signing request, as PEM.
    pub csr: String,
    /// The properties that the certificate should have.
    pub terms: CertificateTerms,
}

impl KeyType {
    /// The key's type by its name in Cloudflare's API.
    pub fn of_request_type(name: &str) -> Option<Self> {
        [KeyType::Rsa, KeyType::Ecdsa]
            .into_iter()
            .find(|one| one.request_type() == name)
    }

    /// The name of the key's type in Cloudflare's API.
    pub fn request_type(self) -> &'static str {
        match self {
            KeyType::Rsa => "origin-rsa",
            KeyType::Ecdsa => "origin-ecc",
        }
    }
}
