//! What only the whole of an environment shows: sections that do not fit each other, and all hazards together.

use nex_infra::{Facts, Layout};
use nex_plan::{Problems, SecretRef, Verdict};

use super::Spec;

/// What is wrong between sections.
pub(super) fn between_sections(spec: &Spec) -> Problems {
    let mut problems = Problems::new();
    let names = spec.names();
    let layout = Layout::new(&spec.aws, &names);
    let readable = names.secret("gitlab", "");
    if let Some(mail) = &spec.gitlab.mail
        && let SecretRef::SecretsManager(name) = &mail.password
    {
        problems.unless(
            name.starts_with(&readable),
            "gitlab.mail.password",
            format!("the server's role can't read the secret {name}"),
            format!("aws-secretsmanager:{readable}..., or a reference of another kind"),
        );
    }
    for (n, certificate) in spec.dns.certificates.iter().enumerate() {
        problems.unless(
            certificate.secret == layout.origin_certificate,
            format!("dns.certificates[{n}].secret"),
            format!(
                "the server looks for its certificate in {}",
                layout.origin_certificate
            ),
            layout.origin_certificate.clone(),
        );
    }
    // What is wrong with the zone's own name is said of its section.
    if let Ok(zone) = nex_dns::canonical_zone(&spec.dns.zone) {
        for (field, host) in hosts(spec) {
            problems.unless(
                nex_dns::canonical(&format!("{host}."), &zone).is_ok(),
                field,
                format!("{host} is not in the zone {zone}"),
                format!("{zone}, or a name that ends with .{zone}"),
            );
        }
    }
    problems
}

/// The names that people use, by the fields that give them.
fn hosts(spec: &Spec) -> [(&'static str, &str); 3] {
    let hosts = spec.gitlab.hosts();
    [
        ("gitlab.url", hosts.web),
        ("gitlab.registry_url", hosts.registry),
        ("gitlab.ssh_host", hosts.ssh),
    ]
}

/// The hazards of all sections; with `facts`, also those that only the cloud shows.
pub fn hazards(spec: &Spec, facts: Option<&Facts>) -> Vec<Verdict> {
    let under = |section: &'static str| move |verdict: Verdict| verdict.under(section);
    let hosts = spec.gitlab.hosts();
    let answering = spec.dns.answering(hosts.web);
    let web_proxied = answering.iter().any(|(_, record)| record.proxied);
    let gitlab = spec.gitlab.hazards(nex_gitlab::Facts {
        database_version: facts.and_then(|f| f.database.major()),
        web_proxied,
    });
    let dns = spec.dns.hazards(nex_dns::Hosts {
        registry_host: Some(hosts.registry),
        ssh_host: Some(hosts.ssh),
    });
    let mut found: Vec<Verdict> = vec![];
    found.extend(spec.aws.hazards().into_iter().map(under("aws")));
    found.extend(gitlab.into_iter().map(under("gitlab")));
    found.extend(runner_hazards(spec).into_iter().map(under("runner")));
    found.extend(dns.into_iter().map(under("dns")));
    found.extend(host_hazards(spec));
    found.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.cmp(b)));
    found
}

/// Who asks for a host must find it, and be shown a certificate for it.
fn host_hazards(spec: &Spec) -> Vec<Verdict> {
    let mut found = vec![];
    for (field, host) in hosts(spec) {
        if spec.dns.answering(host).is_empty() {
            found.push(Verdict::warning(
                "host-without-record",
                field,
                format!("no record of [dns] answers for {host}: nobody finds it, unless others keep its name"),
                "a [[dns.records]] of this name; without content it points at the server",
            ));
        }
    }
    if spec.dns.certificates.is_empty() {
        found.push(Verdict::warning(
            "origin-certificate-not-issued",
            "dns.certificates",
            format!(
                "none is asked for: at its first start the server waits an hour for somebody to put one into the secret {}",
                Layout::new(&spec.aws, &spec.names()).origin_certificate
            ),
            "a [[dns.certificates]]; or JSON with `certificate` and `key` (PEM) in that secret",
        ));
        return found;
    }
    let ssh = spec.gitlab.hosts().ssh;
    for (field, host) in hosts(spec) {
        if host != ssh && !spec.dns.certifies(host) {
            found.push(Verdict::warning(
                "origin-certificate-lacks-host",
                field,
                format!("the origin certificate is not for {host}: with ssl = \"strict\" Cloudflare answers 526"),
                format!("{host} among dns.certificates[0].hostnames"),
            ));
        }
    }
    found
}

/// Jobs must fit the smallest host that the fleet may get.
fn runner_hazards(spec: &Spec) -> Vec<Verdict> {
    let types = spec.aws.fleet.iter().flat_map(|f| &f.instance_types);
    let sizes = types.filter_map(|t| nex_infra::spec::HostSize::of(t));
    let smallest = sizes.min_by_key(|size| (size.memory_mib, size.vcpus));
    smallest.map_or_else(Vec::new, |size| {
        spec.runner.hazards(nex_runner::HostSize {
            vcpus: size.vcpus,
            memory_mib: size.memory_mib.into(),
        })
    })
}
