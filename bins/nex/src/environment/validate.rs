//! Problems between sections that are valid on their own.

use nex_dns::name::{canonical, canonical_zone};
use nex_plan::{Problems, SecretRef};

use super::{Spec, hosts};

/// The problems between sections.
pub(super) fn between_sections(spec: &Spec) -> Problems {
    let mut problems = Problems::new();
    mail_secret(spec, &mut problems);
    certificate_secrets(spec, &mut problems);
    hosts_in_zone(spec, &mut problems);
    problems
}

fn mail_secret(spec: &Spec, problems: &mut Problems) {
    let readable = spec.names().secret("gitlab", "");
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
}

fn certificate_secrets(spec: &Spec, problems: &mut Problems) {
    let expected = spec.names().secrets().origin_certificate;
    for (n, certificate) in spec.dns.certificates.iter().enumerate() {
        problems.unless(
            certificate.secret == expected,
            format!("dns.certificates[{n}].secret"),
            format!("the server reads its certificate from {expected}"),
            expected.clone(),
        );
    }
}

fn hosts_in_zone(spec: &Spec, problems: &mut Problems) {
    // The zone's own section reports an invalid name of the zone.
    let Ok(zone) = canonical_zone(&spec.dns.zone) else {
        return;
    };
    for (field, host) in hosts(spec) {
        problems.unless(
            canonical(&format!("{host}."), &zone).is_ok(),
            field,
            format!("{host} is not in the zone {zone}"),
            format!("{zone}, or a name that ends with .{zone}"),
        );
    }
}
