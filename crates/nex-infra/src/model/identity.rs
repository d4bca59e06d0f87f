//! IAM roles and instance profiles.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::Value;

use super::resource::tagged;
use super::{Document, Field, Key, Kind, ResourceKind};
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
    /// The ARNs of the attached managed policies.
    pub managed: BTreeSet<String>,
    /// The ARN of the policy that limits the role, which nex never sets.
    pub boundary: Option<String>,
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
            boundary,
            tags,
        } = self;
        vec![
            Field::in_place("trust", trust.value()),
            Field::in_place(
                "policies",
                Value::map(policies.iter().map(|(k, v)| (k, v.value()))),
            ),
            Field::in_place("managed", Value::set(managed)),
            Field::create_only(
                "permissions_boundary",
                "the person who set it decides; it only removes permissions",
                boundary.clone(),
            ),
            Field::tags(tags),
        ]
    }

    tagged!(tags);
}

/// An IAM instance profile: gives an instance its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceProfile {
    /// The name.
    pub name: String,
    /// The role's name; `None` if the profile has no role yet.
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

    tagged!(tags);
}
