//! Taking over everything at once: what an older nex made, or another tool under the names of the spec.

use nex_sandbox::{Fault, Rule};

use crate::stage::{Reference, Stage, replaced};

/// Makes a deployment look as an older nex left it: no tag names the deployment, and marks name the environment.
const OLDER: &str = "
tags = ec2.describe_tags(Filters=[{'Name': 'key', 'Values': ['Deployment']}])['Tags']
ec2.delete_tags(Resources=[t['ResourceId'] for t in tags], Tags=[{'Key': 'Deployment'}])
boto3.client('autoscaling').delete_tags(Tags=[{'ResourceId': 'nex-staging-gitlab-runner',
    'ResourceType': 'auto-scaling-group', 'Key': 'Deployment'}])
dlm = boto3.client('dlm')
for policy in dlm.get_lifecycle_policies()['Policies']:
    arn = dlm.get_lifecycle_policy(PolicyId=policy['PolicyId'])['Policy']['PolicyArn']
    dlm.untag_resource(ResourceArn=arn, TagKeys=['Deployment'])
iam = boto3.client('iam')
for role in iam.list_roles()['Roles']:
    if role['RoleName'].startswith('nex-staging-gitlab'):
        iam.untag_role(RoleName=role['RoleName'], TagKeys=['Deployment'])
for profile in iam.list_instance_profiles()['InstanceProfiles']:
    if profile['InstanceProfileName'].startswith('nex-staging-gitlab'):
        iam.untag_instance_profile(InstanceProfileName=profile['InstanceProfileName'], TagKeys=['Deployment'])
s3 = boto3.client('s3')
for bucket in ['registry', 'artifacts', 'runner-cache']:
    name = 'nex-staging-gitlab-' + bucket
    kept = [t for t in s3.get_bucket_tagging(Bucket=name)['TagSet'] if t['Key'] != 'Deployment']
    s3.put_bucket_tagging(Bucket=name, Tagging={'TagSet': kept})
secrets = boto3.client('secretsmanager')
for secret in secrets.list_secrets()['SecretList']:
    if secret['Name'].startswith('nex/'):
        secrets.untag_resource(SecretId=secret['Name'], TagKeys=['Deployment'])
logs = boto3.client('logs')
for group in logs.describe_log_groups(logGroupNamePrefix='/nex/')['logGroups']:
    logs.untag_resource(resourceArn=group['logGroupArn'], tagKeys=['Deployment'])
for record in cloudflare('zones/{zone}/dns_records'):
    if record.get('comment') == 'managed by nex (nex-staging)':
        cloudflare('zones/{zone}/dns_records/' + record['id'], 'PATCH', {'comment': 'managed by nex (staging)'})
";

/// A deployment that an older nex made.
fn older(file: &str) -> Stage {
    let stage = Stage::built(file);
    stage.python(OLDER);
    stage
}

/// The zone's records with everything that a person can set.
const RECORDS: &str = "
for record in sorted(cloudflare('zones/{zone}/dns_records'), key=lambda r: r['id']):
    print([record.get(field) for field in ('id', 'type', 'name', 'content', 'ttl', 'proxied', 'comment')])
";

/// The changing calls, except those about the lock.
fn changes(stage: &Stage) -> Vec<String> {
    let calls = stage.sandbox.calls().into_iter();
    let changes = calls.filter(|call| call.mutating && !call.operation.ends_with("Object"));
    changes.map(|call| call.operation).collect()
}

#[test]
fn what_an_older_nex_made_is_taken_over_and_only_the_real_difference_is_left() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = older(&file);
    stage.python(
        "boto3.client('logs').put_retention_policy(logGroupName='/nex/gitlab/rails', retentionInDays=7)",
    );
    stage.nex(&["plan", &file, "--check"]).expect(5);

    stage.sandbox.reset_calls();
    let adopted = stage.nex(&["adopt", &file, "--all", "--yes"]).expect(0);
    let (plan, then) = adopted
        .out
        .split_once("The next bootstrap then changes these:")
        .unwrap();
    assert!(
        plan.contains("tags.Deployment: (none) -> \"nex-staging\""),
        "{plan}"
    );
    assert!(then.contains("retention_days: 7 -> 30"), "{then}");
    assert!(then.contains("0 to create, 1 to update"), "{then}");
    assert!(adopted.err.contains("nex plan"), "{}", adopted.err);
    crate::permissions::assert_listed(&stage);

    let left = stage.nex(&["plan", &file, "--check"]).expect(3);
    assert!(left.out.contains("retention_days: 7 -> 30"), "{}", left.out);
    assert!(
        left.out
            .ends_with("staging: 0 to create, 1 to update, 0 to replace, 0 to delete\n"),
        "{}",
        left.out
    );
    let again = stage.nex(&["adopt", &file, "--all"]).expect(0);
    assert_eq!(again.out, "staging: there is nothing to adopt\n");
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn an_adoption_changes_tags_and_marks_and_nothing_else() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = older(&file);
    let before = stage.python(RECORDS);
    assert!(before.contains("(staging)"), "{before}");
    stage.sandbox.reset_calls();
    let report = stage.nex(&["adopt", &file, "--all", "--yes", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report.expect(0).out).unwrap();
    let done = report["done"].as_array().unwrap().len();
    assert_eq!(report["failed"], serde_json::json!([]));
    assert!(done > 25, "{report:#}");
    for operation in changes(&stage) {
        let is_tag = operation.contains("Tag");
        assert!(is_tag || operation == "BatchRecords", "{operation}");
    }
    let calls = stage.sandbox.calls();
    let locked: Vec<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
    let at = |operation| locked.iter().position(|name| *name == operation);
    assert!(at("PutObject") < at("TagRole") && at("TagRole") < at("DeleteObject"));
    assert!(at("PutObject").is_some(), "{locked:?}");
    let records = stage.python(RECORDS);
    assert_eq!(records, before.replace("(staging)", "(nex-staging)"));
}

