//! A zone as it was read at one moment.

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::{LiveCertificate, Stored};
use crate::ids::{CertificateId, RecordId, ZoneId};
use crate::name::canonical;
use crate::ownership;
use crate::record::canonical_content;
use crate::setting::Setting;
use crate::spec::{RecordType, Spec};

/// Which parts of a zone to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneQuery {
    /// The zone's name.
    pub zone: String,
    /// Whether to read the records.
    pub records: bool,
    /// The settings; an empty set costs no call.
    pub settings: BTreeSet<Setting>,
    /// Whether to list the live certificates, and the ids of those that the list must not miss.
    pub certificates: Option<BTreeSet<CertificateId>>,
}

/// What to read of the zone of `spec`. `in_use` are the ids of the certificates that the secrets hold ([`in_use`]);
/// `None` leaves certificates out.
pub fn zone_query(spec: &Spec, zone: &str, in_use: Option<BTreeSet<CertificateId>>) -> ZoneQuery {
    ZoneQuery {
        zone: zone.to_owned(),
        records: true,
        settings: spec.settings.values().into_keys().collect(),
        certificates: in_use,
    }
}

/// The ids of the certificates in use, by what is known about their secrets.
pub fn in_use(secrets: &BTreeMap<String, Stored>) -> BTreeSet<CertificateId> {
    let summaries = secrets.values().filter_map(Stored::summary);
    summaries
        .filter_map(|summary| summary.issued.clone())
        .collect()
}

/// A zone as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// The zone's id at Cloudflare.
    pub id: ZoneId,
    /// The zone's name.
    pub name: String,
    /// Every record, of any type, in Cloudflare's order.
    pub records: Vec<ObservedRecord>,
    /// The settings that the query named.
    pub settings: BTreeMap<Setting, String>,
    /// The live Origin CA certificates; `None` if the query did not ask for them.
    pub certificates: Option<Vec<LiveCertificate>>,
}

/// A record that exists, as Cloudflare shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedRecord {
    /// The record's id.
    pub id: RecordId,
    /// The type; nex-dns never changes a record of a type that it does not know.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The content.
    pub content: String,
    /// The TTL in seconds; 1 is automatic.
    pub ttl: u32,
    /// Whether the record is proxied.
    pub proxied: bool,
    /// The comment.
    pub comment: Option<String>,
    /// Whether another product of Cloudflare's keeps the record, such as Workers or Email Routing (`meta.read_only`). The
    /// DNS API refuses to change such a record, so nex-dns never owns it.
    pub read_only: bool,
}

impl ObservedRecord {
    /// The type, if a spec can hold it.
    pub fn record_type(&self) -> Option<RecordType> {
        self.kind.parse().ok()
    }

    /// The type, if a deployment can own the record: a spec can hold the type, and the record is not read-only.
    pub fn ownable_type(&self) -> Option<RecordType> {
        self.record_type().filter(|_| !self.read_only)
    }

    /// The name in canonical form.
    pub(crate) fn name_in(&self, zone: &str) -> String {
        canonical(&self.name, zone).unwrap_or_else(|_| self.name.to_lowercase())
    }

    /// The content in canonical form.
    pub(crate) fn canonical_content(&self) -> String {
        match self.record_type() {
            Some(kind) => canonical_content(kind, &self.content),
            None => self.content.clone(),
        }
    }

    /// The deployment that the record's mark names.
    pub fn deployment(&self) -> Option<&str> {
        ownership::deployment(self.comment.as_deref()?)
    }
}
