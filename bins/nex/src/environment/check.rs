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
    let zone = format!(".{}", spec.dns.zone);
    let hosts = spec.gitlab.hosts();
    for (field, host) in [
        ("gitlab.url", hosts.web),
        ("gitlab.registry_url", hosts.registry),
        ("gitlab.ssh_host", hosts.ssh),
    ] {
        problems.unless(
            host.ends_with(&zone) || host == spec.dns.zone,
            field,
            format!("{host} is not in the zone {}", spec.dns.zone),
            format!("a name that ends with {zone}"),
        );
    }
    problems
}

/// The hazards of all sections; with `facts`, also those that only the cloud shows.
pub fn hazards(spec: &Spec, facts: Option<&Facts>) -> Vec<Verdict> {
    let under = |section: &'static str| move |verdict: Verdict| verdict.under(section);
    let hosts = spec.gitlab.hosts();
    let web_proxied = spec.dns.records.iter().any(|record| {
        let name = nex_dns::canonical(&record.name, &spec.dns.zone);
        record.proxied && name.is_ok_and(|name| name == hosts.web)
    });
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
    found.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.cmp(b)));
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
