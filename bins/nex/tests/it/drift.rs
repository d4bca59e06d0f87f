//! Build, drift, fix.

use expect_test::expect;

use crate::stage::{Reference, Stage, replaced};

#[test]
fn changes_of_others_are_shown_and_fixed_and_nothing_else() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let plan = stage.nex(&["plan", &file, "--check"]).expect(0);
    assert_eq!(plan.out, "no changes: staging matches its spec\n");

    stage.python(
        "
group = ec2.describe_security_groups(Filters=[{'Name': 'group-name', 'Values': ['nex-staging-gitlab']}])
ec2.authorize_security_group_ingress(GroupId=group['SecurityGroups'][0]['GroupId'], IpProtocol='tcp',
    FromPort=8080, ToPort=8080, CidrIp='0.0.0.0/0')
boto3.client('autoscaling').delete_lifecycle_hook(AutoScalingGroupName='nex-staging-gitlab-runner',
    LifecycleHookName='termination-wait')
boto3.client('logs').put_retention_policy(logGroupName='/nex/gitlab-runner/system', retentionInDays=30)
",
    );
    let plan = stage.nex(&["plan", &file, "--check"]).expect(3);
    expect![[r#"
        ~ update  security-group nex-staging-gitlab
            ingress:
              - tcp 8080 0.0.0.0/0

        ~ update  log-group /nex/gitlab-runner/system
            retention_days: 30 -> 14

        + create  lifecycle-hook nex-staging-gitlab-runner/termination-wait  heartbeat_seconds 600, CONTINUE

        staging: 1 to create, 2 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&plan.out);

    stage.sandbox.reset_calls();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    let calls = stage.sandbox.calls();
    let mut changed: Vec<&str> = calls
        .iter()
        .filter(|call| call.mutating && !call.operation.ends_with("Object"))
        .map(|call| call.operation.as_str())
        .collect();
    changed.sort_unstable();
    assert_eq!(
        changed,
        [
            "PutLifecycleHook",
            "PutRetentionPolicy",
            "RevokeSecurityGroupIngress"
        ]
    );
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_changed_spec_changes_what_stands_in_place() {
    let reference = Reference::new();
    let stage = Stage::built(&reference.file());
    let changed = Reference::with(|text| {
        let text = replaced(&text, "volume_gb = 200", "volume_gb = 250");
        let text = replaced(&text, "\"t3a.xlarge\"", "\"m6a.xlarge\"");
        let text = replaced(&text, "max = 3", "max = 4");
        let text = replaced(&text, "concurrent = 2", "concurrent = 1");
        replaced(&text, "cache_days = 14", "cache_days = 7")
    });
    // The reference to the mail password differs between the two files, and no resource has it.
    let file = changed.file();
    let plan = stage.nex(&["plan", &file]).expect(0);
    expect![[r#"
        ~ update  s3-bucket nex-staging-gitlab-runner-cache
            lifecycle.cache.expire_days: 14 -> 7

        ~ update  instance nex-staging-gitlab
            instance_type: "t3a.xlarge" -> "m6a.xlarge"  (needs a restart)

        ~ update  volume nex-staging-gitlab
            because size_gb: the volume grows now, its file system at the server's next boot (cloud-init's growpart)
            size_gb: 200 -> 250
    "#]]
    .assert_eq(
        plan.out
            .split("\n~ update  launch-template")
            .next()
            .unwrap(),
    );
    assert!(
        plan.out.contains(
            "launch_template_version: \"the newest so far\" -> (known after the new version"
        ),
        "{}",
        plan.out
    );
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let version = stage.python(
        "
group = boto3.client('autoscaling').describe_auto_scaling_groups()['AutoScalingGroups'][0]
print(group['MixedInstancesPolicy']['LaunchTemplate']['LaunchTemplateSpecification']['Version'], group['MaxSize'])
",
    );
    assert_eq!(version, "2 4");
}

#[test]
fn a_volume_never_shrinks_and_a_server_is_replaced_only_by_name() {
    let reference = Reference::new();
    let stage = Stage::built(&reference.file());
    let smaller = Reference::with(|text| replaced(&text, "volume_gb = 200", "volume_gb = 100"));
    let plan = stage.nex(&["plan", &smaller.file(), "--check"]).expect(0);
    assert!(plan.out.contains("warning[volume-shrinks]"), "{}", plan.out);

    let moved = Reference::with(|text| {
        replaced(
            &text,
            "public_subnet = \"10.0.1.0/24\"",
            "public_subnet = \"10.0.100.0/24\"",
        )
    });
    let refused = stage.nex(&["bootstrap", &moved.file(), "--yes"]).expect(5);
    assert!(
        refused.out.contains("refused[stateful-replaced]"),
        "{}",
        refused.out
    );
    stage.nex(&["plan", &reference.file(), "--check"]).expect(0);

    let allow = "stateful-replaced:instance nex-staging-gitlab";
    stage
        .nex(&["bootstrap", &moved.file(), "--yes", "--allow", allow])
        .expect(0);
    let plan = stage.nex(&["plan", &moved.file(), "--check"]).expect(0);
    assert!(plan.out.contains("info[volume-left-over]"), "{}", plan.out);
}

#[test]
fn a_bucket_whose_name_the_spec_gives_up_is_shown_and_goes_only_by_name() {
    let reference = Reference::new();
    let stage = Stage::built(&reference.file());
    let renamed = Reference::with(|text| {
        let old = "cache_bucket = \"nex-staging-gitlab-runner-cache\"";
        replaced(&text, old, "cache_bucket = \"nex-staging-gitlab-cache\"")
    });
    let file = renamed.file();
    let refused = stage.nex(&["bootstrap", &file, "--yes"]).expect(5);
    let old = "s3-bucket nex-staging-gitlab-runner-cache";
    assert!(
        refused.out.contains(&format!("- delete  {old}")),
        "{}",
        refused.out
    );
    let allowed = format!("stateful-deleted:{old}");
    let allow = ["bootstrap", &file, "--yes", "--allow", &allowed];
    stage.nex(&allow).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let left = stage.python("print([b['Name'] for b in boto3.client('s3').list_buckets()['Buckets'] if 'cache' in b['Name']])");
    assert_eq!(left, "['nex-staging-gitlab-cache']");
}
