//! The permissions that nex itself needs: narrow, complete, and small enough for IAM.

use nex_infra::model::{DesiredResource, Document};
use nex_infra::permissions::{
    Access, ApiOperation, MAX_POLICY_CHARACTERS, OPERATIONS, Permissions, Policy, Target,
};
use nex_infra::policy::Scope;
use nex_infra::{Names, Spec};
use serde_json::Value;

use crate::policies::{Accepted, assert_parliament_accepts, strings};
use crate::support::{names, spec, wanted};

fn scope() -> Scope {
    Scope {
        partition: "aws".into(),
        region: "eu-west-3".into(),
        account: "123456789012".into(),
    }
}

/// The policies of a deployment with everything that a policy can mention.
fn policies(names: &Names, spec: &Spec) -> Vec<(String, Document)> {
    let scope = scope();
    let permissions = Permissions::new(&scope, names, spec)
        .with_certificate(names.secrets().origin_certificate)
        .with_api_token("shared/cloudflare-token");
    let all = Policy::ALL.iter();
    all.map(|policy| (policy.as_str().to_owned(), permissions.document(*policy)))
        .collect()
}

fn shared() -> Spec {
    let mut spec = spec();
    spec.storage.backups.existing = true;
    spec
}

fn statements(documents: &[(String, Document)]) -> Vec<&Value> {
    let documents = documents.iter();
    documents
        .flat_map(|(_, document)| document.as_json()["Statement"].as_array().unwrap())
        .collect()
}

/// The resources of the statements that allow `action`.
fn resources<'a>(documents: &'a [(String, Document)], action: &str) -> Vec<&'a str> {
    let statements = statements(documents).into_iter();
    statements
        .filter(|s| strings(&s["Action"]).contains(&action))
        .flat_map(|s| strings(&s["Resource"]))
        .collect()
}

#[test]
fn no_action_is_a_wildcard_and_resources_are_named() {
    let policies = policies(&names(), &shared());
    let mut sids = vec![];
    for statement in statements(&policies) {
        let sid = statement["Sid"].as_str().unwrap();
        sids.push(sid);
        for action in strings(&statement["Action"]) {
            assert!(!action.contains('*'), "{sid} allows {action}");
        }
        let is_everything = strings(&statement["Resource"]).contains(&"*");
        assert_eq!(is_everything, sid == Target::Everything.as_str(), "{sid}");
    }
    for target in Target::ALL {
        assert!(sids.contains(&target.as_str()), "{target:?} is unused");
    }
}

#[test]
fn a_plan_only_reads_and_reads_only_the_named_secrets() {
    let policies = policies(&names(), &shared());
    let plan = &policies[..1];
    assert_eq!(plan[0].0, "plan");
    for statement in statements(plan) {
        for action in strings(&statement["Action"]) {
            let (_, verb) = action.split_once(':').unwrap();
            let reads = ["Describe", "Get", "List"].iter();
            assert!(
                reads.into_iter().any(|read| verb.starts_with(read)),
                "{action}"
            );
        }
    }
    let token = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:shared/cloudflare-token*";
    let certificate = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:nex/staging/gitlab/origin-certificate*";
    // A plan does not need the certificate's private key.
    let value = "secretsmanager:GetSecretValue";
    assert_eq!(resources(plan, value), [token]);
    assert_eq!(resources(&policies, value), [token, certificate]);
    assert_eq!(
        resources(&policies, "s3:GetObject"),
        ["arn:aws:s3:::nex-staging-gitlab-artifacts/.nex/lock"]
    );
}

#[test]
fn an_operation_reads_if_its_name_says_so() {
    for operation in OPERATIONS {
        let reads = ["Describe", "Get", "List", "Head"];
        let reads = reads.iter().any(|verb| operation.name.starts_with(verb));
        assert_eq!(reads, operation.access == Access::Read, "{operation:?}");
        let same = |o: &&ApiOperation| (o.service, o.name) == (operation.service, operation.name);
        assert_eq!(OPERATIONS.iter().filter(same).count(), 1, "{operation:?}");
    }
}

#[test]
fn roles_are_passed_to_their_own_service_only() {
    let policies = policies(&names(), &shared());
    let passes = statements(&policies).into_iter();
    let passes = passes.filter(|s| strings(&s["Action"]).contains(&"iam:PassRole"));
    let passes: Vec<_> = passes
        .map(|statement| {
            let condition = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
            (condition.as_str().unwrap(), strings(&statement["Resource"]))
        })
        .collect();
    let role = "arn:aws:iam::123456789012:role";
    let [server, runner, snapshots] =
        ["", "-runner", "-snapshots"].map(|part| format!("{role}/nex-staging-gitlab{part}"));
    assert_eq!(
        passes,
        [
            ("dlm.amazonaws.com", vec![snapshots.as_str()]),
            ("ec2.amazonaws.com", vec![&server, &runner]),
        ]
    );
}

