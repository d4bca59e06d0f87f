//! Findings about plans: what a plan would lose, what it leaves alone, and what the account lacks.

use std::collections::BTreeSet;

use nex_plan::{
    Action, Finding, Lint, Plan, PlanEntry as _, Remedy, Severity, Subject, UpdateBehavior, Value,
};

use crate::diff::{differences, shrinks, starts_instances};
use crate::facts::{Capacity, EdgeNetworks, Facts};
use crate::model::{
    Desired, DesiredResource, Key, Kind, Observed, ObservedResource, Owner, ResourceState,
};
use crate::spec::{CLOUDFLARE, HostSize, Spec};
use crate::step::Step;

/// What the rules look at beside the plan.
#[derive(Clone, Copy, Debug)]
pub enum LintContext<'a> {
    /// The plan leads to what a spec asks for.
    Build {
        /// The spec.
        spec: &'a Spec,
        /// What was looked up.
        facts: &'a Facts,
        /// What the spec asks for.
        desired: &'a Desired,
        /// What exists.
        observed: &'a Observed,
        /// The account's quotas; needed if the plan starts instances ([`starts_instances`](crate::starts_instances())).
        capacity: Option<&'a Capacity>,
        /// Cloudflare's networks.
        edge_networks: &'a EdgeNetworks,
    },
    /// The plan deletes everything.
    Teardown {
        /// What exists.
        observed: &'a Observed,
        /// The buckets without objects: they hold nothing that can be lost.
        empty_buckets: &'a BTreeSet<String>,
    },
    /// The plan takes over one resource.
    Adoption,
}

impl Lint for Step {
    type Context<'a> = LintContext<'a>;

    fn lint(plan: &Plan<Self>, context: &LintContext<'_>) -> Vec<Finding> {
        match *context {
            LintContext::Build {
                spec,
                facts,
                desired,
                observed,
                capacity,
                edge_networks,
            } => {
                let mut findings: Vec<Finding> = plan.steps().filter_map(stateful).collect();
                findings.extend(about_observed(desired, observed));
                findings.extend(old_instances(plan, observed));
                findings.extend(nat_gateway(spec, facts));
                findings.extend(quotas(plan, spec, capacity));
                findings.extend(unread_networks(spec, edge_networks));
                findings
            }
            LintContext::Teardown {
                observed,
                empty_buckets,
            } => {
                let is_empty =
                    |key: &Key| key.kind == Kind::S3Bucket && empty_buckets.contains(&key.name);
                let steps = plan.steps().filter(|step| !is_empty(&step.key));
                let mut findings: Vec<Finding> = steps.filter_map(stateful).collect();
                findings.extend(about_observed(&Desired::new(), observed));
                findings
            }
            LintContext::Adoption => vec![],
        }
    }
}

fn stateful(step: &Step) -> Option<Finding> {
    let (code, done) = match step.action() {
        Action::Replace => ("stateful-replaced", "replaced"),
        Action::Delete => ("stateful-deleted", "deleted"),
        Action::Create | Action::Update => return None,
    };
    step.key.kind.is_stateful().then(|| {
        Finding::new(
            Severity::Deny,
            code,
            step.id(),
            format!("would be {done}, and its contents can't be created again"),
            Remedy::Allow,
        )
    })
}

/// Findings about the resources that exist, in their order.
fn about_observed(desired: &Desired, observed: &Observed) -> Vec<Finding> {
    let mut findings = vec![];
    for (key, existing) in observed {
        findings.extend(not_ours(key, existing, desired));
        findings.extend(left_over(key, existing));
        if let Some(new) = desired.get(key).filter(|_| existing.owner == Owner::Nex) {
            findings.extend(left_alone(new, &existing.state));
        }
    }
    findings
}

/// A resource of someone else in the place of one that the spec asks for. Untagged parts share the owner of the resource
/// that they belong to; the finding about that one is enough.
fn not_ours(key: &Key, existing: &ObservedResource, desired: &Desired) -> Option<Finding> {
    let is_tagged = existing.state.tags().is_some();
    (existing.owner == Owner::Other && is_tagged && desired.contains_key(key)).then(|| {
        let id = &existing.id;
        Finding::new(
            Severity::Deny,
            "not-ours",
            key.resource_id(),
            format!("{id} has this name and not nex's tags: it is left as it is"),
            Remedy::Adopt {
                kind: key.kind.into(),
                id: id.clone(),
            },
        )
    })
}

fn left_over(key: &Key, existing: &ObservedResource) -> Option<Finding> {
    match &existing.state {
        ResourceState::Volume(volume) if volume.instance.is_none() => Some(Finding::new(
            Severity::Info,
            "volume-left-over",
            key.resource_id(),
            format!(
                "a volume of {} GB of a deleted server is kept",
                volume.size_gb
            ),
            "delete the volume by hand once nothing on it is needed",
        )),
        _ => None,
    }
}

