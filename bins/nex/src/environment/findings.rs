//! The findings of all sections, and the findings about the environment as a whole.

use nex_dns::spec::Hosts;
use nex_gitlab::WebAccess;
use nex_infra::Facts;
use nex_infra::spec::CLOUDFLARE;
use nex_plan::{Finding, Severity, sort_findings};

use super::{Hosting, Spec, hosts};

/// All findings about a spec, the most severe first.
pub fn findings(spec: &Spec) -> Vec<Finding> {
    let mut found = vec![];
    if let Some(hosting) = &spec.hosting {
        found.extend(hosting_findings(spec, hosting));
    }
    if let Some(dns) = &spec.dns {
        found.extend(under("dns", dns.warnings(zone_hosts(spec))));
    }
    sort_findings(&mut found);
    found
}

fn hosting_findings(spec: &Spec, hosting: &Hosting) -> Vec<Finding> {
    let hosts = match &spec.dns {
        Some(dns) => host_warnings(spec, dns, &hosting.gitlab),
        None => without_zone(spec, hosting),
    };
    under("aws", hosting.aws.warnings())
        .chain(under(
            "gitlab",
            hosting.gitlab.warnings(web_access(spec, hosting)),
        ))
        .chain(under("runner", runner_warnings(hosting)))
        .chain(hosts)
        .collect()
}

/// How visitors reach GitLab: the records of its host say so, or else the networks that the server lets in.
fn web_access(spec: &Spec, hosting: &Hosting) -> WebAccess {
    let is_proxied = match &spec.dns {
        Some(dns) => {
            let answering = dns.answering(hosting.gitlab.hosts().web);
            answering.iter().any(|named| named.record.proxied)
        }
        None => hosting.aws.uses_edge_networks(),
    };
    match is_proxied {
        true => WebAccess::Proxied,
        false => WebAccess::Direct,
    }
}

/// The hosts in the zone that matter to its warnings.
fn zone_hosts(spec: &Spec) -> Hosts<'_> {
    let hosts = spec.hosting.as_ref().map(|hosting| hosting.gitlab.hosts());
    hosts.map_or_else(Hosts::default, |hosts| Hosts {
        registry_host: Some(hosts.registry),
        ssh_host: Some(hosts.ssh),
    })
}

fn under(section: &str, findings: Vec<Finding>) -> impl Iterator<Item = Finding> {
    findings
        .into_iter()
        .map(move |finding| finding.under(section))
}

/// The findings about a spec that stop every plan.
pub(crate) fn denials(spec: &Spec) -> Vec<Finding> {
    let mut findings = findings(spec);
    findings.retain(|finding| finding.severity == Severity::Deny);
    findings
}

/// The findings of a plan that are not about its steps: those that stop every plan, and those that need facts from AWS.
/// `nex check` shows the others.
pub(crate) fn plan_findings(spec: &Spec, hosting: &Hosting, facts: &Facts) -> Vec<Finding> {
    let mut found = denials(spec);
    let version = facts.database.major();
    let database = version.and_then(|major| hosting.gitlab.database_warning(major));
    found.extend(database.map(|finding| finding.under("gitlab")));
    found
}

/// Each host needs a record, and a certificate that covers its name.
fn host_warnings(spec: &Spec, dns: &nex_dns::Spec, gitlab: &nex_gitlab::Spec) -> Vec<Finding> {
    let mut found = vec![];
    for (field, host) in hosts(gitlab) {
        if dns.answering(host).is_empty() {
            found.push(Finding::warning(
                "host-without-record",
                field,
                format!(
                    "no record of [dns] answers for {host}: the host can't be found unless someone else manages its name"
                ),
                "a [[dns.records]] of this name; without content, the record points at the server",
            ));
        }
    }
    if dns.certificates.is_empty() {
        let secret = spec.names().secrets().origin_certificate;
        found.push(Finding::warning(
            "origin-certificate-not-issued",
            "dns.certificates",
            format!(
                "[dns] asks for no certificate: at its first start, the server waits an hour for one in the secret {secret}"
            ),
            "a [[dns.certificates]]; or JSON with `certificate` and `key` (PEM) in that secret",
        ));
        return found;
    }
    let ssh = gitlab.hosts().ssh;
    for (field, host) in hosts(gitlab) {
        if host != ssh && !dns.certifies(host) {
            found.push(Finding::warning(
                "origin-certificate-lacks-host",
                field,
                format!(
                    "the origin certificate does not cover {host}: with ssl = \"strict\" Cloudflare answers 526"
                ),
                format!("{host} among dns.certificates[0].hostnames"),
            ));
        }
    }
    found
}

/// What others must do if nex manages no zone.
fn without_zone(spec: &Spec, hosting: &Hosting) -> Vec<Finding> {
    let secret = spec.names().secrets().origin_certificate;
    let mut found = vec![Finding::warning(
        "origin-certificate-not-issued",
        "gitlab.url",
        format!(
            "the environment has no [dns], so nex issues no certificate: at its first start, the server waits an hour \
             for one in the secret {secret}"
        ),
        format!(
            "JSON with `certificate` and `key` (PEM) in that secret, for {} and {}; or a section [dns] with a \
             [[dns.certificates]]",
            hosting.gitlab.hosts().web,
            hosting.gitlab.hosts().registry
        ),
    )];
    if hosting.aws.server.web_from == [CLOUDFLARE] {
        found.push(Finding::warning(
            "proxied-by-others",
            "aws.server.web_from",
            "the server lets in Cloudflare's proxies only, and the environment has no [dns]: a visitor reaches GitLab \
             only if someone else has its names at Cloudflare, proxied",
            "the networks of the visitors if no proxy is in between; or a section [dns]",
        ));
    }
    found
}

/// Jobs must fit on the smallest host that the fleet may get.
fn runner_warnings(hosting: &Hosting) -> Vec<Finding> {
    let types = hosting.aws.fleet.iter().flat_map(|f| &f.instance_types);
    let sizes = types.filter_map(|t| nex_infra::spec::HostSize::of(t));
    let smallest = sizes.min_by_key(|size| (size.memory_mib, size.vcpus));
    smallest.map_or_else(Vec::new, |size| {
        hosting.runner.warnings(nex_runner::HostSize {
            vcpus: size.vcpus,
            memory_mib: size.memory_mib.into(),
        })
    })
}
