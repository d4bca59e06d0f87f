//! Zones and specs for tests.

use nex_dns::{Desired, Existing, Spec, Zone, mark};

/// A record that is there.
pub(crate) fn existing(id: &str, kind: &str, name: &str, content: &str) -> Existing {
    Existing {
        id: id.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        content: content.to_owned(),
        ttl: 1,
        proxied: false,
        comment: None,
    }
}

/// A record that staging's nex made.
pub(crate) fn ours(id: &str, kind: &str, name: &str, content: &str) -> Existing {
    Existing {
        comment: Some(mark("staging")),
        ..existing(id, kind, name, content)
    }
}

/// A zone with these records.
pub(crate) fn zone(records: Vec<Existing>) -> Zone {
    Zone {
        id: "z1".to_owned(),
        name: "example.com".to_owned(),
        records,
        ..Zone::default()
    }
}

/// What staging asks for, its server at 203.0.113.7.
pub(crate) fn desired(text: &str) -> Desired {
    let spec: Spec = toml::from_str(&format!("zone = 'example.com'\n{text}")).expect("a spec");
    Desired::of(
        &spec,
        "staging",
        Some("203.0.113.7".parse().expect("an address")),
    )
    .expect("a sound spec")
}
