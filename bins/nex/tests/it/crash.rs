//! Lost answers and killed runs: the next run continues, and no resource exists twice.

use std::time::{Duration, Instant};

use nex_sandbox::{Fault, Loss, Rule};

use crate::stage::{Ended, Reference, Stage};

/// How many of everything there are, by another client: names and tags as they stand.
const INVENTORY: &str = "
asg = boto3.client('autoscaling'); iam = boto3.client('iam'); s3 = boto3.client('s3')
sm = boto3.client('secretsmanager'); logs = boto3.client('logs'); dlm = boto3.client('dlm')
def tags(x): return sorted((t['Key'], t['Value']) for t in x.get('Tags', []) if not t['Key'].startswith('aws:'))
instances = [i for r in ec2.describe_instances()['Reservations'] for i in r['Instances'] if i['State']['Name'] != 'terminated']
out = {
  'instances': sorted((i['InstanceType'], tags(i)) for i in instances),
  'volumes': sorted((v['Size'], v['Encrypted'], tags(v)) for v in ec2.describe_volumes()['Volumes']),
  'addresses': sorted((tags(a), 'InstanceId' in a) for a in ec2.describe_addresses()['Addresses']),
  'groups': sorted((g['GroupName'], len(g['IpPermissions']), len(g['IpPermissionsEgress'])) for g in ec2.describe_security_groups()['SecurityGroups']),
  'templates': sorted((t['LaunchTemplateName'], t['LatestVersionNumber']) for t in ec2.describe_launch_templates()['LaunchTemplates']),
  'scaling': [(g['AutoScalingGroupName'], g['DesiredCapacity'], len(g['Instances'])) for g in asg.describe_auto_scaling_groups()['AutoScalingGroups']],
  'roles': sorted((r['RoleName'], len(iam.list_role_policies(RoleName=r['RoleName'])['PolicyNames'])) for r in iam.list_roles()['Roles']),
  'profiles': sorted((p['InstanceProfileName'], [r['RoleName'] for r in p['Roles']]) for p in iam.list_instance_profiles()['InstanceProfiles']),
  'buckets': sorted(b['Name'] for b in s3.list_buckets()['Buckets']),
  'secrets': sorted((s['Name'], sum('AWSCURRENT' in v for v in s.get('SecretVersionsToStages', {}).values())) for s in sm.list_secrets()['SecretList']),
  'logs': sorted((g['logGroupName'], g.get('retentionInDays')) for g in logs.describe_log_groups()['logGroups']),
  'snapshots': [(p['Description'], p['State']) for p in dlm.get_lifecycle_policies()['Policies']],
  'records': sorted((r['type'], r['name'], r.get('proxied'), r.get('comment')) for r in cloudflare('zones/{zone}/dns_records')),
  'settings': sorted((s['id'], s['value']) for s in cloudflare('zones/{zone}/settings')),
  'certificates': [c['hostnames'] for c in cloudflare('certificates?zone_id={zone}')],
}
print(json.dumps(out, indent=1))
";

/// Removes the lock that a killed run left.
const UNLOCK: &str = "
s3 = boto3.client('s3')
bucket = 'nex-staging-gitlab-artifacts'
if any(b['Name'] == bucket for b in s3.list_buckets()['Buckets']):
    s3.delete_object(Bucket=bucket, Key='.nex/lock')
";

/// How long one run may take to its first change; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);

/// The calls about the lock. Each run begins with them, so they would be lost again and again.
const LOCK: &str = "*tObject";

#[test]
fn every_change_in_turn_is_made_and_its_answer_lost_and_the_run_killed() {
    let reference = Reference::new();
    let file = reference.file();
    let undisturbed = Stage::built(&file).python(INVENTORY);

    let stage = Stage::new();
    let mut lost = 0;
    let mut further = Further::default();
    loop {
        stage.sandbox.clear_rules();
        stage.sandbox.reset_calls();
        // One change succeeds but its answer is lost, and no later change arrives.
        let one = Rule::new(Fault::FailAfter { how: Loss::Drop });
        stage
            .sandbox
            .add_rule(one.mutating().except(LOCK).nth(further.change).times(1));
        let others = Rule::new(Fault::FailBefore { how: Loss::Drop });
        stage
            .sandbox
            .add_rule(others.mutating().except(LOCK).nth(further.change + 1));
        let mut run = stage.start(&["bootstrap", &file, "--yes"]);
        let began = Instant::now();
        let mut ended = None;
        let was_lost = loop {
            let acted = |c: &nex_sandbox::CallRecord| {
                let lost = c.fault.as_deref().is_some_and(|f| f.contains("after"));
                lost && c.duration_ms.is_some()
            };
            let calls = stage.sandbox.calls();
            if let Some(call) = calls.iter().find(|call| acted(call)) {
                break Some(call.operation.clone());
            }
            if ended.is_some() {
                break None;
            }
            ended = run.try_wait().unwrap();
            let waits = || {
                format!(
                    "the run neither changes nor ends: {:#?}",
                    stage.sandbox.calls()
                )
            };
            assert!(began.elapsed() < LIMIT, "{}", waits());
            std::thread::sleep(Duration::from_millis(5));
        };
        // SIGKILL: nothing of the run is left but what the cloud holds.
        run.kill().unwrap();
        run.wait().unwrap();
        let Some(operation) = was_lost else {
            break;
        };
        // The rules would lose the answer to this deletion, too.
        stage.sandbox.clear_rules();
        // `lag.rs` kills runs and leaves their locks: here each lock would cost the next run a pause.
        stage.python(UNLOCK);
        further.after(&operation);
        lost += 1;
        assert!(lost < 200, "the runs get nowhere");
    }
    assert!(
        lost > 40,
        "only {lost} changes were lost: not every one in turn"
    );
    stage.sandbox.clear_rules();
    stage.nex(&["plan", &file, "--check"]).expect(0);
    assert_same_lines(&stage.python(INVENTORY), &undisturbed);
}

