//! The table of permissions covers every call that nex makes in a deployment's life.

use nex_infra::permissions::{Access, ApiOperation};
use nex_sandbox::CallRecord;

use crate::stage::{Reference, Stage, replaced};

/// What is wrong with the calls so far: operations that the table lacks, and those that it takes for another kind.
fn unlisted(calls: &[CallRecord]) -> Vec<String> {
    let aws = calls.iter().filter(|call| call.service != "cloudflare");
    let mut wrong: Vec<String> = aws
        .filter_map(|call| {
            let name = format!("{}:{}", call.service, call.operation);
            match ApiOperation::find(&call.service, &call.operation) {
                None => Some(format!(
                    "{name} is not in the table of nex-infra/src/permissions"
                )),
                Some(listed) if (listed.access == Access::Change) != call.mutating => {
                    Some(format!("{name} is in the wrong half of the table"))
                }
                Some(_) => None,
            }
        })
        .collect();
    wrong.sort();
    wrong.dedup();
    wrong
}

#[track_caller]
pub(crate) fn assert_listed(stage: &Stage) {
    let calls = stage.sandbox.calls();
    assert!(!calls.is_empty());
    assert_eq!(unlisted(&calls), Vec::<String>::new());
    stage.sandbox.reset_calls();
}

/// A plan's calls are all in the half that reads.
#[track_caller]
pub(crate) fn assert_reads(stage: &Stage) {
    let calls = stage.sandbox.calls();
    let changes = calls.iter().filter(|call| call.mutating);
    let changes: Vec<_> = changes.map(|call| &call.operation).collect();
    assert!(changes.is_empty(), "{changes:?}");
    let reads_a_value = |call: &CallRecord| call.operation == "GetSecretValue";
    assert!(!calls.iter().any(reads_a_value), "a plan needs no secret");
    assert_listed(stage);
}

#[test]
fn every_call_from_the_first_plan_to_a_new_build_is_in_the_table() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    stage.sandbox.reset_calls();
    stage.nex(&["plan", &file]).expect(0);
    assert_reads(&stage);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert_listed(&stage);

    let changed = Reference::with(|text| {
        let text = replaced(&text, "volume_gb = 200", "volume_gb = 250");
        let text = replaced(&text, "\"t3a.xlarge\"", "\"m6a.xlarge\"");
        let text = replaced(&text, "max = 3", "max = 4");
        let text = replaced(&text, "concurrent = 2", "concurrent = 1");
        let text = replaced(&text, "keep_days = 14", "keep_days = 7");
        let text = replaced(&text, "gitlab_days = 30", "gitlab_days = 60");
        let text = replaced(&text, "cache_days = 14", "cache_days = 7");
        replaced(
            &text,
            "[aws.network]",
            "[aws.tags]\nTeam = \"platform\"\n\n[aws.network]",
        )
    });
    let changed = changed.file();
    stage.nex(&["plan", &changed, "--check"]).expect(3);
    assert_reads(&stage);
    stage.nex(&["bootstrap", &changed, "--yes"]).expect(0);
    assert_listed(&stage);
    // Without the tag again, which removes it.
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert_listed(&stage);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    assert_reads(&stage);

    stage.python("boto3.client('s3').put_object(Bucket='nex-staging-gitlab-registry', Key='layer', Body=b'1')");
    stage.sandbox.reset_calls();
    stage
        .nex(&["destroy", &file, "--confirm", "staging"])
        .expect(5);
    assert_reads(&stage);
    stage.destroy(&file);
    assert_listed(&stage);
    // Secrets Manager keeps deleted secrets, so a new build restores them.
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert_listed(&stage);
}

#[test]
fn every_call_of_an_adoption_and_of_a_repair_is_in_the_table() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let address = stage.python(
        "
named = [{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}]
address = ec2.describe_addresses(Filters=named)['Addresses'][0]['AllocationId']
ec2.delete_tags(Resources=[address], Tags=[{'Key': 'Deployment'}])
instance = ec2.describe_instances(Filters=named)['Reservations'][0]['Instances'][0]['InstanceId']
for association in ec2.describe_iam_instance_profile_associations()['IamInstanceProfileAssociations']:
    if association['InstanceId'] == instance:
        ec2.disassociate_iam_instance_profile(AssociationId=association['AssociationId'])
ec2.modify_instance_metadata_options(InstanceId=instance, HttpPutResponseHopLimit=5)
iam = boto3.client('iam')
iam.remove_role_from_instance_profile(InstanceProfileName='nex-staging-gitlab-runner', RoleName='nex-staging-gitlab-runner')
policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:ListAllMyBuckets', 'Resource': '*'}]}
iam.put_role_policy(RoleName='nex-staging-gitlab', PolicyName='by-hand', PolicyDocument=json.dumps(policy))
iam.update_assume_role_policy(RoleName='nex-staging-gitlab-runner', PolicyDocument=json.dumps(
    {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'ecs.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}))
boto3.client('s3').delete_public_access_block(Bucket='nex-staging-gitlab-registry')
boto3.client('secretsmanager').update_secret(SecretId='nex/gitlab/root-password', Description='by hand')
boto3.client('autoscaling').delete_policy(AutoScalingGroupName='nex-staging-gitlab-runner', PolicyName='cpu')
print(address)
",
    );
    stage.sandbox.reset_calls();
    stage
        .nex(&["adopt", &file, "elastic-ip", &address, "--yes"])
        .expect(0);
    assert_listed(&stage);
    let allow = "profile-attached:instance nex-staging-gitlab";
    stage
        .nex(&["bootstrap", &file, "--yes", "--allow", allow])
        .expect(0);
    assert_listed(&stage);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    assert_reads(&stage);
}
