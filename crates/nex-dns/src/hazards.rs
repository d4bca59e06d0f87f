//! Values that stand, but that whoever chose them should know more about; and SSH behind the proxy, which is refused.

use std::collections::BTreeSet;

use nex_plan::{Level, Verdict};

use crate::spec::{Record, RecordKind, Settings, Spec, Ssl, SslAutomaticMode, ZonePlan};

/// The hosts whose use the zone cannot know; full names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hosts<'a> {
    /// The container registry, whose uploads are large.
    pub registry_host: Option<&'a str>,
    /// Where SSH is served.
    pub ssh_host: Option<&'a str>,
}

impl Spec {
    /// The hazards of these records and settings. [`Level::Refusal`] is among them only for SSH behind the proxy.
    pub fn hazards(&self, hosts: Hosts<'_>) -> Vec<Verdict> {
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
        found.extend(self.settings.hazards(proxied));
        found
    }

    /// Cloudflare proxies names, not records (<https://developers.cloudflare.com/dns/proxy-status/>).
    fn half_proxied(&self) -> Vec<Verdict> {
        let proxied = self.named().into_iter();
        let proxied: BTreeSet<String> = proxied
            .filter(|(_, _, record)| record.proxied)
            .map(|(_, name, _)| name)
            .collect();
        let is_address = |record: &Record| matches!(record.kind, RecordKind::A | RecordKind::Aaaa);
        let beside = self.named().into_iter().filter(|(_, name, record)| {
            is_address(record) && !record.proxied && proxied.contains(name)
        });
        let warning = |(at, name, _): (usize, String, &Record)| {
            Verdict::warning(
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

    fn registry_body_limit(&self, at: usize, name: &str, record: &Record) -> Option<Verdict> {
        let megabytes = match self.plan {
            ZonePlan::Free | ZonePlan::Pro => 100,
            ZonePlan::Business => 200,
            ZonePlan::Enterprise => 500,
        };
        record.proxied.then(|| {
            Verdict::warning(
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

    fn registry_untrusted(&self, at: usize, name: &str, record: &Record) -> Option<Verdict> {
        (self.certifies(name) && !record.proxied).then(|| {
            Verdict::warning(
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
    fn hazards(&self, proxied: bool) -> Vec<Verdict> {
        let mut found = Vec::new();
        let unverified = match self.ssl {
            None if proxied => {
                Some("nothing says how Cloudflare reaches the origin: it stays as the zone has it")
            }
            None => None,
            Some(Ssl::Off) => Some("`off` leaves visitors and the origin without encryption"),
            Some(Ssl::Flexible) => {
                Some("`flexible` leaves the way to the origin without encryption")
            }
            Some(Ssl::Full) => {
                Some("`full` takes any certificate, so anyone on the way can be the origin")
            }
            Some(Ssl::Strict) => None,
        };
        if let Some(message) = unverified {
            found.push(Verdict::warning(
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
            found.push(Verdict::warning(
                "ssl-changes-itself",
                "settings.ssl_automatic_mode",
                message,
                "ssl_automatic_mode = \"custom\"",
            ));
        }
        found
    }
}

fn ssh_proxied(at: usize, host: &str, record: &Record) -> Verdict {
    // A wildcard answers for other names too, which may well want the proxy.
    let hint = if record.name.starts_with('*') {
        "a record of the host's own, with proxied = false"
    } else {
        "proxied = false"
    };
    Verdict::new(
        Level::Refusal,
        "ssh-proxied",
        format!("records[{at}].proxied"),
        format!(
            "{host} serves SSH, and the proxy carries HTTP and HTTPS only: no connection would get through"
        ),
        hint,
    )
}
