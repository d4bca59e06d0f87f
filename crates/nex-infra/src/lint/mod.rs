//! The rules about plans: what nex refuses unless the operator allows it by name, and what the operator should know.

mod environment;
mod handover;

use std::collections::BTreeSet;

use nex_plan::{
    Action, Finding, Lint, NOT_OURS, Plan, PlanEntry as _, Remedy, ResourceId, Severity,
    UpdateBehavior,
};

use crate::diff::{pairs, shrinks};
use crate::facts::{Facts, Quotas};
use crate::inputs::EdgeNetworks;
use crate::model::{
    DeletedValue, Desired, DesiredResource, Key, Kind, Observed, ObservedResource, Owner,
    ResourceState,
};
use crate::spec::Spec;
use crate::step::{Operation, Step};

/// The code of the finding about a resource with state that would be deleted.
pub(crate) const STATEFUL_DELETED: &str = "stateful-deleted";

/// What the rules look at besides the plan. It depends on the purpose of the plan.
#[derive(Clone, Copy, Debug)]
pub enum LintContext<'a> {
    /// The plan of [`crate::diff()`]: the environment is built or changed.
    Build {
        /// The spec.
        spec: &'a Spec,
        /// What was looked up.
        facts: &'a Facts,
        /// What the plan was made of.
        desired: &'a Desired,
        /// What the plan was made of.
        observed: &'a Observed,
        /// The account's quotas; needed for plans that [start instances](crate::starts_instances).
        quotas: &'a Quotas,
        /// Cloudflare's networks, as given to [`crate::desired()`].
        edge_networks: &'a EdgeNetworks,
    },
    /// The plan of [`crate::teardown()`]: the environment is deleted.
    Teardown {
        /// What the plan was made of.
        observed: &'a Observed,
        /// The names of the buckets without objects: deleting them loses nothing.
        empty_buckets: &'a BTreeSet<String>,
    },
    /// The plan of [`crate::adoption()`]: a resource is taken over.
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
                quotas,
                edge_networks,
            } => {
                let mut findings: Vec<Finding> = plan.steps().filter_map(stateful).collect();
                let handover = |step| handover::handover(step, observed);
                findings.extend(plan.steps().filter_map(handover));
                findings.extend(resources(desired, observed));
                findings.extend(plan.steps().filter_map(instances_keep_version));
                findings.extend(plan.steps().flat_map(environment::rules));
                findings.extend(environment::machines(spec, facts));
                findings.extend(environment::nat_gateway(spec, facts));
                findings.extend(environment::fleet(facts));
                findings.extend(plan.steps().filter_map(|step| restored(step, facts)));
                findings.extend(environment::edge_networks(spec, edge_networks));
                findings.extend(environment::quotas(plan, spec, &facts.machines, quotas));
                findings
            }
            LintContext::Teardown {
                observed,
                empty_buckets,
            } => {
                let is_empty = |step: &&Step| {
                    step.key.kind == Kind::S3Bucket && empty_buckets.contains(&step.key.name)
                };
                let full = plan.steps().filter(|step| !is_empty(step));
                let kept = observed.values().filter_map(left_over);
                full.filter_map(stateful).chain(kept).collect()
            }
            LintContext::Adoption => plan.steps().filter_map(not_an_adoption).collect(),
        }
    }
}

/// A secret that is scheduled for deletion keeps its name, so it comes back with the value that it had.
fn restored(step: &Step, facts: &Facts) -> Option<Finding> {
    let Operation::Create(DesiredResource::Secret(secret)) = &step.operation else {
        return None;
    };
    let owner = facts.deleted_secrets.get(&secret.name)?;
    let whose = match owner {
        Owner::Nex => {
            return (secret.deleted == Some(DeletedValue::Kept)).then(|| {
                Finding::new(
                    Severity::Warning,
                    "secret-restored",
                    step.id(),
                    "the secret was deleted, and is restored with the value that it had",
                    "rotate the secret if its old value may be known to others",
                )
            });
        }
        Owner::Deployment(other) => format!("belongs to {other}"),
        Owner::Other => "does not have nex's tags".to_owned(),
    };
    Some(Finding::new(
        Severity::Deny,
        "deleted-not-ours",
        step.id(),
        format!(
            "a secret of this name is scheduled for deletion, and it {whose}: it would be taken over with its value"
        ),
        Remedy::Allow,
    ))
}

/// The context of an adoption lets nothing else pass.
fn not_an_adoption(step: &Step) -> Option<Finding> {
    match step.operation {
        Operation::Adopt { .. } => None,
        Operation::Create(_)
        | Operation::Update { .. }
        | Operation::Replace { .. }
        | Operation::Delete { .. } => Some(Finding::new(
            Severity::Deny,
            "not-an-adoption",
            step.id(),
            format!("{} is not an adoption", step.action()),
            Remedy::Allow,
        )),
    }
}

