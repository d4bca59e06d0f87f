//! IAM roles and instance profiles.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::Value;

use super::{Document, Field, Key, Kind, ResourceKind, tagged};
use crate::names::Tags;

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The name.
    pub name: String,
    /// Who may assume the role.
    pub trust: Document,
    /// The inline policies by name.
    pub policies: BTreeMap<String, Document>,
    /// The ARNs of the managed policies that are attached.
    pub managed: BTreeSet<String>,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for Role {
    const HEADLINE: &'static [&'static str] = &["policies", "managed"];

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

/// An IAM instance profile: gives an instance its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceProfile {
    /// The name.
    pub name: String,
    /// The role's name; `None` if the profile has none yet.
    pub role: Option<String>,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for InstanceProfile {
    const HEADLINE: &'static [&'static str] = &["role"];

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