/// Differences that a plan leaves alone on purpose.
fn left_alone(new: &DesiredResource, old: &ResourceState) -> Vec<Finding> {
    let subject = Subject::Resource(new.key().resource_id());
    let finding = |field: nex_plan::FieldChange| {
        let (was, is) = (&field.old, &field.new);
        match (&field.effect, &*field.field) {
            (UpdateBehavior::GrowOnly, name) if shrinks(&field) => Some(Finding::new(
                Severity::Warning,
                "volume-shrinks",
                subject.clone(),
                format!(
                    "{name} is {was}, the spec asks for {is}: a volume only grows, so the size stays"
                ),
                Remedy::Text(format!("{name} {was} in the spec")),
            )),
            (UpdateBehavior::CreateOnly(why), "image") => Some(Finding::new(
                Severity::Info,
                "newer-image",
                subject.clone(),
                format!("the image is {was}; the newest is {is}: {why}"),
                "name the image in the spec to change it",
            )),
            (UpdateBehavior::CreateOnly(why), "encrypted") => Some(Finding::new(
                Severity::Warning,
                "volume-not-encrypted",
                subject.clone(),
                format!("encrypted is {was}: {why}"),
                "replace the volume by an encrypted copy of its snapshot",
            )),
            _ => None,
        }
    };
    differences(new, old).filter_map(finding).collect()
}

/// A new version of a template does not change the instances that run.
fn old_instances(plan: &Plan<Step>, observed: &Observed) -> Vec<Finding> {
    let pins_version = |step: &&Step| {
        step.action() == Action::Update
            && observed.contains_key(&step.key)
            && step.fields.iter().any(|field| {
                field.field == "launch_template_version" && matches!(field.new, Value::Later(_))
            })
    };
    let steps = plan.steps().filter(pins_version);
    let finding = |step: &Step| {
        Finding::new(
            Severity::Info,
            "instances-keep-version",
            step.id(),
            "running instances keep the version of the template that they started with",
            "an instance refresh replaces them",
        )
    };
    steps.map(finding).collect()
}

fn nat_gateway(spec: &Spec, facts: &Facts) -> Option<Finding> {
    (spec.fleet.is_some() && facts.nat_gateways.is_empty()).then(|| {
        Finding::warning(
            "no-nat-gateway",
            "aws.network.private_subnets",
            format!(
                "{} has no available NAT gateway: runners can't reach the internet",
                facts.vpc
            ),
            "a NAT gateway with a route from the private subnets",
        )
    })
}

fn unread_networks(spec: &Spec, networks: &EdgeNetworks) -> Option<Finding> {
    let EdgeNetworks::Unread { error, .. } = networks else {
        return None;
    };
    let uses_list = spec.server.web_from.iter().any(|from| from == CLOUDFLARE);
    uses_list.then(|| {
        Finding::warning(
            "edge-networks-unread",
            "aws.server.web_from",
            format!(
                "Cloudflare's list of networks can't be read: existing rules stay, and a new server gets the built-in \
                 list: {error}"
            ),
            "plan again when Cloudflare's API answers",
        )
    })
}

/// One quota of running vCPUs.
struct Quota {
    name: &'static str,
    code: &'static str,
    wanted: u32,
    used: u32,
    limit: u32,
}

/// Whether the account's quotas allow what the plan would start.
fn quotas(plan: &Plan<Step>, spec: &Spec, capacity: Option<&Capacity>) -> Vec<Finding> {
    if !starts_instances(plan) {
        return vec![];
    }
    let Some(capacity) = capacity else {
        return vec![Finding::new(
            Severity::Warning,
            "quota-unread",
            Subject::Other("vCPUs".to_owned()),
            "the account's quotas were not read",
            "read the quotas before the plan is made",
        )];
    };
    let (on_demand, spot) = wanted_vcpus(plan, spec);
    let quotas = [
        Quota {
            name: "on-demand",
            code: "L-1216C47A",
            wanted: on_demand,
            used: capacity.on_demand_used,
            limit: capacity.on_demand,
        },
        Quota {
            name: "Spot",
            code: "L-34B43A08",
            wanted: spot,
            used: capacity.spot_used,
            limit: capacity.spot,
        },
    ];
    let exceeded = quotas.into_iter();
    let exceeded = exceeded.filter(|q| q.wanted > 0 && q.wanted + q.used > q.limit);
    exceeded.map(Quota::finding).collect()
}

impl Quota {
    fn finding(self) -> Finding {
        let Quota {
            name,
            code,
            wanted,
            used,
            limit,
        } = self;
        Finding::new(
            Severity::Warning,
            "quota",
            Subject::Other(format!("{name} vCPUs")),
            format!("{used} run, up to {wanted} more are asked for, the quota is {limit}"),
            Remedy::Text(format!(
                "ask AWS to raise quota {code} to {} or more",
                wanted + used
            )),
        )
    }
}

/// The on-demand and the Spot vCPUs that the plan may start.
fn wanted_vcpus(plan: &Plan<Step>, spec: &Spec) -> (u32, u32) {
    let creates = |kind: Kind| {
        plan.steps()
            .any(|step| step.action() == Action::Create && step.key.kind == kind)
    };
    let vcpus = |instance_type: &str| HostSize::of(instance_type).map_or(0, |size| size.vcpus);
    let mut on_demand = 0;
    let mut spot = 0;
    if creates(Kind::Instance) {
        on_demand += vcpus(&spec.server.instance_type);
    }
    let fleet = spec.fleet.as_ref();
    if let Some(fleet) = fleet.filter(|_| creates(Kind::AutoScalingGroup)) {
        let types = fleet.instance_types.iter();
        let each = types.map(|t| vcpus(t)).max().unwrap_or(0);
        let base = fleet.on_demand_base.min(fleet.max);
        let spot_instances = (fleet.max - base) * fleet.spot_percent / 100;
        spot += spot_instances * each;
        on_demand += (fleet.max - spot_instances) * each;
    }
    (on_demand, spot)
}
