//! Writes an existing zone as a spec, for a zone that was managed by hand until now.

use nex_plan::printable;
use serde::Serialize;

use strum::VariantArray as _;

use crate::ids::RecordId;
use crate::name::canonical;
use crate::ownership::unmarked;
use crate::record::{effective_ttl, readable_content};
use crate::setting::Setting;
use crate::spec::{Record, Settings, Spec};
use crate::zone::{ObservedRecord, Zone, ZoneQuery};

/// A zone as a spec, and the records that a spec can't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The spec. It has no certificates: Cloudflare does not have their keys.
    pub spec: Spec,
    /// The records that a spec can't hold, such as `MX example.com` or `AAAA app.example.com (read-only)`, with the reason
    /// where the type does not say it.
    pub passed_over: Vec<String>,
    /// The ids of the records that `spec` holds and that carry no mark: adopt these. A record that another deployment owns
    /// is not among them: the operator must decide to take such a record.
    pub to_adopt: Vec<RecordId>,
}

/// Writes a zone as a spec of `deployment`. `spec` may hold the zone's name only; settings that were not read keep its
/// values. A record that [`Spec::validate`] would refuse is passed over, so that the new spec has no problems.
pub fn import(spec: &Spec, deployment: &str, zone: &Zone) -> Imported {
    let mut known: Vec<(&ObservedRecord, Record)> = vec![];
    let mut passed_over = vec![];
    for existing in &zone.records {
        match record(existing, spec, deployment, &zone.name) {
            Ok(record) => known.push((existing, record)),
            Err(why) => {
                let ObservedRecord { kind, name, .. } = existing;
                passed_over.push(printable(format!("{kind} {name}{why}")));
            }
        }
    }
    known.sort_by(|(_, a), (_, b)| {
        (&a.name, a.kind, &a.content).cmp(&(&b.name, b.kind, &b.content))
    });
    passed_over.sort();
    let mut values = spec.settings.values();
    values.extend(zone.settings.iter().map(|(s, v)| (*s, v.clone())));
    let settings: Settings = Settings::of(&values);
    let unmarked = known.iter().filter(|(e, _)| e.deployment().is_none());
    let mut to_adopt: Vec<RecordId> = unmarked.map(|(e, _)| e.id.clone()).collect();
    to_adopt.sort();
    Imported {
        to_adopt,
        spec: Spec {
            records: known.into_iter().map(|(_, record)| record).collect(),
            settings,
            ..spec.clone()
        },
        passed_over,
    }
}

/// What to read of the zone for an import.
pub fn query(zone: &str) -> ZoneQuery {
    ZoneQuery {
        zone: zone.to_owned(),
        records: true,
        settings: Setting::VARIANTS.iter().copied().collect(),
        certificates: None,
    }
}

/// The record as a spec holds it; `Err` with the reason in parentheses, if there is one to say, for a record that no spec
/// can hold.
fn record(
    existing: &ObservedRecord,
    spec: &Spec,
    deployment: &str,
    zone: &str,
) -> Result<Record, String> {
    if existing.read_only {
        return Err(" (read-only)".to_owned());
    }
    let kind = existing.record_type().ok_or_else(String::new)?;
    let comment = existing.comment.as_deref().and_then(unmarked);
    let record = Record {
        kind,
        name: short(&existing.name_in(zone), zone),
        content: Some(readable_content(kind, &existing.canonical_content())),
        ttl: effective_ttl(existing.ttl, existing.proxied),
        proxied: existing.proxied,
        comment: comment.map(str::to_owned),
    };
    let problems = record.validate(zone, spec.plan, deployment);
    match problems.into_iter().next() {
        Some(problem) => Err(format!(" ({})", problem.message)),
        None => Ok(record),
    }
}

/// The shortest name in a spec of the zone that means this full name: `gitlab.ZONE` would not mean `gitlab.ZONE.ZONE`.
fn short(full: &str, zone: &str) -> String {
    let short = match full.strip_suffix(zone) {
        Some("") => "@",
        Some(before) => before.trim_end_matches('.'),
        None => full,
    };
    let means_it = canonical(short, zone).is_ok_and(|name| name == full);
    if means_it { short } else { full }.to_owned()
}

impl Imported {
    /// The spec as TOML under `[section]`. Comments list the skipped records.
    ///
    /// # Errors
    /// [`toml::ser::Error`]; the types of a spec never cause one.
    pub fn to_toml(&self, section: &str) -> Result<String, toml::ser::Error> {
        let mut text = String::new();
        for record in &self.passed_over {
            text.push_str(&format!("# skipped, and never touched: {record}\n"));
        }
        text.push_str(&toml::to_string(&Section(section, &self.spec))?);
        Ok(text)
    }
}

struct Section<'a>(&'a str, &'a Spec);

impl Serialize for Section<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, self.1)])
    }
}
