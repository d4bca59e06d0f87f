//! Warnings about valid but risky values. SSH behind the proxy is refused.

use std::collections::BTreeSet;

use nex_plan::{Finding, Severity, Subject};

use crate::resolve::NamedRecord;
use crate::spec::{Record, RecordType, Settings, Spec, Ssl, SslAutomaticMode, ZonePlan};

/// Hosts with a special use, by their full names. The zone's spec does not say what a host is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hosts<'a> {
    /// The container registry, which gets large uploads.
    pub registry_host: Option<&'a str>,
    /// Where SSH is served.
    pub ssh_host: Option<&'a str>,
}

impl Spec {
    /// Warnings about the records and settings. Only SSH behind the proxy is a [`Severity::Deny`].
    pub fn warnings(&self, hosts: Hosts<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(host) = hosts.ssh_host {
            let of_host = self.answering(host).into_iter();
            let proxied = of_host.filter(|named| named.record.proxied);
            found.extend(proxied.map(|named| ssh_proxied(host, &named)));
        }
        if let Some(host) = hosts.registry_host {
            for named in self.answering(host) {
                found.extend(self.registry_body_limit(host, &named));
                found.extend(self.registry_untrusted(host, &named));
            }
        }
        found.extend(self.half_proxied());
        let proxied = self.records.iter().any(|record| record.proxied);
        found.extend(self.settings.warnings(proxied));
        found
    }

    /// Cloudflare proxies names, not records (<https://developers.cloudflare.com/dns/proxy-status/>).
    fn half_proxied(&self) -> Vec<Finding> {
        let named = self.named();
        let proxied = named.iter().filter(|named| named.record.proxied);
        let proxied: BTreeSet<&str> = proxied.map(|named| named.name.as_str()).collect();
        let is_address = |record: &Record| matches!(record.kind, RecordType::A | RecordType::Aaaa);
        let beside = named.iter().filter(|named| {
            let NamedRecord { name, record, .. } = named;
            is_address(record) && !record.proxied && proxied.contains(name.as_str())
        });
        let warning = |named: &NamedRecord<'_>| {
            Finding::warning(
                "half-proxied",
                named.proxied_path(),
                format!(
                    "{} has a proxied address too, so Cloudflare's proxies answer for this address as well",
                    named.name
                ),
                "proxied = true for all addresses of a name, or for none",
            )
        };
        beside.map(warning).collect()
    }

    fn registry_body_limit(&self, host: &str, named: &NamedRecord<'_>) -> Option<Finding> {
        let megabytes = match self.plan {
            ZonePlan::Free | ZonePlan::Pro => 100,
            ZonePlan::Business => 200,
            ZonePlan::Enterprise => 500,
        };
        named.record.proxied.then(|| {
            Finding::warning(
                "registry-body-limit",
                named.proxied_path(),
                format!(
                    "{host} is a container registry behind the proxy, which refuses bodies above {megabytes} MB on \
                     this plan (413): larger image layers never push"
                ),
                "proxied = false and a publicly trusted certificate for the registry; or another way in for runners",
            )
        })
    }

    fn registry_untrusted(&self, host: &str, named: &NamedRecord<'_>) -> Option<Finding> {
        (self.certifies(host) && !named.record.proxied).then(|| {
            Finding::warning(
                "origin-certificate-untrusted",
                named.proxied_path(),
                format!(
                    "{host} is DNS only, so clients see the origin's own certificate: an Origin CA certificate is \
                     trusted by Cloudflare's proxies only"
                ),
                "a publicly trusted certificate for this host; or proxied = true",
            )
        })
    }
}

impl Settings {
    fn warnings(&self, proxied: bool) -> Vec<Finding> {
        let found = [self.unverified(proxied), self.changes_itself()];
        found.into_iter().flatten().collect()
    }

    fn unverified(&self, proxied: bool) -> Option<Finding> {
        let message = match self.ssl {
            None if proxied => {
                "ssl is not set: how Cloudflare reaches the origin stays as the zone has it"
            }
            Some(Ssl::Off) => "`off` leaves all traffic unencrypted",
            Some(Ssl::Flexible) => "`flexible` leaves the traffic to the origin unencrypted",
            Some(Ssl::Full) => {
                "`full` accepts any certificate, so anyone on the network path can pose as the origin"
            }
            None | Some(Ssl::Strict) => return None,
        };
        Some(Finding::warning(
            "origin-unverified",
            "settings.ssl",
            message,
            "ssl = \"strict\" with an Origin CA certificate",
        ))
    }

    fn changes_itself(&self) -> Option<Finding> {
        let message = match self.ssl_automatic_mode {
            None if self.ssl.is_some() => {
                "ssl_automatic_mode is not set: it may be `auto`, which lets Cloudflare change settings.ssl by itself"
            }
            Some(SslAutomaticMode::Auto) => "`auto` lets Cloudflare change settings.ssl by itself",
            None | Some(SslAutomaticMode::Custom) => return None,
        };
        Some(Finding::warning(
            "ssl-changes-itself",
            "settings.ssl_automatic_mode",
            message,
            "ssl_automatic_mode = \"custom\"",
        ))
    }
}

fn ssh_proxied(host: &str, named: &NamedRecord<'_>) -> Finding {
    // A wildcard answers for other names too, and those may need the proxy.
    let remedy = if named.name.starts_with('*') {
        "a record of the host's own, with proxied = false"
    } else {
        "proxied = false"
    };
    Finding::new(
        Severity::Deny,
        "ssh-proxied",
        Subject::field(named.proxied_path()),
        format!(
            "{host} serves SSH, and the proxy carries HTTP and HTTPS only: no connection would get through"
        ),
        remedy,
    )
}
