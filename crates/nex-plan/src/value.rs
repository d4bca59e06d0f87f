//! A field's value as a plan shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::printable;

/// A field's value, before or after a change.
///
/// In JSON, [`Value::Hidden`] is `{"hidden": true}`, [`Value::Later`] is `{"known_later": "why"}`, and [`Value::Digest`]
/// is `{"bytes": 24, "sha256": "..."}`; all else is the plain JSON value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// The field is not set.
    Absent,
    /// A truth value.
    Bool(bool),
    /// A whole number; the field's name carries the unit.
    Integer(i64),
    /// Text.
    Text(String),
    /// A list without a meaningful order: lists are compared as sets.
    List(Vec<Value>),
    /// Named values.
    Map(BTreeMap<String, Value>),
    /// The digest of a text that is too long for a plan.
    Digest(Digest),
    /// A secret: never shown.
    Hidden,
    /// Known only after something else was created. The text says what.
    Later(String),
}

/// The digest of a long text. All of it is compared; people see the start of the sum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The length of the text in bytes.
    pub bytes: usize,
    /// The text's SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// How many digits of a sum people see.
const SHOWN_DIGITS: usize = 16;

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.sha256.chars().take(SHOWN_DIGITS).collect();
        write!(f, "{} bytes, sha256 {start}", self.bytes)
    }
}

impl Value {
    /// A list in canonical order, so that the order of a server's answer does not matter.
    pub fn set<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Self {
        let items: BTreeSet<Value> = items.into_iter().map(Into::into).collect();
        Value::List(items.into_iter().collect())
    }

    /// Named values.
    pub fn map<K: Into<String>, V: Into<Value>>(items: impl IntoIterator<Item = (K, V)>) -> Self {
        Value::Map(
            items
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

macro_rules! integers {
    ($($kind:ty)*) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Value::Integer(i64::from(value))
            }
        }
    )*};
}
integers!(i64 i32 u32 u16 u8);

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::Text(value.clone())
    }
}

impl From<Digest> for Value {
    fn from(digest: Digest) -> Self {
        Value::Digest(digest)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Absent, Into::into)
    }
}

/// Text as `"text"`, lists and maps as in JSON, `(none)`, `(hidden)` and `(known after ...)` for the rest. Control
/// characters are escaped.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Absent => f.write_str("(none)"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Text(value) => write!(f, "{value:?}"),
            Value::Hidden => f.write_str("(hidden)"),
            Value::Digest(digest) => f.write_str(&printable(digest.to_string())),
            Value::Later(what) => write!(f, "(known after {})", printable(what)),
            Value::List(items) => {
                f.write_str("[")?;
                for (n, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if n == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Value::Map(items) => {
                f.write_str("{")?;
                for (n, (key, item)) in items.iter().enumerate() {
                    let key = printable(key);
                    write!(f, "{}{key}: {item}", if n == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Absent => serializer.serialize_none(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(items) => serializer.collect_map(items),
            Value::Digest(digest) => digest.serialize(serializer),
            Value::Hidden => single(serializer, "hidden", &true),
            Value::Later(what) => single(serializer, "known_later", what),
        }
    }
}

fn single<S: Serializer, V: Serialize + ?Sized>(
    serializer: S,
    key: &str,
    value: &V,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// The JSON forms of a value.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Form {
    Null(()),
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Value>),
    Digest(Digest),
    Map(BTreeMap<String, Value>),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Null(()) => Value::Absent,
            Form::Bool(value) => Value::Bool(value),
            Form::Integer(value) => Value::Integer(value),
            Form::Text(text) => Value::Text(text),
            Form::List(items) => Value::List(items),
            Form::Digest(digest) => Value::Digest(digest),
            Form::Map(items) => from_map(items),
        })
    }
}

fn from_map(items: BTreeMap<String, Value>) -> Value {
    let single = items.iter().next().filter(|_| items.len() == 1);
    match single.map(|(key, value)| (key.as_str(), value)) {
        Some(("hidden", Value::Bool(true))) => Value::Hidden,
        Some(("known_later", Value::Text(what))) => Value::Later(what.clone()),
        _ => Value::Map(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(end: &str) -> Digest {
        Digest {
            bytes: 5,
            sha256: format!("{}{end}", "0123456789abcdef".repeat(3)),
        }
    }

    #[test]
    fn all_of_a_digest_is_compared_and_its_start_is_shown() {
        let (a, b) = (digest("0123456789abcdef"), digest("0123456789abcdee"));
        assert_ne!(Value::from(a.clone()), Value::from(b));
        assert_eq!(
            Value::from(a).to_string(),
            "5 bytes, sha256 0123456789abcdef"
        );
    }

    #[test]
    fn the_order_of_a_set_never_shows() {
        assert_eq!(Value::set(["b", "a", "b"]), Value::set(["a", "b"]));
    }

    #[test]
    fn a_value_comes_back_from_its_json() {
        let all = Value::map([
            ("absent", Value::Absent),
            ("digest", digest("0123456789abcdef").into()),
            ("flag", true.into()),
            ("hidden", Value::Hidden),
            ("later", Value::Later("its allocation".into())),
            ("list", Value::set([3, 2])),
            ("text", "x".into()),
        ]);
        let json = serde_json::to_string(&all).expect("JSON");
        assert_eq!(serde_json::from_str::<Value>(&json).expect("a value"), all);
    }

    #[test]
    fn json_keeps_a_secret_and_a_later_value_apart_from_text() {
        let json = |v: Value| serde_json::to_string(&v).unwrap_or_default();
        assert_eq!(json(Value::Hidden), r#"{"hidden":true}"#);
        assert_eq!(
            json(Value::Later("apply".into())),
            r#"{"known_later":"apply"}"#
        );
        assert_eq!(json(Value::map([("a", Value::Absent)])), r#"{"a":null}"#);
    }
}
