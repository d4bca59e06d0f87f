//! What a secret holds: JSON with `certificate` and `key`, which a web server reads, and beside them what nex-dns must
//! remember.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use crate::name;
use crate::spec::{Certificate, KeyType};

/// A secret's value.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The certificate in use.
    pub issued: Option<Issued>,
    /// A key for which a certificate was or is about to be asked.
    pub pending: Option<Pending>,
    /// Fingerprints of keys that are used no more, each with the latest end of a certificate for it.
    pub superseded: BTreeMap<String, OffsetDateTime>,
}

/// What a certificate is asked to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The names, canonical.
    pub hostnames: BTreeSet<String>,
    /// The key's type.
    pub key_type: KeyType,
    /// The validity in days.
    pub validity_days: u32,
}

/// A certificate with its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issued {
    /// The certificate, as PEM.
    pub certificate: String,
    /// Its private key, as PKCS#8 PEM.
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    pub key: SecretString,
    /// Its id at Cloudflare.
    pub id: String,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// The fingerprint of its public key.
    pub public_key: String,
    /// What it was asked to be.
    #[serde(flatten)]
    pub terms: Terms,
}

/// A key for which no certificate is stored yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The private key, as PKCS#8 PEM.
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    pub key: SecretString,
    /// The request for its certificate.
    pub csr: String,
    /// The fingerprint of its public key.
    pub public_key: String,
    /// When a run last set out to have it signed.
    #[serde(with = "time::serde::rfc3339")]
    pub claimed: OffsetDateTime,
    /// What its certificate is asked to be.
    #[serde(flatten)]
    pub terms: Terms,
}

/// The secret's value is none that nex-dns wrote. What it holds is not repeated.
#[derive(Debug, thiserror::Error)]
#[error("the secret holds something that nex-dns did not write")]
pub struct NotABundle;

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

impl Terms {
    /// What the spec asks for.
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

impl Bundle {
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

    /// What a secret's text holds.
    ///
    /// # Errors
    /// [`NotABundle`] if nex-dns did not write it: it is never overwritten then.
    pub fn parse(text: &SecretString) -> Result<Self, NotABundle> {
        let mut map: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text.expose_secret()).map_err(|_| NotABundle)?;
        let kept: serde_json::Map<_, _> = ["pending", "superseded"]
            .into_iter()
            .filter_map(|key| map.remove_entry(key))
            .collect();
        let Kept {
            pending,
            superseded,
        } = serde_json::from_value(kept.into()).map_err(|_| NotABundle)?;
        let issued = match map.is_empty() {
            true => None,
            false => Some(serde_json::from_value(map.into()).map_err(|_| NotABundle)?),
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

    /// Whether a certificate for this key was asked for by whoever wrote this bundle.
    pub fn knows(&self, public_key: &str) -> bool {
        self.issued
            .as_ref()
            .is_some_and(|issued| issued.public_key == public_key)
            || self
                .pending
                .as_ref()
                .is_some_and(|pending| pending.public_key == public_key)
            || self.superseded.contains_key(public_key)
    }
}

fn expose<S: Serializer>(key: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.expose_secret())
}

fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}
