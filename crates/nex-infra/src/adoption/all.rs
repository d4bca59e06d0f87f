//! Takes over everything that has a name of the deployment and no deployment's tags, in one plan.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::{Finding, Linted, Plan, Remedy, Severity};

use super::{step, with_tags};
use crate::diff::diff;
use crate::lint::LintContext;
#[cfg(feature = "engine")]
use crate::model::DesiredResource;
use crate::model::{
    Desired, GroupRef, Key, Kind, Observed, ObservedResource, Owner, ResourceState,
};
use crate::ports::Snapshot;
use crate::step::{Operation, Step};

/// The adoption of everything that a deployment may take over.
#[derive(Clone, Debug)]
pub struct Adoptions {
    /// The plan that sets the tags. Its findings name what stays with its owner, and why.
    pub plan: Linted<Step>,
    /// What the next plan then changes and would not change without the adoption.
    pub then: Plan<Step>,
    /// The environment as the plan leaves it.
    pub after: Observed,
}

/// Plans the adoption of every resource that the spec asks for and that carries no deployment's tags: what an older nex,
/// another tool or a person made.
///
/// A resource of another deployment stays with it, with a warning. Of several resources that have the name of one,
/// none is taken: that is a denial, and an operator who allows it leaves all of them as they are.
pub fn adoptions(environment: &str, desired: &Desired, snapshot: &Snapshot) -> Adoptions {
    let observed = &snapshot.observed;
    let taken = candidates(desired, snapshot);
    let mut plan = Plan::new(environment);
    let steps = taken.iter().filter_map(|(key, existing)| {
        let step = step(desired.get(key)?, existing)?;
        // An instance that is ours already hides from the next run that its volume is not.
        let parts = taken.iter();
        let parts = parts.filter(|(_, part)| whole(&part.state).as_ref() == Some(*key));
        let needs = parts.map(|(part, _)| (*part).clone()).collect();
        Some(Step { needs, ..step })
    });
    steps.for_each(|step| plan.push(step));
    let after = adopted(&plan, observed);
    let others = desired.keys().filter_map(|key| of_others(key, observed));
    let rivals = snapshot.rivals.iter();
    let rivals = rivals.filter(|(key, _)| desired.contains_key(key));
    let findings: Vec<Finding> = others.chain(rivals.map(ambiguous)).collect();
    Adoptions {
        then: differences(environment, desired, observed, &after),
        plan: plan.lint(&LintContext::Adoption).with(findings),
        after,
    }
}

/// The resources to take over, by key. A part comes with its whole, or stays with it.
fn candidates<'a>(
    desired: &Desired,
    snapshot: &'a Snapshot,
) -> BTreeMap<&'a Key, &'a ObservedResource> {
    let is_free = |(key, existing): &(&Key, &ObservedResource)| {
        existing.owner == Owner::Other
            && existing.state.tags().is_some()
            && desired.contains_key(key)
            && !snapshot.rivals.contains_key(key)
    };
    let free: BTreeMap<&Key, &ObservedResource> =
        snapshot.observed.iter().filter(is_free).collect();
    let comes_along = |existing: &ObservedResource| {
        whole(&existing.state).is_none_or(|whole| free.contains_key(&whole))
    };
    let taken = free.iter().filter(|(_, existing)| comes_along(existing));
    taken.map(|(key, existing)| (*key, *existing)).collect()
}

