//! IAM roles and instance profiles.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::Value;

use super::{Body, Document, Field, Key, Kind, tagged};
use crate::names::Tags;

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Who may take it on.
    pub trust: Document,
    /// Its inline policies by name.
    pub policies: BTreeMap<String, Document>,
    /// The ARNs of the managed policies that are attached.
    pub managed: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Body for Role {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            trust,
            policies,
            managed,
            tags,
        } = self;
        vec![
            Field::in_place("trust", trust.value()),
            Field::in_place(
                "policies",
                Value::map(policies.iter().map(|(k, v)| (k, v.value()))),
            ),
            Field::in_place("managed", Value::set(managed)),
            Field::tags(tags),
        ]
    }

    tagged!();
}

/// An IAM instance profile: the way in which an instance gets its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceProfile {
    /// Its name.
    pub name: String,
    /// Its role's name; `None` where it has none yet.
    pub role: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Body for InstanceProfile {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            role,
            tags,
        } = self;
        vec![Field::in_place("role", role.clone()), Field::tags(tags)]
    }

    fn needs(&self) -> Vec<Key> {
        self.role
            .iter()
            .map(|role| Key::new(Kind::IamRole, role))
            .collect()
    }

    tagged!();
}
