//! The problems of a section, its warnings, and its schema for editors.

use nex_infra::Spec;
use serde_json::Value;

use crate::support::SECTION;

/// The shortest useful section.
const SHORT: &str = r#"
region = "eu-west-3"
account = "123456789012"
[network]
vpc = "vpc-1"
public_subnet = "10.0.1.0/24"
private_subnets = ["10.0.10.0/24"]
[database]
instance = "main"
"#;

fn read(more: &str) -> Spec {
    let text = format!("{SHORT}{more}");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{more}: {error}"))
}

#[track_caller]
fn problems(more: &str, expected: &[&str]) {
    let found: Vec<String> = read(more).validate().into_iter().map(|p| p.path).collect();
    assert_eq!(found, expected, "{more}");
}

#[track_caller]
fn warnings(more: &str, expected: &[&str]) {
    let warnings = read(more).warnings().into_iter();
    let found: Vec<&str> = warnings.map(|finding| finding.code).collect();
    assert_eq!(found, expected, "{more}");
}

#[test]
fn a_short_section_is_valid_and_has_the_defaults_of_the_reference() {
    problems("", &[]);
    problems("[fleet]", &[]);
    let spec = read("[fleet]");
    assert_eq!(spec.server.instance_type, "t3a.xlarge");
    assert_eq!(spec.server.web_from, ["cloudflare"]);
    let fleet = spec.fleet.unwrap();
    assert_eq!((fleet.min, fleet.max, fleet.spot_percent), (1, 3, 100));
}

#[test]
fn a_section_is_written_as_it_was_read() {
    let spec: Spec = toml::from_str(SECTION).unwrap();
    let text = toml::to_string(&spec).unwrap();
    assert_eq!(toml::from_str::<Spec>(&text).unwrap(), spec);
}

#[test]
fn the_types_refuse_invalid_values() {
    for (from, to) in [
        ("region =", "regin ="),
        ("\"10.0.1.0/24\"", "\"10.0.1.9/24\""),
        ("\"vpc-1\"", "\"the vpc\""),
        ("\"vpc-1\"", "\"tag:Name\""),
        ("[database]", "[database]\nallow_ingres = true"),
    ] {
        let text = SHORT.replacen(from, to, 1);
        assert!(toml::from_str::<Spec>(&text).is_err(), "{to}");
    }
}

#[test]
fn each_problem_is_found_at_its_field() {
    problems("[logs]\ngitlab_days = 10", &["logs.gitlab_days"]);
    problems(
        "[logs]\nrunner_days = 0\nrunner_system_days = 31",
        &["logs.runner_days", "logs.runner_system_days"],
    );
    problems("[tags]\nName = \"x\"", &["tags.Name"]);
    problems("[tags]\nenvironment = \"x\"", &["tags.environment"]);
    problems("[tags]\n\"aws:x\" = \"x\"", &["tags.aws:x"]);
    problems("[tags]\n\"\" = \"x\"", &["tags."]);
    problems("[tags]\nCostCenter = \"42\"", &[]);
    problems(&format!("[tags]\na = \"{}\"", "x".repeat(257)), &["tags.a"]);
    // Every service must take the characters and the number of the tags.
    problems("[tags]\n\"Cost Center\" = \"42\"", &["tags.Cost Center"]);
    problems("[tags]\nteam = \"R&D\"", &["tags.team"]);
    problems("[tags]\nteam = \"Zoë, ops\"", &["tags.team"]);
    problems("[tags]\nteam = \"Zoë @ops: a/b\"", &[]);
    let tags = |count: u32| {
        (0..count)
            .map(|n| format!("t{n} = \"x\"\n"))
            .collect::<String>()
    };
    problems(&format!("[tags]\n{}", tags(44)), &[]);
    problems(&format!("[tags]\n{}", tags(45)), &["tags"]);
    problems(
        "[server]\nssh_from = [\"10.0.0.1/8\", \"office\", \"10.0.0.0/8\"]",
        &["server.ssh_from[0]", "server.ssh_from[1]"],
    );
    problems(
        "[server]\nssh_from = [\"cloudflare\"]",
        &["server.ssh_from[0]"],
    );
    problems(
        "[server]\nweb_from = [\"cloudflare\", \"2001:db8::/32\"]",
        &[],
    );
    problems(
        "[fleet]\nmin = 4\ndesired = 4",
        &["fleet.max", "fleet.desired"],
    );
    problems("[fleet]\nmin = 0\nmax = 0\ndesired = 0", &["fleet.max"]);
    problems("[fleet]\ndesired = 4", &["fleet.desired"]);
    problems(
        "[fleet]\ninstance_types = [\"t3\", \"t3.large\", \"t3.large\"]",
        &["fleet.instance_types[0]", "fleet.instance_types[2]"],
    );
    problems(
        "[storage]\nregistry_bucket = \"one\"\n[fleet]\ncache_bucket = \"one\"",
        &["fleet.cache_bucket"],
    );
}

#[test]
fn only_regions_of_the_partition_aws_are_valid() {
    for region in [
        "cn-north-1",
        "us-gov-west-1",
        "us-iso-east-1",
        "eu-isoe-west-1",
    ] {
        let spec = Spec {
            region: region.to_owned(),
            ..read("")
        };
        let found: Vec<String> = spec.validate().into_iter().map(|p| p.path).collect();
        assert_eq!(found, ["region"], "{region}");
    }
}

