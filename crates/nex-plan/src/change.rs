//! The change of one resource, field by field, in a form for people and for JSON.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Value;

/// What happens to a resource.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Action {
    /// The resource does not exist and is created.
    Create,
    /// The resource is changed and keeps its identity.
    Update,
    /// The resource can't be changed into the desired one, so a new resource takes its place.
    Replace,
    /// The spec no longer asks for the resource.
    Delete,
}

/// Names a resource: its kind (`security-group`, `log-group`, ...) and its name within the kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceId {
    /// The kind, in the words of the service's own documentation.
    pub kind: Cow<'static, str>,
    /// The name that the environment's spec gives to the resource.
    pub name: String,
}

impl ResourceId {
    /// The id of a resource.
    pub fn new(kind: impl Into<Cow<'static, str>>, name: impl Into<String>) -> Self {
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

/// What the update of a field does to its resource, in the words of AWS CloudFormation's "update behaviors of stack
/// resources", with two cases that CloudFormation does not name.
///
/// JSON has three values: `in_place`, `restart` and `replace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateBehavior {
    /// The resource is updated and keeps running.
    NoInterruption,
    /// The resource is updated and stops for a while.
    SomeInterruption,
    /// A new resource takes the place of the old one; the text says why.
    Replacement(Cow<'static, str>),
    /// The field counts only when the resource is created; the text says who decides afterwards.
    CreateOnly(Cow<'static, str>),
    /// A larger value is an update without interruption; a smaller one is left as it is.
    GrowOnly,
}

impl UpdateBehavior {
    fn label(&self) -> &'static str {
        match self {
            UpdateBehavior::NoInterruption
            | UpdateBehavior::CreateOnly(_)
            | UpdateBehavior::GrowOnly => "in_place",
            UpdateBehavior::SomeInterruption => "restart",
            UpdateBehavior::Replacement(_) => "replace",
        }
    }
}

impl Serialize for UpdateBehavior {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

/// The reasons of a replacement are not part of the field's JSON: [`Change::reasons`] has them.
impl<'de> Deserialize<'de> for UpdateBehavior {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "in_place" => Ok(UpdateBehavior::NoInterruption),
            "restart" => Ok(UpdateBehavior::SomeInterruption),
            "replace" => Ok(UpdateBehavior::Replacement("".into())),
            other => Err(serde::de::Error::unknown_variant(
                other,
                &["in_place", "restart", "replace"],
            )),
        }
    }
}

/// The old and the new value of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// The field's name, with its unit where it has one (`retention_days`, `size_gb`).
    pub field: Cow<'static, str>,
    /// The value now; [`Value::Absent`] on a create.
    pub old: Value,
    /// The desired value; [`Value::Absent`] on a delete.
    pub new: Value,
    /// What the change does to the resource.
    pub effect: UpdateBehavior,
}

impl FieldChange {
    /// A change without interruption.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        old: impl Into<Value>,
        new: impl Into<Value>,
    ) -> Self {
        Self {
            field: field.into(),
            old: old.into(),
            new: new.into(),
            effect: UpdateBehavior::NoInterruption,
        }
    }
}

/// The view of a step: the change of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What happens.
    pub action: Action,
    /// The resource. In JSON, `kind` and `name` are on the same level as `action`.
    #[serde(flatten)]
    pub id: ResourceId,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
    /// The reasons that the fields do not show.
    pub reasons: Vec<String>,
}
