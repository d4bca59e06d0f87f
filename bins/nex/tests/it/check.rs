//! The messages about an invalid file.

use expect_test::expect;

use crate::stage::{Reference, nex, replaced, run};

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_place() {
    let reference = Reference::with(|text| {
        let text = replaced(&text, "max = 3", "mx = 3");
        let text = replaced(&text, "credits = \"unlimited\"", "credits = \"unlimitd\"");
        let text = replaced(&text, "runner_days = 30", "runner_days = \"30\"");
        let text = replaced(&text, "memory = \"6g\"", "memory = \"lots\"");
        let text = replaced(&text, "ssh-gitlab.paywithnex.com\"", "ssh.example.org\"");
        replaced(
            &text,
            "zone = \"paywithnex.com\"\n",
            "zone = \"paywithnex.com\"\nzones = []\n",
        )
    });
    let ended = run(nex().args(["check", &reference.file()])).expect(1);
    assert_eq!(
        ended.out, "",
        "stdout is for what was found in a file that can be used"
    );
    let said = ended.err.replace(&reference.file(), "staging.toml");
    expect![[r#"
        error: 6 problems in staging.toml
        error: aws.logs.runner_days: "30" is of the wrong type
          --> staging.toml:46:15
           |
        46 | runner_days = "30"
           |               ^^^^
           |
           = allowed: a whole number

        error: aws.fleet.mx: there is no such field
          --> staging.toml:52:1
           |
        52 | mx
           | ^^ did you mean `max`?
           |
           = allowed: cache_bucket, cache_days, credits, desired, drain_seconds, image, instance_types, max, min, on_demand_base, spot_percent, target_cpu_percent, volume_gb

        error: aws.fleet.credits: "unlimitd" is not one of the values
          --> staging.toml:57:11
           |
        57 | credits = "unlimitd"
           |           ^^^^^^^^^^ did you mean `unlimited`?
           |
           = allowed: standard, unlimited

        error: gitlab.ssh_host: ssh.example.org is not in the zone paywithnex.com
          --> staging.toml:67:12
           |
        67 | ssh_host = "ssh.example.org"
           |            ^^^^^^^^^^^^^^^^^
           |
           = allowed: paywithnex.com, or a name that ends with .paywithnex.com

        error: runner.docker.memory: "lots" is not of the right form
          --> staging.toml:98:10
           |
        98 | memory = "lots"
           |          ^^^^^^
           |
           = allowed: The memory limit of a job's own container, such as `3g` or `512m`. Services have a limit of their own. (of the form ^[0-9]+(\.[0-9]+)? ?[bkmgBKMG]?$)

        error: dns.zones: there is no such field
           --> staging.toml:110:1
            |
        110 | zones
            | ^^^^^ did you mean `zone`?
            |
            = allowed: certificates, limits, plan, records, settings, token, zone
    "#]].assert_eq(&said);
}

#[test]
fn a_file_that_is_no_toml_is_said_with_its_place() {
    let reference = Reference::with(|_| "name = \"staging\"\naws = [1,\n".into());
    let ended = run(nex().args(["check", &reference.file()])).expect(1);
    assert!(
        ended.err.contains("unclosed array") && ended.err.contains("staging.toml:2:10"),
        "{}",
        ended.err
    );
}

#[test]
fn the_reference_is_right_and_its_hazards_are_known() {
    let ended = run(nex().args(["check", "staging", "--json"])).expect(0);
    let findings: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(findings["problems"], serde_json::json!([]));
    let hazards = findings["hazards"].as_array().unwrap();
    let codes: Vec<&str> = hazards
        .iter()
        .map(|h| h["code"].as_str().unwrap())
        .collect();
    for code in [
        "memory-overcommitted",
        "jobs-have-root",
        "registry-body-limit",
        "surplus-credits",
    ] {
        assert!(codes.contains(&code), "{codes:?}");
    }
}

#[test]
fn an_environment_that_is_not_there_is_said_with_those_that_are() {
    let ended = run(nex().args(["check", "stagin"])).expect(1);
    assert!(
        ended.err.contains("there is no environment stagin"),
        "{}",
        ended.err
    );
}

#[test]
fn the_shortest_file_of_the_guide_is_valid() {
    let guide = std::fs::read_to_string(crate::stage::root().join("docs/environment.md")).unwrap();
    let spec = guide
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let reference = Reference::with(|_| spec.to_owned());
    let ended = run(nex().args(["check", &reference.file()])).expect(0);
    assert!(ended.out.contains("valid"), "{}", ended.out);
}

#[test]
fn a_host_without_a_record_or_a_certificate_causes_a_warning() {
    let codes = |change: &dyn Fn(String) -> String| -> Vec<String> {
        let reference = Reference::with(change);
        let ended = run(nex().args(["check", &reference.file(), "--json"])).expect(0);
        let findings: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        let hazards = findings["hazards"].as_array().unwrap().iter();
        let hazards = hazards.map(|h| format!("{} {}", h["code"], h["subject"]).replace('"', ""));
        let of_hosts = |h: &String| h.starts_with("host-") || h.starts_with("origin-");
        hazards.filter(of_hosts).collect()
    };
    assert_eq!(codes(&|text| text), Vec::<String>::new());
    let without_record = |text: String| replaced(&text, "name = \"gitlab\"", "name = \"git\"");
    assert_eq!(codes(&without_record), ["host-without-record gitlab.url"]);
    let one_name =
        |text: String| replaced(&text, "\"*.paywithnex.com\"", "\"gitlab.paywithnex.com\"");
    let lacks = "origin-certificate-lacks-host gitlab.registry_url";
    assert_eq!(codes(&one_name), [lacks]);
    let none = |text: String| {
        text.split_once("[[dns.certificates]]")
            .unwrap()
            .0
            .to_owned()
    };
    assert_eq!(
        codes(&none),
        ["origin-certificate-not-issued dns.certificates"]
    );
}

#[test]
fn a_database_that_is_too_old_for_gitlab_is_shown_by_the_plan() {
    let reference = Reference::new();
    let stage = crate::stage::Stage::new();
    stage.python(
        "
rds = boto3.client('rds')
name = rds.describe_db_instances()['DBInstances'][0]['DBInstanceIdentifier']
rds.modify_db_instance(DBInstanceIdentifier=name, EngineVersion='13.15', AllowMajorVersionUpgrade=True, ApplyImmediately=True)
",
    );
    let plan = stage.nex(&["plan", &reference.file()]).expect(0);
    assert!(
        plan.out.contains("warning[postgresql-too-old]"),
        "{}",
        plan.out
    );
    // Without a cloud, nothing tells the version.
    let check = run(nex().args(["check", &reference.file()])).expect(0);
    assert!(!check.out.contains("postgresql-too-old"), "{}", check.out);
}

#[test]
fn a_secret_in_place_of_a_reference_is_never_repeated() {
    let secret = "v1.0-abcdef-super-secret-token";
    let token = "token = \"env:CLOUDFLARE_API_TOKEN\"";
    let cases = [
        format!("token = \"{secret}\""),
        format!("tokn = \"{secret}\""),
        format!("token = \"{secret}"),
    ];
    for case in cases {
        let reference = Reference::with(|text| replaced(&text, token, &case));
        for arguments in [&["check"][..], &["check", "--json"]] {
            let ended = run(nex().args(arguments).arg(reference.file())).expect(1);
            let (out, err) = (&ended.out, &ended.err);
            assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
            assert!(out.contains("staging.toml") || err.contains("staging.toml"));
        }
    }
}

#[test]
fn user_data_that_ec2_would_refuse_is_said_at_the_field_that_is_long() {
    let volumes: Vec<String> = (0..200)
        .map(|n| format!("\"/srv/a/path/that/is/rather/long/for/a/cache/{n}:/cache/{n}:ro\""))
        .collect();
    let reference = Reference::with(|text| {
        let start = text.find("\nvolumes = ").unwrap() + 1;
        let end = start + text[start..].find(']').unwrap() + 1;
        let line = format!("volumes = [{}]", volumes.join(", "));
        [&text[..start], &line, &text[end..]].concat()
    });
    let ended = run(nex().args(["check", &reference.file()])).expect(1);
    let title = "error: runner.docker.volumes: the runners' user data is ";
    assert!(ended.err.contains(title), "{}", ended.err);
    assert!(ended.err.contains("at most 16384 bytes"), "{}", ended.err);
    // One problem, and no warnings about a file that can't be used.
    assert!(
        ended.err.starts_with("error: 1 problem in "),
        "{}",
        ended.err
    );

    let version = Reference::with(|text| {
        let long = "x".repeat(16 * 1024);
        replaced(&text, "from = \"", &format!("from = \"{long}"))
    });
    let ended = run(nex().args(["check", &version.file()])).expect(1);
    assert!(
        ended.err.contains("the server's user data is "),
        "{}",
        ended.err
    );
}