#[test]
fn without_an_answer_the_difference_is_shown_and_nothing_is_changed() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = older(&file);
    stage.sandbox.reset_calls();
    let asked = stage.nex(&["adopt", &file, "--all"]).expect(1);
    assert!(asked.out.contains("tags.Deployment"), "{}", asked.out);
    assert!(asked.err.contains("adopt all of this?"), "{}", asked.err);
    assert_eq!(changes(&stage), [""; 0]);
}

#[test]
fn after_a_break_in_the_middle_the_next_run_goes_on() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = older(&file);
    let denied = Fault::Refuse {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "no more".to_owned(),
    };
    let rule = Rule::new(denied).mutating().except("*Object").nth(8);
    stage.sandbox.add_rule(rule);
    let broken = stage.nex(&["adopt", &file, "--all", "--yes"]).expect(4);
    assert!(
        broken
            .out
            .contains(&format!("run `nex adopt --all {file}` again")),
        "{}",
        broken.out
    );
    stage.sandbox.clear_rules();
    stage.nex(&["adopt", &file, "--all", "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn what_another_deployment_owns_is_named_and_left_to_it() {
    let first = Reference::new();
    let stage = Stage::built(&first.file());
    // The second deployment keeps the paths, buckets and records of the first one.
    let second = Reference::with(|text| replaced(&text, "prefix = \"nex\"", "prefix = \"other\""));
    stage.sandbox.reset_calls();
    let left = stage
        .nex(&["adopt", &second.file(), "--all", "--yes"])
        .expect(0);
    for named in [
        "warning[other-deployment] secret nex/gitlab/root-password",
        "belongs to nex's deployment nex-staging and stays with it",
        "warning[other-deployment] dns-record gitlab.paywithnex.com A",
        "belongs to the deployment nex-staging",
        "there is nothing to adopt",
    ] {
        assert!(left.out.contains(named), "{named}: {}", left.out);
    }
    assert_eq!(changes(&stage), [""; 0]);
    stage.nex(&["plan", &first.file(), "--check"]).expect(0);
}

#[test]
fn of_two_candidates_none_is_taken_and_the_rest_is_on_request() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let ids = stage.python(
        "
named = [{'ResourceType': 'elastic-ip', 'Tags': [{'Key': 'Name', 'Value': 'nex-staging-gitlab'}]}]
print(*[ec2.allocate_address(Domain='vpc', TagSpecifications=named)['AllocationId'] for _ in range(2)])
boto3.client('logs').create_log_group(logGroupName='/nex/gitlab/rails')
for content in ['198.51.100.7', '198.51.100.8']:
    cloudflare('zones/{zone}/dns_records', 'POST', {'type': 'A', 'name': 'gitlab', 'content': content})",
    );
    let (one, two) = ids.split_once(' ').unwrap();
    stage.sandbox.reset_calls();
    let refused = stage.nex(&["adopt", &file, "--all", "--yes"]).expect(5);
    let address = "ambiguous:elastic-ip nex-staging-gitlab";
    let record = "ambiguous:dns-record gitlab.paywithnex.com A";
    for named in [one, two, "198.51.100.7", "198.51.100.8"] {
        assert!(refused.out.contains(named), "{named}: {}", refused.out);
    }
    assert!(
        refused.err.contains(address) && refused.err.contains(record),
        "{}",
        refused.err
    );
    assert_eq!(changes(&stage), [""; 0]);
    let json = stage.nex(&["adopt", &file, "--all", "--yes", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&json.expect(5).out).unwrap();
    crate::plan_file::assert_valid(&plan);
    assert_eq!(plan["actions"][0]["name"], "/nex/gitlab/rails");
    assert_eq!(plan["then"][0]["fields"][0]["field"], "retention_days");
    assert_eq!(plan["verdicts"][0]["code"], "ambiguous");

    let allowed = [
        "adopt", &file, "--all", "--yes", "--allow", address, "--allow", record,
    ];
    stage.nex(&allowed).expect(0);
    let tagged = stage.python(
        "
logs = boto3.client('logs')
arn = logs.describe_log_groups(logGroupNamePrefix='/nex/gitlab/rails')['logGroups'][0]['logGroupArn']
addresses = ec2.describe_addresses(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}])['Addresses']
print(logs.list_tags_for_resource(resourceArn=arn)['tags']['Deployment'], [len(a['Tags']) for a in addresses])",
    );
    assert_eq!(tagged, "nex-staging [1, 1]");
    // The one that serves is adopted by its id: then nothing is ambiguous any more.
    stage
        .nex(&["adopt", &file, "elastic-ip", two, "--yes"])
        .expect(0);
    let left = stage.nex(&["adopt", &file, "--all", "--yes"]).expect(5);
    assert!(!left.err.contains(address), "{}", left.err);
}

#[test]
fn all_and_a_single_resource_exclude_each_other() {
    for arguments in [
        &["adopt", "staging"][..],
        &["adopt", "staging", "instance"],
        &["adopt", "staging", "instance", "i-1", "--all"],
    ] {
        crate::stage::run(crate::stage::nex().args(arguments)).expect(2);
    }
}
