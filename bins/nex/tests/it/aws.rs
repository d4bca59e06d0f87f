//! What AWS refuses and how nex goes on.

use std::process::Command;

use nex_sandbox::{Fault, Rule};

use crate::stage::{Reference, Stage, replaced, run};

fn refuse(operation: &str, code: &str, message: &str) -> Rule {
    let fault = Fault::Refuse {
        status: 400,
        code: code.to_owned(),
        message: message.to_owned(),
    };
    Rule::new(fault).operation(operation)
}

const SERVER: &str = "
server = [i for r in ec2.describe_instances(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']},
    {'Name': 'instance-state-name', 'Values': ['pending', 'running', 'stopping', 'stopped']}])['Reservations'] for i in r['Instances']][0]";

#[test]
fn a_server_that_can_not_start_with_its_new_type_runs_with_the_old_one() {
    let reference = Reference::new();
    let stage = Stage::built(&reference.file());
    let larger = Reference::with(|text| {
        replaced(
            &text,
            "instance_type = \"t3a.xlarge\"",
            "instance_type = \"t3a.2xlarge\"",
        )
    });
    let why = "We currently do not have sufficient t3a.2xlarge capacity in the Availability Zone";
    let full = refuse("StartInstances", "InsufficientInstanceCapacity", why);
    stage.sandbox.add_rule(full.times(1));
    let ended = stage.nex(&["bootstrap", &larger.file(), "--yes"]).expect(1);
    assert!(
        ended.out.contains("runs as t3a.xlarge again"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains(why), "{}", ended.out);
    let server = stage.python(&format!(
        "{SERVER}\nprint(server['InstanceType'], server['State']['Name'])"
    ));
    assert_eq!(server, "t3a.xlarge running");
    stage.nex(&["bootstrap", &larger.file(), "--yes"]).expect(0);
    let server = stage.python(&format!(
        "{SERVER}\nprint(server['InstanceType'], server['State']['Name'])"
    ));
    assert_eq!(server, "t3a.2xlarge running");
}

#[test]
fn an_unreadable_quota_is_a_warning() {
    let reference = Reference::new();
    let stage = Stage::new();
    let denied = refuse("GetServiceQuota", "AccessDeniedException", "not authorized");
    stage.sandbox.add_rule(denied);
    let ended = stage.nex(&["plan", &reference.file()]).expect(0);
    assert!(ended.out.contains("warning[quota-unread]"), "{}", ended.out);
    assert!(ended.out.contains("not authorized"), "{}", ended.out);
}

#[test]
fn what_is_still_in_use_for_a_moment_is_deleted_a_moment_later() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    for (operation, code) in [
        ("DeleteAutoScalingGroup", "ScalingActivityInProgress"),
        ("DeleteRole", "DeleteConflict"),
        ("DeleteInstanceProfile", "DeleteConflict"),
        ("DeleteVolume", "VolumeInUse"),
        ("DeleteSecurityGroup", "DependencyViolation"),
    ] {
        stage
            .sandbox
            .add_rule(refuse(operation, code, "in use").times(1));
    }
    stage.destroy(&file);
}

