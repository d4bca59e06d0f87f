//! `destroy`, and building again.

use crate::stage::{Reference, Stage};

#[test]
fn what_holds_state_goes_only_by_name_and_the_environment_s_name_is_typed() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    stage.python("boto3.client('s3').put_object(Bucket='nex-staging-gitlab-registry', Key='layer', Body=b'1')");

    let refused = stage
        .nex(&["destroy", &file, "--confirm", "staging"])
        .expect(5);
    let named = refused.allowances();
    assert!(
        named.contains(&"stateful-deleted:s3-bucket nex-staging-gitlab-registry".to_owned()),
        "{named:?}"
    );
    // An empty bucket holds no state.
    assert!(
        !named.contains(&"stateful-deleted:s3-bucket nex-staging-gitlab-artifacts".to_owned()),
        "{named:?}"
    );
    assert!(
        named.contains(&"stateful-deleted:instance nex-staging-gitlab".to_owned()),
        "{named:?}"
    );

    let mut arguments = vec!["destroy", &file, "--confirm", "production"];
    arguments.extend(named.iter().flat_map(|name| ["--allow", name]));
    stage.nex(&arguments).expect(5);
    stage.nex(&["plan", &file, "--check"]).expect(0);

    arguments[3] = "staging";
    stage.nex(&arguments).expect(0);
    let left = stage.python(
        "print(len(ec2.describe_launch_templates()['LaunchTemplates']),
      [b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']],
      [r['RoleName'] for r in boto3.client('iam').list_roles()['Roles'] if 'nex' in r['RoleName']],
      len([v for v in ec2.describe_volumes()['Volumes'] if any(t['Value'] == 'nex' for t in v.get('Tags', []))]))",
    );
    // The shared bucket and the one in another Region were never nex's.
    assert_eq!(left, "0 ['nex-staging-backups', 'nex-other-region'] [] 0");

    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

/// The value of a generated secret.
fn root_password(stage: &Stage) -> String {
    stage.python("print(boto3.client('secretsmanager').get_secret_value(SecretId='nex/gitlab/root-password')['SecretString'])")
}

#[test]
fn a_deleted_secret_comes_back_with_its_value_unless_it_is_rotated() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let first = root_password(&stage);

    stage.destroy(&file);
    let plan = stage.nex(&["plan", &file]).expect(0);
    let restored = "warning[secret-restored] secret nex/gitlab/root-password";
    assert!(plan.out.contains(restored), "{}", plan.out);
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    assert_eq!(root_password(&stage), first);

    stage.destroy(&file);
    let rotate = ["--rotate", "nex/gitlab/root-password"];
    let plan = stage
        .nex(&[&["plan", &file, "--full"][..], &rotate].concat())
        .expect(0);
    assert!(!plan.out.contains(restored), "{}", plan.out);
    assert!(
        plan.out.contains("the old one is permanently deleted"),
        "{}",
        plan.out
    );
    stage
        .nex(&[&["bootstrap", &file, "--yes"][..], &rotate].concat())
        .expect(0);
    let second = root_password(&stage);
    assert_ne!(second, first);
    // A secret in use keeps its value, and the plan says so.
    let again = stage
        .nex(&[&["bootstrap", &file, "--yes"][..], &rotate].concat())
        .expect(0);
    let kept = "info[not-rotated] secret nex/gitlab/root-password";
    assert!(again.out.contains(kept), "{}", again.out);
    assert_eq!(root_password(&stage), second);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    let wrong = stage
        .nex(&["plan", &file, "--rotate", "root-password"])
        .expect(1);
    assert!(
        wrong.err.contains("nex/gitlab/root-password"),
        "{}",
        wrong.err
    );
}

#[test]
fn a_deleted_secret_of_others_is_not_taken_over() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    stage.python(
        "sm = boto3.client('secretsmanager')
sm.create_secret(Name='nex/gitlab/root-password', SecretString='known to others')
sm.delete_secret(SecretId='nex/gitlab/root-password')",
    );
    let refused = stage.nex(&["bootstrap", &file, "--yes"]).expect(5);
    assert_eq!(
        refused.allowances(),
        ["deleted-not-ours:secret nex/gitlab/root-password"]
    );
}
