//! How a host resolves by a spec: the records that answer for it, and whether a certificate covers it.

use std::collections::BTreeSet;

use crate::name::{self, canonical, canonical_zone};
use crate::spec::{Record, Spec};

impl Spec {
    /// The records' names in canonical form; an invalid name is left out.
    pub fn names(&self) -> BTreeSet<String> {
        let named = self.named().into_iter();
        named.map(|(_, name, _)| name).collect()
    }

    /// The records that answer for a host, each with its place in the list: those at its name, or else those of the
    /// closest `*` above it.
    pub fn answering(&self, host: &str) -> Vec<(usize, &Record)> {
        let Ok(host) = name::full(host) else {
            return vec![];
        };
        let named = self.named();
        let at = |name: &str| -> Vec<(usize, &Record)> {
            let of_name = named.iter().filter(|(_, other, _)| other == name);
            of_name.map(|(at, _, record)| (*at, *record)).collect()
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

    /// The records with their places in the list and their names in canonical form; an invalid name is left out.
    pub(crate) fn named(&self) -> Vec<(usize, String, &Record)> {
        let Ok(zone) = canonical_zone(&self.zone) else {
            return vec![];
        };
        let named = self.records.iter().enumerate();
        named
            .filter_map(|(at, record)| Some((at, canonical(&record.name, &zone).ok()?, record)))
            .collect()
    }
}
