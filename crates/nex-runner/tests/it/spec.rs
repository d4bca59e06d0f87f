//! Validation, defaults and the JSON Schema.

use expect_test::expect;
use nex_plan::Problems;
use nex_runner::Spec;

use crate::fixtures::{hostile, inputs, reference};

fn text(problems: Problems) -> String {
    let lines = problems.into_iter().map(|p| format!("{p}\n"));
    lines.collect()
}

#[test]
fn an_empty_section_has_the_defaults() {
    let spec: Spec = toml::from_str("").expect("an empty section");
    assert_eq!(spec, Spec::default());
    assert!(spec.validate().is_empty());
    assert!(reference().validate().is_empty() && inputs().validate().is_empty());
    let (spec, inputs) = hostile();
    assert_eq!(text(spec.validate()) + &text(inputs.validate()), "");
}

#[test]
fn all_problems_are_reported_at_once() {
    let spec: Spec = toml::from_str(
        r#"
        version = "latest"
        concurrent = 0
        stop_timeout = 0
        session_timeout = 0
        name = ""
        listen_address = "9252"
        [docker]
        image = "node 20"
        pull_policy = []
        volumes = ["cache", "/a:/b:ro", "/a\ntoken:/b"]
        memory = "6 gigs"
        cpus = "two"
        service_memory = "1m"
        [cleanup]
        every = "6 hours"
        keep = "0h"
        "#,
    )
    .expect("the right types");
    expect![[r#"
        version: `latest` is not a supported version; allowed: MAJOR.MINOR.PATCH, 17.7.0 or newer
        concurrent: gitlab-runner does not start with 0; allowed: 1 or more
        stop_timeout: systemd would wait forever with 0; allowed: 1 or more seconds
        session_timeout: a session cannot last 0 seconds; allowed: 1 or more seconds, or no value
        name: the name is empty, longer than 255 characters, or has control characters; allowed: 1 to 255 printable characters
        listen_address: `9252` is not a valid listen address; allowed: HOST:PORT, or :PORT for all interfaces
        docker.image: `node 20` is not a valid image; allowed: an image such as node:20-alpine
        docker.pull_policy: the list is empty or contains a policy twice; allowed: one or more of always, if-not-present, never
        docker.volumes[0]: `cache` is not a valid volume; allowed: /path, or /host/path:/path or /host/path:/path:ro
        docker.volumes[2]: `/a\ntoken:/b` is not a valid volume; allowed: /path, or /host/path:/path or /host/path:/path:ro
        docker.memory: `6 gigs` is not a valid memory limit; allowed: 6m or more, such as 512m or 3g
        docker.service_memory: `1m` is not a valid memory limit; allowed: 6m or more, such as 512m or 3g
        docker.cpus: `two` is not a valid number of CPUs; allowed: 0.01 or more, such as 1.5
        cleanup.every: `6 hours` is not a valid duration; allowed: hours, minutes and seconds, at least 60s, such as 6h or 1h30m
        cleanup.keep: `0h` is not a valid duration; allowed: hours, minutes and seconds, at least 1s, such as 6h or 1h30m
    "#]].assert_eq(&text(spec.validate()));
}

#[test]
fn the_schema_has_no_alternatives() {
    let schema = schemars::schema_for!(Spec).to_value().to_string();
    for word in ["oneOf", "anyOf", "allOf"] {
        assert!(!schema.contains(word), "{word}");
    }
    assert!(
        schema.contains(r#"["always","if-not-present","never"]"#),
        "{schema}"
    );
}
