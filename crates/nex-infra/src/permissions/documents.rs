//! The policy documents: one statement for each target.

use std::collections::{BTreeMap, BTreeSet};

use super::{Access, OPERATIONS, Policy, Target};
use crate::model::Document;
use crate::names::Names;
use crate::policy::{Scope, allow, document};
use crate::spec::Spec;

/// The most characters of a managed policy; IAM does not count white space (IAM user guide, "IAM and AWS STS quotas").
pub const MAX_POLICY_CHARACTERS: usize = 6144;

/// What the policies of one deployment are made from.
#[derive(Clone, Debug)]
pub struct Permissions<'a> {
    pub(super) scope: &'a Scope,
    pub(super) names: &'a Names,
    pub(super) spec: &'a Spec,
    pub(super) api_tokens: BTreeSet<String>,
    pub(super) certificates: BTreeSet<String>,
}

impl<'a> Permissions<'a> {
    /// The permissions for the deployment that `names` and `spec` determine.
    pub fn new(scope: &'a Scope, names: &'a Names, spec: &'a Spec) -> Self {
        Self {
            scope,
            names,
            spec,
            api_tokens: BTreeSet::new(),
            certificates: BTreeSet::new(),
        }
    }

    /// Lets every run, also a plan, read the API token in the secret `name`.
    #[must_use]
    pub fn with_api_token(mut self, name: impl Into<String>) -> Self {
        self.api_tokens.insert(name.into());
        self
    }

    /// Lets a run that issues a certificate read its secret `name`, which holds the certificate's key.
    #[must_use]
    pub fn with_certificate(mut self, name: impl Into<String>) -> Self {
        self.certificates.insert(name.into());
        self
    }

    /// The document of `policy`. It leaves out what the deployment does not have, such as a shared backups bucket.
    pub fn document(&self, policy: Policy) -> Document {
        let statements = self.actions(policy).into_iter();
        document(
            statements
                .map(|(target, actions)| {
                    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
                    let resources = target.resources(self);
                    let mut statement = allow(target.as_str(), &actions, &resources);
                    if let Some(condition) = target.condition(self) {
                        statement["Condition"] = condition;
                    }
                    statement
                })
                .collect(),
        )
    }

    /// The targets of `policy` that the deployment has, in the table's order of targets.
    pub fn targets(&self, policy: Policy) -> Vec<Target> {
        self.actions(policy).into_keys().collect()
    }

    fn actions(&self, policy: Policy) -> BTreeMap<Target, BTreeSet<String>> {
        let mut actions: BTreeMap<Target, BTreeSet<String>> = BTreeMap::new();
        for operation in OPERATIONS {
            let access: Access = operation.access;
            for grant in operation.grants() {
                if Policy::of(access, &grant) == policy && !grant.on.resources(self).is_empty() {
                    actions.entry(grant.on).or_default().insert(grant.action);
                }
            }
        }
        actions
    }
}
