//! Safety verdicts on a plan, and what a plan leaves alone but a user wants to know.

use nex_plan::{Action, Level, Plan, Value, Verdict};

use crate::diff::shrinks;
use crate::facts::{Capacity, Facts};
use crate::model::{Desired, Existing, Key, Kind, Observed, OnChange, Owner, Resource};
use crate::spec::{HostSize, Spec};

/// The verdicts on `plan`, which [`crate::diff()`] made of `desired` and `observed`.
pub fn lint(plan: &Plan, desired: &Desired, observed: &Observed) -> Vec<Verdict> {
    let mut verdicts = vec![];
    for change in &plan.actions {
        verdicts.extend(stateful(change));
    }
    for (key, existing) in observed {
        verdicts.extend(not_ours(key, existing, desired));
        verdicts.extend(left_over(existing));
        if let Some(new) = desired.get(key).filter(|_| existing.owner == Owner::Nex) {
            verdicts.extend(left_alone(new, &existing.resource));
        }
    }
    verdicts.extend(old_instances(plan, observed));
    verdicts
}

/// The name by which a verdict and the command line mean a resource.
pub(crate) fn subject(key: &Key) -> String {
    key.resource_id().to_string()
}

fn stateful(change: &nex_plan::Change) -> Option<Verdict> {
    let kind = Kind::parse(&change.resource.kind)?;
    let done = match change.action {
        Action::Replace => "replaced",
        Action::Delete => "deleted",
        Action::Create | Action::Update => return None,
    };
    kind.is_stateful().then(|| {
        Verdict::new(
            Level::Refusal,
            &format!("stateful-{done}"),
            change.resource.to_string(),
            format!("would be {done}, and what it holds can't be made again"),
            format!(
                "change the spec back, or allow it by --allow '{}'",
                change.resource
            ),
        )
    })
}

/// What has no tags is whose the whole is that it belongs to: that verdict is enough.
fn not_ours(key: &Key, existing: &Existing, desired: &Desired) -> Option<Verdict> {
    let tagged = existing.resource.tags().is_some();
    (existing.owner == Owner::Other && tagged && desired.contains_key(key)).then(|| {
        Verdict::new(
            Level::Refusal,
            "not-ours",
            subject(key),
            format!(
                "{} has this name but not nex's tags: it is left as it is",
                existing.id
            ),
            format!(
                "take it over by: nex adopt ENV {} {}",
                key.kind.as_str(),
                existing.id
            ),
        )
    })
}

fn left_over(existing: &Existing) -> Option<Verdict> {
    match &existing.resource {
        Resource::Volume(volume) if volume.instance.is_none() => Some(Verdict::new(
            Level::Info,
            "volume-left-over",
            volume.name.clone(),
            format!(
                "a volume of {} GB of a server that is gone is kept",
                volume.size_gb
            ),
            "delete it by hand once nothing on it is needed",
        )),
        _ => None,
    }
}

/// Differences that a plan passes over on purpose.
fn left_alone(new: &Resource, old: &Resource) -> Vec<Verdict> {
    let about = subject(&new.key());
    let mut verdicts = vec![];
    for (new, old) in new.fields().into_iter().zip(old.fields()) {
        let (was, is) = (&old.value, &new.value);
        match new.rule {
            OnChange::Grows if shrinks(was, is) => verdicts.push(Verdict::warning(
                "volume-shrinks",
                &about,
                format!(
                    "{} is {was}, the spec asks for {is}: a volume only grows, so it stays",
                    new.name
                ),
                format!("{} {was} in the spec", new.name),
            )),
            OnChange::AtCreation(why) if was != is && new.name == "image" => {
                verdicts.push(Verdict::new(
                    Level::Info,
                    "newer-image",
                    &about,
                    format!("it uses {was}; the newest is {is}: {why}"),
                    "name the image in the spec to change it",
                ));
            }
            OnChange::AtCreation(why) if was != is && new.name == "encrypted" => {
                verdicts.push(Verdict::warning(
                    "volume-not-encrypted",
                    &about,
                    format!("encrypted is {was}: {why}"),
                    "replace it by an encrypted copy of its snapshot",
                ));
            }
            _ => {}
        }
    }
    verdicts
}

/// A new template version does not touch the instances that run.
fn old_instances(plan: &Plan, observed: &Observed) -> Vec<Verdict> {
    let version = |change: &&nex_plan::Change| {
        change.action == Action::Update
            && change
                .fields
                .iter()
                .any(|f| f.field == "launch_template_version" && matches!(f.new, Value::Later(_)))
    };
    plan.actions
        .iter()
        .filter(version)
        .filter(|c| observed.keys().any(|k| k.resource_id() == c.resource))
        .map(|change| {
            Verdict::new(
                Level::Info,
                "instances-keep-version",
                change.resource.to_string(),
                "instances that run keep the template version that they started with",
                "an instance refresh brings the new version to them",
            )
        })
        .collect()
}

/// Verdicts on the ground that the environment would stand on.
pub fn lint_facts(spec: &Spec, facts: &Facts) -> Vec<Verdict> {
    let mut verdicts = vec![];
    if spec.fleet.is_some() && facts.nat_gateways.is_empty() {
        verdicts.push(Verdict::warning(
            "no-nat-gateway",
            "aws.network.private_subnets",
            format!(
                "{} has no NAT gateway that is available: runners reach nothing",
                facts.vpc
            ),
            "a NAT gateway with a route from the private subnets",
        ));
    }
    verdicts
}

/// Whether the account's quotas leave room for what `plan` would start.
pub fn lint_capacity(plan: &Plan, spec: &Spec, capacity: &Capacity) -> Vec<Verdict> {
    let creates = |kind: Kind| {
        plan.actions
            .iter()
            .any(|c| c.action == Action::Create && c.resource.kind == kind.as_str())
    };
    let vcpus = |t: &str| HostSize::of(t).map_or(0, |size| size.vcpus);
    let mut on_demand = 0;
    let mut spot = 0;
    if creates(Kind::Instance) {
        on_demand += vcpus(&spec.server.instance_type);
    }
    if let Some(fleet) = spec
        .fleet
        .as_ref()
        .filter(|_| creates(Kind::AutoScalingGroup))
    {
        let each = fleet
            .instance_types
            .iter()
            .map(|t| vcpus(t))
            .max()
            .unwrap_or(0);
        let base = fleet.on_demand_base.min(fleet.max);
        let spot_instances = (fleet.max - base) * fleet.spot_percent / 100;
        spot += spot_instances * each;
        on_demand += (fleet.max - spot_instances) * each;
    }
    [
        (
            "on-demand",
            "L-1216C47A",
            on_demand,
            capacity.on_demand_used,
            capacity.on_demand,
        ),
        (
            "Spot",
            "L-34B43A08",
            spot,
            capacity.spot_used,
            capacity.spot,
        ),
    ]
    .into_iter()
    .filter(|(_, _, wanted, used, quota)| *wanted > 0 && wanted + used > *quota)
    .map(|(what, code, wanted, used, quota)| {
        Verdict::warning(
            "quota",
            format!("{what} vCPUs"),
            format!("{used} run, up to {wanted} more are asked for, the quota is {quota}"),
            format!("ask AWS to raise quota {code} to {} or more", wanted + used),
        )
    })
    .collect()
}
