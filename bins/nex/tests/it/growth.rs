//! An account in which other teams have many resources: a plan reads no more because of them.

use std::collections::BTreeMap;

use nex_sandbox::{Fault, Rule};

use crate::stage::{Reference, Stage};

/// The call that returns the roles of all teams.
const DETAILS: &str = "GetAccountAuthorizationDetails";

/// How often each operation was called.
fn counts(stage: &Stage) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in stage.sandbox.calls() {
        *counts.entry(call.operation).or_default() += 1;
    }
    counts
}

/// Changes of our roles are seen though the account's details do not show them.
fn expect_changes_of_roles_to_be_seen(stage: &Stage, file: &str) {
    stage.python(
        "
iam = boto3.client('iam')
iam.delete_role_policy(RoleName='nex-staging-gitlab', PolicyName='gitlab-logs')
iam.put_role_policy(RoleName='nex-staging-gitlab-snapshots', PolicyName='extra', PolicyDocument=json.dumps(
    {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:*', 'Resource': '*'}]}))
managed = iam.list_attached_role_policies(RoleName='nex-staging-gitlab-runner')['AttachedPolicies']
iam.detach_role_policy(RoleName='nex-staging-gitlab-runner', PolicyArn=managed[0]['PolicyArn'])
",
    );
    let plan = stage.nex(&["plan", file, "--check"]).expect(3);
    for role in ["", "-runner", "-snapshots"] {
        let line = format!("~ update  iam-role nex-staging-gitlab{role}\n");
        assert!(plan.out.contains(&line), "{}", plan.out);
    }
    assert!(
        plan.out.contains("0 to create, 3 to update"),
        "{}",
        plan.out
    );
    stage.nex(&["bootstrap", file, "--yes"]).expect(0);
    stage.nex(&["plan", file, "--check"]).expect(0);
}

#[test]
fn without_permission_to_read_all_roles_ours_are_read_by_name() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let refusal = Fault::Refuse {
        status: 403,
        code: "AccessDenied".into(),
        message: format!("User: x is not authorized to perform: iam:{DETAILS}"),
    };
    stage
        .sandbox
        .add_rule(Rule::new(refusal).operation(DETAILS));
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.sandbox.reset_calls();
    stage.nex(&["plan", &file, "--check"]).expect(0);
    assert_eq!((counts(&stage)[DETAILS], counts(&stage)["GetRole"]), (1, 3));
    expect_changes_of_roles_to_be_seen(&stage, &file);
}

#[test]
fn what_other_teams_have_makes_no_list_longer_than_a_page() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.sandbox.reset_calls();
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let before = counts(&stage);
    assert_eq!(before.get("GetRole"), None, "{before:?}");

    // By name, all of them come before ours.
    stage.python(
        "
iam, logs = boto3.client('iam'), boto3.client('logs')
trust = {'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'ec2.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}
for n in range(120):
    iam.create_role(RoleName=f'another-team-{n}', AssumeRolePolicyDocument=json.dumps(trust))
    logs.create_log_group(logGroupName=f'/nex/gitlab/another-team-{n}')
    logs.create_log_group(logGroupName=f'/nex/gitlab-runner/another-team-{n}')
",
    );
    stage.sandbox.reset_calls();
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let mut after = counts(&stage);
    assert_eq!((after[DETAILS], after["GetRole"]), (1, 3));
    let groups = after.remove("DescribeLogGroups").unwrap_or_default();
    assert_eq!(groups, 2 + 6, "a page of each folder, then each by name");
    after.retain(|name, count| before.get(name) != Some(count));
    let names: Vec<&String> = after.keys().collect();
    assert_eq!(
        names,
        [
            "GetInstanceProfile",
            "GetRole",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
            "ListRolePolicies",
        ],
        "nothing else was read more often"
    );
    expect_changes_of_roles_to_be_seen(&stage, &file);
}
