//! No secret is where it could be read.

use crate::stage::{MAIL_PASSWORD, Reference, Stage};

#[test]
fn a_secret_is_in_secrets_manager_and_nowhere_else() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let plan = stage.nex(&["plan", &file, "--json"]).expect(0);
    let run = stage.nex(&["bootstrap", &file, "--yes", "-v"]).expect(0);
    let values = stage.python(
        "
sm = boto3.client('secretsmanager')
for name in ['database-password', 'root-password', 'mail-password']:
    print(sm.get_secret_value(SecretId='nex/gitlab/' + name)['SecretString'])
bundle = json.loads(sm.get_secret_value(SecretId='nex/gitlab/origin-certificate')['SecretString'])
print(bundle['key'].splitlines()[1])
",
    );
    let values: Vec<&str> = values.lines().collect();
    assert_eq!(values[2], MAIL_PASSWORD);
    assert!(values[0].len() >= 32 && values[0] != values[1]);

    let everywhere = stage.python(
        "
import base64
instances = [i for r in ec2.describe_instances()['Reservations'] for i in r['Instances']]
data = [ec2.describe_instance_attribute(InstanceId=i['InstanceId'], Attribute='userData')['UserData'].get('Value', '') for i in instances]
template = ec2.describe_launch_template_versions(LaunchTemplateName='nex-staging-gitlab-runner', Versions=['1'])['LaunchTemplateVersions'][0]
data.append(template['LaunchTemplateData']['UserData'])
print([base64.b64decode(d).decode() for d in data], instances, template, ec2.describe_tags(), boto3.client('iam').get_account_authorization_details(Filter=['Role']))
print(cloudflare('zones/{zone}/dns_records'), cloudflare('certificates?zone_id={zone}'))
",
    );
    assert!(
        everywhere.contains("nex/gitlab/database-password"),
        "the scripts were looked at"
    );
    for value in values {
        for text in [&plan.out, &run.out, &run.err, &everywhere] {
            assert!(!text.contains(value));
        }
    }
}

#[test]
fn a_secret_that_can_not_be_had_stops_the_run_before_any_change() {
    let reference = Reference::new();
    let file = reference.file();
    std::fs::remove_file(reference.path("mail-password")).unwrap();
    let stage = Stage::new();
    let ended = stage.nex(&["bootstrap", &file, "--yes"]).expect(1);
    assert!(
        ended
            .err
            .contains("for the secret nex/gitlab/mail-password"),
        "{}",
        ended.err
    );
    assert!(stage.sandbox.calls().iter().all(|call| !call.mutating));
}

#[test]
fn a_secret_once_made_is_never_made_again() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::built(&file);
    let script = "print(boto3.client('secretsmanager').get_secret_value(SecretId='nex/gitlab/database-password')['SecretString'])";
    let before = stage.python(script);
    stage.python("boto3.client('secretsmanager').put_secret_value(SecretId='nex/gitlab-runner/registration-token', SecretString='glrt-x')");
    stage.nex(&["bootstrap", &file, "--yes"]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
    assert_eq!(stage.python(script), before);
}

/// A `doppler` in a folder of its own, which prints or fails as `script` says.
fn doppler(script: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("doppler");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn with_doppler(stage: &Stage, folder: &std::path::Path) -> crate::stage::Ended {
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", folder.display());
    let mut command = stage.command(&["bootstrap", "staging", "--yes"]);
    crate::stage::run(command.env("PATH", path))
}

#[test]
fn a_value_comes_from_doppler_by_project_config_and_name() {
    let stage = Stage::new();
    let folder = doppler(&format!(
        "test \"$*\" = 'secrets get BREVO_SMTP_PASSWORD --plain --project paywithnex --config stg' && echo {MAIL_PASSWORD}"
    ));
    with_doppler(&stage, folder.path()).expect(0);
    let stored = stage.python(
        "print(boto3.client('secretsmanager').get_secret_value(SecretId='nex/gitlab/mail-password')['SecretString'])",
    );
    assert_eq!(stored, MAIL_PASSWORD);
}

#[test]
fn an_error_of_doppler_is_shown_and_nothing_is_changed() {
    let stage = Stage::new();
    let folder = doppler("echo 'Doppler Error: you must log in' >&2; exit 1");
    let ended = with_doppler(&stage, folder.path()).expect(1);
    let expected = "doppler: Doppler Error: you must log in";
    assert!(ended.err.contains(expected), "{}", ended.err);
    assert!(stage.sandbox.calls().iter().all(|call| !call.mutating));
}
