//! What is wrong is said at once; what may be left out, may be; the schema is plain.

use expect_test::expect;
use nex_plan::Problems;
use nex_runner::Spec;

use crate::fixtures::{hostile, inputs, reference};

fn text(problems: Problems) -> String {
    let lines = problems.into_iter().map(|p| format!("{p}\n"));
    lines.collect()
}

#[test]
fn an_empty_section_is_whole() {
    let spec: Spec = toml::from_str("").expect("an empty section");
    assert_eq!(spec, Spec::default());
    assert!(spec.validate().is_empty());
    assert!(reference().validate().is_empty() && inputs().validate().is_empty());
    let (spec, inputs) = hostile();
    assert_eq!(text(spec.validate()) + &text(inputs.validate()), "");
}

#[test]
fn everything_wrong_is_said_at_once() {
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
        version: `latest` is no release that can be installed; allowed: MAJOR.MINOR.PATCH, 17.7.0 or newer
        concurrent: with 0 gitlab-runner does not start; allowed: 1 or more
        stop_timeout: 0 would mean to wait for ever; allowed: 1 or more seconds
        session_timeout: 0 seconds are no session; allowed: 1 or more seconds, or nothing
        name: the name is empty, longer than 255 characters, or has control characters; allowed: 1 to 255 printable characters
        listen_address: `9252` is no address to listen on; allowed: HOST:PORT, or :PORT for all interfaces
        docker.image: `node 20` names no image; allowed: an image such as node:20-alpine
        docker.pull_policy: the list is empty or names a policy twice; allowed: one or more of always, if-not-present, never
        docker.volumes[0]: `cache` is no volume; allowed: /path, or /host/path:/path or /host/path:/path:ro
        docker.volumes[2]: `/a\ntoken:/b` is no volume; allowed: /path, or /host/path:/path or /host/path:/path:ro
        docker.memory: `6 gigs` is no size that Docker takes; allowed: 6m or more, such as 512m or 3g
        docker.service_memory: `1m` is no size that Docker takes; allowed: 6m or more, such as 512m or 3g
        docker.cpus: `two` is no number of processors; allowed: 0.01 or more, such as 1.5
        cleanup.every: `6 hours` is no duration; allowed: hours, minutes, seconds, at least 60s, such as 6h or 1h30m
        cleanup.keep: `0h` is no duration; allowed: hours, minutes, seconds, at least 1s, such as 6h or 1h30m
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
