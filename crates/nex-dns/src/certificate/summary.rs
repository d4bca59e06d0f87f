//! What a secret holds, as far as a plan needs to know it: no key, and no certificate.

use std::collections::BTreeSet;

use super::secret::CertificateSecret;
use crate::ids::CertificateId;

/// What is known about a secret without reading its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// nex-dns stored the value, and kept this summary of the value beside it.
    Known(SecretSummary),
    /// The value has no summary: another program or a person stored it.
    Unknown,
}

/// The summary of a [`CertificateSecret`]. Nothing in it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretSummary {
    /// The id of the certificate in use.
    pub issued: Option<CertificateId>,
    /// The fingerprint of the key for which a certificate was requested, or is about to be.
    pub pending: Option<String>,
    /// The fingerprints of all keys that may have a valid certificate: the key in use, the pending key, and the
    /// replaced keys.
    pub keys: BTreeSet<String>,
}

impl SecretSummary {
    /// Whether a certificate for this key was requested under this secret.
    pub fn knows(&self, public_key: &str) -> bool {
        self.keys.contains(public_key)
    }
}

impl CertificateSecret {
    /// The value's summary.
    pub fn summary(&self) -> SecretSummary {
        let issued = self.issued.as_ref();
        let pending = self.pending.as_ref();
        let used = issued.map(|issued| &issued.public_key);
        let requested = pending.map(|pending| &pending.public_key);
        let keys = used.into_iter().chain(requested);
        SecretSummary {
            issued: issued.map(|issued| issued.id.clone()),
            pending: requested.cloned(),
            keys: keys.chain(self.superseded.keys()).cloned().collect(),
        }
    }
}

impl Stored {
    /// The summary, if there is one.
    pub fn summary(&self) -> Option<&SecretSummary> {
        match self {
            Stored::Known(summary) => Some(summary),
            Stored::Unknown => None,
        }
    }
}
