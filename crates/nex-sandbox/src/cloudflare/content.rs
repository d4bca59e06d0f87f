//! What a record of each type may hold, and the form in which it comes back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value, json};

use super::envelope::ApiError;
use super::name;

/// The types whose content is made of fields: their order in the text, and the one that stands in
/// quotes there.
const STRUCTURED: [(&str, &[&str], &str); 9] = [
    ("CAA", &["flags", "tag", "value"], "value"),
    ("DS", &["key_tag", "algorithm", "digest_type", "digest"], ""),
    ("HTTPS", &["priority", "target", "value"], ""),
    ("SRV", &["weight", "port", "target"], ""),
    ("SSHFP", &["algorithm", "type", "fingerprint"], ""),
    ("SVCB", &["priority", "target", "value"], ""),
    (
        "TLSA",
        &["usage", "selector", "matching_type", "certificate"],
        "",
    ),
    ("URI", &["weight", "target"], "target"),
    (
        "NAPTR",
        &[
            "order",
            "preference",
            "flags",
            "service",
            "regex",
            "replacement",
        ],
        "",
    ),
];

/// The types whose content is kept as it comes.
const OPAQUE: [&str; 6] = ["CERT", "DNSKEY", "LOC", "OPENPGPKEY", "SMIMEA", "TXT"];

/// The types that can go through the proxy.
pub(super) fn is_proxiable(kind: &str) -> bool {
    matches!(kind, "A" | "AAAA" | "CNAME")
}

/// Whether a record of this type has a priority beside its content.
pub(super) fn has_priority(kind: &str) -> bool {
    matches!(kind, "MX" | "SRV" | "URI")
}

/// A record's content, checked: its text, and its fields where the type has some.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) data: Option<Value>,
}

/// The content of a record of type `kind` for the name `owner`.
pub(super) fn check(
    kind: &str,
    owner: &str,
    text: Option<&str>,
    data: Option<&Value>,
) -> Result<Content, ApiError> {
    if let Some((_, fields, quoted)) = STRUCTURED.iter().find(|(name, ..)| *name == kind) {
        return structured(kind, fields, quoted, text, data);
    }
    let text = text
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| required("content"))?;
    let text = match kind {
        "A" => text.parse::<Ipv4Addr>().ok().map(|it| it.to_string()),
        "AAAA" => text.parse::<Ipv6Addr>().ok().map(|it| it.to_string()),
        "CNAME" => name::target(text),
        // A lone dot says that there is no such service.
        "MX" | "NS" | "PTR" if text != "." => name::target(text),
        "MX" | "NS" | "PTR" => Some(text.to_owned()),
        _ if OPAQUE.contains(&kind) => Some(text.to_owned()),
        _ => return Err(ApiError::wrapped(9001, "DNS record type is invalid.")),
    };
    let text = text.ok_or_else(|| invalid(kind))?;
    if kind == "CNAME" && text == owner {
        return Err(ApiError::record(
            9039,
            "CNAME content cannot reference itself.",
        ));
    }
    Ok(Content { text, data: None })
}

/// The codes for addresses are seen in users' reports; those for names of hosts are not.
fn invalid(kind: &str) -> ApiError {
    let (code, must) = match kind {
        "A" => (9005, "a valid IPv4 address"),
        "AAAA" => (9006, "a valid IPv6 address"),
        "CNAME" => (9007, "a valid hostname"),
        _ => (9009, "a valid hostname"),
    };
    ApiError::record(code, format!("Content for {kind} record must be {must}."))
}

/// A field without which a record cannot be.
pub(super) fn required(field: &str) -> ApiError {
    ApiError::wrapped(9101, format!("{field} is a required data field."))
}

/// Text from the fields, or the fields from the text.
fn structured(
    kind: &str,
    fields: &[&str],
    quoted: &str,
    text: Option<&str>,
    data: Option<&Value>,
) -> Result<Content, ApiError> {
    let data = match (data, text) {
        (Some(data), _) => data.clone(),
        (None, Some(text)) => fields_of(fields, text).ok_or_else(|| required("data"))?,
        (None, None) => return Err(required("data")),
    };
    let mut parts = Vec::new();
    for field in fields {
        let part = match data.get(field) {
            Some(Value::String(text)) => text.clone(),
            Some(value) if value.is_number() => value.to_string(),
            _ => return Err(required(field)),
        };
        parts.push(if *field == quoted {
            format!("\"{part}\"")
        } else {
            part
        });
    }
    if kind == "CAA" && !matches!(data["flags"].as_u64(), Some(0..=255)) {
        return Err(required("flags"));
    }
    Ok(Content {
        text: parts.join(" ").trim_end().to_owned(),
        data: Some(data),
    })
}

/// The last field takes the rest; numbers become numbers.
fn fields_of(fields: &[&str], text: &str) -> Option<Value> {
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
    let map: Map<String, Value> = fields
        .iter()
        .zip(parts)
        .map(|(field, part)| ((*field).to_owned(), value(part)))
        .collect();
    Some(Value::Object(map))
}

/// Whether the proxy goes to this address: not to a private network, and not to Cloudflare's own
/// resolvers.
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
    fn fields_and_text_say_the_same() {
        let data = json!({ "flags": 0, "tag": "issue", "value": "letsencrypt.org" });
        let by_data = check("CAA", "example.com", None, Some(&data)).expect("fields");
        assert_eq!(by_data.text, r#"0 issue "letsencrypt.org""#);
        let by_text = check("CAA", "example.com", Some(&by_data.text), None).expect("text");
        assert_eq!(by_data, by_text);
    }

    #[test]
    fn addresses_come_back_in_their_short_form() {
        let content = check("AAAA", "a", Some("2001:DB8:0::1"), None).expect("an address");
        assert_eq!(content.text, "2001:db8::1");
        assert!(check("A", "a", Some("1.2.3"), None).is_err());
        assert!(check("WKS", "a", Some("x"), None).is_err());
    }

    #[test]
    fn targets_of_the_proxy() {
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
