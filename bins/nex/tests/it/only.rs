//! `--only`: a part of the environment, with what it needs.

use crate::stage::{Reference, Stage};

/// The resources in the JSON of a plan, sorted.
fn planned(stage: &Stage, arguments: &[&str]) -> Vec<String> {
    let ended = stage.nex(arguments).expect(0);
    let plan: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let actions = plan["actions"].as_array().unwrap().iter();
    let word = |action: &serde_json::Value, field: &str| action[field].as_str().unwrap().to_owned();
    let mut ids: Vec<String> = actions
        .map(|action| format!("{} {}", word(action, "kind"), word(action, "name")))
        .collect();
    ids.sort();
    ids
}

#[test]
fn a_part_is_planned_and_built_with_what_it_needs_and_the_rest_is_left() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let only = ["--only", "dns-record", "gitlab.paywithnex.com A"];
    let record = [&["plan", &file, "--json"][..], &only].concat();
    let with_needs = [
        "dns-record gitlab.paywithnex.com A",
        "elastic-ip nex-staging-gitlab",
        "s3-bucket nex-staging-gitlab-artifacts",
    ];
    assert_eq!(planned(&stage, &record), with_needs);

    let built = [&["bootstrap", &file, "--yes"][..], &only].concat();
    let ended = stage.nex(&built).expect(0);
    assert!(ended.out.contains("changes are left out"), "{}", ended.out);
    let ends = "nothing is left to do for the named resources";
    assert!(ended.out.contains(ends), "{}", ended.out);
    let there = "print([r['name'] for r in cloudflare('zones/{zone}/dns_records') if 'nex' in (r['comment'] or '')],
        len(ec2.describe_addresses(Filters=[{'Name': 'tag:Deployment', 'Values': ['nex-staging']}])['Addresses']), len(ec2.describe_launch_templates()['LaunchTemplates']))";
    assert_eq!(stage.python(there), "['gitlab.paywithnex.com'] 1 0");
    assert_eq!(planned(&stage, &record), Vec::<String>::new());

    // The server waits for its certificate, and so do its role and its group.
    let server = [
        &["plan", &file, "--json", "--only", "instance"][..],
        &["nex-staging-gitlab"],
    ]
    .concat();
    let server = planned(&stage, &server);
    for needed in [
        "iam-role nex-staging-gitlab",
        "instance-profile nex-staging-gitlab",
        "origin-certificate nex/gitlab/origin-certificate",
        "secret nex/gitlab/origin-certificate",
        "security-group nex-staging-gitlab",
    ] {
        assert!(server.contains(&needed.to_owned()), "{needed}: {server:?}");
    }
    let is_of_fleet = |id: &String| id.contains("runner");
    assert!(!server.iter().any(is_of_fleet), "{server:?}");
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_danger_elsewhere_does_not_stop_a_part_and_a_kept_plan_keeps_its_limit() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.python(
        "boto3.client('s3').delete_bucket_tagging(Bucket='nex-staging-gitlab-registry')
boto3.client('logs').put_retention_policy(logGroupName='/nex/gitlab/rails', retentionInDays=1)
record = [r for r in cloudflare('zones/{zone}/dns_records') if r['name'] == 'gitlab.paywithnex.com'][0]
cloudflare('zones/{zone}/dns_records/' + record['id'], 'PATCH', {'proxied': False})",
    );
    // The bucket without its tags is someone else's, and stops a plan of everything.
    stage.nex(&["plan", &file, "--check"]).expect(5);
    let log = ["--only", "log-group", "/nex/gitlab/rails"];
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("log.plan");
    let kept = kept.to_str().unwrap();
    stage
        .nex(&[&["plan", &file, "--out", kept][..], &log].concat())
        .expect(0);
    stage.nex(&["bootstrap", &file, "--plan", kept]).expect(0);
    assert_eq!(
        planned(&stage, &["plan", &file, "--json"]),
        ["dns-record gitlab.paywithnex.com A"]
    );
}

#[test]
fn a_resource_that_does_not_exist_is_named_with_the_nearest_one() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let wrong = stage
        .nex(&["plan", &file, "--only", "instance", "nex-stagin-gitlab"])
        .expect(1);
    assert!(
        wrong
            .err
            .contains("did you mean instance nex-staging-gitlab?"),
        "{}",
        wrong.err
    );
    let half = stage.nex(&["plan", &file, "--only", "instance"]).expect(2);
    assert!(half.err.contains("KIND"), "{}", half.err);
}
