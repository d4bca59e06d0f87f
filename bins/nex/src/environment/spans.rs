//! The place of each field in a TOML file.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The places of keys and values, by path (`aws.fleet.max`, `dns.records[2].name`).
#[derive(Debug, Default)]
pub(super) struct Spans {
    keys: BTreeMap<String, Range<usize>>,
    values: BTreeMap<String, Range<usize>>,
}

/// The part of a field that a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The field's name.
    Key,
    /// The field's value.
    Value,
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

    /// The bytes of the part of the field at `path`. If the file lacks the field, those of the nearest enclosing field.
    pub(super) fn nearest(&self, path: &str, part: Part) -> Range<usize> {
        let (first, second) = match part {
            Part::Key => (&self.keys, &self.values),
            Part::Value => (&self.values, &self.keys),
        };
        let mut path = path;
        loop {
            if let Some(span) = first.get(path).or_else(|| second.get(path)) {
                return span.clone();
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 0..0,
            }
        }
    }
}
