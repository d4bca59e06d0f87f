//! One resource's change, field by field.

use std::fmt;

use serde::Serialize;

use crate::Value;

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is not there and is made.
    Create,
    /// It is changed where it stands.
    Update,
    /// It can't be changed to what is asked: a new one takes its place.
    Replace,
    /// It is no longer asked for.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Replace => "replace",
            Action::Delete => "delete",
        })
    }
}

/// Names a resource: its kind (`security-group`, `log-group`, ...) and its name within the kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ResourceId {
    /// The kind, in the words of the service's own documentation.
    pub kind: String,
    /// The name that the environment's spec gives it.
    pub name: String,
}

impl ResourceId {
    /// A resource's name.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// What a change of a field does to the resource that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changed where it stands; nothing stops.
    InPlace,
    /// Changed where it stands, with a stop and a start.
    Restart,
    /// A new resource takes the place of the old one.
    Replace,
}

/// One field's old and new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field's name; it carries the unit (`retention_days`, `volume_gb`).
    pub field: String,
    /// What is there; [`Value::Absent`] on a create.
    pub old: Value,
    /// What is asked; [`Value::Absent`] on a delete.
    pub new: Value,
    /// What the change does.
    pub effect: Effect,
}

impl FieldChange {
    /// A change that stops nothing.
    pub fn in_place(
        field: impl Into<String>,
        old: impl Into<Value>,
        new: impl Into<Value>,
    ) -> Self {
        Self {
            field: field.into(),
            old: old.into(),
            new: new.into(),
            effect: Effect::InPlace,
        }
    }
}

/// What would be done to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happens.
    pub action: Action,
    /// To which resource; in JSON `kind` and `name` stand beside `action`.
    #[serde(flatten)]
    pub resource: ResourceId,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
    /// Why, where the fields do not say it.
    pub reasons: Vec<String>,
}