#[test]
fn a_spec_without_an_account_has_a_warning() {
    let spec = Spec {
        account: None,
        ..read("[server]\nssh_from = [\"203.0.113.0/24\"]")
    };
    let found = spec.warnings().into_iter();
    let found: Vec<String> = found.map(|f| format!("{} {}", f.code, f.subject)).collect();
    assert_eq!(found, ["account-not-named account"]);
}

#[test]
fn an_arm_family_needs_an_image_of_its_own() {
    for name in ["t4g.large", "a1.large", "im4gn.xlarge", "mac2-m2.metal"] {
        let types = format!("[fleet]\ninstance_types = [\"t3.large\", \"{name}\"]");
        problems(&types, &["fleet.instance_types[1]"]);
        problems(&format!("{types}\nimage = \"ami-0a\""), &[]);
        problems(
            &format!("[server]\ninstance_type = \"{name}\""),
            &["server.instance_type"],
        );
    }
    for name in ["m7a.large", "g4dn.xlarge", "mac1.metal"] {
        problems(&format!("[server]\ninstance_type = \"{name}\""), &[]);
    }
}

#[test]
fn problems_of_the_network_are_found_together() {
    let text = SHORT
        .replace("vpc-1", "subnet-1")
        .replace(
            "public_subnet = \"10.0.1.0/24\"",
            "public_subnet = \"vpc-1\"",
        )
        .replace("[\"10.0.10.0/24\"]", "[\"10.0.10.0/24\", \"10.0.10.0/24\"]");
    let spec: Spec = toml::from_str(&text).unwrap();
    let found: Vec<String> = spec.validate().into_iter().map(|p| p.path).collect();
    assert_eq!(
        found,
        [
            "network.vpc",
            "network.public_subnet",
            "network.private_subnets[1]",
        ]
    );
    let none = SHORT.replace("private_subnets = [\"10.0.10.0/24\"]", "") + "[fleet]";
    let spec: Spec = toml::from_str(&none).unwrap();
    let found: Vec<String> = spec.validate().into_iter().map(|p| p.path).collect();
    assert_eq!(found, ["network.private_subnets"]);
}

#[test]
fn each_risky_value_has_its_warning() {
    let ssh = "[server]\nssh_from = [\"203.0.113.0/24\"]\n";
    warnings(ssh, &[]);
    warnings("", &["ssh-closed"]);
    warnings("[server]\nssh_from = [\"0.0.0.0/0\"]", &["ssh-open"]);
    warnings(
        "[server]\nssh_from = [\"10.0.0.0/8\", \"::/0\"]",
        &["ssh-open"],
    );
    warnings(
        "[server]\nssh_from = [\"0.0.0.0/1\", \"128.0.0.0/1\"]",
        &["ssh-open"],
    );
    warnings(
        &format!("{ssh}web_from = [\"0.0.0.0/0\"]"),
        &["origin-open"],
    );
    warnings(
        &format!("{ssh}web_from = [\"cloudflare\", \"64.0.0.0/3\"]"),
        &["origin-open"],
    );
    warnings(&format!("{ssh}web_from = []"), &["web-closed"]);
    warnings(
        &format!("{ssh}instance_type = \"t3a.medium\""),
        &["server-memory"],
    );
    warnings(
        &format!("{ssh}termination_protection = false"),
        &["termination-protection"],
    );
    warnings(
        &format!("{ssh}[storage.backups]\nexisting = true"),
        &["backups-never-expire"],
    );
    warnings(&format!("{ssh}[fleet]"), &["cpu-signal"]);
    warnings(&format!("{ssh}[fleet]\nmax = 1"), &[]);
    warnings(
        &format!("{ssh}[fleet]\nmax = 1\ncredits = \"unlimited\""),
        &["surplus-credits"],
    );
    let mixed = "instance_types = [\"m5.large\", \"t3.large\"]";
    warnings(
        &format!("{ssh}[fleet]\nmax = 1\n{mixed}"),
        &["credits-left-out"],
    );
    let alone = "instance_types = [\"m5.large\"]";
    warnings(&format!("{ssh}[fleet]\n{alone}"), &["one-spot-pool"]);
    warnings(&format!("{ssh}[fleet]\n{alone}\nspot_percent = 0"), &[]);
}

/// Editors complete fields best with a plain schema, and show each field's description.
#[test]
fn the_schema_is_plain_and_described() {
    let schema = schemars::schema_for!(Spec).to_value();
    let mut fields = 0;
    check_schema("", &schema, &mut fields);
    assert!(fields > 40, "{fields} fields were looked at");
}

fn check_schema(path: &str, schema: &Value, fields: &mut usize) {
    let Some(object) = schema.as_object() else {
        return;
    };
    for word in ["oneOf", "anyOf", "allOf"] {
        assert!(!object.contains_key(word), "{path} has {word}");
    }
    assert!(!schema["type"].is_array(), "{path} has two types");
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        assert!(
            field["description"].is_string(),
            "{path}.{name} has no description"
        );
        *fields += 1;
        check_schema(&format!("{path}.{name}"), field, fields);
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        assert!(
            definition["description"].is_string(),
            "{name} has no description"
        );
        check_schema(name, definition, fields);
    }
    check_schema(&format!("{path}[]"), &schema["items"], fields);
}
