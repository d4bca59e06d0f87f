//! Records in canonical form, for comparing and for sending.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::name;
use crate::spec::{AUTOMATIC_TTL, RecordType};

/// The most bytes that one string of a TXT record holds (RFC 1035, section 3.3).
const STRING: usize = 255;

/// A record that a spec asks for, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DesiredRecord {
    /// The name: full, lower case, punycode.
    pub name: String,
    /// The type.
    pub kind: RecordType,
    /// The record's content.
    pub content: RecordContent,
    /// For how many seconds resolvers keep the record; 1 is automatic, and the only value for a proxied record.
    pub ttl: u32,
    /// Whether Cloudflare's proxies answer for the name.
    pub proxied: bool,
    /// The comment, with the owner's mark.
    pub comment: String,
}

/// A record's content, by its source. Plans label a record by the source, so that the label is the same before and
/// after the server has its address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordContent {
    /// The server's address.
    ServerAddress,
    /// The spec's value, in the form that [`canonical_content`] gives.
    Given(String),
}

/// A record with all its values, in canonical form, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The name: full, lower case, punycode.
    pub name: String,
    /// The type.
    pub kind: RecordType,
    /// The content.
    pub content: String,
    /// For how many seconds resolvers keep the record; 1 is automatic.
    pub ttl: u32,
    /// Whether Cloudflare's proxies answer for the name.
    pub proxied: bool,
    /// The comment, with the owner's mark.
    pub comment: String,
}

impl DesiredRecord {
    /// The content, if it is known. `address` is the server's.
    pub(crate) fn answer(&self, address: Option<Ipv4Addr>) -> Option<String> {
        match &self.content {
            RecordContent::ServerAddress => address.map(|address| address.to_string()),
            RecordContent::Given(text) => Some(text.clone()),
        }
    }

    /// The record with its content.
    pub(crate) fn with_answer(&self, content: String) -> NewRecord {
        NewRecord {
            name: self.name.clone(),
            kind: self.kind,
            content,
            ttl: self.ttl,
            proxied: self.proxied,
            comment: self.comment.clone(),
        }
    }
}

/// The effective TTL: a proxied record has no TTL of its own.
pub(crate) fn effective_ttl(ttl: u32, proxied: bool) -> u32 {
    if proxied { AUTOMATIC_TTL } else { ttl }
}

/// A content in canonical form: addresses in their shortest form, names in full, texts in quotes. A content that does
/// not fit the type stays as it is.
///
/// ```
/// use nex_dns::record::canonical_content;
/// use nex_dns::spec::RecordType;
///
/// assert_eq!(canonical_content(RecordType::Aaaa, "2001:0DB8::0:1"), "2001:db8::1");
/// assert_eq!(canonical_content(RecordType::Cname, "Example.ORG."), "example.org");
/// assert_eq!(canonical_content(RecordType::Txt, "v=spf1 -all"), r#""v=spf1 -all""#);
/// assert_eq!(canonical_content(RecordType::Txt, r#""v=spf1" " -all""#), r#""v=spf1 -all""#);
/// ```
pub fn canonical_content(kind: RecordType, text: &str) -> String {
    let unchanged = || text.to_owned();
    match kind {
        RecordType::A => text
            .parse::<Ipv4Addr>()
            .map_or_else(|_| unchanged(), |address| address.to_string()),
        RecordType::Aaaa => text
            .parse::<Ipv6Addr>()
            .map_or_else(|_| unchanged(), |address| address.to_string()),
        RecordType::Cname => name::full(text).unwrap_or_else(|_| unchanged()),
        RecordType::Txt => quote(&unquote(text).unwrap_or_else(|| text.as_bytes().to_vec())),
    }
}

/// A content as a person writes it in a spec: a text without quotes, where that means the same.
pub(crate) fn readable_content(kind: RecordType, canonical: &str) -> String {
    let text = (kind == RecordType::Txt)
        .then(|| unquote(canonical))
        .flatten();
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.filter(|text| canonical_content(kind, text) == canonical);
    text.unwrap_or_else(|| canonical.to_owned())
}

/// The bytes of one or more quoted strings; `None` unless the whole text is in quotes.
fn unquote(text: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![];
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        rest = string(rest.strip_prefix('"')?, &mut bytes)?.trim_start();
    }
    Some(bytes)
}

/// Reads one string up to its closing quote, and returns what follows it.
fn string<'a>(text: &'a str, into: &mut Vec<u8>) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            b'"' => return text.get(at + 1..),
            b'\\' => {
                let number = text.get(at + 1..at + 4).and_then(|digits| {
                    let plain = digits.bytes().all(|b| b.is_ascii_digit());
                    plain.then(|| digits.parse::<u8>().ok())?
                });
                into.push(number.or_else(|| bytes.get(at + 1).copied())?);
                at += if number.is_some() { 4 } else { 2 };
            }
            byte => {
                into.push(byte);
                at += 1;
            }
        }
    }
}

/// Bytes as quoted strings of up to 255 bytes; a byte that is not printable ASCII as `\DDD`.
fn quote(bytes: &[u8]) -> String {
    let string = |part: &[u8]| {
        let escaped = part.iter().map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(*byte)),
            b' '..=b'~' => char::from(*byte).to_string(),
            _ => format!("\\{byte:03}"),
        });
        format!("\"{}\"", escaped.collect::<String>())
    };
    if bytes.is_empty() {
        return string(&[]);
    }
    bytes
        .chunks(STRING)
        .map(string)
        .collect::<Vec<_>>()
        .join(" ")
}
