//! Writes an existing zone as a spec, for a zone that was managed by hand until now.

use serde::Serialize;

use strum::VariantArray as _;

use crate::ids::RecordId;
use crate::ownership::unmarked;
use crate::printable::printable;
use crate::record::{effective_ttl, readable_content};
use crate::setting::Setting;
use crate::spec::{Record, Settings, Spec};
use crate::zone::{ObservedRecord, Zone, ZoneQuery};

/// A zone as a spec, and the records that a spec can't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The spec. It has no certificates: Cloudflare does not have their keys.
    pub spec: Spec,
    /// The records that a spec can't hold, such as `MX example.com` or `AAAA app.example.com (read-only)`.
    pub passed_over: Vec<String>,
    /// The ids of the records that `spec` holds and that carry no mark: adopt these. A record that another deployment owns
    /// is not among them: taking it away is a decision of its own.
    pub to_adopt: Vec<RecordId>,
}

/// Writes a zone as a spec. `spec` may hold the zone's name only; settings that were not read keep its values.
pub fn import(spec: &Spec, zone: &Zone) -> Imported {
    let mut known: Vec<(&ObservedRecord, Record)> = zone
        .records
        .iter()
        .filter_map(|e| Some((e, record(e, &zone.name)?)))
        .collect();
    known.sort_by(|(_, a), (_, b)| {
        (&a.name, a.kind, &a.content).cmp(&(&b.name, b.kind, &b.content))
    });
    let mut passed_over: Vec<String> = zone
        .records
        .iter()
        .filter(|e| e.ownable_type().is_none())
        .map(passed_over)
        .collect();
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

fn passed_over(existing: &ObservedRecord) -> String {
    let ObservedRecord { kind, name, .. } = existing;
    let why = if existing.read_only {
        " (read-only)"
    } else {
        ""
    };
    printable(format!("{kind} {name}{why}"))
}

fn record(existing: &ObservedRecord, zone: &str) -> Option<Record> {
    let full = existing.name_in(zone);
    let name = match full.strip_suffix(zone) {
        Some("") => "@".to_owned(),
        Some(short) => short.trim_end_matches('.').to_owned(),
        None => full,
    };
    let kind = existing.ownable_type()?;
    Some(Record {
        kind,
        name,
        content: Some(readable_content(kind, &existing.canonical_content())),
        ttl: effective_ttl(existing.ttl, existing.proxied),
        proxied: existing.proxied,
        comment: existing
            .comment
            .as_deref()
            .and_then(unmarked)
            .map(str::to_owned),
    })
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
