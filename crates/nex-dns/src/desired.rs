//! What is asked of a zone: a pure function of the spec.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use nex_plan::Problems;

use crate::io::Ask;
use crate::name::{canonical, canonical_zone};
use crate::owner::marked;
use crate::record::{Content, Entry, content};
use crate::setting::Setting;
use crate::spec::{Limits, Record, Spec, ZonePlan};

/// What is to stand in a zone, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// The environment: only records with its mark are changed or deleted.
    pub environment: String,
    /// The zone's name.
    pub zone: String,
    /// The zone's plan: how large a batch may be.
    pub plan: ZonePlan,
    /// The records.
    pub records: BTreeSet<Entry>,
    /// The settings; one that is not here is neither read nor changed.
    pub settings: BTreeMap<Setting, String>,
    /// How much may change at once without being named.
    pub limits: Limits,
    /// The ids of records at the spec's names that are taken over, whoever made them.
    pub adopt: BTreeSet<String>,
}

impl Desired {
    /// What `spec` asks for in `environment`. An `A` record without content gets `address`, the server's; `None` is an
    /// address that is not known yet.
    ///
    /// # Errors
    /// All that is wrong in the spec, as [`Spec::problems`].
    pub fn of(spec: &Spec, environment: &str, address: Option<Ipv4Addr>) -> Result<Self, Problems> {
        let problems = spec.problems(environment);
        let zone = canonical_zone(&spec.zone).unwrap_or_default();
        let entry = |record: &Record| entry(record, &zone, environment, address);
        let desired = Self {
            environment: environment.to_owned(),
            plan: spec.plan,
            records: without_twins(spec.records.iter().filter_map(entry)),
            settings: spec.settings.values(),
            limits: spec.limits.clone(),
            adopt: BTreeSet::new(),
            zone,
        };
        problems.is_empty().then_some(desired).ok_or(problems)
    }

    /// The same with nothing left of the environment's records; settings stay as they are. What `destroy` asks for.
    #[must_use]
    pub fn nothing(mut self) -> Self {
        self.records.clear();
        self.settings.clear();
        self.adopt.clear();
        self
    }

    /// What has to be read for a plan of records and settings.
    pub fn ask(&self) -> Ask {
        Ask {
            zone: self.zone.clone(),
            settings: self.settings.keys().copied().collect(),
            certificates: None,
        }
    }
}

fn entry(
    record: &Record,
    zone: &str,
    environment: &str,
    address: Option<Ipv4Addr>,
) -> Option<Entry> {
    let Record {
        kind,
        name,
        content: text,
        ttl,
        proxied,
        comment,
    } = record;
    Some(Entry {
        name: canonical(name, zone).ok()?,
        kind: *kind,
        content: match text {
            Some(text) => Content::Given(content(*kind, text)),
            None => Content::Server(address.map(|address| address.to_string())),
        },
        ttl: Entry::ttl_of(*ttl, *proxied),
        proxied: *proxied,
        comment: marked(comment.as_deref(), environment),
    })
}

/// The server's address may also stand in the spec: Cloudflare takes the same record only once.
fn without_twins(entries: impl Iterator<Item = Entry>) -> BTreeSet<Entry> {
    let sorted: BTreeSet<Entry> = entries.collect();
    let mut seen = BTreeSet::new();
    let mut is_new = |entry: &Entry| {
        let text = entry.content.text().map(str::to_owned);
        text.is_none() || seen.insert((entry.name.clone(), entry.kind, text))
    };
    sorted.into_iter().filter(|entry| is_new(entry)).collect()
}
