//! The API's own forms, apart from what is compared.

use std::net::Ipv4Addr;

use cloudflare::framework::response::ApiResult;
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::certificate::{LiveCertificate, Request, fingerprint_of_certificate};
use crate::diff::{Do, Step};
use crate::edge::EdgeNetworks;
use crate::name;
use crate::record::Entry;
use crate::zone::Existing;

#[derive(Debug, Deserialize)]
pub(super) struct TokenWire {
    pub(super) status: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ZoneWire {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EdgeIpsWire {
    etag: Option<String>,
    ipv4_cidrs: Vec<Ipv4Net>,
    ipv6_cidrs: Vec<Ipv6Net>,
}

/// A record of any kind: what some kinds lack has a default.
#[derive(Debug, Deserialize)]
pub(super) struct RecordWire {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    ttl: Option<u32>,
    #[serde(default)]
    proxied: Option<bool>,
    #[serde(default)]
    comment: Option<String>,
}

/// A setting of any kind: some have numbers or objects as values.
#[derive(Debug, Deserialize)]
pub(super) struct SettingWire {
    pub(super) id: String,
    #[serde(default)]
    pub(super) value: serde_json::Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct CertificateWire {
    id: String,
    #[serde(default)]
    certificate: String,
    #[serde(default)]
    hostnames: Vec<String>,
    expires_on: String,
    #[serde(default)]
    revoked_at: Option<String>,
}

/// A result that nobody looks at: the read back tells.
#[derive(Debug, Deserialize)]
pub(super) struct Untold(serde::de::IgnoredAny);

macro_rules! results {
    ($($kind:ty)*) => {$(impl ApiResult for $kind {})*};
}
results!(TokenWire ZoneWire EdgeIpsWire RecordWire SettingWire CertificateWire Untold);

/// A record as it is sent: all of it, or only what changes.
#[derive(Debug, Default, Serialize)]
pub(super) struct RecordBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxied: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

/// Changes of one transaction. There are no `puts`: they would drop tags that users set.
#[derive(Debug, Default, Serialize)]
pub(super) struct BatchBody<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deletes: Vec<RecordBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    patches: Vec<RecordBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    posts: Vec<RecordBody<'a>>,
}

/// What the Origin CA is asked.
#[derive(Debug, Serialize)]
pub(super) struct IssueBody<'a> {
    csr: &'a str,
    hostnames: Vec<&'a str>,
    request_type: &'static str,
    requested_validity: u32,
}

impl<'a> RecordBody<'a> {
    pub(super) fn whole(entry: &'a Entry) -> Self {
        Self {
            id: None,
            kind: Some(entry.kind.as_str()),
            name: Some(&entry.name),
            content: entry.content.text(),
            ttl: Some(entry.ttl),
            // A TXT record has no such field.
            proxied: (entry.kind != crate::RecordKind::Txt).then_some(entry.proxied),
            comment: Some(&entry.comment),
        }
    }

    /// What differs. `ttl` goes along with `proxied`, since the one restricts the other.
    pub(super) fn differing(old: &'a Existing, entry: &'a Entry) -> Self {
        let Self {
            content,
            ttl,
            proxied,
            comment,
            ..
        } = Self::whole(entry);
        let toggles = old.proxied != entry.proxied;
        Self {
            content: content.filter(|new| *new != old.canonical_content()),
            ttl: ttl.filter(|new| toggles || *new != Entry::ttl_of(old.ttl, old.proxied)),
            proxied: proxied.filter(|_| toggles),
            comment: comment.filter(|new| Some(*new) != old.comment.as_deref()),
            ..Self::default()
        }
    }

    fn of_id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }
}

impl<'a> BatchBody<'a> {
    pub(super) fn of(steps: &'a [Step]) -> Self {
        let mut body = Self::default();
        for step in steps {
            match &step.what {
                Do::Delete(old) => body.deletes.push(RecordBody::default().of_id(&old.id)),
                Do::Update(old, new) => body
                    .patches
                    .push(RecordBody::differing(old, new).of_id(&old.id)),
                Do::Create(new) => body.posts.push(RecordBody::whole(new)),
            }
        }
        body
    }
}

impl<'a> IssueBody<'a> {
    pub(super) fn of(request: &'a Request) -> Self {
        Self {
            csr: &request.csr,
            hostnames: request.terms.hostnames.iter().map(String::as_str).collect(),
            request_type: request.terms.key_type.request_type(),
            requested_validity: request.terms.validity_days,
        }
    }
}

impl From<RecordWire> for Existing {
    fn from(wire: RecordWire) -> Self {
        Self {
            id: wire.id,
            kind: wire.kind,
            name: wire.name,
            content: wire.content.unwrap_or_default(),
            ttl: wire.ttl.unwrap_or(1),
            proxied: wire.proxied.unwrap_or(false),
            comment: wire.comment.filter(|text| !text.is_empty()),
        }
    }
}

impl SettingWire {
    /// Its value, if it is a text as those that nex-dns keeps.
    pub(super) fn text(self) -> Option<String> {
        match self.value {
            serde_json::Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl CertificateWire {
    /// The certificate, unless it is revoked; `Err` if its end can't be read.
    pub(super) fn live(self) -> Result<Option<LiveCertificate>, &'static str> {
        if self.revoked_at.is_some_and(|at| !at.is_empty()) {
            return Ok(None);
        }
        Ok(Some(LiveCertificate {
            expires: end(&self.expires_on).ok_or("a date of its end")?,
            public_key: fingerprint_of_certificate(&self.certificate),
            hostnames: self
                .hostnames
                .iter()
                .filter_map(|host| name::full(host).ok())
                .collect(),
            certificate: self.certificate,
            id: self.id,
        }))
    }
}

impl EdgeIpsWire {
    /// The networks; `None` if a kind is missing, since an origin would shut Cloudflare out.
    pub(super) fn networks(self) -> Option<EdgeNetworks> {
        let everything = |net: &Ipv4Net| net.addr() == Ipv4Addr::UNSPECIFIED;
        let whole = !self.ipv4_cidrs.is_empty() && !self.ipv6_cidrs.is_empty();
        (whole && !self.ipv4_cidrs.iter().any(everything)).then_some(EdgeNetworks {
            as_of: "now".to_owned(),
            etag: self.etag,
            ipv4: self.ipv4_cidrs,
            ipv6: self.ipv6_cidrs,
        })
    }
}

/// A certificate's end, which comes in RFC 3339 or in Go's own form.
fn end(text: &str) -> Option<OffsetDateTime> {
    let go = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
    );
    let plain = text.trim().trim_end_matches(" UTC");
    OffsetDateTime::parse(plain, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(plain, go))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::end;

    #[test]
    fn an_end_is_read_in_both_forms() {
        let one = end("2040-04-05T13:40:00Z");
        assert!(one.is_some());
        assert_eq!(end("2040-04-05 13:40:00 +0000 UTC"), one);
        assert_eq!(end("soon"), None);
    }
}
