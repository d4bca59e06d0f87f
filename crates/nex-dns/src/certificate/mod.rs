//! Origin CA certificates: what their secret holds, when a new certificate is needed, and how the secret gets it.
//!
//! A certificate is identified by its public key. The private key is in the secret before Cloudflare signs anything,
//! and the key's fingerprint stays in the secret for as long as a certificate for the key may live. After any crash or
//! race, nex-dns therefore finds every live certificate that it requested in Cloudflare's list, by the key.

mod decide;
#[cfg(feature = "engine")]
mod issue;
#[cfg(feature = "engine")]
mod key;
mod revoke;
mod secret;
mod store;

use std::collections::BTreeSet;

use time::OffsetDateTime;

pub use decide::CertificateStep;
pub(crate) use decide::{steps, unused_findings};
#[cfg(feature = "engine")]
pub(crate) use issue::Issuer;
#[cfg(feature = "engine")]
pub use key::{KeyError, fingerprint, fingerprint_of_certificate, fingerprint_of_key};
pub use revoke::{Revocation, RevokeScope};
pub(crate) use revoke::{revocations, unrelated_findings};
pub use secret::{CertificateSecret, CertificateTerms, ForeignSecret, Issued, Pending};
pub use store::{NoSecrets, NoSecretsError, SecretReader, SecretWriter, StoreOutcome, Versioned};

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
    /// The name of the key's type in Cloudflare's API.
    pub fn request_type(self) -> &'static str {
        match self {
            KeyType::Rsa => "origin-rsa",
            KeyType::Ecdsa => "origin-ecc",
        }
    }
}
