//! Problems between sections that are valid on their own.

use nex_dns::name::{canonical, canonical_zone};
use nex_plan::{Problems, SecretRef};

use super::{Spec, hosts, points_at_server};

/// The problems between sections.
pub(super) fn between_sections(spec: &Spec) -> Problems {
    let mut problems = Problems::new();
    if let Some(hosting) = &spec.hosting {
        mail_secret(spec, &hosting.gitlab, &mut problems);
    }
    match (&spec.hosting, &spec.dns) {
        (Some(hosting), Some(dns)) => {
            certificate_secrets(spec, dns, &mut problems);
            hosts_in_zone(dns, &hosting.gitlab, &mut problems);
        }
        (None, Some(dns)) => zone_alone(dns, &mut problems),
        (_, None) => {}
    }
    problems
}

fn mail_secret(spec: &Spec, gitlab: &nex_gitlab::Spec, problems: &mut Problems) {
    let readable = spec.names().secret("gitlab", "");
    if let Some(mail) = &gitlab.mail
        && let SecretRef::SecretsManager(name) = &mail.password
    {
        problems.unless(
            name.starts_with(&readable),
            "gitlab.mail.password",
            format!("the server's role can't read the secret {name}"),
            format!("aws-secretsmanager:{readable}..., or a reference of another kind"),
        );
    }
}

fn certificate_secrets(spec: &Spec, dns: &nex_dns::Spec, problems: &mut Problems) {
    let expected = spec.names().secrets().origin_certificate;
    for (n, certificate) in dns.certificates.iter().enumerate() {
        problems.unless(
            certificate.secret == expected,
            format!("dns.certificates[{n}].secret"),
            format!("the server reads its certificate from {expected}"),
            expected.clone(),
        );
    }
}

fn hosts_in_zone(dns: &nex_dns::Spec, gitlab: &nex_gitlab::Spec, problems: &mut Problems) {
    // The zone's own section reports an invalid name of the zone.
    let Ok(zone) = canonical_zone(&dns.zone) else {
        return;
    };
    for (field, host) in hosts(gitlab) {
        problems.unless(
            canonical(&format!("{host}."), &zone).is_ok(),
            field,
            format!("{host} is not in the zone {zone}"),
            format!("{zone}, or a name that ends with .{zone}"),
        );
    }
}

/// A zone alone has no server to point at, and no place for a secret.
fn zone_alone(dns: &nex_dns::Spec, problems: &mut Problems) {
    for (n, record) in dns.records.iter().enumerate() {
        problems.unless(
            !points_at_server(record),
            format!("dns.records[{n}]"),
            "a record without content points at the server, and the environment has no [aws]",
            "content = \"...\", an IPv4 address",
        );
    }
    problems.unless(
        dns.certificates.is_empty(),
        "dns.certificates",
        "certificates are stored in AWS Secrets Manager, and the environment has no [aws]",
        "no certificates, or a section [aws]",
    );
    problems.unless(
        !matches!(dns.token, SecretRef::SecretsManager(_)),
        "dns.token",
        "the environment has no [aws], so that no Region is known for AWS Secrets Manager",
        "env:NAME, file:PATH or doppler:PROJECT/CONFIG/NAME",
    );
}