fn stateful(step: &Step) -> Option<Finding> {
    let (code, done) = match step.action() {
        Action::Replace => ("stateful-replaced", "replaced"),
        Action::Delete => (STATEFUL_DELETED, "deleted"),
        Action::Create | Action::Update => return None,
    };
    step.key.kind.is_stateful().then(|| {
        Finding::new(
            Severity::Deny,
            code,
            step.id(),
            format!("would be {done}, and nex can't restore it"),
            Remedy::Allow,
        )
    })
}

fn resources(desired: &Desired, observed: &Observed) -> Vec<Finding> {
    let mut findings = vec![];
    for (key, existing) in observed {
        findings.extend(left_over(existing));
        match desired.get(key) {
            Some(new) if existing.owner == Owner::Nex => {
                findings.extend(left_alone(new, &existing.state));
            }
            Some(_) => findings.extend(not_ours(key, existing)),
            None => {}
        }
    }
    findings
}

/// Untagged parts share their parent's owner; the parent's finding is enough.
fn not_ours(key: &Key, existing: &ObservedResource) -> Option<Finding> {
    existing.state.tags().is_some().then(|| {
        let id = &existing.id;
        let (message, remedy) = match &existing.owner {
            Owner::Deployment(deployment) => (
                format!("{id} belongs to nex's deployment {deployment}: nex leaves the resource as it is"),
                Remedy::Text("give this environment other names: prefix, aws.names, or the bucket's own field".into()),
            ),
            Owner::Other | Owner::Nex => (
                format!("{id} has this name but not nex's tags: nex leaves the resource as it is"),
                Remedy::Adopt {
                    kind: key.kind.as_str(),
                    id: id.clone(),
                },
            ),
        };
        Finding::new(Severity::Deny, NOT_OURS, key.resource_id(), message, remedy)
    })
}

fn left_over(existing: &ObservedResource) -> Option<Finding> {
    let ResourceState::Volume(volume) = &existing.state else {
        return None;
    };
    let info = |code, message, remedy: &str| {
        let id = existing.state.key().resource_id();
        Some(Finding::new(Severity::Info, code, id, message, remedy))
    };
    match &volume.instance {
        None => info(
            "volume-left-over",
            format!(
                "the server of this volume of {} GB is gone; nex keeps the volume",
                volume.size_gb
            ),
            "delete the volume by hand once its data is no longer needed",
        ),
        // Only the server's root volume has the server's name.
        Some(instance) if volume.name == existing.id => info(
            "volume-elsewhere",
            format!(
                "this volume of {} GB has nex's tags, is attached to {instance}, and is not the server's root volume",
                volume.size_gb
            ),
            "remove the volume's tag Deployment, so that it does not count as the server's",
        ),
        Some(_) => None,
    }
}

/// Differences that a plan leaves alone on purpose.
fn left_alone(new: &DesiredResource, old: &ResourceState) -> Vec<Finding> {
    let id = new.key().resource_id();
    let mut findings = vec![];
    for (field, old) in pairs(new, old) {
        let Some(was) = old.filter(|old| *old != field.value) else {
            continue;
        };
        let is = &field.value;
        let finding = match (&field.behavior, field.name) {
            (UpdateBehavior::GrowOnly, name) if shrinks(&was, is) => {
                let message = format!(
                    "{name} is {was}, the spec asks for {is}: a volume can only grow, so nothing changes"
                );
                let remedy = Remedy::Edit {
                    field: "volume_gb".into(),
                    value: was,
                };
                warning("volume-shrinks", &id, message, remedy)
            }
            (UpdateBehavior::CreateOnly(why), "image") => Finding::new(
                Severity::Info,
                "newer-image",
                id.clone(),
                format!("it uses {was}; the newest is {is}: {why}"),
                "name the image in the spec to change it",
            ),
            (UpdateBehavior::CreateOnly(why), "encrypted") => {
                let message = format!("encrypted is {was}: {why}");
                let remedy = "replace it by an encrypted copy of its snapshot".into();
                warning("volume-not-encrypted", &id, message, remedy)
            }
            (UpdateBehavior::CreateOnly(_), "permissions_boundary") => {
                let message = format!(
                    "the permissions boundary {was}, which nex does not set, may take permissions away that the hosts need"
                );
                let remedy = "remove the boundary, unless the account's owner asks for it".into();
                warning("permissions-boundary", &id, message, remedy)
            }
            _ => continue,
        };
        findings.push(finding);
    }
    findings
}

fn warning(code: &'static str, id: &ResourceId, message: String, remedy: Remedy) -> Finding {
    Finding::new(Severity::Warning, code, id.clone(), message, remedy)
}

/// A new template version does not change running instances.
fn instances_keep_version(step: &Step) -> Option<Finding> {
    let is_update = matches!(step.operation, Operation::Update { .. });
    (is_update && step.gets_new_version()).then(|| {
        Finding::new(
            Severity::Info,
            "instances-keep-version",
            step.id(),
            "running instances keep the template version that they started with",
            "an instance refresh brings the new version to them",
        )
    })
}
