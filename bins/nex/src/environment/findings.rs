//! The findings of all sections, and the findings about the environment as a whole.

use nex_dns::spec::Hosts;
use nex_gitlab::WebAccess;
use nex_infra::Facts;
use nex_plan::{Finding, Severity, sort_findings};

use super::{Hosting, Spec, hosts};

/// All findings about a spec, the most severe first.
pub fn findings(spec: &Spec) -> Vec<Finding> {
    let mut found = match &spec.hosting {
        Some(hosting) => hosting_findings(spec, hosting),
        None => under("dns", spec.dns.warnings(Hosts::default())).collect(),
    };
    sort_findings(&mut found);
    found
}

fn hosting_findings(spec: &Spec, hosting: &Hosting) -> Vec<Finding> {
    let hosts = hosting.gitlab.hosts();
    let answering = spec.dns.answering(hosts.web);
    let web = if answering.iter().any(|named| named.record.proxied) {
        WebAccess::Proxied
    } else {
        WebAccess::Direct
    };
    let zone_hosts = Hosts {
        registry_host: Some(hosts.registry),
        ssh_host: Some(hosts.ssh),
    };
    under("aws", hosting.aws.warnings())
        .chain(under("gitlab", hosting.gitlab.warnings(web)))
        .chain(under("runner", runner_warnings(hosting)))
        .chain(under("dns", spec.dns.warnings(zone_hosts)))
        .chain(host_warnings(spec, &hosting.gitlab))
        .collect()
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
fn host_warnings(spec: &Spec, gitlab: &nex_gitlab::Spec) -> Vec<Finding> {
    let mut found = vec![];
    for (field, host) in hosts(gitlab) {
        if spec.dns.answering(host).is_empty() {
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
    if spec.dns.certificates.is_empty() {
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
        if host != ssh && !spec.dns.certifies(host) {
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
