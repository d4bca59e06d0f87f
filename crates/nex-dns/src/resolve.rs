//! How a host resolves under a spec: which records answer for the host, and whether a certificate covers the host.

use std::collections::BTreeSet;

use crate::name::{self, canonical, canonical_zone};
use crate::spec::{Record, Spec};

/// A record of a spec, with its place and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRecord<'a> {
    /// The record's place in [`Spec::records`], counted from 0.
    pub position: usize,
    /// The name in canonical form.
    pub name: String,
    /// The record.
    pub record: &'a Record,
}

impl NamedRecord<'_> {
    /// The path of the record's field `proxied` in the spec.
    pub(crate) fn proxied_path(&self) -> String {
        format!("records[{}].proxied", self.position)
    }
}

impl Spec {
    /// The records' names in canonical form; an invalid name is left out.
    pub fn names(&self) -> BTreeSet<String> {
        let named = self.named().into_iter();
        named.map(|named| named.name).collect()
    }

    /// The records that answer for a host: those at its name, or else those of the closest `*` above it.
    pub fn answering(&self, host: &str) -> Vec<NamedRecord<'_>> {
        let Ok(host) = name::full(host) else {
            return vec![];
        };
        let named = self.named();
        let at = |name: &str| -> Vec<NamedRecord<'_>> {
            let of_name = named.iter().filter(|named| named.name == name);
            of_name.cloned().collect()
        };
        let above = host.match_indices('.').map(|(dot, _)| &host[dot..]);
        let names = std::iter::once(host.clone()).chain(above.map(|above| format!("*{above}")));
        let mut found = names
            .map(|name| at(&name))
            .filter(|found| !found.is_empty());
        found.next().unwrap_or_default()
    }

    /// Whether one of the certificates covers a host.
    pub fn certifies(&self, host: &str) -> bool {
        let names = self.certificates.iter().flat_map(|c| &c.hostnames);
        let mut names = names.filter_map(|name| name::full(name).ok());
        name::full(host).is_ok_and(|host| names.any(|name| name::covers(&name, &host)))
    }

    /// The records with their names in canonical form; a record with an invalid name is left out.
    pub(crate) fn named(&self) -> Vec<NamedRecord<'_>> {
        let Ok(zone) = canonical_zone(&self.zone) else {
            return vec![];
        };
        let records = self.records.iter().enumerate();
        let named = records.filter_map(|(position, record)| {
            Some(NamedRecord {
                position,
                name: canonical(&record.name, &zone).ok()?,
                record,
            })
        });
        named.collect()
    }
}
