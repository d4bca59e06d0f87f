//! Problems of a spec: values that Cloudflare refuses, or accepts without doing what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nex_plan::{Problems, printable};

use crate::name::{self, canonical, canonical_zone};
use crate::ownership::{marked, max_comment_length};
use crate::record::canonical_content;
use crate::spec::{
    AUTOMATIC_TTL, Certificate, Limits, MAX_HOSTNAMES, Record, RecordType, Spec, VALIDITIES,
    ZonePlan,
};

/// The shortest and longest time that resolvers may keep a record, in seconds.
const TTL: std::ops::RangeInclusive<u32> = 60..=86_400;

/// The most bytes that Cloudflare accepts as the content of a TXT record.
const MAX_TEXT: usize = 2048;

impl Spec {
    /// All problems of the spec; paths start at the section's own fields. The records' comments must have room for the
    /// mark of `deployment`.
    pub fn validate(&self, deployment: &str) -> Problems {
        let mut found = Problems::new();
        let zone = match canonical_zone(&self.zone) {
            Ok(zone) => zone,
            Err(error) => {
                found.add("zone", error.to_string(), "a name such as example.com");
                return found;
            }
        };
        for (at, record) in self.records.iter().enumerate() {
            let problems = record.validate(&zone, self.plan, deployment);
            found.extend_under(&format!("records[{at}]"), problems);
        }
        validate_together(&self.records, &zone, &mut found);
        for (at, certificate) in self.certificates.iter().enumerate() {
            found.extend_under(&format!("certificates[{at}]"), certificate.validate(&zone));
        }
        validate_secrets(&self.certificates, &mut found);
        found.extend_under("limits", self.limits.validate());
        found
    }
}

impl Record {
    /// The problems of the record alone.
    pub(crate) fn validate(&self, zone: &str, plan: ZonePlan, deployment: &str) -> Problems {
        let mut found = Problems::new();
        match canonical(&self.name, zone) {
            Ok(name) => self.validate_proxied(&name, zone, &mut found),
            Err(error) => found.add(
                "name",
                error.to_string(),
                format!("a name in {zone}, short or full, `@` or `*`"),
            ),
        }
        found.unless(
            self.ttl == AUTOMATIC_TTL || TTL.contains(&self.ttl),
            "ttl",
            format!("{} s is out of range", self.ttl),
            "1 for automatic, or 60 to 86400",
        );
        if let Err((message, expected)) = self.validate_content(zone) {
            found.add("content", message, expected);
        }
        self.validate_comment(plan, deployment, &mut found);
        found
    }

    fn validate_comment(&self, plan: ZonePlan, deployment: &str, found: &mut Problems) {
        let length = |text: &str| text.chars().count();
        let own = self.comment.as_deref().map_or(0, length);
        let mark = length(&marked(self.comment.as_deref(), deployment)).saturating_sub(own);
        let room = max_comment_length(plan).saturating_sub(mark);
        found.unless(
            own <= room,
            "comment",
            format!("the comment has {own} characters, and nex's mark needs {mark}"),
            format!("up to {room} on this plan"),
        );
    }

    /// Checks what Cloudflare's edge, which answers for proxied names, does not support.
    fn validate_proxied(&self, name: &str, zone: &str, found: &mut Problems) {
        if !self.proxied {
            return;
        }
        found.unless(
            self.ttl == AUTOMATIC_TTL || !TTL.contains(&self.ttl),
            "ttl",
            format!(
                "a proxied record has no ttl of its own, and this one has {} s",
                self.ttl
            ),
            "leave ttl out, or proxied = false",
        );
        found.unless(
            self.kind != RecordType::Txt,
            "proxied",
            "a TXT record is never proxied",
            "proxied = false",
        );
        let address = self.content.as_deref().and_then(|text| text.parse().ok());
        found.unless(
            !address.is_some_and(is_local),
            "content",
            "Cloudflare's proxies do not reach an address that is private or of one machine only",
            "a public address, or proxied = false",
        );
        found.unless(
            name::depth(name, zone) <= 1,
            "name",
            format!("{name} is proxied and more than one level below {zone}: the edge certificate does not cover it"),
            "a name one level deep, or proxied = false",
        );
    }

    fn validate_content(&self, zone: &str) -> Result<(), (String, &'static str)> {
        let expected = match self.kind {
            RecordType::A => "an IPv4 address, or nothing for the server's address",
            RecordType::Aaaa => "an IPv6 address",
            RecordType::Cname => "the full name of another host",
            RecordType::Txt => "a text of 1 to 2048 bytes",
        };
        let Some(content) = self.content.as_deref() else {
            return if self.kind == RecordType::A {
                Ok(())
            } else {
                Err(("the content is missing".to_owned(), expected))
            };
        };
        let fine = match self.kind {
            RecordType::A => content.parse::<Ipv4Addr>().is_ok(),
            RecordType::Aaaa => content.parse::<Ipv6Addr>().is_ok(),
            RecordType::Cname => self.is_target(content, zone),
            RecordType::Txt => (1..=MAX_TEXT).contains(&content.len()),
        };
        let shown = printable(content.chars().take(60).collect::<String>());
        fine.then_some(())
            .ok_or_else(|| (format!("`{shown}` does not fit the type"), expected))
    }

