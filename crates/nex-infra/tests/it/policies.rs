//! The IAM policies: least privilege, and `parliament` finds nothing.

use std::process::Command;

use nex_infra::model::{DesiredResource, Document};
use serde_json::Value;

use crate::support::{spec, wanted};

/// The statements that may name every resource, and why.
const EVERYTHING: [(&str, &str); 2] = [
    ("Groups", "DescribeLogGroups does not support resources"),
    (
        "Describe",
        "DescribeVolumes and DescribeSnapshots do not support resources",
    ),
];

/// All inline policies of all roles. The backups bucket is shared, because its statements then have conditions.
fn policies() -> Vec<(String, Document)> {
    let mut shared = spec();
    shared.storage.backups.existing = true;
    let desired = wanted(&shared);
    let roles = desired.values().filter_map(|resource| match resource {
        DesiredResource::IamRole(role) => Some(role),
        _ => None,
    });
    roles
        .flat_map(|role| {
            let named = |(name, document): (&String, &Document)| {
                (format!("{}.{name}", role.name), document.clone())
            };
            role.policies.iter().map(named).collect::<Vec<_>>()
        })
        .collect()
}

pub(crate) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    }
}

#[test]
fn no_action_is_a_wildcard_and_resources_are_named() {
    let policies = policies();
    assert_eq!(policies.len(), 10);
    for (name, document) in policies {
        for statement in document.as_json()["Statement"].as_array().unwrap() {
            let sid = statement["Sid"].as_str().unwrap();
            for action in strings(&statement["Action"]) {
                assert!(!action.contains('*'), "{name} {sid} allows {action}");
            }
            let resources = strings(&statement["Resource"]);
            assert!(!resources.is_empty(), "{name} {sid} names no resource");
            let allowed = EVERYTHING.iter().any(|(listed, _)| *listed == sid);
            assert_eq!(
                resources.contains(&"*"),
                allowed,
                "{name} {sid} {resources:?}"
            );
        }
    }
}

#[test]
fn only_the_service_that_a_role_is_for_can_assume_the_role() {
    let desired = wanted(&spec());
    let mut services = vec![];
    for resource in desired.values() {
        if let DesiredResource::IamRole(role) = resource {
            let principal = &role.trust.as_json()["Statement"][0]["Principal"]["Service"];
            services.push((role.name.as_str(), principal.as_str().unwrap()));
        }
    }
    assert_eq!(
        services,
        [
            ("nex-staging-gitlab", "ec2.amazonaws.com"),
            ("nex-staging-gitlab-runner", "ec2.amazonaws.com"),
            ("nex-staging-gitlab-snapshots", "dlm.amazonaws.com"),
        ]
    );
}

/// The service works for every customer of AWS, and its role deletes snapshots.
#[test]
fn the_snapshot_role_works_for_the_deployment_s_own_policies_and_snapshots_only() {
    let desired = wanted(&spec());
    let mut roles = desired.values().filter_map(|resource| match resource {
        DesiredResource::IamRole(role) if role.name.ends_with("-snapshots") => Some(role),
        _ => None,
    });
    let role = roles.next().unwrap();
    assert_eq!(
        role.trust.as_json()["Statement"][0]["Condition"],
        serde_json::json!({
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": "arn:aws:dlm:eu-west-3:123456789012:policy/*"},
        })
    );
    let policy = &role.policies["gitlab-snapshots"];
    let statements = policy.as_json()["Statement"].as_array().unwrap();
    let is_delete = |s: &&Value| strings(&s["Action"]).contains(&"ec2:DeleteSnapshot");
    let deletes: Vec<&Value> = statements.iter().filter(is_delete).collect();
    let own = serde_json::json!({
        "StringEquals": {"aws:ResourceTag/Snapshot": "nex-staging-gitlab-snapshots"},
    });
    assert_eq!(deletes.len(), 1);
    assert_eq!(deletes[0]["Condition"], own);
    // The condition holds for snapshots because the service copies the volume's tags.
    let is_tagged = |resource: &DesiredResource| match resource {
        DesiredResource::Volume(volume) => volume.tags["Snapshot"] == role.name,
        DesiredResource::SnapshotPolicy(policy) => policy.copy_tags,
        _ => false,
    };
    assert_eq!(desired.values().filter(|r| is_tagged(r)).count(), 2);
}

#[test]
fn parliament_finds_nothing_above_low() {
    assert_parliament_accepts(&policies(), &[]);
}

/// A finding of `parliament` that is accepted.
pub(crate) struct Accepted {
    pub(crate) issue: &'static str,
    pub(crate) about: &'static str,
}

/// `parliament` checks actions, and the resources and conditions that each action supports. Each accepted finding must be
/// there.
pub(crate) fn assert_parliament_accepts(policies: &[(String, Document)], accepted: &[Accepted]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, document) in policies {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(path, document.to_string()).unwrap();
    }
    let judge = |folder: &std::path::Path| {
        Command::new("parliament")
            .args(["--minimum_severity", "MEDIUM", "--json"])
            .args(["--include_policy_extension", "json", "--directory"])
            .arg(folder)
            .output()
    };
    match judge(folder.path()) {
        Ok(output) => {
            let found = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() || !found.is_empty(), "{errors}");
            let fits = |a: &Accepted, line: &str| line.contains(a.issue) && line.contains(a.about);
            let mut others = found.lines();
            let other = others.find(|line| !accepted.iter().any(|a| fits(a, line)));
            assert_eq!(other, None, "{errors}");
            for a in accepted {
                let is_there = found.lines().any(|line| fits(a, line));
                assert!(is_there, "{} about {} is gone", a.issue, a.about);
            }
        }
        Err(error) if std::env::var("CI").as_deref() == Ok("true") => {
            panic!("parliament could not be started: {error}")
        }
        Err(error) => {
            use std::io::Write as _;
            let mut stderr = std::io::stderr();
            writeln!(stderr, "skipped: parliament could not be started: {error}").unwrap();
            return;
        }
    }
    // Check that parliament finds anything at all. Otherwise an empty result would mean nothing.
    let wrong = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::bucket"}}"#;
    std::fs::write(folder.path().join("wrong.json"), wrong).unwrap();
    let output = judge(folder.path()).unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("RESOURCE_MISMATCH"));
}
