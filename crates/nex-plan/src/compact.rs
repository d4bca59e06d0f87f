//! The short form of a plan: the values that a person needs to see first.

use std::collections::{BTreeMap, BTreeSet};

use crate::{FieldChange, Value};

/// How many values follow the name of a created resource.
const TELLING: usize = 3;

/// The most characters of a value on a created resource's line.
const MAX_VALUE: usize = 80;

/// A list of texts that belong together, such as the networks of a service. In the short form of a plan, entries that
/// end in the items of the list are folded into one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedList {
    /// What the items are: `networks of Cloudflare`.
    pub name: String,
    /// The items.
    pub items: BTreeSet<String>,
}

/// The most telling values of a created resource: those of the fields that `headline` names, in that order. Without a
/// `headline`, the first values.
pub(crate) fn telling(
    headline: &[&str],
    fields: &[FieldChange],
    lists: &[NamedList],
) -> Vec<String> {
    let named = headline.iter();
    let named = named.filter_map(|name| fields.iter().find(|field| field.field == *name));
    let fields: Vec<&FieldChange> = if headline.is_empty() {
        fields.iter().collect()
    } else {
        named.collect()
    };
    let values = fields.into_iter().filter_map(|field| short(field, lists));
    values.take(TELLING).collect()
}

/// A field on one line; `None` if the value says nothing.
fn short(field: &FieldChange, lists: &[NamedList]) -> Option<String> {
    let name = &printable(&field.field);
    let text = match &field.new {
        Value::Absent | Value::Hidden => return None,
        Value::Text(text) if text.is_empty() => return None,
        Value::Text(text) => printable(text),
        Value::Bool(_) | Value::Integer(_) => format!("{name} {}", field.new),
        Value::Digest(_) => format!("{name} {}", field.new),
        Value::Later(after) => format!("{name} known after {}", printable(after)),
        Value::List(items) if items.is_empty() => return None,
        Value::List(items) => {
            let texts: Vec<String> = items.iter().map(plain).collect();
            format!("{name} {}", fold(&texts, lists).join("; "))
        }
        Value::Map(entries) if entries.is_empty() => return None,
        Value::Map(entries) => {
            let keys: Vec<String> = entries.keys().map(printable).collect();
            format!("{name} {}", keys.join(", "))
        }
    };
    Some(cut(&text))
}

/// A text with its control characters escaped. A terminal executes these, and they could hide lines of a plan; a name or
/// a message of a provider may contain any.
///
/// ```
/// assert_eq!(nex_plan::printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
/// ```
pub fn printable(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}

/// A value without the quotes of a text.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => printable(text),
        value => value.to_string(),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_VALUE {
        return text.to_owned();
    }
    let start: String = text.chars().take(MAX_VALUE - 1).collect();
    format!("{}…", start.trim_end())
}

/// The lines with every group of equal entries in one: `tcp 443 192.0.2.0/24` for all networks of a list becomes
/// `22 networks of Cloudflare: 443`.
pub(crate) fn fold(lines: &[String], lists: &[NamedList]) -> Vec<String> {
    let mut rest: Vec<&String> = lines.iter().collect();
    let mut folded = vec![];
    for list in lists {
        let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (head, item) in rest.iter().filter_map(|line| entry(line, list)) {
            groups.entry(head).or_default().insert(item);
        }
        let mut heads: BTreeMap<BTreeSet<&str>, Vec<&str>> = BTreeMap::new();
        for (head, items) in groups.into_iter().filter(|(_, items)| items.len() > 1) {
            heads.entry(items).or_default().push(head);
        }
        for (items, heads) in &heads {
            let ports = ports(heads);
            folded.push(format!("{} {}: {ports}", items.len(), list.name));
        }
        let is_folded = |line: &str| {
            entry(line, list).is_some_and(|(head, item)| {
                let mut groups = heads.iter();
                groups.any(|(items, heads)| items.contains(item) && heads.contains(&head))
            })
        };
        rest.retain(|line| !is_folded(line));
    }
    folded.extend(rest.into_iter().cloned());
    folded
}

/// What the folded entries have before their items: port numbers alone where all of them are for TCP, in their order.
fn ports(heads: &[&str]) -> String {
    let port = |head: &&str| head.strip_prefix("tcp ")?.parse::<u16>().ok();
    let ports: Option<BTreeSet<u16>> = heads.iter().map(port).collect();
    match ports {
        Some(ports) => ports
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        None => heads.join(", "),
    }
}

/// A line that ends in an item of the list, cut before the item.
fn entry<'a>(line: &'a str, list: &NamedList) -> Option<(&'a str, &'a str)> {
    let (head, item) = line.rsplit_once(' ')?;
    list.items.contains(item).then_some((head, item))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloudflare() -> [NamedList; 1] {
        [NamedList {
            name: "networks of Cloudflare".to_owned(),
            items: ["192.0.2.0/24", "2001:db8::/32"].map(str::to_owned).into(),
        }]
    }

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    #[test]
    fn equal_rules_for_the_networks_of_a_list_are_one_line() {
        let rules = lines(&[
            "tcp 22 203.0.113.0/24",
            "tcp 443 192.0.2.0/24",
            "tcp 443 2001:db8::/32",
            "tcp 80 192.0.2.0/24",
            "tcp 80 2001:db8::/32",
            "udp 53 192.0.2.0/24",
        ]);
        assert_eq!(
            fold(&rules, &cloudflare()),
            lines(&[
                "2 networks of Cloudflare: 80, 443",
                "tcp 22 203.0.113.0/24",
                "udp 53 192.0.2.0/24",
            ])
        );
    }

    #[test]
    fn a_created_resource_shows_the_fields_of_its_headline() {
        let field = |name: &'static str, value: Value| FieldChange::new(name, Value::Absent, value);
        let fields = [
            field("subnet", "subnet-1".into()),
            field("tags", Value::map([("Name", "x")])),
            field("size_gb", 200.into()),
            field("running", true.into()),
            field("policies", Value::map([("logs", "x"), ("s3", "y")])),
        ];
        assert_eq!(
            telling(&["size_gb", "policies"], &fields, &[]),
            ["size_gb 200", "policies logs, s3"]
        );
        assert_eq!(
            telling(&[], &fields, &[]),
            ["subnet-1", "tags Name", "size_gb 200"]
        );
    }
}
