//! Taking over a resource that someone else created.

use std::collections::BTreeSet;

use nex_plan::{FieldChange, Linted, Plan, Planned, ResourceId, Value};

use crate::diff::diff;
use crate::lint::LintContext;
use crate::model::{Desired, Key, Kind, Observed, ObservedResource, Owner};
use crate::step::{Operation, Step};

/// What taking over a resource leads to.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The plan that gives the resource nex's tags.
    pub plan: Linted<Step>,
    /// What the next plan does to the resource then; `None` if the resource is as the spec asks for.
    pub then: Option<Planned<Step>>,
}

/// Why a resource can't be taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdoptionError {
    /// There is no such resource in the place of one that the spec asks for.
    #[error("there is no {kind} {id} that the spec could mean; the spec asks for: {}", names.join(", "))]
    NotFound {
        /// The kind.
        kind: Kind,
        /// The identifier that was asked for.
        id: String,
        /// The names of the kind's resources that the spec asks for.
        names: Vec<String>,
    },
    /// The spec does not ask for the resource.
    #[error("the spec does not ask for {0}")]
    NotInSpec(ResourceId),
    /// nex owns the resource already.
    #[error("nex manages {0} already")]
    AlreadyOwned(ResourceId),
    /// Resources of the kind have no tags.
    #[error("{0} has no tags of its own: adopt the resource that it belongs to")]
    Untagged(ResourceId),
}

/// What taking over the resource leads to whose identifier or name is `id`.
///
/// # Errors
/// [`AdoptionError`].
pub fn adoption(
    environment: &str,
    desired: &Desired,
    observed: &Observed,
    kind: Kind,
    id: &str,
) -> Result<Adoption, AdoptionError> {
    let (key, existing) = find(observed, kind, id).ok_or_else(|| {
        let names = desired.keys().filter(|key| key.kind == kind);
        AdoptionError::NotFound {
            kind,
            id: id.to_owned(),
            names: names.map(|key| key.name.clone()).collect(),
        }
    })?;
    if existing.owner == Owner::Nex {
        return Err(AdoptionError::AlreadyOwned(key.resource_id()));
    }
    let wanted = desired
        .get(key)
        .ok_or_else(|| AdoptionError::NotInSpec(key.resource_id()))?;
    let (Some(old), Some(new)) = (existing.state.tags(), wanted.tags()) else {
        return Err(AdoptionError::Untagged(key.resource_id()));
    };
    let mut plan = Plan::new(environment);
    plan.push(Step {
        key: key.clone(),
        operation: Operation::Adopt {
            id: existing.id.clone(),
            old: Box::new(existing.state.clone()),
            tags: new.clone(),
        },
        fields: vec![FieldChange::new("tags", Value::map(old), Value::map(new))],
        reasons: vec![],
        needs: BTreeSet::new(),
    });
    let taken = ObservedResource {
        owner: Owner::Nex,
        ..existing.clone()
    };
    let desired: Desired = [(key.clone(), wanted.clone())].into();
    let observed: Observed = [(key.clone(), taken)].into();
    let then = diff(environment, &desired, &observed).entries;
    Ok(Adoption {
        plan: plan.lint(&LintContext::Adoption),
        then: then.into_iter().next(),
    })
}

fn find<'a>(
    observed: &'a Observed,
    kind: Kind,
    id: &str,
) -> Option<(&'a Key, &'a ObservedResource)> {
    let mut of_kind = observed.iter().filter(|(key, _)| key.kind == kind);
    of_kind.find(|(key, existing)| existing.id == id || key.name == id)
}
