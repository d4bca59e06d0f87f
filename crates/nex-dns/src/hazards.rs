//! Values that stand, but that whoever chose them should know more about; and SSH behind the proxy, which is refused.

use nex_plan::{Level, Verdict};

use crate::name::{self, canonical, canonical_zone};
use crate::spec::{Record, Settings, Spec, Ssl, SslAutomaticMode, ZonePlan};

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
        let Ok(zone) = canonical_zone(&self.zone) else {
            return found;
        };
        let names = |host: Option<&str>| host.and_then(|host| name::full(host).ok());
        let (registry, ssh) = (names(hosts.registry_host), names(hosts.ssh_host));
        for (at, record) in self.records.iter().enumerate() {
            let Ok(name) = canonical(&record.name, &zone) else {
                continue;
            };
            if ssh.as_ref() == Some(&name) && record.proxied {
                found.push(ssh_proxied(at, &name));
            }
            if registry.as_ref() == Some(&name) {
                found.extend(self.registry_body_limit(at, &name, record));
                found.extend(self.registry_untrusted(at, &name, record));
            }
        }
        found.extend(self.settings.hazards());
        found
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
        let covered = self
            .certificates
            .iter()
            .flat_map(|certificate| &certificate.hostnames)
            .filter_map(|hostname| name::full(hostname).ok())
            .any(|pattern| name::covers(&pattern, name));
        (covered && !record.proxied).then(|| {
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
    fn hazards(&self) -> Vec<Verdict> {
        let mut found = Vec::new();
        let unverified = match self.ssl {
            Ssl::Off => Some("`off` leaves visitors and the origin without encryption"),
            Ssl::Flexible => Some("`flexible` leaves the way to the origin without encryption"),
            Ssl::Full => {
                Some("`full` takes any certificate, so anyone on the way can be the origin")
            }
            Ssl::Strict => None,
        };
        if let Some(message) = unverified {
            found.push(Verdict::warning(
                "origin-unverified",
                "settings.ssl",
                message,
                "ssl = \"strict\" with an Origin CA certificate",
            ));
        }
        if self.ssl_automatic_mode == SslAutomaticMode::Auto {
            found.push(Verdict::warning(
                "ssl-changes-itself",
                "settings.ssl_automatic_mode",
                "`auto` lets Cloudflare change settings.ssl by itself",
                "ssl_automatic_mode = \"custom\"",
            ));
        }
        found
    }
}

fn ssh_proxied(at: usize, name: &str) -> Verdict {
    Verdict::new(
        Level::Refusal,
        "ssh-proxied",
        format!("records[{at}].proxied"),
        format!(
            "{name} serves SSH, and the proxy carries HTTP and HTTPS only: no connection would get through"
        ),
        "proxied = false",
    )
}
