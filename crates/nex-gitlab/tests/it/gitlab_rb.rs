use std::process::Command;

use nex_gitlab::{Inputs, Spec, gitlab_rb};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    has_tool, hostile_deployment, reference_inputs, reference_spec, run, success, write,
};

/// The settings that ruby reads from the file.
fn evaluate(rb: &str) -> Value {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("gitlab.rb");
    write(&path, rb);
    let stub = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/omnibus.rb");
    // The first boot has no locale.
    let output = run(Command::new("ruby").arg(stub).arg(&path).env("LC_ALL", "C"));
    serde_json::from_str(&success(&output)).expect("JSON")
}

/// The settings that the spec and the inputs ask for.
fn expected(spec: &Spec, inputs: &Inputs) -> Value {
    let secret = |name: &str| format!("content of /etc/gitlab/secrets.d/{name}");
    let mail = spec.mail.as_ref().expect("mail");
    let nginx = json!({
        "ssl_certificate": "/etc/gitlab/ssl/origin.crt",
        "ssl_certificate_key": "/etc/gitlab/ssl/origin.key",
        "redirect_http_to_https": true,
        "real_ip_trusted_addresses": inputs.edge_networks,
        "real_ip_header": "CF-Connecting-IP",
        "real_ip_recursive": "on",
    });
    json!({
        "external_url": spec.url,
        "registry_external_url": spec.registry_url,
        "package": { "systemd_after": "basic.target" },
        "letsencrypt": { "enable": false },
        "nginx": nginx,
        "registry_nginx": nginx,
        "postgresql": { "enable": false },
        "registry": {
            "storage": { "s3_v2": { "bucket": inputs.registry_bucket, "region": inputs.region } },
            "database": { "enabled": false },
        },
        "gitlab_rails": {
            "gitlab_ssh_host": spec.ssh_host,
            "initial_root_password": secret("root_password"),
            "db_adapter": "postgresql",
            "db_encoding": "unicode",
            "db_host": inputs.database_host,
            "db_port": inputs.database_port,
            "db_database": spec.database.name,
            "db_username": spec.database.user,
            "db_password": secret("database_password"),
            "db_sslmode": "verify-full",
            "db_sslrootcert": "/etc/gitlab/rds-ca-bundle.pem",
            "backup_keep_time": 259_200,
            "backup_upload_connection":
                { "provider": "AWS", "region": inputs.region, "use_iam_profile": true },
            "backup_upload_remote_directory": inputs.backups_bucket,
            "smtp_enable": true,
            "smtp_address": mail.host,
            "smtp_port": 587,
            "smtp_user_name": mail.user,
            "smtp_password": secret("mail_password"),
            "smtp_domain": spec.hosts().web,
            "smtp_authentication": "login",
            "smtp_enable_starttls_auto": true,
            "smtp_tls": false,
            "smtp_openssl_verify_mode": "peer",
            "gitlab_email_from": mail.from,
            "gitlab_email_reply_to": mail.reply_to,
        },
    })
}

#[test]
fn ruby_reads_back_every_value() {
    if !has_tool("ruby") {
        return;
    }
    let config = ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |((mut spec, inputs) in hostile_deployment(), nul in any::<bool>())| {
        if nul {
            spec.ssh_host.push('\0');
        }
        prop_assert_eq!(evaluate(&gitlab_rb(&spec, &inputs)), expected(&spec, &inputs));
    });
}

#[test]
fn the_reference_renders_as_the_snapshot() {
    expect_test::expect_file!["gitlab.rb.expect"]
        .assert_eq(&gitlab_rb(&reference_spec(), &reference_inputs()));
}

#[test]
fn without_a_proxy_or_mail_their_settings_are_absent() {
    let (mut spec, mut inputs) = (reference_spec(), reference_inputs());
    spec.mail = None;
    inputs.edge_networks.clear();
    let rb = gitlab_rb(&spec, &inputs);
    assert!(!rb.contains("real_ip") && !rb.contains("smtp") && !rb.contains("mail_password"));
}

#[test]
fn port_465_uses_implicit_tls() {
    let mut spec = reference_spec();
    spec.mail.as_mut().expect("mail").port = 465;
    let rb = gitlab_rb(&spec, &reference_inputs());
    assert!(rb.contains("gitlab_rails['smtp_tls'] = true"));
    assert!(rb.contains("gitlab_rails['smtp_enable_starttls_auto'] = false"));
}
