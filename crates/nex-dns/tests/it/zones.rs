//! Zones, specs and goals for tests.

use std::collections::BTreeMap;

use nex_dns::spec::RecordType;
use nex_dns::zone::{ObservedRecord, Zone};
use nex_dns::{Goal, RecordId, Spec, ZoneId, ZoneSnapshot, mark};
use time::OffsetDateTime;

/// A record that someone made by hand.
pub(crate) fn existing(id: &str, kind: &str, name: &str, content: &str) -> ObservedRecord {
    ObservedRecord {
        id: RecordId::new(id),
        kind: kind.to_owned(),
        name: name.to_owned(),
        content: content.to_owned(),
        ttl: 1,
        proxied: false,
        comment: None,
        read_only: false,
    }
}

/// A record that the deployment nex-staging made.
pub(crate) fn ours(id: &str, kind: &str, name: &str, content: &str) -> ObservedRecord {
    ObservedRecord {
        comment: Some(mark("nex-staging")),
        ..existing(id, kind, name, content)
    }
}

/// A zone with these records.
pub(crate) fn zone(records: Vec<ObservedRecord>) -> Zone {
    Zone {
        id: ZoneId::new("z1"),
        name: "example.com".to_owned(),
        records,
        ..Zone::default()
    }
}

/// A spec of example.com.
pub(crate) fn spec(text: &str) -> Spec {
    toml::from_str(&format!("zone = 'example.com'\n{text}")).expect("a spec")
}

/// A record of a spec.
pub(crate) fn record(kind: RecordType, name: &str, content: &str) -> nex_dns::spec::Record {
    nex_dns::spec::Record {
        content: Some(content.to_owned()),
        ..nex_dns::spec::Record::new(kind, name)
    }
}

/// The goal of an apply, with nex-staging's server at 203.0.113.7.
pub(crate) const SPEC: Goal = Goal::Spec {
    address: Some(std::net::Ipv4Addr::new(203, 0, 113, 7)),
};

/// The goal before the server exists.
pub(crate) const NO_SERVER: Goal = Goal::Spec { address: None };

/// The zone as nex-staging reads it.
pub(crate) fn snapshot(spec: &Spec, zone: &Zone) -> ZoneSnapshot {
    let (zone, now) = (zone.clone(), OffsetDateTime::UNIX_EPOCH);
    ZoneSnapshot::new(spec, "nex-staging", zone, BTreeMap::new(), now).expect("a valid spec")
}
