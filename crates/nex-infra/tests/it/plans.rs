//! Plans as a user sees them.

use expect_test::{expect, expect_file};
use nex_infra::model::{Desired, DesiredResource, Kind, Observed, Owner};
use nex_infra::{
    Capacity, EdgeNetworks, ImageId, LintContext, Quotas, Step, diff, starts_instances, teardown,
};
use nex_plan::{Allowance, Finding, Linted, Renderer, Severity, UpdateBehavior};

use crate::drift::DRIFTS;
use crate::stored;
use crate::support::{built, facts, first, ground, plan, quiet, spec, text, wanted};

#[test]
fn from_nothing_everything_is_created() {
    let desired = wanted(&spec());
    expect_file!["expected/fresh.txt"].assert_eq(&text(&desired, &Observed::new()));
}

#[test]
fn a_built_environment_needs_no_change() {
    let (desired, observed) = built();
    expect![[r#"
        no changes: staging matches its spec
    "#]]
    .assert_eq(&text(&desired, &observed));
}

/// The table of drifts, each with the plan that fixes it and the findings about it.
#[test]
fn each_drift_is_fixed_in_its_own_way() {
    let mut out = String::new();
    for drift in DRIFTS {
        let (desired, mut observed) = built();
        let key = first(&observed, drift.kind);
        (drift.change)(&mut observed.get_mut(&key).unwrap().state);
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

fn refusals(linted: &Linted<Step>) -> Vec<String> {
    linted
        .denials()
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

        refused[stateful-replaced] instance nex-staging-gitlab: would be replaced, and nex can't restore it
          hint: change the spec back, or allow the change by name
        staging: 0 to create, 1 to update, 1 to replace, 0 to delete
    "#]]
    .assert_eq(&Renderer::plain().linted(&linted));
    assert!(linted.clone().approve(&Default::default()).is_err());
    let named = Allowance::new("stateful-replaced", "instance nex-staging-gitlab");
    let named = [named].into();
    assert!(linted.approve(&named).is_ok());
}

#[test]
fn a_fleet_that_is_left_out_goes_except_for_what_it_stores() {
    let (_, observed) = built();
    let mut spec = spec();
    spec.fleet = None;
    let linted = plan(&wanted(&spec), &observed);
    assert_eq!(linted.plan().counts().delete, 11);
    expect![[r#"
        [
            "stateful-deleted: s3-bucket nex-staging-gitlab-runner-cache",
            "stateful-deleted: secret nex/staging/gitlab-runner/registration-token",
        ]
    "#]]
    .assert_debug_eq(&refusals(&linted));
}

#[test]
fn a_foreign_resource_is_reported_and_its_parts_are_not_touched() {
    let (desired, mut observed) = built();
    let group = first(&observed, Kind::AutoScalingGroup);
    lose(&mut observed, Kind::LifecycleHook);
    lose(&mut observed, Kind::ScalingPolicy);
    observed.get_mut(&group).unwrap().owner = Owner::Other;
    expect![[r#"
        refused[not-ours] auto-scaling-group nex-staging-gitlab-runner: auto-scaling-group nex-staging-gitlab-runner-0 has this name but not nex's tags: nex leaves the resource as it is
          hint: adopt the auto-scaling-group auto-scaling-group nex-staging-gitlab-runner-0
        no changes, but staging does not match its spec: 1 refused
    "#]]
    .assert_eq(&text(&desired, &observed));
}

#[test]
fn a_volume_does_not_shrink_and_one_that_is_left_over_is_kept() {
    let (_, mut observed) = built();
    let mut smaller = spec();
    smaller.server.volume_gb = 100;
    expect![[r#"
        warning[volume-shrinks] volume nex-staging-gitlab: size_gb is 200, the spec asks for 100: a volume can only grow, so nothing changes
          hint: volume_gb = 200
        no changes: staging matches its spec
    "#]]
    .assert_eq(&text(&wanted(&smaller), &observed));

    lose(&mut observed, Kind::Instance);
    let linted = plan(&wanted(&spec()), &observed);
    let codes: Vec<&str> = linted.findings().iter().map(|v| v.code).collect();
    assert_eq!(codes, ["volume-left-over"]);
    let counts = linted.plan().counts();
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

        info[instances-keep-version] auto-scaling-group nex-staging-gitlab-runner: running instances keep the template version that they started with
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
    // The form in which EC2 returns the network.
    let observed = stored::all(&with("2001:db8::/32"));
    let linted = plan(&with("2001:DB8:0:0::/32"), &observed);
    assert!(
        linted.plan().is_empty(),
        "{}",
        Renderer::plain().linted(&linted)
    );
}

#[test]
fn newer_images_are_reported_and_change_nothing() {
    let (mut desired, observed) = built();
    for resource in desired.values_mut() {
        match resource {
            DesiredResource::Instance(i) => i.instance.image.id = ImageId::new("ami-new"),
            DesiredResource::LaunchTemplate(t) => t.image.id = ImageId::new("ami-new"),
            _ => {}
        }
    }
    let linted = plan(&desired, &observed);
    assert!(linted.plan().is_empty());
    let findings = linted.findings().iter();
    let findings: Vec<_> = findings.map(|v| (v.severity, v.code)).collect();
    assert_eq!(findings, [(Severity::Info, "newer-image"); 2]);
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
    (drift(Kind::LogGroup, "retention_days").change)(&mut observed.get_mut(&key).unwrap().state);
    let json =
        serde_json::to_string_pretty(&Renderer::plain().document(&plan(&desired, &observed)))
            .unwrap();
    expect![[r#"
        {
          "environment": "staging",
          "actions": [
            {
              "action": "update",
              "kind": "log-group",
              "name": "/nex/staging/gitlab-runner/runner",
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
          "verdicts": [],
          "counts": {
            "create": 0,
            "update": 1,
            "replace": 0,
            "delete": 0
          }
        }"#]]
    .assert_eq(&json);
}

/// The findings of the full lint.
fn findings(plan: nex_plan::Plan<Step>, context: &LintContext<'_>) -> Vec<String> {
    let linted = plan.lint(context);
    let text = |finding: &Finding| Renderer::plain().finding(finding);
    linted.findings().iter().map(text).collect()
}

#[test]
fn low_quotas_and_a_missing_nat_gateway_cause_warnings() {
    let (desired, observed) = (wanted(&spec()), Observed::new());
    let mut ground = ground();
    ground.quotas = Quotas::Read(Capacity {
        on_demand: 16,
        spot: 5,
        on_demand_used: 10,
        spot_used: 0,
    });
    ground.facts.nat_gateways.clear();
    let fresh = diff("staging", &desired, &observed);
    assert!(starts_instances(&fresh));
    let spec = spec();
    let context = quiet(&spec, &ground, &desired, &observed);
    let lines = findings(fresh, &context);
    expect![[r#"
        warning[no-nat-gateway] aws.network.private_subnets: vpc-1 has no available NAT gateway: the runners can't reach the internet
          hint: a NAT gateway with a route from the private subnets
        warning[quota] Spot vCPUs: 0 are in use, the plan starts up to 6 more, the quota is 5
          hint: ask AWS to raise quota L-34B43A08 to 6 or more"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn unread_quotas_cause_a_warning_only_if_instances_start() {
    let (spec, facts, desired) = (spec(), facts(), wanted(&spec()));
    let lint = |observed: &Observed| {
        let plan = diff("staging", &desired, observed);
        let starts = starts_instances(&plan);
        let context = LintContext::Build {
            spec: &spec,
            facts: &facts,
            desired: &desired,
            observed,
            quotas: &Quotas::NotNeeded,
            edge_networks: &EdgeNetworks::Known(vec![]),
        };
        let linted = plan.lint(&context);
        let codes: Vec<&str> = linted.findings().iter().map(|f| f.code).collect();
        (starts, codes)
    };
    assert_eq!(lint(&Observed::new()), (true, vec!["quota-unread"]));
    assert_eq!(lint(&built().1), (false, vec![]));
}

#[test]
fn a_teardown_refuses_what_is_stateful_but_not_an_empty_bucket() {
    let (_, mut observed) = built();
    lose(&mut observed, Kind::Instance);
    let empty = ["nex-staging-gitlab-artifacts".to_owned()].into();
    let plan = teardown("staging", &observed);
    assert!(plan.steps().all(|step| step.reasons.is_empty()));
    let linted = plan.lint(&LintContext::Teardown {
        observed: &observed,
        empty_buckets: &empty,
    });
    let buckets: Vec<String> = refusals(&linted);
    let buckets: Vec<&str> = buckets
        .iter()
        .filter_map(|s| s.split_once("s3-bucket "))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(
        buckets,
        [
            "nex-staging-gitlab-backups",
            "nex-staging-gitlab-registry",
            "nex-staging-gitlab-runner-cache"
        ]
    );
    assert_eq!(
        linted.denials().count(),
        buckets.len() + 5 + 1,
        "secrets and the address"
    );
    assert!(
        linted
            .findings()
            .iter()
            .any(|f| f.code == "volume-left-over")
    );
}

/// A library's messages never mention a program's command or option.
#[test]
fn no_finding_names_a_command_line() {
    let (desired, mut observed) = built();
    for existing in observed.values_mut() {
        existing.owner = Owner::Other;
    }
    let others = text(&desired, &observed);
    let gone = text(&Desired::new(), &built().1);
    for text in [others, gone] {
        assert!(
            !text.contains("--") && !text.contains("nex adopt"),
            "{text}"
        );
    }
}

/// The diff knows every update behavior that a field can have.
#[test]
fn a_field_that_only_grows_changes_without_interruption() {
    let (_, observed) = built();
    let mut larger = spec();
    larger.server.volume_gb = 300;
    let plan = diff("staging", &wanted(&larger), &observed);
    let effects: Vec<UpdateBehavior> = plan
        .steps()
        .flat_map(|step| step.fields.iter().map(|field| field.effect.clone()))
        .collect();
    assert_eq!(effects, [UpdateBehavior::NoInterruption]);
}
