//! Who owns what: two deployments side by side, and resources that claim to be one.

use crate::stage::{Ended, Reference, Stage, replaced};

/// The calls that change something, except those about the lock.
fn changes(stage: &Stage) -> Vec<String> {
    let calls = stage.sandbox.calls().into_iter();
    let changes = calls.filter(|call| call.mutating && !call.operation.ends_with("Object"));
    changes.map(|call| call.operation).collect()
}

/// Every command that plans is refused, names both ids, and changes nothing.
#[track_caller]
fn assert_refused(stage: &Stage, file: &str, kind: &str, ids: &[String]) {
    stage.sandbox.reset_calls();
    for arguments in [
        &["plan", file, "--check"][..],
        &["bootstrap", file, "--yes"],
        &["destroy", file, "--confirm", "staging"],
    ] {
        let Ended { err, .. } = stage.nex(arguments).expect(5);
        let claim = format!("2 {kind}s claim to be nex-staging-gitlab");
        assert!(err.contains(&claim), "{arguments:?}: {err}");
        assert!(
            ids.iter().all(|id| err.contains(id)),
            "{arguments:?}: {err}"
        );
    }
    assert_eq!(changes(stage), [""; 0]);
}

#[test]
fn of_two_instances_with_nex_s_tags_none_counts_as_the_server() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let ids = stage.python(
        "
server = [i for r in ec2.describe_instances(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}])['Reservations'] for i in r['Instances']][0]
tags = [t for t in server['Tags'] if not t['Key'].startswith('aws:')]
twin = ec2.run_instances(ImageId=server['ImageId'], InstanceType='t3.micro', SubnetId=server['SubnetId'], MinCount=1, MaxCount=1,
    TagSpecifications=[{'ResourceType': 'instance', 'Tags': tags}])['Instances'][0]
print(server['InstanceId'], twin['InstanceId'])",
    );
    let ids: Vec<String> = ids.split(' ').map(str::to_owned).collect();
    assert_refused(&stage, &file, "instance", &ids);
    stage.python(&format!(
        "ec2.terminate_instances(InstanceIds=['{}'])",
        ids[1]
    ));
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn of_two_addresses_with_nex_s_tags_none_gets_the_names() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let ids = stage.python(
        "
own = ec2.describe_addresses(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}])['Addresses'][0]
twin = ec2.allocate_address(Domain='vpc', TagSpecifications=[{'ResourceType': 'elastic-ip', 'Tags': own['Tags']}])
print(own['AllocationId'], twin['AllocationId'])",
    );
    let ids: Vec<String> = ids.split(' ').map(str::to_owned).collect();
    assert_refused(&stage, &file, "elastic-ip", &ids);
    let refused = stage.nex(&["dns", "apply", &file, "--yes"]).expect(5);
    assert!(refused.err.contains(&ids[1]), "{}", refused.err);
    assert_eq!(changes(&stage), [""; 0]);
}

#[test]
fn a_volume_that_others_use_is_not_called_left_over() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let instance = stage.python(
        "
node = [i for r in ec2.describe_instances(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-eks-node']}])['Reservations'] for i in r['Instances']][0]
root = ec2.describe_volumes(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}])['Volumes'][0]
volume = ec2.create_volume(AvailabilityZone=node['Placement']['AvailabilityZone'], Size=5,
    TagSpecifications=[{'ResourceType': 'volume', 'Tags': root['Tags']}])
ec2.attach_volume(VolumeId=volume['VolumeId'], InstanceId=node['InstanceId'], Device='/dev/sdf')
print(node['InstanceId'])",
    );
    let plan = stage.nex(&["plan", &file, "--check"]).expect(0);
    let attached = format!("is attached to {instance}");
    assert!(plan.out.contains(&attached), "{}", plan.out);
    assert!(!plan.out.contains("by hand"), "{}", plan.out);
}

