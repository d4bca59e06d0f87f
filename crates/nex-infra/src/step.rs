//! The steps of a plan for AWS.

use std::collections::BTreeSet;
use std::convert::Infallible;

use nex_plan::{Action, FieldChange, PlanEntry, ResourceId};

use crate::model::{DesiredResource, Key, Kind, ResourceState};
use crate::names::Tags;

/// One step: the change of one resource, with everything that its apply needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The resource.
    pub key: Key,
    /// What happens to the resource.
    pub operation: Operation,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
    /// Why, where the fields do not show the reason.
    pub reasons: Vec<String>,
    /// What must have happened before: the steps of these resources must have succeeded, or the resources must exist.
    pub needs: BTreeSet<Key>,
}

/// What happens to a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// The resource is created.
    Create(Box<DesiredResource>),
    /// The resource is changed.
    Update(Box<Existing>),
    /// The resource is deleted, and created again.
    Replace(Box<Existing>),
    /// The resource is deleted.
    Delete {
        /// The identifier that calls use.
        id: String,
        /// The resource as it was read.
        old: Box<ResourceState>,
    },
    /// The resource gets nex's tags, and nothing else of it changes.
    Adopt {
        /// The identifier that calls use.
        id: String,
        /// The resource as it was read.
        old: Box<ResourceState>,
        /// The tags.
        tags: Tags,
    },
}

/// A resource that exists, and what it should become.
#[derive(Clone, Debug, PartialEq)]
pub struct Existing {
    /// The identifier that calls use.
    pub id: String,
    /// The resource as it was read.
    pub old: ResourceState,
    /// The resource as the spec asks for it.
    pub new: DesiredResource,
}

impl Step {
    /// Whether the step gives the secret `name` a value.
    pub fn fills_secret(&self, name: &str) -> bool {
        self.key.kind == Kind::Secret
            && self.key.name == name
            && matches!(
                self.action(),
                Action::Create | Action::Update | Action::Replace
            )
            && self.fields.iter().any(|field| field.field == "value")
    }
}

impl PlanEntry for Step {
    fn id(&self) -> ResourceId {
        self.key.resource_id()
    }

    fn action(&self) -> Action {
        match &self.operation {
            Operation::Create(_) => Action::Create,
            Operation::Update(_) | Operation::Adopt { .. } => Action::Update,
            Operation::Replace(_) => Action::Replace,
            Operation::Delete { .. } => Action::Delete,
        }
    }

    fn fields(&self) -> Vec<FieldChange> {
        self.fields.clone()
    }

    fn reasons(&self) -> Vec<String> {
        self.reasons.clone()
    }

    fn headline(&self) -> &'static [&'static str] {
        self.key.kind.headline()
    }

    fn target(&self) -> Option<&str> {
        match &self.operation {
            Operation::Create(_) => None,
            Operation::Update(existing) | Operation::Replace(existing) => Some(&existing.id),
            Operation::Delete { id, .. } | Operation::Adopt { id, .. } => Some(id),
        }
    }
}

impl nex_plan::Step for Step {
    type Deferred = Infallible;
}
