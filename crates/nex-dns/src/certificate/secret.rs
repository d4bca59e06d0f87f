//! The content of a secret: JSON with `certificate` and `key` for the web server, and with what nex-dns must remember.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use crate::ids::CertificateId;
use crate::name;
use crate::spec::{Certificate, KeyType, VALIDITIES};

/// The value of a certificate's secret.
#[derive(Clone, Debug, Default)]
pub struct CertificateSecret {
    /// The certificate in use.
    pub issued: Option<Issued>,
    /// A key for which a certificate was requested, or is about to be.
    pub pending: Option<Pending>,
    /// The fingerprints of keys that are no longer used, each with the latest expiry of a certificate for the key.
    pub superseded: BTreeMap<String, OffsetDateTime>,
}

/// The properties that a certificate should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateTerms {
    /// The names, canonical.
    pub hostnames: BTreeSet<String>,
    /// The key's type.
    pub key_type: KeyType,
    /// The validity in days.
    #[serde(deserialize_with = "validity")]
    pub validity_days: u32,
}

/// A certificate with its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issued {
    /// The certificate, as PEM.
    pub certificate: String,
    /// The private key, as PKCS#8 PEM.
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    pub key: SecretString,
    /// The id at Cloudflare.
    pub id: CertificateId,
    /// When the certificate expires.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// The fingerprint of the public key.
    pub public_key: String,
    /// The properties that were requested.
    #[serde(flatten)]
    pub terms: CertificateTerms,
}

/// A key for which no certificate is stored yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The private key, as PKCS#8 PEM.
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    pub key: SecretString,
    /// The certificate signing request.
    pub csr: String,
    /// The fingerprint of the public key.
    pub public_key: String,
    /// When a run last started to request the certificate.
    #[serde(with = "time::serde::rfc3339")]
    pub claimed: OffsetDateTime,
    /// The properties that the certificate should have.
    #[serde(flatten)]
    pub terms: CertificateTerms,
}

/// Another program wrote the secret's value. The error does not repeat the value.
#[derive(Debug, thiserror::Error)]
#[error("the secret holds something that nex-dns did not write")]
pub struct ForeignSecret;

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    superseded: BTreeMap<String, Date>,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Date(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

impl CertificateTerms {
    /// The terms that a spec asks for.
    pub fn of(certificate: &Certificate) -> Self {
        let Certificate {
            hostnames,
            validity_days,
            key_type,
            renew_before_days: _,
            secret: _,
        } = certificate;
        Self {
            hostnames: hostnames
                .iter()
                .filter_map(|host| name::full(host).ok())
                .collect(),
            key_type: *key_type,
            validity_days: *validity_days,
        }
    }
}

impl CertificateSecret {
    /// The secret's text: one JSON object.
    pub fn to_json(&self) -> SecretString {
        let kept = Kept {
            pending: self.pending.clone(),
            superseded: self
                .superseded
                .iter()
                .map(|(k, d)| (k.clone(), Date(*d)))
                .collect(),
        };
        let object = |value: serde_json::Result<serde_json::Value>| match value {
            Ok(serde_json::Value::Object(map)) => map,
            _ => serde_json::Map::new(),
        };
        let mut map = object(serde_json::to_value(&self.issued));
        map.extend(object(serde_json::to_value(&kept)));
        serde_json::Value::Object(map).to_string().into()
    }

    /// Parses a secret's text.
    ///
    /// # Errors
    /// [`ForeignSecret`] if nex-dns did not write the text. Such a secret is never overwritten.
    pub fn parse(text: &SecretString) -> Result<Self, ForeignSecret> {
        let mut map: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text.expose_secret()).map_err(|_| ForeignSecret)?;
        let kept: serde_json::Map<_, _> = ["pending", "superseded"]
            .into_iter()
            .filter_map(|key| map.remove_entry(key))
            .collect();
        let Kept {
            pending,
            superseded,
        } = serde_json::from_value(kept.into()).map_err(|_| ForeignSecret)?;
        let issued = if map.is_empty() {
            None
        } else {
            Some(serde_json::from_value(map.into()).map_err(|_| ForeignSecret)?)
        };
        Ok(Self {
            issued,
            pending,
            superseded: superseded
                .into_iter()
                .map(|(key, Date(date))| (key, date))
                .collect(),
        })
    }
}

fn expose<S: Serializer>(key: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.expose_secret())
}

/// Refuses a validity that nex-dns never asked for: a date so far away can't be computed with.
fn validity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let days = u32::deserialize(deserializer)?;
    if VALIDITIES.iter().all(|offered| days > *offered) {
        return Err(D::Error::custom("longer than any validity on offer"));
    }
    Ok(days)
}

fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}