/// Which change of a run is lost: the first one, but for a certificate. To store it takes several calls, and a run that
/// takes over begins with the first of them again.
struct Further {
    change: u64,
    seen: Vec<String>,
}

impl Default for Further {
    fn default() -> Self {
        Self {
            change: 1,
            seen: vec![],
        }
    }
}

impl Further {
    fn after(&mut self, operation: &str) {
        let storing = ["PutSecretValue", "UpdateSecretVersionStage"].contains(&operation);
        let operation = operation.to_owned();
        if storing && self.seen.contains(&operation) {
            self.change += 1;
            return;
        }
        self.change = 1;
        match storing {
            true => self.seen.push(operation),
            false => self.seen.clear(),
        }
    }
}

#[test]
fn a_lost_answer_is_looked_for_by_the_run_that_lost_it() {
    for (service, operation) in [
        ("ec2", "AllocateAddress"),
        ("dlm", "CreateLifecyclePolicy"),
        ("ec2", "RunInstances"),
        ("iam", "CreateRole"),
    ] {
        let reference = Reference::new();
        let stage = Stage::new();
        let rule = Rule::new(Fault::FailAfter { how: Loss::Drop });
        stage
            .sandbox
            .add_rule(rule.service(service).operation(operation).times(1));
        stage
            .nex(&["bootstrap", &reference.file(), "--yes"])
            .expect(0);
        let count = stage.python(
            "print(len([a for a in ec2.describe_addresses()['Addresses'] if any(t['Value'] == 'nex' for t in a.get('Tags', []))]),
      len(boto3.client('dlm').get_lifecycle_policies()['Policies']))",
        );
        assert_eq!(count, "1 1", "after {operation} was lost");
    }
}

#[test]
fn throttling_is_no_error() {
    let reference = Reference::new();
    let stage = Stage::new();
    stage.sandbox.add_rule(
        Rule::new(Fault::Throttle)
            .service("ec2")
            .mutating()
            .times(3),
    );
    stage
        .sandbox
        .add_rule(Rule::new(Fault::Throttle).service("iam").times(2));
    stage
        .nex(&["bootstrap", &reference.file(), "--yes"])
        .expect(0);
}

#[test]
fn what_does_not_depend_on_a_failed_step_is_done_all_the_same() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let rule = Rule::new(Fault::FailBefore { how: Loss::Error });
    let rule = rule.service("iam").operation("CreateRole");
    stage.sandbox.add_rule(rule);
    let mut command = stage.command(&["bootstrap", &file, "--yes"]);
    let ended = crate::stage::run(command.env("AWS_MAX_ATTEMPTS", "1")).expect(4);
    assert!(
        ended
            .out
            .contains("failed to create iam-role nex-staging-gitlab in staging"),
        "{}",
        ended.out
    );
    assert!(
        ended
            .err
            .contains("instance nex-staging-gitlab: not begun: it needs instance-profile"),
        "{}",
        ended.err
    );
    assert!(
        ended
            .err
            .contains("create s3-bucket nex-staging-gitlab-registry: done"),
        "{}",
        ended.err
    );
    stage.sandbox.clear_rules();
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn ctrl_c_lets_running_calls_end_and_says_how_to_go_on() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    stage.sandbox.set_delay(Duration::from_millis(100));
    let mut command = stage.command(&["bootstrap", &file, "--yes"]);
    let run = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let is_change = |call: &nex_sandbox::CallRecord| call.operation == "CreateSecurityGroup";
    while !stage.sandbox.calls().iter().any(is_change) {
        assert!(began.elapsed() < LIMIT, "the run changes nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = run.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(sent.unwrap().success());
    let ended = Ended::of(run.wait_with_output().unwrap()).expect(4);
    let err = &ended.err;
    assert!(
        err.contains("stopping: waiting for running calls to end"),
        "{err}"
    );
    assert!(ended.out.contains("staging: stopped; "), "{}", ended.out);
    assert!(ended.out.contains(" 0 failed, "), "{}", ended.out);

    stage.sandbox.set_delay(Duration::ZERO);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[track_caller]
fn assert_same_lines(is: &str, wanted: &str) {
    let differing: Vec<(&str, &str)> = is
        .lines()
        .zip(wanted.lines())
        .filter(|(a, b)| a != b)
        .collect();
    assert!(is == wanted, "{differing:#?}\n{is}");
}
