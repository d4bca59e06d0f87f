//! Takes over resources that someone else made: sets nex's tags on them and changes nothing else.

mod all;

use nex_plan::{FieldChange, Linted, Plan, Planned, ResourceId, Value};

use crate::diff::diff;
use crate::lint::LintContext;
use crate::model::{
    Desired, DesiredResource, Kind, Observed, ObservedResource, Owner, ResourceState,
};
use crate::names::Tags;
use crate::step::{Operation, Step};

pub use all::{Adoptions, adoptions};
#[cfg(feature = "engine")]
pub(crate) use all::{adopted, left};

/// The adoption of a resource, and what the next plan would then do.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The resource.
    pub target: ObservedResource,
    /// The plan that sets the tags.
    pub plan: Linted<Step>,
    /// What the next plan then does to the resource; `None` if the resource already matches the spec.
    pub then: Option<Planned<Step>>,
}

/// Why a resource can't be adopted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdoptionError {
    /// No resource that was read has this id or name.
    #[error(
        "no {kind} with the id or name {id_or_name} was found; the spec asks for: {}",
        .names.join(", ")
    )]
    NotFound {
        /// The kind.
        kind: Kind,
        /// The id or the name that was looked for.
        id_or_name: String,
        /// The names of that kind in the spec.
        names: Vec<String>,
    },
    /// The spec does not ask for the resource.
    #[error("the spec does not ask for {0}")]
    NotInSpec(ResourceId),
    /// The resource belongs to another deployment of nex, which would lose it.
    #[error("{id} belongs to nex's deployment {deployment}")]
    OfDeployment {
        /// The resource.
        id: ResourceId,
        /// The deployment's name.
        deployment: String,
    },
    /// nex owns the resource already.
    #[error("nex owns {0} already")]
    AlreadyOwned(ResourceId),
    /// Resources of this kind have no tags.
    #[error(
        "a resource of the kind {0} has no tags of its own: adopt the resource that it belongs to"
    )]
    Untagged(Kind),
}

/// Plans the adoption of the resource of `kind` with this id or name.
///
/// # Errors
/// [`AdoptionError`] if the resource can't be adopted.
pub fn adoption(
    environment: &str,
    desired: &Desired,
    observed: &Observed,
    kind: Kind,
    id_or_name: &str,
) -> Result<Adoption, AdoptionError> {
    let target = find(observed, kind, id_or_name).ok_or_else(|| AdoptionError::NotFound {
        kind,
        id_or_name: id_or_name.to_owned(),
        names: names(desired, kind),
    })?;
    let key = target.state.key();
    match &target.owner {
        Owner::Nex => return Err(AdoptionError::AlreadyOwned(key.resource_id())),
        Owner::Deployment(deployment) => {
            return Err(AdoptionError::OfDeployment {
                id: key.resource_id(),
                deployment: deployment.clone(),
            });
        }
        Owner::Other => {}
    }
    let new = desired.get(&key);
    let new = new.ok_or_else(|| AdoptionError::NotInSpec(key.resource_id()))?;
    let step = step(new, target).ok_or(AdoptionError::Untagged(kind))?;
    let then = after(environment, new, target, &step);
    let mut plan = Plan::new(environment);
    plan.push(step);
    Ok(Adoption {
        target: target.clone(),
        plan: plan.lint(&LintContext::Adoption),
        then,
    })
}

fn find<'a>(observed: &'a Observed, kind: Kind, id_or_name: &str) -> Option<&'a ObservedResource> {
    let mut of_kind = observed.iter().filter(|(key, _)| key.kind == kind);
    let found = of_kind.find(|(key, e)| e.id == id_or_name || key.name == id_or_name);
    found.map(|(_, existing)| existing)
}

fn names(desired: &Desired, kind: Kind) -> Vec<String> {
    let of_kind = desired.keys().filter(|key| key.kind == kind);
    of_kind.map(|key| key.name.clone()).collect()
}

/// The step that takes over `target`; `None` if its kind has no tags.
fn step(new: &DesiredResource, target: &ObservedResource) -> Option<Step> {
    let old = target.state.tags()?;
    let tags = new.tags()?.clone();
    let field = FieldChange::new("tags", Value::map(old), Value::map(&tags));
    let operation = Operation::Adopt {
        id: target.id.clone(),
        old: target.state.clone(),
        tags,
    };
    Some(Step::new(new.key(), operation, vec![field]))
}

/// What is left to change once the resource has nex's tags.
fn after(
    environment: &str,
    new: &DesiredResource,
    target: &ObservedResource,
    step: &Step,
) -> Option<Planned<Step>> {
    let Operation::Adopt { tags, .. } = &step.operation else {
        return None;
    };
    let adopted = ObservedResource {
        id: target.id.clone(),
        owner: Owner::Nex,
        state: with_tags(&target.state, tags),
    };
    let desired = Desired::from([(step.key.clone(), new.clone())]);
    let observed = Observed::from([(step.key.clone(), adopted)]);
    let plan = diff(environment, &desired, &observed);
    plan.entries.into_iter().next()
}

fn with_tags(state: &ResourceState, tags: &Tags) -> ResourceState {
    let mut state = state.clone();
    if let Some(own) = state.tags_mut() {
        own.clone_from(tags);
    }
    state
}