    fn is_target(&self, content: &str, zone: &str) -> bool {
        let Ok(target) = name::full(content) else {
            return false;
        };
        let is_address = content.parse::<Ipv4Addr>().is_ok();
        let is_itself = canonical(&self.name, zone).is_ok_and(|own| own == target);
        target.contains('.') && !target.contains('*') && !is_address && !is_itself
    }
}

impl Certificate {
    fn validate(&self, zone: &str) -> Problems {
        let mut found = Problems::new();
        found.unless(
            (1..=MAX_HOSTNAMES).contains(&self.hostnames.len()),
            "hostnames",
            format!("there are {}", self.hostnames.len()),
            format!("1 to {MAX_HOSTNAMES} names"),
        );
        self.validate_hostnames(zone, &mut found);
        found.unless(
            VALIDITIES.contains(&self.validity_days),
            "validity_days",
            format!(
                "Cloudflare does not offer a validity of {} days",
                self.validity_days
            ),
            "7, 30, 90, 365, 730, 1095 or 5475",
        );
        found.unless(
            (1..self.validity_days).contains(&self.renew_before_days),
            "renew_before_days",
            format!(
                "a certificate of {} days can't be renewed {} days before its expiry",
                self.validity_days, self.renew_before_days
            ),
            "1 or more, fewer than validity_days",
        );
        found.unless(
            is_secret_name(&self.secret),
            "secret",
            format!(
                "`{}` is not a valid name of a secret",
                printable(&self.secret)
            ),
            "1 to 512 letters, digits, and /_+=.@-",
        );
        found
    }

    fn validate_hostnames(&self, zone: &str, found: &mut Problems) {
        let mut seen = BTreeSet::new();
        for (at, hostname) in self.hostnames.iter().enumerate() {
            let message = match name::full(hostname) {
                Err(error) => error.to_string(),
                Ok(full) if !name::is_in(&full, zone) => {
                    format!(
                        "`{hostname}` is not in the zone: Cloudflare signs names of its own zones only"
                    )
                }
                Ok(full) if !seen.insert(full.clone()) => format!("`{hostname}` is listed twice"),
                Ok(_) => continue,
            };
            let expected = format!("{zone}, or a full name below it, once");
            found.add(format!("hostnames[{at}]"), message, expected);
        }
    }
}

impl Limits {
    fn validate(&self) -> Problems {
        let mut found = Problems::new();
        found.unless(
            (1..=100).contains(&self.max_changed_percent),
            "max_changed_percent",
            format!("{} is not a valid percentage", self.max_changed_percent),
            "1 to 100",
        );
        found.unless(
            self.min_records > 0,
            "min_records",
            "0 is not a valid number of records",
            "1 or more",
        );
        found
    }
}

/// Checks the records of each name against each other.
fn validate_together(records: &[Record], zone: &str, found: &mut Problems) {
    let mut by_name: BTreeMap<String, Vec<(usize, &Record)>> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        if let Ok(name) = canonical(&record.name, zone) {
            by_name.entry(name).or_default().push((at, record));
        }
    }
    for (name, group) in &by_name {
        let mut seen = BTreeMap::new();
        for (at, record) in group {
            let Record { kind, content, .. } = record;
            let content = content.as_deref();
            let content = content.map(|text| canonical_content(*kind, text));
            let first = *seen.entry((kind, content)).or_insert(at);
            let is_host = |(_, other): &&(usize, &Record)| other.kind != RecordType::Txt;
            if first != at {
                found.add(
                    format!("records[{at}].name"),
                    format!("{name} has the same record at records[{first}]"),
                    "each record once",
                );
            } else if *kind == RecordType::Cname && group.iter().filter(is_host).count() > 1 {
                found.add(
                    format!("records[{at}].type"),
                    format!("{name} has a CNAME beside another CNAME or an address"),
                    "beside the CNAME only TXT records, or no CNAME",
                );
            }
        }
    }
}

fn validate_secrets(certificates: &[Certificate], found: &mut Problems) {
    let mut seen = BTreeMap::new();
    for (at, certificate) in certificates.iter().enumerate() {
        if let Some(first) = seen.insert(&certificate.secret, at) {
            found.add(
                format!("certificates[{at}].secret"),
                format!("certificates[{first}] has the same secret: one would overwrite the other"),
                "a secret for each certificate",
            );
        }
    }
}

/// Whether an address has no meaning outside of a network or a machine: Cloudflare refuses to proxy it (9003).
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => {
            it.is_private()
                || it.is_loopback()
                || it.is_link_local()
                || it.is_unspecified()
                || it.is_broadcast()
                || it.is_multicast()
        }
        IpAddr::V6(it) => {
            it.is_unique_local()
                || it.is_loopback()
                || it.is_unicast_link_local()
                || it.is_unspecified()
                || it.is_multicast()
        }
    }
}

fn is_secret_name(text: &str) -> bool {
    (1..=512).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b))
}