#[test]
fn a_profile_that_ec2_hears_of_later_delays_the_build_only() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let unknown = "Value (nex-staging-gitlab) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name";
    let no_role = "IAM Instance Profile \"arn:aws:iam::009001720821:instance-profile/nex-staging-gitlab\" has no associated IAM Roles";
    let template =
        |text: &str| format!("You must use a valid fully-formed launch template. {text}");
    for text in [unknown, no_role] {
        let rule = refuse("RunInstances", "InvalidParameterValue", text);
        stage.sandbox.add_rule(rule.times(1));
        let rule = refuse("CreateAutoScalingGroup", "ValidationError", &template(text));
        stage.sandbox.add_rule(rule.times(1));
    }
    let role = "The policy cannot be created with the given parameters.";
    let rule = refuse("CreateLifecyclePolicy", "InvalidRequestException", role);
    stage.sandbox.add_rule(rule.times(1));
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn what_others_set_beside_nex_is_a_difference() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.python(
        "
auto = boto3.client('autoscaling')
name = 'nex-staging-gitlab-runner'
policy = auto.describe_auto_scaling_groups(AutoScalingGroupNames=[name])['AutoScalingGroups'][0]['MixedInstancesPolicy']
policy['LaunchTemplate']['LaunchTemplateSpecification'].pop('LaunchTemplateId', None)
policy['InstancesDistribution']['SpotMaxPrice'] = '0.0001'
auto.update_auto_scaling_group(AutoScalingGroupName=name, MixedInstancesPolicy=policy)
auto.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=['Launch'])
ec2.create_key_pair(KeyName='theirs')
version = ec2.create_launch_template_version(LaunchTemplateName=name, SourceVersion='1', LaunchTemplateData={'KeyName': 'theirs'})
ec2.modify_launch_template(LaunchTemplateName=name, DefaultVersion=str(version['LaunchTemplateVersion']['VersionNumber']))",
    );
    let plan = stage.nex(&["plan", &file, "--check"]).expect(3);
    for field in [
        "spot_max_price: \"0.0001\" -> (none)",
        "    suspended",
        "    other_settings",
    ] {
        assert!(plan.out.contains(field), "{field}: {}", plan.out);
    }
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_wrong_name_in_the_spec_fails_the_plan_and_nothing_is_made() {
    let stage = Stage::new();
    for (old, new, why) in [
        ("\"t3a.xlarge\"", "\"t3a.xlrge\"", "t3a.xlrge"),
        (
            "volume_gb = 200",
            "volume_gb = 200\nimage = \"ami-00000000000000000\"",
            "ami-00000000000000000",
        ),
    ] {
        let reference = Reference::with(|text| replaced(&text, old, new));
        let failed = stage
            .nex(&["bootstrap", &reference.file(), "--yes"])
            .expect(1);
        assert!(failed.err.contains(why), "{}", failed.err);
        assert!(failed.err.contains("aws.server."), "{}", failed.err);
    }
    let arm = Reference::with(|text| {
        let text = replaced(&text, "\"t3a.xlarge\"", "\"c6gn.xlarge\"");
        replaced(
            &text,
            "volume_gb = 200",
            "volume_gb = 200\nimage = \"ami-0b22040000000bb01\"",
        )
    });
    let refused = stage.nex(&["bootstrap", &arm.file(), "--yes"]).expect(5);
    let why =
        "refused[processor] aws.server.instance_type: c6gn.xlarge can't run an image for x86_64";
    assert!(refused.out.contains(why), "{}", refused.out);
    assert!(stage.sandbox.calls().iter().all(|call| !call.mutating));
}

#[test]
fn a_fleet_without_instances_is_reported_with_the_reason_of_aws() {
    let reference = Reference::with(|text| {
        let old = "instance_types = [\"t3a.large\", \"t3.large\"]";
        replaced(&text, old, "instance_types = [\"m5.8xlarge\"]")
    });
    let file = reference.file();
    let stage = Stage::new();
    let built = stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    let why = "Launching EC2 instance failed";
    assert!(
        built.err.contains("no runner is in service yet"),
        "{}",
        built.err
    );
    assert!(built.err.contains(why), "{}", built.err);
    let plan = stage.nex(&["plan", &file, "--check"]).expect(0);
    assert!(
        plan.out.contains("warning[fleet-without-instances]"),
        "{}",
        plan.out
    );
    assert!(plan.out.contains(why), "{}", plan.out);
}

#[test]
fn buckets_take_calls_over_tls_only_and_nex_trusts_the_ca_bundle() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let plan = |change: fn(&mut Command) -> &mut Command| {
        let mut command = stage.command(&["plan", &file, "--check"]);
        run(change(command.env("AWS_MAX_ATTEMPTS", "1")))
    };
    plan(|command| command).expect(0);
    let refused = plan(|command| command.env_remove("AWS_ENDPOINT_URL_S3")).expect(1);
    let why = "because AccessDenied: Access Denied";
    assert!(refused.err.contains(why), "{}", refused.err);
    let untrusted = plan(|command| command.env_remove("AWS_CA_BUNDLE")).expect(1);
    assert!(untrusted.err.contains("UnknownIssuer"), "{}", untrusted.err);
    assert!(untrusted.err.contains("AWS_CA_BUNDLE"), "{}", untrusted.err);
    let missing = plan(|command| command.env("AWS_CA_BUNDLE", "/nonexistent")).expect(1);
    let why = "failed to read the CA bundle /nonexistent";
    assert!(missing.err.contains(why), "{}", missing.err);
    assert!(
        missing.err.contains("hint: set AWS_CA_BUNDLE"),
        "{}",
        missing.err
    );
}
