//! Plans as a user sees them.

use expect_test::{expect, expect_file};
use nex_infra::model::{Desired, Kind, Observed, Owner, Resource};
use nex_infra::{Capacity, lint_capacity, lint_facts};
use nex_plan::{Level, Linted, Paint};

use crate::drift::DRIFTS;
use crate::stored;
use crate::support::{built, facts, first, plan, spec, text, wanted};

#[test]
fn from_nothing_everything_is_created() {
    let desired = wanted(&spec());
    expect_file!["expected/fresh.txt"].assert_eq(&text(&desired, &Observed::new()));
}

#[test]
fn what_is_built_needs_no_change() {
    let (desired, observed) = built();
    expect![[r#"
        no changes: staging is as its spec says
    "#]]
    .assert_eq(&text(&desired, &observed));
}

/// The table of drifts, each with the plan that mends it and the verdicts on it.
#[test]
fn each_drift_is_mended_in_its_own_way() {
    let mut out = String::new();
    for drift in DRIFTS {
        let (desired, mut observed) = built();
        let key = first(&observed, drift.kind);
        (drift.change)(&mut observed.get_mut(&key).unwrap().resource);
        let plan = text(&desired, &observed);
        let body = plan.rsplit_once("staging").map_or("", |(body, _)| body);
        let body = body.trim_end().trim_end_matches("no changes:").trim_end();
        let body = if body.is_empty() {
            "  (left alone)"
        } else {
            body
        };
        out += &format!("# {} {}\n{body}\n\n", key.kind.as_str(), drift.field);
    }
    expect_file!["expected/drifts.txt"].assert_eq(&out);
}

fn lose(observed: &mut Observed, kind: Kind) {
    let key = first(observed, kind);
    stored::lose(observed, &key);
}

fn refusals(linted: &Linted) -> Vec<String> {
    let refused = linted.verdicts.iter().filter(|v| v.level == Level::Refusal);
    refused
        .map(|v| format!("{}: {}", v.code, v.subject))
        .collect()
}

#[test]
fn a_pinned_image_replaces_the_server_and_takes_its_address_along_but_only_by_name() {
    let mut spec = spec();
    spec.server.image = Some("ami-0abc".into());
    let observed = stored::all(&wanted(&crate::support::spec()));
    let linted = plan(&wanted(&spec), &observed);
    expect![[r#"
        ± replace instance nex-staging-gitlab
            because image: an instance keeps its image
            image: "ami-1" -> "ami-0abc"  (needs a replacement)

        ~ update  elastic-ip-association nex-staging-gitlab
            instance: "nex-staging-gitlab" -> (known after the replacement of nex-staging-gitlab)

        refused[stateful-replaced] instance nex-staging-gitlab: would be replaced, and what it holds can't be made again
          hint: change the spec back, or allow it by --allow 'instance nex-staging-gitlab'
        staging: 0 to create, 1 to update, 1 to replace, 0 to delete
    "#]]
    .assert_eq(&linted.text(Paint::Plain));
    assert!(linted.clone().approve(&Default::default()).is_err());
    let named = ["instance nex-staging-gitlab".to_owned()].into();
    assert!(linted.approve(&named).is_ok());
}

#[test]
fn a_fleet_that_is_left_out_goes_except_for_what_it_stores() {
    let (_, observed) = built();
    let mut spec = spec();
    spec.fleet = None;
    let linted = plan(&wanted(&spec), &observed);
    assert_eq!(linted.plan.counts().delete, 11);
    expect![[r#"
        [
            "stateful-deleted: s3-bucket nex-staging-gitlab-runner-cache",
            "stateful-deleted: secret nex/gitlab-runner/registration-token",
        ]
    "#]]
    .assert_debug_eq(&refusals(&linted));
}

#[test]
fn what_is_not_ours_is_reported_and_its_parts_are_not_touched() {
    let (desired, mut observed) = built();
    let group = first(&observed, Kind::AutoScalingGroup);
    lose(&mut observed, Kind::LifecycleHook);
    lose(&mut observed, Kind::ScalingPolicy);
    observed.get_mut(&group).unwrap().owner = Owner::Other;
    expect![[r#"
        refused[not-ours] auto-scaling-group nex-staging-gitlab-runner: auto-scaling-group nex-staging-gitlab-runner-0 has this name but not nex's tags: it is left as it is
          hint: take it over by: nex adopt ENV auto-scaling-group auto-scaling-group nex-staging-gitlab-runner-0
        no changes, but staging is not as its spec says: 1 refused
    "#]]
    .assert_eq(&text(&desired, &observed));
}

#[test]
fn a_volume_does_not_shrink_and_one_that_is_left_over_is_kept() {
    let (_, mut observed) = built();
    let mut smaller = spec();
    smaller.server.volume_gb = 100;
    expect![[r#"
        warning[volume-shrinks] volume nex-staging-gitlab: size_gb is 200, the spec asks for 100: a volume only grows, so it stays
          hint: size_gb 200 in the spec
        no changes: staging is as its spec says
    "#]]
    .assert_eq(&text(&wanted(&smaller), &observed));

    lose(&mut observed, Kind::Instance);
    let linted = plan(&wanted(&spec()), &observed);
    let codes: Vec<&str> = linted.verdicts.iter().map(|v| v.code.as_str()).collect();
    assert_eq!(codes, ["volume-left-over"]);
    let counts = linted.plan.counts();
    assert_eq!(
        (counts.create, counts.delete),
        (3, 0),
        "instance, volume, association"
    );
}

#[test]
fn a_change_of_the_template_is_pinned_in_its_group() {
    let (_, observed) = built();
    let mut spec = spec();
    spec.fleet.as_mut().unwrap().volume_gb = 50;
    expect![[r#"
        ~ update  launch-template nex-staging-gitlab-runner
            disk.size_gb: 100 -> 50

        ~ update  auto-scaling-group nex-staging-gitlab-runner
            launch_template_version: "the newest so far" -> (known after the new version of nex-staging-gitlab-runner)

        info[instances-keep-version] auto-scaling-group nex-staging-gitlab-runner: instances that run keep the template version that they started with
          hint: an instance refresh brings the new version to them
        staging: 0 to create, 2 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&text(&wanted(&spec), &observed));
}

#[test]
fn a_network_may_be_written_in_any_way() {
    let with = |network: &str| {
        let mut spec = spec();
        spec.server.ssh_from = vec![network.to_owned()];
        wanted(&spec)
    };
    // As EC2 gives it back.
    let observed = stored::all(&with("2001:db8::/32"));
    let linted = plan(&with("2001:DB8:0:0::/32"), &observed);
    assert!(linted.plan.is_empty(), "{}", linted.text(Paint::Plain));
}

#[test]
fn newer_images_are_told_and_change_nothing() {
    let (mut desired, observed) = built();
    for resource in desired.values_mut() {
        match resource {
            Resource::Instance(i) => i.image.id = "ami-new".into(),
            Resource::LaunchTemplate(t) => t.image.id = "ami-new".into(),
            _ => {}
        }
    }
    let linted = plan(&desired, &observed);
    assert!(linted.plan.is_empty());
    let verdicts: Vec<_> = linted
        .verdicts
        .iter()
        .map(|v| (v.level, v.code.as_str()))
        .collect();
    assert_eq!(verdicts, [(Level::Info, "newer-image"); 2]);
}

#[test]
fn an_update_as_json() {
    let (desired, mut observed) = built();
    let drift = |kind, field| {
        DRIFTS
            .iter()
            .find(|d| d.kind == kind && d.field == field)
            .unwrap()
    };
    let key = first(&observed, Kind::LogGroup);
    (drift(Kind::LogGroup, "retention_days").change)(&mut observed.get_mut(&key).unwrap().resource);
    let json = serde_json::to_string_pretty(&plan(&desired, &observed)).unwrap();
    expect![[r#"
        {
          "environment": "staging",
          "actions": [
            {
              "action": "update",
              "kind": "log-group",
              "name": "/nex/gitlab-runner/runner",
              "fields": [
                {
                  "field": "retention_days",
                  "old": null,
                  "new": 30,
                  "effect": "in_place"
                }
              ],
              "reasons": []
            }
          ],
          "verdicts": []
        }"#]]
    .assert_eq(&json);
}

#[test]
fn quotas_and_a_missing_nat_gateway_are_warned_of() {
    let desired: Desired = wanted(&spec());
    let fresh = plan(&desired, &Observed::new());
    let capacity = Capacity {
        on_demand: 16,
        spot: 5,
        on_demand_used: 10,
        spot_used: 0,
    };
    let mut verdicts = lint_capacity(&fresh.plan, &spec(), &capacity);
    let mut ground = facts();
    ground.nat_gateways.clear();
    verdicts.extend(lint_facts(&spec(), &ground));
    let lines: Vec<String> = verdicts.iter().map(|v| v.text(Paint::Plain)).collect();
    expect![[r#"
        warning[quota] Spot vCPUs: 0 run, up to 6 more are asked for, the quota is 5
          hint: ask AWS to raise quota L-34B43A08 to 6 or more
        warning[no-nat-gateway] aws.network.private_subnets: vpc-1 has no NAT gateway that is available: runners reach nothing
          hint: a NAT gateway with a route from the private subnets"#]].assert_eq(&lines.join("\n"));
}