#[test]
fn what_the_reference_asks_for_may_be_created() {
    let policies = policies(&names(), &shared());
    let covers = |action: &str, name: &str| {
        let resources = resources(&policies, action);
        let fits = |resource: &&str| match resource.strip_suffix('*') {
            Some(start) => format!("{}{name}", arn_start(start)).starts_with(start),
            None => {
                resource.ends_with(&format!("/{name}")) || resource.ends_with(&format!(":{name}"))
            }
        };
        assert!(resources.iter().any(fits), "{action} {name}: {resources:?}");
    };
    for resource in wanted(&shared()).values() {
        match resource {
            DesiredResource::IamRole(role) => {
                covers("iam:CreateRole", &role.name);
                let attach = statements(&policies).into_iter();
                let attach = attach
                    .filter(|s| strings(&s["Action"]).contains(&"iam:AttachRolePolicy"))
                    .map(|s| {
                        s["Condition"]["ArnEquals"]["iam:PolicyARN"]
                            .as_str()
                            .unwrap()
                    });
                let attach: Vec<_> = attach.collect();
                for managed in &role.managed {
                    assert_eq!(attach, [managed]);
                    covers("iam:AttachRolePolicy", &role.name);
                }
            }
            DesiredResource::InstanceProfile(profile) => {
                covers("iam:CreateInstanceProfile", &profile.name);
            }
            DesiredResource::S3Bucket(bucket) => covers("s3:CreateBucket", &bucket.name),
            DesiredResource::Secret(secret) => covers("secretsmanager:CreateSecret", &secret.name),
            DesiredResource::LogGroup(group) => covers("logs:CreateLogGroup", &group.name),
            DesiredResource::AutoScalingGroup(group) => {
                covers("autoscaling:CreateAutoScalingGroup", &group.name);
            }
            _ => {}
        }
    }
}

/// The part of an ARN before the name: `arn:aws:logs:REGION:ACCOUNT:log-group:`.
fn arn_start(arn: &str) -> String {
    let parts: Vec<&str> = arn.split(':').take(6).collect();
    format!("{}:", parts.join(":"))
}

#[test]
fn each_policy_fits_into_a_managed_policy_with_the_longest_names() {
    // The limits of the environment's schema, and of S3's and RDS's names.
    let mut spec = shared();
    let longest = |n: usize| "n".repeat(n);
    spec.database.instance = longest(63);
    spec.storage.registry_bucket = Some(longest(63));
    spec.storage.artifacts_bucket = Some(format!("{}a", longest(62)));
    spec.storage.backups.bucket = Some(format!("{}b", longest(62)));
    spec.names.secrets = Some(longest(128));
    spec.names.log_groups = Some(format!("/{}", longest(127)));
    let names = Names::new(longest(20), longest(20)).with_paths(&spec.names);
    for (policy, document) in policies(&names, &spec) {
        let text = document.to_string();
        let size = text.chars().filter(|c| !c.is_whitespace()).count();
        assert!(size <= MAX_POLICY_CHARACTERS, "{policy}: {size}");
    }
}

#[test]
fn parliament_finds_nothing_above_low_that_is_not_accepted() {
    let accepted = [
        // Who writes a bucket's policy can let himself in. docs/aws.md says so.
        Accepted {
            issue: "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
            about: "s3:PutBucketPolicy",
        },
        // The instance itself is in the statement about resources with the deployment's tag.
        Accepted {
            issue: "RESOURCE_MISMATCH",
            about: "ec2:ModifyInstanceAttribute",
        },
    ];
    assert_parliament_accepts(&policies(&names(), &shared()), &accepted);
}

/// The names of operations that the client's source gives to its errors.
#[cfg(feature = "client")]
#[test]
fn every_call_in_the_source_is_in_the_table() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws");
    let mut folders = vec![folder];
    let mut calls = std::collections::BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            for mark in ["Error::call(", "CALL: &str =", "let operation ="] {
                let after = source.split(mark).skip(1).map(str::trim_start);
                let named = after.filter_map(|text| text.strip_prefix('"')?.split('"').next());
                calls.extend(named.map(str::to_owned));
            }
        }
    }
    assert!(calls.len() > 80, "only {} calls were found", calls.len());
    for call in calls {
        let is_listed = OPERATIONS.iter().any(|operation| operation.name == call);
        assert!(is_listed, "{call} is not in permissions/table.rs");
    }
}
