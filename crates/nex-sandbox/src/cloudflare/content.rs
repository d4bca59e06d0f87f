//! The content of a record: which values each type allows, and their canonical form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value, json};

use super::envelope::ApiError;
use super::name;

/// A record type whose content consists of fields.
struct StructuredType {
    kind: &'static str,
    /// The fields in the order of the text form.
    fields: &'static [&'static str],
    /// The field that the text form quotes.
    quoted: Option<&'static str>,
}

impl StructuredType {
    const fn new(kind: &'static str, fields: &'static [&'static str]) -> Self {
        Self {
            kind,
            fields,
            quoted: None,
        }
    }

    const fn quoting(mut self, field: &'static str) -> Self {
        self.quoted = Some(field);
        self
    }
}

static STRUCTURED: [StructuredType; 9] = [
    StructuredType::new("CAA", &["flags", "tag", "value"]).quoting("value"),
    StructuredType::new("DS", &["key_tag", "algorithm", "digest_type", "digest"]),
    StructuredType::new("HTTPS", &["priority", "target", "value"]),
    StructuredType::new("SRV", &["weight", "port", "target"]),
    StructuredType::new("SSHFP", &["algorithm", "type", "fingerprint"]),
    StructuredType::new("SVCB", &["priority", "target", "value"]),
    StructuredType::new(
        "TLSA",
        &["usage", "selector", "matching_type", "certificate"],
    ),
    StructuredType::new("URI", &["weight", "target"]).quoting("target"),
    StructuredType::new(
        "NAPTR",
        &[
            "order",
            "preference",
            "flags",
            "service",
            "regex",
            "replacement",
        ],
    ),
];

/// The record types whose content is stored as it is.
const OPAQUE: [&str; 6] = ["CERT", "DNSKEY", "LOC", "OPENPGPKEY", "SMIMEA", "TXT"];

/// Whether Cloudflare can proxy records of this type.
pub(super) fn is_proxiable(kind: &str) -> bool {
    matches!(kind, "A" | "AAAA" | "CNAME")
}

/// Whether records of this type have a priority besides their content.
pub(super) fn has_priority(kind: &str) -> bool {
    matches!(kind, "MX" | "SRV" | "URI")
}

/// The valid content of a record: its text form, and its fields if the type has fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) data: Option<Value>,
}

/// Checks the content of a record of type `kind` with the name `owner`.
pub(super) fn check(
    kind: &str,
    owner: &str,
    text: Option<&str>,
    data: Option<&Value>,
) -> Result<Content, ApiError> {
    if let Some(structured) = STRUCTURED.iter().find(|one| one.kind == kind) {
        return check_structured(structured, text, data);
    }
    let text = text
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| required("content"))?;
    let text = match kind {
        "A" => text.parse::<Ipv4Addr>().ok().map(|ip| ip.to_string()),
        "AAAA" => text.parse::<Ipv6Addr>().ok().map(|ip| ip.to_string()),
        "CNAME" => name::hostname(text),
        // A single dot means that the domain does not offer the service.
        "MX" | "NS" | "PTR" if text != "." => name::hostname(text),
        "MX" | "NS" | "PTR" => Some(text.to_owned()),
        _ if OPAQUE.contains(&kind) => Some(text.to_owned()),
        _ => return Err(ApiError::wrapped(9001, "DNS record type is invalid.")),
    };
    let text = text.ok_or_else(|| invalid(kind))?;
    if kind == "CNAME" && text == owner {
        return Err(ApiError::invalid_record(
            9039,
            "CNAME content cannot reference itself.",
        ));
    }
    Ok(Content { text, data: None })
}

/// The codes 9005 and 9006 are known from bug reports; 9007 and 9009 are guesses.
fn invalid(kind: &str) -> ApiError {
    let (code, must) = match kind {
        "A" => (9005, "a valid IPv4 address"),
        "AAAA" => (9006, "a valid IPv6 address"),
        "CNAME" => (9007, "a valid hostname"),
        _ => (9009, "a valid hostname"),
    };
    ApiError::invalid_record(code, format!("Content for {kind} record must be {must}."))
}

/// The error for a missing field.
pub(super) fn required(field: &str) -> ApiError {
    ApiError::wrapped(9101, format!("{field} is a required data field."))
}

/// Derives the text form from the fields, or the fields from the text form.
fn check_structured(
    structured: &StructuredType,
    text: Option<&str>,
    data: Option<&Value>,
) -> Result<Content, ApiError> {
    let data = match (data, text) {
        (Some(data), _) => data.clone(),
        (None, Some(text)) => {
            parse_fields(structured.fields, text).ok_or_else(|| required("data"))?
        }
        (None, None) => return Err(required("data")),
    };
    let mut parts = Vec::new();
    for field in structured.fields {
        let part = match data.get(field) {
            Some(Value::String(text)) => text.clone(),
            Some(value) if value.is_number() => value.to_string(),
            _ => return Err(required(field)),
        };
        parts.push(if structured.quoted == Some(field) {
            format!("\"{part}\"")
        } else {
            part
        });
    }
    if structured.kind == "CAA" && !matches!(data["flags"].as_u64(), Some(0..=255)) {
        return Err(required("flags"));
    }
    Ok(Content {
        text: parts.join(" ").trim_end().to_owned(),
        data: Some(data),
    })
}

/// Splits the text form into fields. The last field gets the rest of the text.
fn parse_fields(fields: &[&str], text: &str) -> Option<Value> {
    let parts: Vec<&str> = text
        .trim()
        .splitn(fields.len(), char::is_whitespace)
        .collect();
    if parts.len() < fields.len() {
        return None;
    }
    let value = |part: &str| match part.parse::<u64>() {
        Ok(number) => json!(number),
        Err(_) => json!(part.trim_matches('"')),
    };
    let named = fields.iter().zip(parts);
    let map: Map<String, Value> = named
        .map(|(field, part)| ((*field).to_owned(), value(part)))
        .collect();
    Some(Value::Object(map))
}

/// Whether the proxy may connect to this target. It may not connect to private networks and to
/// Cloudflare's resolvers.
pub(super) fn is_allowed_behind_proxy(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            let resolver = matches!(ip.octets(), [1, 1, 1, _] | [1, 0, 0, _]);
            !(ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || resolver)
        }
        Ok(IpAddr::V6(ip)) => {
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unique_local()
                || ip.is_unicast_link_local())
        }
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_text_are_equivalent() {
        let data = json!({ "flags": 0, "tag": "issue", "value": "letsencrypt.org" });
        let by_data = check("CAA", "example.com", None, Some(&data)).expect("fields");
        assert_eq!(by_data.text, r#"0 issue "letsencrypt.org""#);
        let by_text = check("CAA", "example.com", Some(&by_data.text), None).expect("text");
        assert_eq!(by_data, by_text);
    }

    #[test]
    fn addresses_are_returned_in_their_short_form() {
        let content = check("AAAA", "a", Some("2001:DB8:0::1"), None).expect("an address");
        assert_eq!(content.text, "2001:db8::1");
        assert!(check("A", "a", Some("1.2.3"), None).is_err());
        assert!(check("WKS", "a", Some("x"), None).is_err());
    }

    #[test]
    fn allowed_targets_of_the_proxy() {
        for (address, allowed) in [
            ("51.44.133.121", true),
            ("192.0.2.1", true),
            ("10.0.0.1", false),
            ("127.0.0.1", false),
            ("1.1.1.1", false),
            ("100::", true),
            ("fd00::1", false),
            ("origin.example.net", true),
        ] {
            assert_eq!(is_allowed_behind_proxy(address), allowed, "{address}");
        }
    }
}
