//! The steps of a plan for an environment on AWS.

use std::collections::BTreeSet;
use std::convert::Infallible;

use nex_plan::{Action, FieldChange, Plan, PlanEntry, ResourceId, Value};

use crate::model::{DesiredResource, Key, Kind, ResourceState, SecretSource, SecretValue};
use crate::names::Tags;

/// A change of one resource, with everything that the apply needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The resource.
    pub key: Key,
    /// What happens to the resource.
    pub operation: Operation,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
    /// The reasons that the fields do not show.
    pub reasons: Vec<String>,
    /// The resources that the step waits for: their own steps come first, or they must exist. A deletion waits for the
    /// deletion of everything that needs the resource.
    pub needs: BTreeSet<Key>,
}

/// What a step does to its resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Creates the resource.
    Create(DesiredResource),
    /// Changes the resource; it keeps its identity.
    Update {
        /// The id by which calls name the resource.
        id: String,
        /// The resource as it was read.
        old: ResourceState,
        /// The resource that the spec asks for.
        new: DesiredResource,
    },
    /// Deletes the resource and creates a new one.
    Replace {
        /// The id of the old resource.
        id: String,
        /// The old resource as it was read.
        old: ResourceState,
        /// The resource that the spec asks for.
        new: DesiredResource,
    },
    /// Deletes the resource.
    Delete {
        /// The id by which calls name the resource.
        id: String,
        /// The resource as it was read.
        old: ResourceState,
    },
    /// Takes over another owner's resource: sets its tags and changes nothing else.
    Adopt {
        /// The id by which calls name the resource.
        id: String,
        /// The resource as it was read.
        old: ResourceState,
        /// The tags to set.
        tags: Tags,
    },
}

impl Operation {
    /// The id of the resource that exists already.
    pub fn id(&self) -> Option<&str> {
        match self {
            Operation::Create(_) => None,
            Operation::Update { id, .. }
            | Operation::Replace { id, .. }
            | Operation::Delete { id, .. }
            | Operation::Adopt { id, .. } => Some(id),
        }
    }

    /// The resource that the step creates, or changes into.
    pub fn new_resource(&self) -> Option<&DesiredResource> {
        match self {
            Operation::Create(new)
            | Operation::Update { new, .. }
            | Operation::Replace { new, .. } => Some(new),
            Operation::Delete { .. } | Operation::Adopt { .. } => None,
        }
    }
}

impl Step {
    pub(crate) fn new(key: Key, operation: Operation, fields: Vec<FieldChange>) -> Self {
        Self {
            key,
            operation,
            fields,
            reasons: vec![],
            needs: BTreeSet::new(),
        }
    }

    /// Whether the step gives the secret `name` a value that the caller supplies.
    pub fn fills_secret(&self, name: &str) -> bool {
        let is_supplied = |new: &DesiredResource| {
            matches!(new, DesiredResource::Secret(secret)
                if secret.name == name && secret.source == SecretSource::Supplied)
        };
        match &self.operation {
            Operation::Create(new) | Operation::Replace { new, .. } => is_supplied(new),
            Operation::Update {
                old: ResourceState::Secret(old),
                new,
                ..
            } => is_supplied(new) && old.value == SecretValue::Absent,
            Operation::Update { .. } | Operation::Delete { .. } | Operation::Adopt { .. } => false,
        }
    }

    /// Whether the step creates a resource that starts instances.
    fn starts_instances(&self) -> bool {
        self.creates(Kind::Instance) || self.creates(Kind::AutoScalingGroup)
    }

    /// Whether the step creates a resource of this kind.
    pub(crate) fn creates(&self, kind: Kind) -> bool {
        matches!(self.operation, Operation::Create(_)) && self.key.kind == kind
    }

    /// Whether a group gets a template version that does not exist yet.
    pub(crate) fn gets_new_version(&self) -> bool {
        let is_version = |f: &FieldChange| {
            f.field == "launch_template_version" && matches!(f.new, Value::Later(_))
        };
        self.key.kind == Kind::AutoScalingGroup && self.fields.iter().any(is_version)
    }
}

impl PlanEntry for Step {
    fn id(&self) -> ResourceId {
        self.key.resource_id()
    }

    fn action(&self) -> Action {
        match self.operation {
            Operation::Create(_) => Action::Create,
            Operation::Update { .. } | Operation::Adopt { .. } => Action::Update,
            Operation::Replace { .. } => Action::Replace,
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
        let new = self.operation.new_resource();
        new.map(DesiredResource::headline).unwrap_or_default()
    }

    fn target(&self) -> Option<&str> {
        self.operation.id()
    }
}

impl nex_plan::Step for Step {
    type Deferred = Infallible;
}

/// Whether a plan starts instances, so that its lint needs the account's quotas.
pub fn starts_instances(plan: &Plan<Step>) -> bool {
    plan.steps().any(Step::starts_instances)
}
