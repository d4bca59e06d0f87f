//! Plans kept in files, and plans as data.

use crate::stage::{Reference, Stage, replaced, root};

#[test]
fn a_kept_plan_is_done_only_while_spec_and_world_stand_still() {
    let reference = Reference::new();
    let file = reference.file();
    let kept = reference.path("kept.plan");
    let stage = Stage::new();
    stage.nex(&["plan", &file, "--out", &kept]).expect(0);

    stage.python("boto3.client('logs').create_log_group(logGroupName='/nex/gitlab/rails')");
    let refused = stage.nex(&["bootstrap", &file, "--plan", &kept]).expect(5);
    assert!(
        refused.err.contains("the plan no longer holds"),
        "{}",
        refused.err
    );
    assert_eq!(
        stage.python("print(len(ec2.describe_launch_templates()['LaunchTemplates']))"),
        "0"
    );

    stage.python("boto3.client('logs').delete_log_group(logGroupName='/nex/gitlab/rails')");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, replaced(&text, "max = 3", "max = 2")).unwrap();
    stage.nex(&["bootstrap", &file, "--plan", &kept]).expect(5);

    std::fs::write(&file, text).unwrap();
    stage.nex(&["bootstrap", &file, "--plan", &kept]).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_file_that_is_not_a_plan_changes_nothing() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let ended = stage.nex(&["bootstrap", &file, "--plan", &file]).expect(1);
    assert!(
        ended
            .err
            .contains("is not a plan that `nex plan --out` wrote"),
        "{}",
        ended.err
    );
    assert!(stage.sandbox.calls().iter().all(|call| !call.mutating));
}

fn validator() -> jsonschema::Validator {
    let schema = std::fs::read_to_string(root().join("docs/plan.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// Checks the JSON of a plan against its schema.
#[track_caller]
pub(crate) fn assert_valid(plan: &serde_json::Value) {
    let validator = validator();
    let errors = validator.iter_errors(plan).map(|error| error.to_string());
    assert_eq!(errors.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_json_of_a_plan_is_as_its_schema_says() {
    let reference = Reference::new();
    let file = reference.file();
    let stage = Stage::new();
    let fresh = stage.nex(&["plan", &file, "--json"]).expect(0);
    stage.nex(&["bootstrap", &file, "--yes", "-q"]).expect(0);
    stage.python("boto3.client('logs').put_retention_policy(logGroupName='/nex/gitlab/rails', retentionInDays=1)");
    let drifted = stage.nex(&["plan", &file, "--json"]).expect(0);
    let kept = reference.path("kept.plan");
    stage.nex(&["plan", &file, "--out", &kept]).expect(0);
    let kept = std::fs::read_to_string(kept).unwrap();
    for text in [&fresh.out, &drifted.out, &kept] {
        assert_valid(&serde_json::from_str(text).unwrap());
    }
    let plan: serde_json::Value = serde_json::from_str(&drifted.out).unwrap();
    assert_eq!(
        plan["actions"],
        serde_json::json!([{
            "action": "update",
            "kind": "log-group",
            "name": "/nex/gitlab/rails",
            "fields": [{"field": "retention_days", "old": 1, "new": 30, "effect": "in_place"}],
            "reasons": [],
        }])
    );
    // A schema that takes anything would prove nothing.
    assert!(!validator().is_valid(&serde_json::json!({"actions": [{"action": "explode"}]})));
}

#[test]
fn a_plan_file_is_its_owners_alone_and_an_edited_one_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let reference = Reference::new();
    let (file, kept) = (reference.file(), reference.path("kept.plan"));
    let stage = Stage::built(&file);
    stage.python("boto3.client('logs').put_retention_policy(logGroupName='/nex/gitlab/rails', retentionInDays=1)");
    stage.nex(&["plan", &file, "--out", &kept]).expect(0);
    let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let written = std::fs::read_to_string(&kept).unwrap();
    let edits: [&dyn Fn(&mut serde_json::Value); 4] = [
        &|plan| plan["actions"][0]["fields"][0]["new"] = 3650.into(),
        &|plan| plan["actions"][0]["fields"][0]["new"] = serde_json::json!({"known_later": "x"}),
        &|plan| plan["actions"] = serde_json::json!([]),
        &|plan| plan["actions"][0]["action"] = "delete".into(),
    ];
    stage.sandbox.reset_calls();
    for edit in edits {
        let mut plan: serde_json::Value = serde_json::from_str(&written).unwrap();
        edit(&mut plan);
        std::fs::write(&kept, plan.to_string()).unwrap();
        stage.nex(&["bootstrap", &file, "--plan", &kept]).expect(5);
    }
    assert!(stage.sandbox.calls().iter().all(|call| !call.mutating));
    std::fs::write(&kept, written).unwrap();
    stage.nex(&["bootstrap", &file, "--plan", &kept]).expect(0);
}

#[test]
fn a_newer_image_and_a_fleet_that_scales_void_no_plan() {
    let credits = "credits = \"unlimited\"";
    let pinned = format!("{credits}\nimage = \"ami-0b22040000000bb01\"");
    let reference = Reference::with(|text| replaced(&text, credits, &pinned));
    let (file, kept) = (reference.file(), reference.path("kept.plan"));
    let stage = Stage::built(&file);
    let text = std::fs::read_to_string(&file).unwrap();
    let unpinned = replaced(&text, &pinned, "credits = \"standard\"");
    std::fs::write(&file, unpinned).unwrap();
    stage.nex(&["plan", &file, "--out", &kept]).expect(0);
    stage.python(
        "boto3.client('autoscaling').set_desired_capacity(AutoScalingGroupName='nex-staging-gitlab-runner', DesiredCapacity=2)",
    );
    // The file as it is when another image was the newest one at the time of the plan.
    let older = "ami-0a12023000000aa02";
    let text = std::fs::read_to_string(&kept).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    let newest = plan["images"]["fleet"].as_str().unwrap();
    assert!(
        text.matches(newest).count() > 1,
        "the action shows the image"
    );
    std::fs::write(&kept, replaced(&text, newest, older)).unwrap();
    stage.nex(&["bootstrap", &file, "--plan", &kept]).expect(0);
    let image = stage.python(
        "
versions = ec2.describe_launch_template_versions(LaunchTemplateName='nex-staging-gitlab-runner', Versions=['$Latest'])
print(versions['LaunchTemplateVersions'][0]['LaunchTemplateData']['ImageId'])
",
    );
    assert_eq!(image, older);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}

#[test]
fn a_kept_plan_may_replace_a_resource_that_is_allowed_by_name() {
    let reference = Reference::new();
    let (file, kept) = (reference.file(), reference.path("kept.plan"));
    let stage = Stage::built(&file);
    let text = std::fs::read_to_string(&file).unwrap();
    let (old, new) = (
        "public_subnet = \"10.0.1.0/24\"",
        "public_subnet = \"10.0.100.0/24\"",
    );
    std::fs::write(&file, replaced(&text, old, new)).unwrap();
    stage.nex(&["plan", &file, "--out", &kept]).expect(0);
    let mut arguments = vec!["bootstrap", &file, "--plan", &kept];
    stage.nex(&arguments).expect(5);
    arguments.extend(["--allow", "stateful-replaced:instance nex-staging-gitlab"]);
    stage.nex(&arguments).expect(0);
    stage.nex(&["plan", &file, "--check"]).expect(0);
}
