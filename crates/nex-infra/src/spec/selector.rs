//! How a spec refers to an existing VPC or subnet.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use ipnet::Ipv4Net;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Refers to a VPC or a subnet: by id, by tag, or by CIDR.
///
/// ```
/// use nex_infra::spec::Selector;
///
/// assert!(matches!("vpc-0a1b".parse(), Ok(Selector::Id(_))));
/// assert!(matches!("10.0.1.0/24".parse(), Ok(Selector::Cidr(_))));
/// assert!(matches!("tag:Name=nex-staging".parse(), Ok(Selector::Tag(..))));
/// assert!("10.0.1.9/24".parse::<Selector>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Selector {
    /// `vpc-...` or `subnet-...`.
    Id(String),
    /// `tag:KEY=VALUE`.
    Tag(String, String),
    /// A network, without host bits.
    Cidr(Ipv4Net),
}

/// A text that is not a valid selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a valid selector: an id (vpc-..., subnet-...), tag:KEY=VALUE, or a network such as 10.0.1.0/24"
)]
pub struct SelectorError(String);

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let error = || SelectorError(text.to_owned());
        if let Some(tag) = text.strip_prefix("tag:") {
            let (key, value) = tag.split_once('=').ok_or_else(error)?;
            return if key.is_empty() || value.is_empty() {
                Err(error())
            } else {
                Ok(Selector::Tag(key.to_owned(), value.to_owned()))
            };
        }
        let is_id = |prefix| {
            text.strip_prefix(prefix)
                .is_some_and(|id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_hexdigit()))
        };
        if is_id("vpc-") || is_id("subnet-") {
            return Ok(Selector::Id(text.to_owned()));
        }
        match text.parse::<Ipv4Net>() {
            Ok(net) if net.trunc() == net => Ok(Selector::Cidr(net)),
            _ => Err(error()),
        }
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;

    fn try_from(text: String) -> Result<Self, SelectorError> {
        text.parse()
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> String {
        selector.to_string()
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Id(id) => f.write_str(id),
            Selector::Tag(key, value) => write!(f, "tag:{key}={value}"),
            Selector::Cidr(net) => write!(f, "{net}"),
        }
    }
}

impl JsonSchema for Selector {
    fn schema_name() -> Cow<'static, str> {
        "Selector".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An id (vpc-..., subnet-...), a tag (tag:Name=...), or a CIDR (10.0.1.0/24).",
            "pattern": r"^((vpc|subnet)-[0-9a-f]+|tag:[^=]+=.+|[0-9.]+/[0-9]{1,2})$",
        })
    }
}
