//! The desired state of a zone: a pure function of the spec.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::name::{canonical, canonical_zone};
use crate::ownership::marked;
use crate::record::{DesiredRecord, RecordContent, canonical_content, effective_ttl};
use crate::setting::Setting;
use crate::spec::{Limits, Record, Spec, ZonePlan};

/// What a zone should contain, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The deployment: only records with its mark are changed or deleted.
    pub(crate) deployment: String,
    /// The zone's name.
    pub(crate) zone: String,
    /// The zone's plan, which limits the size of a batch.
    pub(crate) plan: ZonePlan,
    /// The server's address, once it is known.
    pub(crate) address: Option<Ipv4Addr>,
    /// The records.
    pub(crate) records: BTreeSet<DesiredRecord>,
    /// The settings; a setting that is not named is neither read nor changed.
    pub(crate) settings: BTreeMap<Setting, String>,
    /// How much may change at once unless the operator allows more by name.
    pub(crate) limits: Limits,
}

impl Desired {
    /// The desired state that a valid `spec` describes for `deployment`. An `A` record without content gets the
    /// server's `address`; without an address, the record stays unresolved.
    pub(crate) fn of(spec: &Spec, deployment: &str, address: Option<Ipv4Addr>) -> Self {
        let zone = canonical_zone(&spec.zone).unwrap_or_default();
        let records = spec.records.iter();
        let records = records.filter_map(|record| desired_record(record, &zone, deployment));
        Self {
            deployment: deployment.to_owned(),
            plan: spec.plan,
            records: without_twins(records, address),
            settings: spec.settings.values(),
            limits: spec.limits.clone(),
            address,
            zone,
        }
    }

    /// A zone without records of the deployment, with its settings left as they are.
    #[must_use]
    pub(crate) fn nothing(mut self) -> Self {
        self.records.clear();
        self.settings.clear();
        self
    }
}

fn desired_record(record: &Record, zone: &str, deployment: &str) -> Option<DesiredRecord> {
    let Record {
        kind,
        name,
        content,
        ttl,
        proxied,
        comment,
    } = record;
    Some(DesiredRecord {
        name: canonical(name, zone).ok()?,
        kind: *kind,
        content: match content {
            Some(text) => RecordContent::Given(canonical_content(*kind, text)),
            None => RecordContent::ServerAddress,
        },
        ttl: effective_ttl(*ttl, *proxied),
        proxied: *proxied,
        comment: marked(comment.as_deref(), deployment),
    })
}

/// Removes duplicates: the spec may also contain the server's address, and Cloudflare accepts the same record only
/// once.
fn without_twins(
    records: impl Iterator<Item = DesiredRecord>,
    address: Option<Ipv4Addr>,
) -> BTreeSet<DesiredRecord> {
    let sorted: BTreeSet<DesiredRecord> = records.collect();
    let mut seen = BTreeSet::new();
    let mut is_new = |record: &DesiredRecord| {
        let answer = record.answer(address);
        answer.is_none() || seen.insert((record.name.clone(), record.kind, answer))
    };
    sorted.into_iter().filter(|r| is_new(r)).collect()
}
