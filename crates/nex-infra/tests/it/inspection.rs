//! What a plan does not read: the questions, and the findings about the answers.

use std::collections::BTreeSet;

use expect_test::expect;
use nex_infra::inspection::{Answer, Inspected, Probe, Property, findings, probes};
use nex_infra::model::{Key, Owner};
use nex_infra::permissions::{Access, OPERATIONS};
use nex_plan::Renderer;

use crate::support::{built, first};

#[test]
fn every_resource_that_nex_owns_is_asked_for_every_property_of_its_kind() {
    let (_, mut observed) = built();
    let asked = probes(&observed);
    for property in Property::ALL {
        let of_kind = observed.keys().filter(|key| key.kind == property.kind());
        let of_kind: BTreeSet<&Key> = of_kind.collect();
        let probed = asked.iter().filter(|probe| probe.property == *property);
        let probed: BTreeSet<&Key> = probed.map(|probe| &probe.key).collect();
        assert!(!of_kind.is_empty());
        assert_eq!(probed, of_kind, "{property:?}");
    }
    for existing in observed.values_mut() {
        existing.owner = Owner::Other;
    }
    assert_eq!(probes(&observed), []);
}

#[test]
fn every_permission_is_one_of_an_operation_that_reads() {
    for property in Property::ALL {
        let permission = property.permission();
        let allows = |operation: &&nex_infra::permissions::ApiOperation| {
            let grants = operation.grants();
            operation.access == Access::Read && grants.iter().any(|g| g.action == permission)
        };
        assert!(OPERATIONS.iter().any(|o| allows(&o)), "{permission}");
    }
}

#[test]
fn what_others_set_is_a_finding_and_what_is_denied_is_unknown() {
    let (desired, observed) = built();
    let answer = |property: Property, answer: Answer| {
        let key = first(&observed, property.kind());
        let id = observed[&key].id.clone();
        let probe = Probe { key, id, property };
        Inspected { probe, answer }
    };
    let set = |property, value: &str| answer(property, Answer::Set(vec![value.to_owned()]));
    let inspected = [
        set(Property::SecretPolicy, "arn:aws:iam::666666666666:root"),
        set(Property::BucketReplication, "arn:aws:s3:::theirs"),
        set(
            Property::BucketNotifications,
            "arn:aws:sns:eu-west-3:1:theirs",
        ),
        set(Property::BucketVersioning, "on"),
        set(
            Property::LogSubscriptions,
            "arn:aws:kinesis:eu-west-3:1:stream/theirs",
        ),
        set(Property::RoleSession, "43200"),
        set(Property::AddressTransfer, "666666666666"),
        set(Property::ServerUserData, "#!/bin/sh\n"),
        set(Property::ServerShutdown, "terminate"),
        answer(
            Property::SecretPolicy,
            Answer::Denied("AccessDenied: no".into()),
        ),
        answer(Property::SecretPolicy, Answer::Unset),
        set(Property::ServerUserData, "#!/bin/bash\necho server\n"),
    ];
    let found = findings(&inspected, &desired);
    let lines: Vec<String> = found.iter().map(|f| Renderer::plain().finding(f)).collect();
    expect![[r#"
        warning[secret-policy] secret nex/staging/gitlab-runner/registration-token: a resource policy, which nex does not set, names arn:aws:iam::666666666666:root
          hint: delete the secret's resource policy, unless its author needs it
        warning[bucket-replication] s3-bucket nex-staging-gitlab-artifacts: its objects are copied to arn:aws:s3:::theirs: nex sets no replication
          hint: delete the bucket's replication configuration, unless its author needs it
        warning[bucket-notifications] s3-bucket nex-staging-gitlab-artifacts: events about its objects go to arn:aws:sns:eu-west-3:1:theirs: nex sets no notifications
          hint: delete the bucket's notification configuration, unless its author needs it
        warning[bucket-versioning] s3-bucket nex-staging-gitlab-artifacts: versioning is on: no rule of nex ever deletes old versions of objects
          hint: suspend the versioning and delete the old versions, or keep and pay for them
        warning[log-subscription] log-group /nex/staging/gitlab-runner/runner: its events are sent to arn:aws:kinesis:eu-west-3:1:stream/theirs: nex sets no subscription filter
          hint: delete the log group's subscription filter, unless its author needs it
        warning[role-session] iam-role nex-staging-gitlab: its maximum session duration is 43200 s: nex leaves it at 3600 s
          hint: set the role's maximum session duration back to IAM's default
        warning[address-transfer] elastic-ip nex-staging-gitlab: it is offered to the account 666666666666, which can take it with every name that points at it
          hint: disable the transfer of the address
        warning[server-user-data] instance nex-staging-gitlab: its user data is not what the spec renders now: someone changed it, or the spec or nex changed after the launch
          hint: compare the two; anyone who can change the user data of a stopped server can become root on it
        warning[server-shutdown] instance nex-staging-gitlab: a shutdown from inside of the server is set to terminate: nex leaves it at stop
          hint: set the instance's shutdown behavior to stop
        warning[not-read] secret nex/staging/gitlab-runner/registration-token: its resource policy is unknown: AccessDenied: no
          hint: give the credentials the permission secretsmanager:GetResourcePolicy"#]].assert_eq(&lines.join("\n"));
}
