//! The records that are there, as a spec: for a zone that was kept by hand until now.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::owner::unmarked;
use crate::record::{Entry, readable};
use crate::setting::Setting;
use crate::spec::{Record, Settings, Spec};
use crate::zone::{Existing, Zone};

/// A zone as a spec, and what no spec can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The spec. Its certificates are none: their keys are not at Cloudflare.
    pub spec: Spec,
    /// The records that are passed over, such as `MX example.com`.
    pub passed_over: Vec<String>,
    /// The ids of the records that `spec` holds and nobody's mark is on: what to adopt.
    pub to_adopt: BTreeSet<String>,
}

/// Writes a zone that was read as a spec, beside the `spec` that may hold its name only. Settings that were not read
/// keep the spec's values.
pub fn import(spec: &Spec, zone: &Zone) -> Imported {
    let mut known: Vec<(&Existing, Record)> = zone
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
        .filter(|e| e.known().is_none())
        .map(|e| format!("{} {}", e.kind, e.name))
        .collect();
    passed_over.sort();
    let mut values = spec.settings.values();
    values.extend(zone.settings.iter().map(|(s, v)| (*s, v.clone())));
    let settings: Settings = Settings::of(&values);
    Imported {
        to_adopt: known
            .iter()
            .filter(|(e, _)| e.environment().is_none())
            .map(|(e, _)| e.id.clone())
            .collect(),
        spec: Spec {
            records: known.into_iter().map(|(_, record)| record).collect(),
            settings,
            ..spec.clone()
        },
        passed_over,
    }
}

/// What has to be read for an import.
pub fn ask(zone: &str) -> crate::Ask {
    crate::Ask {
        zone: zone.to_owned(),
        settings: Setting::ALL.into(),
        certificates: None,
    }
}

fn record(existing: &Existing, zone: &str) -> Option<Record> {
    let full = existing.name_in(zone);
    let name = match full.strip_suffix(zone) {
        Some("") => "@".to_owned(),
        Some(short) => short.trim_end_matches('.').to_owned(),
        None => full,
    };
    let kind = existing.known()?;
    Some(Record {
        kind,
        name,
        content: Some(readable(kind, &existing.canonical_content())),
        ttl: Entry::ttl_of(existing.ttl, existing.proxied),
        proxied: existing.proxied,
        comment: existing
            .comment
            .as_deref()
            .and_then(unmarked)
            .map(str::to_owned),
    })
}

impl Imported {
    /// The spec as TOML under `[section]`, with what was passed over as comments.
    ///
    /// # Errors
    /// [`toml::ser::Error`], which the types of a spec never give.
    pub fn to_toml(&self, section: &str) -> Result<String, toml::ser::Error> {
        let mut text = String::new();
        for record in &self.passed_over {
            text.push_str(&format!("# passed over, and never touched: {record}\n"));
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
