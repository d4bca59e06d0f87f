//! `/etc/nex/server.conf`: the names and addresses that the server's scripts need, as shell variables.

use crate::inputs::Inputs;
use crate::quote::shell;
use crate::spec::Spec;

pub(crate) fn render(spec: &Spec, inputs: &Inputs) -> String {
    let Inputs {
        environment,
        region,
        database_host,
        database_port,
        backups_bucket,
        backups_prefix,
        secrets,
        registry_bucket: _,
        edge_networks: _,
        log_groups: _,
    } = inputs;
    let mail_password = spec.mail.as_ref().and(secrets.mail_password.as_deref());
    let settings = [
        ("ENVIRONMENT", environment.as_str()),
        ("REGION", region),
        ("GITLAB_PACKAGE", &spec.version.package()),
        ("WEB_HOST", spec.hosts().web),
        ("DATABASE_HOST", database_host),
        ("DATABASE_PORT", &database_port.to_string()),
        ("DATABASE_NAME", &spec.database.name),
        ("DATABASE_USER", &spec.database.user),
        ("DATABASE_SSLMODE", &spec.database.sslmode.to_string()),
        ("DATABASE_PASSWORD_SECRET", &secrets.database_password),
        ("ROOT_PASSWORD_SECRET", &secrets.root_password),
        ("MAIL_PASSWORD_SECRET", mail_password.unwrap_or_default()),
        ("ORIGIN_CERTIFICATE_SECRET", &secrets.origin_certificate),
        ("BACKUPS_BUCKET", backups_bucket),
        ("BACKUPS_PREFIX", &key_prefix(backups_prefix)),
    ];
    let lines = settings.map(|(name, value)| format!("{name}={}\n", shell(value)));
    format!(
        "# Written by nex. Holds the names of secrets, never their values.\n{}",
        lines.concat()
    )
}

/// The prefix with a trailing slash, so that a key can follow; empty if there is no prefix.
fn key_prefix(prefix: &str) -> String {
    if prefix.is_empty() || prefix.ends_with('/') {
        prefix.to_owned()
    } else {
        format!("{prefix}/")
    }
}
