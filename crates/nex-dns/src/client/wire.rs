//! The API's own types, separate from the types that are compared.

use cloudflare::framework::response::ApiResult;
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::certificate::{CertificateRequest, LiveCertificate, fingerprint_of_certificate};
use crate::change::{RecordChange, RecordStep};
use crate::edge::EdgeNetworks;
use crate::ids::{CertificateId, RecordId, ZoneId};
use crate::name;
use crate::record::{NewRecord, effective_ttl};
use crate::spec::{KeyType, RecordType};
use crate::zone::ObservedRecord;

/// The shortest prefixes that Cloudflare's networks may have. The shortest in the list of 2021 are /13 and /29
/// (<https://www.cloudflare.com/ips/>).
const SHORTEST_IPV4_PREFIX: u8 = 8;
const SHORTEST_IPV6_PREFIX: u8 = 20;

#[derive(Debug, Deserialize)]
pub(super) struct ZoneWire {
    pub(super) id: ZoneId,
    pub(super) name: String,
    #[serde(default)]
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EdgeIpsWire {
    ipv4_cidrs: Vec<Ipv4Net>,
    ipv6_cidrs: Vec<Ipv6Net>,
}

/// A record of any type; fields that some types lack have a default.
#[derive(Debug, Deserialize)]
pub(super) struct RecordWire {
    id: RecordId,
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
    #[serde(default)]
    meta: serde_json::Value,
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
    id: CertificateId,
    #[serde(default)]
    certificate: String,
    #[serde(default)]
    hostnames: Vec<String>,
    expires_on: String,
    #[serde(default)]
    revoked_at: Option<String>,
    #[serde(default)]
    request_type: String,
    #[serde(default)]
    requested_validity: serde_json::Value,
}

/// A result that is not used: a fresh read shows the change.
#[derive(Debug, Deserialize)]
pub(super) struct Ignored(serde::de::IgnoredAny);

macro_rules! results {
    ($($kind:ty)*) => {$(impl ApiResult for $kind {})*};
}
results!(ZoneWire EdgeIpsWire RecordWire SettingWire CertificateWire Ignored);

/// A record as it is sent: all fields, or only those that change.
#[derive(Debug, Default, Serialize)]
pub(super) struct RecordBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RecordId>,
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

/// A request to the Origin CA.
#[derive(Debug, Serialize)]
pub(super) struct IssueBody<'a> {
    csr: &'a str,
    hostnames: Vec<&'a str>,
    request_type: &'static str,
    requested_validity: u32,
}

impl<'a> RecordBody<'a> {
    pub(super) fn whole(new: &'a NewRecord) -> Self {
        Self {
            id: None,
            kind: Some(new.kind.into()),
            name: Some(&new.name),
            content: Some(&new.content),
            ttl: Some(new.ttl),
            // A TXT record has no such field.
            proxied: (new.kind != RecordType::Txt).then_some(new.proxied),
            comment: Some(&new.comment),
        }
    }

    /// The fields that differ. `ttl` is sent with `proxied`, since the one restricts the other.
    pub(super) fn differing(old: &'a ObservedRecord, new: &'a NewRecord) -> Self {
        let Self {
            content,
            ttl,
            proxied,
            comment,
            ..
        } = Self::whole(new);
        let toggles = old.proxied != new.proxied;
        Self {
            content: content.filter(|text| *text != old.canonical_content()),
            ttl: ttl.filter(|ttl| toggles || *ttl != effective_ttl(old.ttl, old.proxied)),
            proxied: proxied.filter(|_| toggles),
            comment: comment.filter(|text| Some(*text) != old.comment.as_deref()),
            ..Self::default()
        }
    }

    fn with_id(mut self, id: &'a RecordId) -> Self {
        self.id = Some(id);
        self
    }
}

