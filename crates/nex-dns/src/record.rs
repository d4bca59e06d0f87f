//! One record in canonical form: what is compared, and what is sent.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::name;
use crate::spec::{AUTOMATIC_TTL, RecordKind};

/// How many bytes one string of a TXT record holds.
const STRING: usize = 255;

/// A record as it is to be, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name: full, lower case, punycode.
    pub name: String,
    /// The type.
    pub kind: RecordKind,
    /// What it answers.
    pub content: Content,
    /// For how many seconds resolvers keep it; 1 is automatic, and the only one for what is proxied.
    pub ttl: u32,
    /// Whether Cloudflare's proxies stand before it.
    pub proxied: bool,
    /// The note, with the owner's mark.
    pub comment: String,
}

/// What a record answers. Where it comes from names the record in a plan, so that the name is the same before and after
/// the server has its address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// The server's address, once it has one.
    Server(Option<String>),
    /// What the spec says, as [`content`] writes it.
    Given(String),
}

impl Content {
    /// The text of it, if it is known.
    pub fn text(&self) -> Option<&str> {
        match self {
            Content::Server(address) => address.as_deref(),
            Content::Given(text) => Some(text),
        }
    }
}

impl Entry {
    /// The ttl that counts: a proxied record has none of its own.
    pub(crate) fn ttl_of(ttl: u32, proxied: bool) -> u32 {
        if proxied { AUTOMATIC_TTL } else { ttl }
    }
}

impl RecordKind {
    /// The type as DNS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            RecordKind::A => "A",
            RecordKind::Aaaa => "AAAA",
            RecordKind::Cname => "CNAME",
            RecordKind::Txt => "TXT",
        }
    }

    /// The type that DNS writes so, if it is one that a spec can hold.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::A, Self::Aaaa, Self::Cname, Self::Txt];
        all.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A content in canonical form: addresses shortest, names full, texts in quotes. What does not fit the type stays as it is.
///
/// ```
/// use nex_dns::{RecordKind, content};
///
/// assert_eq!(content(RecordKind::Aaaa, "2001:0DB8::0:1"), "2001:db8::1");
/// assert_eq!(content(RecordKind::Cname, "Example.ORG."), "example.org");
/// assert_eq!(content(RecordKind::Txt, "v=spf1 -all"), r#""v=spf1 -all""#);
/// assert_eq!(content(RecordKind::Txt, r#""v=spf1" " -all""#), r#""v=spf1 -all""#);
/// ```
pub fn content(kind: RecordKind, text: &str) -> String {
    let as_it_is = || text.to_owned();
    match kind {
        RecordKind::A => text
            .parse::<Ipv4Addr>()
            .map_or_else(|_| as_it_is(), |a| a.to_string()),
        RecordKind::Aaaa => text
            .parse::<Ipv6Addr>()
            .map_or_else(|_| as_it_is(), |a| a.to_string()),
        RecordKind::Cname => name::full(text).unwrap_or_else(|_| as_it_is()),
        RecordKind::Txt => quote(&unquote(text).unwrap_or_else(|| text.as_bytes().to_vec())),
    }
}

/// A content as one would write it in a spec: a text without quotes, where that means the same.
pub(crate) fn readable(kind: RecordKind, canonical: &str) -> String {
    let text = (kind == RecordKind::Txt)
        .then(|| unquote(canonical))
        .flatten();
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.filter(|text| content(kind, text) == canonical);
    text.unwrap_or_else(|| canonical.to_owned())
}

/// The bytes of one or more quoted strings; `None` if the text is not in quotes throughout.
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

/// Reads one string up to its closing quote, and gives what follows it.
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

/// Bytes as quoted strings of up to 255 bytes; what is not plain ASCII as `\DDD`.
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
