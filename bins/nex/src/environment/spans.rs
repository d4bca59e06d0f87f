//! Where each field of a TOML file stands.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The places of keys and values, by path (`aws.fleet.max`, `dns.records[2].name`).
#[derive(Debug, Default)]
pub(super) struct Spans {
    keys: BTreeMap<String, Range<usize>>,
    values: BTreeMap<String, Range<usize>>,
}

impl Spans {
    pub(super) fn of(table: &DeTable<'_>) -> Self {
        let mut spans = Self::default();
        spans.table("", table);
        spans
    }

    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = match path {
                "" => key.get_ref().to_string(),
                path => format!("{path}.{}", key.get_ref()),
            };
            self.keys.insert(path.clone(), key.span());
            self.values.insert(path.clone(), value.span());
            self.value(&path, value.get_ref());
        }
    }

    fn value(&mut self, path: &str, value: &DeValue<'_>) {
        if let Some(table) = value.as_table() {
            self.table(path, table);
        }
        for (n, item) in value.as_array().into_iter().flatten().enumerate() {
            let path = format!("{path}[{n}]");
            self.values.insert(path.clone(), item.span());
            self.value(&path, item.get_ref());
        }
    }

    /// Where `path`'s value stands; where its key stands; or the same of the nearest that is there.
    pub(super) fn nearest(&self, path: &str, key: bool) -> usize {
        let (first, second) = match key {
            true => (&self.keys, &self.values),
            false => (&self.values, &self.keys),
        };
        let mut path = path;
        loop {
            if let Some(span) = first.get(path).or_else(|| second.get(path)) {
                return span.start;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 0,
            }
        }
    }
}
