//! Taking over resources that others made.

use crate::stage::{Reference, Stage};

#[test]
fn a_resource_with_our_name_and_not_our_tags_is_reported_left_alone_and_adopted_on_request() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    stage.python(
        "
boto3.client('logs').create_log_group(logGroupName='/nex/gitlab/rails', tags={'owner': 'terraform'})
boto3.client('s3').create_bucket(Bucket='nex-staging-gitlab-registry', CreateBucketConfiguration={'LocationConstraint': 'eu-west-3'})
boto3.client('iam').create_role(RoleName='nex-staging-gitlab-runner', AssumeRolePolicyDocument='{\"Version\": \"2012-10-17\", \"Statement\": []}')
",
    );
    let refused = stage.nex(&["bootstrap", &file, "--yes"]).expect(5);
    assert_eq!(
        refused.out.matches("refused[not-ours]").count(),
        3,
        "{}",
        refused.out
    );
    let all = format!("hint: to take over all of it at once: nex adopt {file} --all");
    assert!(refused.err.contains(&all), "{}", refused.err);
    assert!(
        stage
            .sandbox
            .calls()
            .iter()
            .all(|c| !c.mutating || c.operation.starts_with("Create"))
    );

    for (kind, id) in [
        ("log-group", "/nex/gitlab/rails"),
        ("s3-bucket", "nex-staging-gitlab-registry"),
        ("iam-role", "nex-staging-gitlab-runner"),
    ] {
        stage.nex(&["adopt", &file, kind, id, "--yes"]).expect(0);
    }
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let tags = stage.python(
        "logs = boto3.client('logs')
arn = logs.describe_log_groups(logGroupNamePrefix='/nex/gitlab/rails')['logGroups'][0]['logGroupArn']
print(logs.list_tags_for_resource(resourceArn=arn)['tags']['owner'])",
    );
    assert_eq!(tags, "terraform", "others' tags stay");
}

#[test]
fn a_server_that_terraform_made_is_adopted_with_its_difference_shown() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let id = stage.python(
        "
subnet = ec2.describe_subnets(Filters=[{'Name': 'cidr-block', 'Values': ['10.0.1.0/24']}])['Subnets'][0]['SubnetId']
image = boto3.client('ssm').get_parameters(Names=['/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id'])['Parameters'][0]['Value']
run = ec2.run_instances(ImageId=image, InstanceType='t3a.large', SubnetId=subnet, MinCount=1, MaxCount=1,
    BlockDeviceMappings=[{'DeviceName': '/dev/sda1', 'Ebs': {'VolumeSize': 100, 'VolumeType': 'gp3', 'Encrypted': True}}],
    TagSpecifications=[{'ResourceType': 'instance', 'Tags': [{'Key': 'Name', 'Value': 'gitlab-by-terraform'}]}])
print(run['Instances'][0]['InstanceId'])
",
    );
    let shown = stage
        .nex(&["adopt", &file, "instance", &id, "--yes"])
        .expect(0);
    assert!(
        shown
            .out
            .contains(r#"instance_type: "t3a.large" -> "t3a.xlarge"  (needs a restart)"#),
        "{}",
        shown.out
    );
    // The tags alone give the instance no role.
    let refused = stage.nex(&["bootstrap", &file, "--yes"]).expect(5);
    let why = format!("{id} runs without an instance profile");
    assert!(refused.out.contains(&why), "{}", refused.out);
    let allow = "profile-attached:instance nex-staging-gitlab";
    assert_eq!(refused.allowances(), [allow]);
    stage
        .nex(&["bootstrap", &file, "--yes", "--allow", allow])
        .expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let server = stage.python(
        "i = [i for r in ec2.describe_instances(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}])['Reservations'] for i in r['Instances']]
print(len(i), i[0]['InstanceId'], i[0]['InstanceType'], i[0]['BlockDeviceMappings'][0]['Ebs']['DeleteOnTermination'])",
    );
    // The volume outlives the server, also one that someone else made.
    assert_eq!(server, format!("1 {id} t3a.xlarge False"));
}

#[test]
fn an_unknown_kind_and_an_unknown_id_are_errors() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let ended = stage
        .nex(&["adopt", &file, "server", "i-1", "--yes"])
        .expect(1);
    assert!(
        ended
            .err
            .contains("\"server\" is not a kind; the kinds: security-group"),
        "{}",
        ended.err
    );
    let ended = stage
        .nex(&["adopt", &file, "iam-role", "elsewhere", "--yes"])
        .expect(1);
    assert!(
        ended
            .err
            .contains("the spec asks for: nex-staging-gitlab, "),
        "{}",
        ended.err
    );
}
