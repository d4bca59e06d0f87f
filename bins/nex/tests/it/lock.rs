//! Two runs at once on one deployment.

use std::process::{Child, Stdio};
use std::time::Duration;

use nex_sandbox::{Fault, Rule};

use crate::stage::{Ended, Reference, Stage};

/// How often two runs start at the same time.
const TRIES: usize = 20;

fn start(stage: &Stage, arguments: &[&str]) -> Child {
    let mut command = stage.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn end(child: Child) -> Ended {
    Ended::of(child.wait_with_output().unwrap())
}

const TWINS: &str = "
print(len(ec2.describe_addresses(Filters=[{'Name': 'tag:Name', 'Values': ['nex-staging-gitlab']}])['Addresses']),
      len(boto3.client('dlm').get_lifecycle_policies()['Policies']),
      [o['Key'] for o in boto3.client('s3').list_objects_v2(Bucket='nex-staging-gitlab-artifacts').get('Contents', [])])";

#[test]
fn of_two_runs_at_once_one_builds_and_the_other_says_who_is_at_work() {
    let reference = Reference::new();
    let file = reference.file();
    let mut refused = 0;
    for _ in 0..TRIES {
        let stage = Stage::new();
        let runs = [(); 2].map(|()| start(&stage, &["bootstrap", &file, "--yes"]));
        let ended = runs.map(end);
        let mut codes = ended.iter().map(|ended| ended.code).collect::<Vec<_>>();
        codes.sort_unstable();
        // The second run may also start after the first one has ended.
        assert!(codes == [0, 5] || codes == [0, 0], "{ended:#?}");
        if let Some(ended) = ended.iter().find(|ended| ended.code == 5) {
            refused += 1;
            let why = ["is at work", "changed after the plan was made"];
            assert!(
                why.iter().any(|why| ended.err.contains(why)),
                "{}",
                ended.err
            );
        }
        assert_eq!(stage.python(TWINS), "1 1 []");
        stage.nex(&["plan", &file, "--check"]).expect(0);
    }
    assert!(refused > 0, "no two runs met");
}

#[test]
fn a_run_that_waits_goes_on_when_the_other_one_has_ended() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let slow = Rule::new(Fault::Delay { ms: 1_500 }).operation("AllocateAddress");
    stage.sandbox.add_rule(slow);
    let first = start(&stage, &["bootstrap", &file, "--yes"]);
    while !stage
        .sandbox
        .calls()
        .iter()
        .any(|c| c.operation == "AllocateAddress")
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    let busy = stage.nex(&["bootstrap", &file, "--yes"]).expect(5);
    assert!(busy.err.contains("`nex bootstrap "), "{}", busy.err);
    assert!(busy.err.contains("--wait"), "{}", busy.err);
    let waiting = stage
        .nex(&["bootstrap", &file, "--yes", "--wait"])
        .expect(0);
    assert!(waiting.err.contains("waiting: "), "{}", waiting.err);
    end(first).expect(0);
    assert_eq!(stage.python(TWINS), "1 1 []");
}

#[test]
fn a_lock_of_a_run_that_ended_is_no_obstacle_and_one_of_elsewhere_is_until_it_is_taken() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.python("boto3.client('logs').put_retention_policy(logGroupName='/nex/gitlab/rails', retentionInDays=7)");
    let lock = |host: &str| {
        stage.python(&format!(
            "
import json
holder = {{'user': 'alice', 'host': {host}, 'process': 1 << 30, 'command': 'nex bootstrap staging', 'since': 0}}
boto3.client('s3').put_object(Bucket='nex-staging-gitlab-artifacts', Key='.nex/lock', Body=json.dumps(holder))"
        ));
    };
    lock("'laptop-of-alice'");
    let busy = stage.nex(&["bootstrap", &file, "--yes"]).expect(5);
    assert!(
        busy.err.contains("alice on laptop-of-alice"),
        "{}",
        busy.err
    );
    stage.nex(&["plan", &file, "--check"]).expect(3);
    stage
        .nex(&["bootstrap", &file, "--yes", "--take-over"])
        .expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    assert_eq!(stage.python(TWINS), "1 1 []");

    stage.python("boto3.client('logs').put_retention_policy(logGroupName='/nex/gitlab/rails', retentionInDays=7)");
    lock("__import__('os').uname().nodename");
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert_eq!(stage.python(TWINS), "1 1 []");
}
