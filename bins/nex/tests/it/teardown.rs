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
