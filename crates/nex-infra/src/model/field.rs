//! Fields: how the diff sees a resource.

use nex_plan::{UpdateBehavior, Value};

use crate::names::Tags;

/// One field of a resource.
///
/// The diff pairs the fields of the two sides by name, and uses the update behavior of the desired side. A create-only
/// field may be missing on the observed side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, with the unit where there is one.
    pub name: &'static str,
    /// The value.
    pub value: Value,
    /// What an update of the field does to the resource.
    pub behavior: UpdateBehavior,
}

impl Field {
    pub(super) fn new(
        name: &'static str,
        behavior: UpdateBehavior,
        value: impl Into<Value>,
    ) -> Self {
        Self {
            name,
            value: value.into(),
            behavior,
        }
    }

    pub(super) fn in_place(name: &'static str, value: impl Into<Value>) -> Self {
        Self::new(name, UpdateBehavior::NoInterruption, value)
    }

    pub(super) fn create_only(
        name: &'static str,
        who_decides_later: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        let behavior = UpdateBehavior::CreateOnly(who_decides_later.into());
        Self::new(name, behavior, value)
    }

    pub(super) fn replacing(
        name: &'static str,
        why: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        Self::new(name, UpdateBehavior::Replacement(why.into()), value)
    }

    pub(super) fn tags(tags: &Tags) -> Self {
        Self::in_place("tags", Value::map(tags))
    }
}

/// The digest of a text that is too long for a plan.
pub(super) fn digest(text: &str) -> Value {
    use sha2::Digest as _;
    let sum = sha2::Sha256::digest(text);
    Value::Digest(nex_plan::Digest {
        bytes: text.len(),
        sha256: hex::encode(sum),
    })
}