/// A second deployment in the same account, Region and zone.
fn other() -> Reference {
    Reference::with(|text| {
        let text = replaced(&text, "prefix = \"nex\"", "prefix = \"other\"");
        // The account's quota has no room for two large servers.
        let text = replaced(&text, "\"t3a.xlarge\"", "\"t3a.large\"");
        let text = replaced(&text, "secrets = \"nex\"\n", "");
        let text = replaced(&text, "log_groups = \"/nex\"\n", "");
        let text = replaced(&text, "\"nex/gitlab/", "\"other/staging/gitlab/");
        let text = replaced(
            &text,
            "\"nex-staging-gitlab-registry\"",
            "\"other-registry\"",
        );
        let text = replaced(
            &text,
            "\"nex-staging-gitlab-runner-cache\"",
            "\"other-cache\"",
        );
        ["gitlab", "registry", "ssh-gitlab"]
            .iter()
            .fold(text, |text, name| {
                let old = format!("type = \"A\"\nname = \"{name}\"");
                let text = replaced(
                    &text,
                    &old,
                    &format!("type = \"A\"\nname = \"other-{name}\""),
                );
                let host = format!("{name}.paywithnex.com");
                let urls = text.replace(&format!("//{host}"), &format!("//other-{host}"));
                urls.replace(&format!("\"{host}"), &format!("\"other-{host}"))
            })
    })
}

#[test]
fn two_deployments_in_one_account_and_zone_never_see_each_other() {
    let (first, second) = (Reference::new(), other());
    let (first, second) = (first.file(), second.file());
    let stage = Stage::built(&first);
    let plan = stage.nex(&["plan", &second]).expect(0);
    assert!(
        plan.out.contains(" 0 to replace, 0 to delete"),
        "{}",
        plan.out
    );
    assert!(!plan.out.contains("nex-staging-gitlab"), "{}", plan.out);
    stage.nex(&["bootstrap", &second, "--yes"]).expect(0);
    stage.nex(&["plan", &first, "--check"]).expect(0);
    stage.nex(&["plan", &second, "--check"]).expect(0);

    let ended = stage.destroy(&second);
    assert!(!ended.out.contains("nex-staging-gitlab"), "{}", ended.out);
    stage.nex(&["plan", &first, "--check"]).expect(0);
}

#[test]
fn what_another_deployment_owns_is_named_and_can_not_be_adopted() {
    let first = Reference::new();
    let stage = Stage::built(&first.file());
    // The second deployment keeps the paths of the first one.
    let second = Reference::with(|text| replaced(&text, "prefix = \"nex\"", "prefix = \"other\""));
    let second = second.file();
    let plan = stage.nex(&["plan", &second, "--check"]).expect(5);
    let owner = "belongs to nex's deployment nex-staging";
    assert!(plan.out.contains(owner), "{}", plan.out);
    assert!(plan.out.contains("aws.names"), "{}", plan.out);
    let secret = "nex/gitlab/root-password";
    let refused = stage
        .nex(&["adopt", &second, "secret", secret, "--yes"])
        .expect(1);
    assert!(refused.err.contains(owner), "{}", refused.err);
    stage.nex(&["plan", &first.file(), "--check"]).expect(0);
}

#[test]
fn a_bucket_name_that_is_taken_elsewhere_is_said_before_anything_is_made() {
    let stage = Stage::new();
    for (bucket, why) in [
        ("nex-taken-elsewhere", "belongs to another account"),
        ("nex-other-region", "is in eu-west-1, not in eu-west-3"),
    ] {
        let reference = Reference::with(|text| {
            let old = "registry_bucket = \"nex-staging-gitlab-registry\"";
            replaced(&text, old, &format!("registry_bucket = \"{bucket}\""))
        });
        let failed = stage
            .nex(&["bootstrap", &reference.file(), "--yes"])
            .expect(1);
        assert!(failed.err.contains(why), "{}", failed.err);
        assert!(failed.err.contains("aws.storage"), "{}", failed.err);
    }
    assert_eq!(changes(&stage), [""; 0]);
}

#[test]
fn a_statement_that_others_add_to_a_bucket_s_policy_is_a_difference() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let policy = "
import json
s3 = boto3.client('s3')
policy = json.loads(s3.get_bucket_policy(Bucket='nex-staging-gitlab-registry')['Policy'])";
    stage.python(&format!(
        "{policy}
policy['Statement'].append({{'Sid': 'Guest', 'Effect': 'Allow', 'Principal': {{'AWS': 'arn:aws:iam::666666666666:root'}},
    'Action': 's3:*', 'Resource': 'arn:aws:s3:::nex-staging-gitlab-registry/*'}})
s3.put_bucket_policy(Bucket='nex-staging-gitlab-registry', Policy=json.dumps(policy))"
    ));
    let plan = stage.nex(&["plan", &file, "--check"]).expect(3);
    assert!(plan.out.contains("666666666666"), "{}", plan.out);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let sids = stage.python(&format!(
        "{policy}\nprint([s['Sid'] for s in policy['Statement']])"
    ));
    assert_eq!(sids, "['TlsOnly']");
}
