use nex_gitlab::{Spec, SslMode, WebAccess};
use serde_json::Value;

use crate::support::{REFERENCE, reference_spec};

fn paths(spec: &Spec) -> Vec<String> {
    spec.validate()
        .into_iter()
        .map(|problem| problem.path)
        .collect()
}

fn codes(spec: &Spec, web: WebAccess) -> Vec<&'static str> {
    let findings = spec.warnings(web).into_iter();
    findings.map(|finding| finding.code).collect()
}

#[test]
fn three_fields_are_enough() {
    let spec: Spec = toml::from_str(
        r#"
        url = "https://gitlab.example.com"
        registry_url = "https://registry.example.com"
        ssh_host = "ssh-gitlab.example.com"
        "#,
    )
    .expect("valid");
    assert_eq!(paths(&spec), [""; 0]);
    assert_eq!(
        codes(&spec, WebAccess::Direct),
        ["mail-absent", "amcheck-extension"]
    );
    assert_eq!(
        (spec.database.name.as_str(), spec.database.sslmode),
        ("gitlab", SslMode::VerifyFull)
    );
    assert_eq!(spec.backups.at.to_string(), "02:00");
}

#[test]
fn a_spec_survives_a_round_trip_through_toml() {
    let spec = reference_spec();
    assert_eq!(paths(&spec), [""; 0]);
    let text = toml::to_string(&spec).expect("TOML");
    assert_eq!(toml::from_str::<Spec>(&text).expect("valid"), spec);
    assert!(toml::from_str::<Spec>(&format!("typo = 1\n{REFERENCE}")).is_err());
}

#[test]
fn all_problems_are_reported_at_once() {
    let mut spec = reference_spec();
    spec.version = "16.0.0".parse().expect("a version");
    spec.url = "http://gitlab.example.com".into();
    spec.registry_url = "https://registry.example.com/v2".into();
    spec.ssh_host = "registry.example.com/v2".into();
    spec.admin_token = None;
    spec.admin_token_expires = Some("2027-02-29".into());
    spec.database.name = "git lab".into();
    spec.database.user = "1gitlab".into();
    spec.backups.keep_local_days = 0;
    let mail = spec.mail.as_mut().expect("mail");
    mail.host = "relay".into();
    mail.port = 0;
    mail.user.clear();
    mail.from = "GitLab <gitlab@example.com>".into();
    mail.reply_to = Some("@".into());
    assert_eq!(
        paths(&spec),
        [
            "version",
            "url",
            "registry_url",
            "ssh_host",
            "ssh_host",
            "admin_token_expires",
            "admin_token_expires",
            "mail.host",
            "mail.port",
            "mail.user",
            "mail.from",
            "mail.reply_to",
            "database.name",
            "database.user",
            "backups.keep_local_days",
        ]
    );
}

#[test]
fn one_name_for_gitlab_and_the_registry_is_refused() {
    let mut spec = reference_spec();
    spec.registry_url = spec.url.clone();
    assert_eq!(paths(&spec), ["registry_url"]);
}

#[test]
fn warnings_depend_on_the_proxy_and_on_the_database() {
    let mut spec = reference_spec();
    assert_eq!(codes(&spec, WebAccess::Proxied), ["amcheck-extension"]);
    let old = spec.database_warning(15).expect("a warning");
    assert_eq!(old.code, "postgresql-too-old");
    assert!(old.message.contains("needs PostgreSQL 16"));
    assert_eq!(spec.database_warning(17), None);

    spec.version = "19.11.0".parse().expect("a version");
    spec.ssh_host = spec.hosts().web.to_owned();
    spec.database.sslmode = SslMode::Require;
    spec.mail.as_mut().expect("mail").port = 25;
    assert_eq!(
        codes(&spec, WebAccess::Proxied),
        [
            "mail-port-blocked",
            "ssh-behind-proxy",
            "database-unverified",
            "amcheck-extension",
            "ubuntu-end"
        ]
    );
}

/// A validator that walks the schema must find one type and a description at each field.
#[test]
fn the_schema_is_plain_and_every_field_is_described() {
    let schema = serde_json::to_value(schemars::schema_for!(Spec)).expect("JSON");
    let text = schema.to_string();
    for word in ["anyOf", "oneOf", "allOf", "\"null\""] {
        assert!(!text.contains(word), "{word} in {schema:#}");
    }
    let mut fields = 0;
    let mut objects = vec![&schema];
    objects.extend(schema["$defs"].as_object().expect("definitions").values());
    for object in objects {
        assert_eq!(object["additionalProperties"], Value::Bool(false));
        for (name, field) in object["properties"].as_object().expect("fields") {
            assert!(field["description"].is_string(), "{name}: {field:#}");
            fields += 1;
        }
    }
    assert_eq!(fields, 9 + 3 + 6 + 2);
    assert_eq!(
        schema["required"],
        serde_json::json!(["url", "registry_url", "ssh_host"])
    );
}
