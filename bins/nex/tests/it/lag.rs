//! AWS that shows every change late.

use std::time::{Duration, Instant};

use nex_sandbox::{Fault, Loss, Rule};

use crate::stage::{Reference, Stage};

const LAG: Duration = Duration::from_secs(1);

/// How often a run is killed.
const KILLS: u64 = 12;

/// The longest time until a run changes something.
const LIMIT: Duration = Duration::from_secs(60);

fn lagging() -> Stage {
    let stage = Stage::new();
    stage.sandbox.set_lag(LAG);
    stage
}

#[test]
fn an_environment_is_built_fixed_deleted_and_built_again_though_aws_lags() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = lagging();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    stage.python(
        "
boto3.client('logs').put_retention_policy(logGroupName='/nex/gitlab/rails', retentionInDays=7)
group = ec2.describe_security_groups(Filters=[{'Name': 'group-name', 'Values': ['nex-staging-gitlab']}])['SecurityGroups'][0]['GroupId']
ec2.authorize_security_group_ingress(GroupId=group, IpProtocol='tcp', FromPort=8080, ToPort=8080, CidrIp='0.0.0.0/0')
boto3.client('s3').delete_bucket_lifecycle(Bucket='nex-staging-gitlab-registry')",
    );
    std::thread::sleep(LAG);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    stage.destroy(&file);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_run_that_is_killed_anywhere_leaves_nothing_twice_though_aws_lags() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = lagging();
    // A fixed sequence of numbers (a linear congruential generator), so that a failure can be repeated.
    let mut seed: u64 = 20_261_126;
    for _ in 0..KILLS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let change = 1 + (seed >> 33) % 20;
        stage.sandbox.clear_rules();
        stage.sandbox.reset_calls();
        let lost = Rule::new(Fault::FailAfter { how: Loss::Drop }).mutating();
        stage
            .sandbox
            .add_rule(lost.except("*tObject").nth(change).times(1));
        let mut run = stage.start(&["bootstrap", &file, "--yes"]);
        let began = Instant::now();
        while run.try_wait().unwrap().is_none()
            && !stage
                .sandbox
                .calls()
                .iter()
                .any(|call| call.fault.is_some())
        {
            assert!(began.elapsed() < LIMIT, "the run neither changes nor ends");
            std::thread::sleep(Duration::from_millis(5));
        }
        run.kill().unwrap();
        run.wait().unwrap();
    }
    stage.sandbox.clear_rules();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let counts = stage.python(
        "
name = [{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}]
alive = name + [{'Name': 'instance-state-name', 'Values': ['pending', 'running', 'stopping', 'stopped']}]
print(len(ec2.describe_addresses(Filters=name)['Addresses']),
      sum(len(r['Instances']) for r in ec2.describe_instances(Filters=alive)['Reservations']),
      len(boto3.client('dlm').get_lifecycle_policies()['Policies']))",
    );
    assert_eq!(counts, "1 1 1");
}
