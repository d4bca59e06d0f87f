//! The summary of a certificate's secret, as Secrets Manager keeps it beside the value.
//!
//! The id of a version and its labels are stored in one call with the value, and `DescribeSecret` shows them without the
//! value. The id is `CERTIFICATE-PENDING-HASH`: the certificate's id at Cloudflare, the first digits of the pending
//! key's fingerprint, and a hash of the value, which makes the id unique. A missing part is `none`. The secret has a
//! label for the fingerprint of every key for which a certificate may live.

use std::collections::BTreeSet;

use nex_dns::CertificateId;
use nex_dns::certificate::{CertificateSecret, SecretSummary, Stored};
use nex_infra::aws::{NewVersion, SecretVersions};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

/// The longest id of a version.
const LENGTH: usize = 64;

/// The shortest hash: the ids of two values differ.
const SHORTEST_HASH: usize = 5;

/// How many digits of the pending key's fingerprint the id has: enough to tell apart the few keys of a secret.
const PENDING: usize = 8;

const NONE: &str = "none";

const LABEL: &str = "nex-key-";

/// The summary does not fit beside the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SummaryError {
    /// The id of the certificate is too long, or has characters that an id of a version can't have.
    #[error("the certificate's id does not fit into the id of a secret's version")]
    Id,
    /// The secret remembers more keys than it can have labels.
    #[error("the secret remembers {0} keys of certificates, and has room for {max}", max = NewVersion::MAX_LABELS)]
    Keys(usize),
}

/// The version that stores `value`.
pub(super) fn new_version(value: &CertificateSecret) -> Result<NewVersion, SummaryError> {
    let SecretSummary {
        issued,
        pending,
        keys,
    } = value.summary();
    if keys.len() > NewVersion::MAX_LABELS {
        return Err(SummaryError::Keys(keys.len()));
    }
    let issued = issued.as_ref().map_or(NONE, CertificateId::as_str);
    let pending = pending.as_deref().map_or(NONE, digits);
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    let head = format!("{issued}-{pending}-");
    if !issued.chars().all(is_plain) || head.len() + SHORTEST_HASH > LENGTH {
        return Err(SummaryError::Id);
    }
    let hash = hex::encode(Sha256::digest(value.to_json().expose_secret()));
    let hash = &hash[..(LENGTH - head.len()).min(hash.len())];
    let labels = keys.iter().map(|key| format!("{LABEL}{key}"));
    Ok(NewVersion {
        id: format!("{head}{hash}"),
        labels: labels.collect(),
    })
}

/// What is known about a secret with these versions.
pub(super) fn stored(versions: &SecretVersions) -> Stored {
    summary(versions).map_or(Stored::Unknown, Stored::Known)
}

fn summary(versions: &SecretVersions) -> Option<SecretSummary> {
    let mut parts = versions.current.split('-');
    let (issued, pending, _hash) = (parts.next()?, parts.next()?, parts.next()?);
    // The ids that Secrets Manager makes are UUIDs, which have five parts.
    if parts.next().is_some() || versions.current.len() != LENGTH {
        return None;
    }
    let labels = versions.labels.iter();
    let keys: BTreeSet<String> = labels
        .filter_map(|label| label.strip_prefix(LABEL))
        .map(str::to_owned)
        .collect();
    let pending = match pending {
        NONE => None,
        // Without its label, the pending key would be forgotten: the value has to tell.
        digits => Some(keys.iter().find(|key| key.starts_with(digits))?.clone()),
    };
    Some(SecretSummary {
        issued: (issued != NONE).then(|| CertificateId::new(issued)),
        pending,
        keys,
    })
}

/// The first digits of a fingerprint.
fn digits(key: &str) -> &str {
    key.get(..PENDING).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const DAY: &str = "2027-01-01T00:00:00Z";

    fn parsed(
        issued: Option<(String, String)>,
        pending: Option<String>,
        others: &[String],
    ) -> CertificateSecret {
        let superseded: serde_json::Map<_, _> =
            others.iter().map(|key| (key.clone(), json!(DAY))).collect();
        let mut value = json!({});
        if let Some((id, public_key)) = issued {
            value = json!({ "certificate": "c", "key": "k", "id": id, "expires": DAY, "public_key": public_key,
                "hostnames": [], "key_type": "ecdsa", "validity_days": 90 });
        }
        value["superseded"] = superseded.into();
        if let Some(public_key) = pending {
            value["pending"] = json!({ "key": "k", "csr": "r", "public_key": public_key, "claimed": DAY,
                "hostnames": [], "key_type": "ecdsa", "validity_days": 90 });
        }
        CertificateSecret::parse(&value.to_string().into()).expect("a secret")
    }

    fn key(number: usize) -> String {
        format!("{number:064x}")
    }

    proptest! {
        /// The ids of Cloudflare's certificates are numbers of up to 160 bits.
        #[test]
        fn the_summary_comes_back_from_the_version(
            issued in prop::option::of(("[0-9]{1,49}", "[0-9a-f]{64}")),
            pending in prop::option::of("[0-9a-f]{64}"),
            others in prop::collection::vec("[0-9a-f]{64}", 0..12),
        ) {
            let secret = parsed(issued, pending, &others);
            let version = new_version(&secret).expect("a version");
            prop_assert_eq!(version.id.len(), LENGTH);
            let versions = SecretVersions { current: version.id, labels: version.labels };
            prop_assert_eq!(stored(&versions), Stored::Known(secret.summary()));
        }
    }

    #[test]
    fn a_version_of_others_or_without_its_label_has_no_summary() {
        let secret = parsed(None, Some(key(1)), &[]);
        let current = new_version(&secret).expect("a version").id;
        let labels = BTreeSet::new();
        for current in [current, "f47ac10b-58cc-4372-a567-0e02b2c3d479".to_owned()] {
            let labels = labels.clone();
            assert_eq!(stored(&SecretVersions { current, labels }), Stored::Unknown);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let long = parsed(Some(("1".repeat(59), key(1))), None, &[]);
        assert_eq!(new_version(&long), Err(SummaryError::Id));
        let others: Vec<String> = (0..17).map(key).collect();
        assert_eq!(
            new_version(&parsed(None, None, &others)),
            Err(SummaryError::Keys(17))
        );
    }
}