/// The resource that this one is a part of: a part has the owner of its whole.
fn whole(state: &ResourceState) -> Option<Key> {
    use ResourceState as S;
    match state {
        S::Volume(volume) => {
            let instance = volume.instance.as_ref()?;
            Some(Key::new(Kind::Instance, instance))
        }
        S::ElasticIpAssociation(association) => {
            Some(Key::new(Kind::ElasticIp, &association.address))
        }
        S::LifecycleHook(hook) => Some(Key::new(Kind::AutoScalingGroup, &hook.group)),
        S::ScalingPolicy(policy) => Some(Key::new(Kind::AutoScalingGroup, &policy.group)),
        S::DatabaseIngress(rule) => match &rule.from {
            GroupRef::Named(name) => Some(Key::new(Kind::SecurityGroup, name)),
            GroupRef::Id(_) => None,
        },
        S::SecurityGroup(_)
        | S::IamRole(_)
        | S::InstanceProfile(_)
        | S::S3Bucket(_)
        | S::Secret(_)
        | S::LogGroup(_)
        | S::ElasticIp(_)
        | S::Instance(_)
        | S::SnapshotPolicy(_)
        | S::LaunchTemplate(_)
        | S::AutoScalingGroup(_) => None,
    }
}

/// The environment after the adoptions of `plan`.
pub(crate) fn adopted(plan: &Plan<Step>, observed: &Observed) -> Observed {
    let mut after = observed.clone();
    let mut wholes = BTreeSet::new();
    for step in plan.steps() {
        if let (Operation::Adopt { tags, .. }, Some(existing)) =
            (&step.operation, after.get_mut(&step.key))
        {
            existing.owner = Owner::Nex;
            existing.state = with_tags(&existing.state, tags);
            wholes.insert(&step.key);
        }
    }
    for existing in after.values_mut() {
        if whole(&existing.state).is_some_and(|whole| wholes.contains(&whole)) {
            existing.owner = Owner::Nex;
        }
    }
    after
}

/// The steps that `after` needs and `before` does not.
fn differences(
    environment: &str,
    desired: &Desired,
    before: &Observed,
    after: &Observed,
) -> Plan<Step> {
    let before = diff(environment, desired, before);
    let mut plan = diff(environment, desired, after);
    plan.entries.retain(|entry| {
        let known = before.entry(&entry.id());
        known.is_none_or(|known| known.change() != entry.change())
    });
    plan
}

fn of_others(key: &Key, observed: &Observed) -> Option<Finding> {
    let existing = observed.get(key)?;
    let Owner::Deployment(deployment) = &existing.owner else {
        return None;
    };
    existing.state.tags().is_some().then(|| {
        Finding::new(
            Severity::Warning,
            "other-deployment",
            key.resource_id(),
            format!(
                "{} belongs to nex's deployment {deployment} and stays with it",
                existing.id
            ),
            "give this environment other names: prefix, aws.names, or the bucket's own field",
        )
    })
}

fn ambiguous((key, ids): (&Key, &BTreeSet<String>)) -> Finding {
    let listed: Vec<&str> = ids.iter().map(String::as_str).collect();
    Finding::new(
        Severity::Deny,
        "ambiguous",
        key.resource_id(),
        format!(
            "{} {}s have this name, and nex does not choose between them: {}",
            ids.len(),
            key.kind,
            listed.join(", ")
        ),
        Remedy::Text("find out which of them serves, and adopt that one by its id".into()),
    )
}

/// The adoptions of `approved` that are left. Each waits for its parts, as the approved one does.
#[cfg(feature = "engine")]
pub(crate) fn left(approved: &Plan<Step>, desired: &Desired, observed: &Observed) -> Vec<Step> {
    let again = approved.steps().filter_map(|step| {
        let Operation::Adopt { id, .. } = &step.operation else {
            return None;
        };
        let again = again(&step.key, id, desired.get(&step.key)?, observed)?;
        let needs = step.needs.clone();
        Some(Step { needs, ..again })
    });
    let mut left: Vec<Step> = again.collect();
    let keys: BTreeSet<Key> = left.iter().map(|step| step.key.clone()).collect();
    for step in &mut left {
        step.needs.retain(|key| keys.contains(key));
    }
    left
}

/// The adoption of `key`, if the other owner's resource with this id still exists.
#[cfg(feature = "engine")]
fn again(key: &Key, id: &str, new: &DesiredResource, observed: &Observed) -> Option<Step> {
    let target = observed.get(key)?;
    let is_same = target.owner == Owner::Other && target.id == id;
    is_same.then(|| step(new, target))?
}
