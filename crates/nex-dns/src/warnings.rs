//! Warnings about valid but risky values; and SSH behind the proxy, which is refused.

use std::collections::BTreeSet;

use nex_plan::{Finding, Severity, Subject};

use crate::spec::{Record, RecordType, Settings, Spec, Ssl, SslAutomaticMode, ZonePlan};

/// Hosts with a special use, by their full names: the zone's spec does not say what a host is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hosts<'a> {
    /// The container registry, whose uploads are large.
    pub registry_host: Option<&'a str>,
    /// Where SSH is served.
    pub ssh_host: Option<&'a str>,
}

impl Spec {
    /// Warnings about the records and settings. Only SSH behind the proxy is a [`Severity::Deny`].
    pub fn warnings(&self, hosts: Hosts<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(host) = hosts.ssh_host {
            let proxied = |(_, record): &(usize, &Record)| record.proxied;
            let of_host = self.answering(host).into_iter().filter(proxied);
            found.extend(of_host.map(|(at, record)| ssh_proxied(at, host, record)));
        }
        if let Some(host) = hosts.registry_host {
            for (at, record) in self.answering(host) {
                found.extend(self.registry_body_limit(at, host, record));
                found.extend(self.registry_untrusted(at, host, record));
            }
        }
        found.extend(self.half_proxied());
        let proxied = self.records.iter().any(|record| record.proxied);
        found.extend(self.settings.warnings(proxied));
        found
    }

    /// Cloudflare proxies names, not records (<https://developers.cloudflare.com/dns/proxy-status/>).
    fn half_proxied(&self) -> Vec<Finding> {
        let proxied = self.named().into_iter();
        let proxied: BTreeSet<String> = proxied
            .filter(|(_, _, record)| record.proxied)
            .map(|(_, name, _)| name)
            .collect();
        let is_address = |record: &Record| matches!(record.kind, RecordType::A | RecordType::Aaaa);
        let beside = self.named().into_iter().filter(|(_, name, record)| {
            is_address(record) && !record.proxied && proxied.contains(name)
        });
        let warning = |(at, name, _): (usize, String, &Record)| {
            Finding::warning(
                "half-proxied",
                format!("records[{at}].proxied"),
                format!(
                    "{name} has a proxied address too, so Cloudflare answers for this one by its proxies as well"
                ),
                "proxied = true for all addresses of a name, or for none",
            )
        };
        beside.map(warning).collect()
    }

    fn registry_body_limit(&self, at: usize, name: &str, record: &Record) -> Option<Finding> {
        let megabytes = match self.plan {
            ZonePlan::Free | ZonePlan::Pro => 100,
            ZonePlan::Business => 200,
            ZonePlan::Enterprise => 500,
        };
        record.proxied.then(|| {
            Finding::warning(
                "registry-body-limit",
                format!("records[{at}].proxied"),
                format!(
                    "{name} is a container registry behind the proxy, which refuses bodies above {megabytes} MB on \
                     this plan (413): larger image layers never push"
                ),
                "proxied = false and a publicly trusted certificate for the registry; or another way in for runners",
            )
        })
    }

    fn registry_untrusted(&self, at: usize, name: &str, record: &Record) -> Option<Finding> {
        (self.certifies(name) && !record.proxied).then(|| {
            Finding::warning(
                "origin-certificate-untrusted",
                format!("records[{at}].proxied"),
                format!(
                    "{name} is DNS only, so clients see the origin's own certificate: an Origin CA certificate is \
                     trusted by Cloudflare's proxies only"
                ),
                "a publicly trusted certificate for this host; or proxied = true",
            )
        })
    }
}

impl Settings {
    fn warnings(&self, proxied: bool) -> Vec<Finding> {
        let mut found = Vec::new();
        let unverified = match self.ssl {
            None if proxied => {
                Some("ssl is not set: how Cloudflare reaches the origin stays as the zone has it")
            }
            None => None,
            Some(Ssl::Off) => Some("`off` leaves visitors and the origin without encryption"),
            Some(Ssl::Flexible) => {
                Some("`flexible` leaves the way to the origin without encryption")
            }
            Some(Ssl::Full) => {
                Some("`full` accepts any certificate, so anyone on the way can pose as the origin")
            }
            Some(Ssl::Strict) => None,
        };
        if let Some(message) = unverified {
            found.push(Finding::warning(
                "origin-unverified",
                "settings.ssl",
                message,
                "ssl = \"strict\" with an Origin CA certificate",
            ));
        }
        let changes_itself = match self.ssl_automatic_mode {
            None if self.ssl.is_some() => Some(
                "not named, it may be `auto`, which lets Cloudflare change settings.ssl by itself",
            ),
            Some(SslAutomaticMode::Auto) => {
                Some("`auto` lets Cloudflare change settings.ssl by itself")
            }
            None | Some(SslAutomaticMode::Custom) => None,
        };
        if let Some(message) = changes_itself {
            found.push(Finding::warning(
                "ssl-changes-itself",
                "settings.ssl_automatic_mode",
                message,
                "ssl_automatic_mode = \"custom\"",
            ));
        }
        found
    }
}

fn ssh_proxied(at: usize, host: &str, record: &Record) -> Finding {
    // A wildcard answers for other names too, and those may need the proxy.
    let remedy = if record.name.starts_with('*') {
        "a record of the host's own, with proxied = false"
    } else {
        "proxied = false"
    };
    Finding::new(
        Severity::Deny,
        "ssh-proxied",
        Subject::field(format!("records[{at}].proxied")),
        format!(
            "{host} serves SSH, and the proxy carries HTTP and HTTPS only: no connection would get through"
        ),
        remedy,
    )
}