impl<'a> BatchBody<'a> {
    pub(super) fn of(steps: &'a [RecordStep]) -> Self {
        let mut body = Self::default();
        for step in steps {
            match &step.change {
                RecordChange::Delete(old) => {
                    body.deletes.push(RecordBody::default().with_id(&old.id))
                }
                RecordChange::Update(old, new) => body
                    .patches
                    .push(RecordBody::differing(old, new).with_id(&old.id)),
                RecordChange::Create(new) => body.posts.push(RecordBody::whole(new)),
            }
        }
        body
    }
}

impl<'a> IssueBody<'a> {
    pub(super) fn of(request: &'a CertificateRequest) -> Self {
        Self {
            csr: &request.csr,
            hostnames: request.terms.hostnames.iter().map(String::as_str).collect(),
            request_type: request.terms.key_type.request_type(),
            requested_validity: request.terms.validity_days,
        }
    }
}

impl From<RecordWire> for ObservedRecord {
    fn from(wire: RecordWire) -> Self {
        Self {
            id: wire.id,
            kind: wire.kind,
            name: wire.name,
            content: wire.content.unwrap_or_default(),
            ttl: wire.ttl.unwrap_or(1),
            proxied: wire.proxied.unwrap_or(false),
            comment: wire.comment.filter(|text| !text.is_empty()),
            read_only: wire.meta["read_only"] == true,
        }
    }
}

impl SettingWire {
    /// The value if it is text. The settings that nex-dns manages all have text values.
    pub(super) fn text(self) -> Option<String> {
        match self.value {
            serde_json::Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl CertificateWire {
    /// The certificate, unless it is revoked; `Err` with what is missing if the expiry can't be parsed.
    pub(super) fn live(self) -> Result<Option<LiveCertificate>, &'static str> {
        if self.revoked_at.is_some_and(|at| !at.is_empty()) {
            return Ok(None);
        }
        Ok(Some(LiveCertificate {
            expires: expiry(&self.expires_on).ok_or("an expiry date")?,
            public_key: fingerprint_of_certificate(&self.certificate),
            hostnames: self
                .hostnames
                .iter()
                .filter_map(|host| name::full(host).ok())
                .collect(),
            certificate: self.certificate,
            id: self.id,
            key_type: KeyType::of_request_type(&self.request_type),
            validity_days: self
                .requested_validity
                .as_u64()
                .and_then(|days| days.try_into().ok()),
        }))
    }
}

impl EdgeIpsWire {
    /// A network that is larger than any of Cloudflare's. An origin lets these networks in and trusts what they send.
    pub(super) fn too_large(&self) -> Option<String> {
        let ipv4 = self.ipv4_cidrs.iter();
        let mut ipv4 = ipv4.filter(|net| net.prefix_len() < SHORTEST_IPV4_PREFIX);
        let ipv6 = self.ipv6_cidrs.iter();
        let mut ipv6 = ipv6.filter(|net| net.prefix_len() < SHORTEST_IPV6_PREFIX);
        let ipv4 = ipv4.next().map(Ipv4Net::to_string);
        ipv4.or_else(|| ipv6.next().map(Ipv6Net::to_string))
    }

    /// The networks; `None` if IPv4 or IPv6 is missing, since an origin would then refuse a part of Cloudflare's edge.
    pub(super) fn networks(self) -> Option<EdgeNetworks> {
        let is_complete = !self.ipv4_cidrs.is_empty() && !self.ipv6_cidrs.is_empty();
        is_complete.then_some(EdgeNetworks {
            ipv4: self.ipv4_cidrs,
            ipv6: self.ipv6_cidrs,
        })
    }
}

/// A certificate's expiry, in RFC 3339 or in the form of Go's `time.Time`.
fn expiry(text: &str) -> Option<OffsetDateTime> {
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
    use super::expiry;

    #[test]
    fn an_expiry_is_parsed_in_both_forms() {
        let one = expiry("2040-04-05T13:40:00Z");
        assert!(one.is_some());
        assert_eq!(expiry("2040-04-05 13:40:00 +0000 UTC"), one);
        assert_eq!(expiry("soon"), None);
    }
}
