//! The one scheme of names and tags: who finds a resource again finds it by these.

use std::collections::BTreeMap;

/// A resource's tags.
pub type Tags = BTreeMap<String, String>;

/// The tag that says which tool manages a resource.
pub(crate) const MANAGED_BY: &str = "ManagedBy";
/// The tag that says which environment a resource belongs to.
pub(crate) const ENVIRONMENT: &str = "Environment";
/// The tag that says which part of the system a resource serves.
pub(crate) const COMPONENT: &str = "Component";
/// The tag by which the snapshot policy finds its volumes.
pub(crate) const SNAPSHOT: &str = "Snapshot";

/// A part of the system, as the tag `Component` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// The GitLab server and what it stores.
    Gitlab,
    /// The runner fleet.
    Runner,
}

impl Component {
    /// The tag's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Component::Gitlab => "gitlab",
            Component::Runner => "gitlab-runner",
        }
    }
}

/// Names and tags of one environment.
///
/// ```
/// let names = nex_infra::Names::new("nex", "staging");
/// assert_eq!(names.server(), "nex-staging-gitlab");
/// assert_eq!(names.fleet(), "nex-staging-gitlab-runner");
/// assert_eq!(names.log_group("gitlab-runner", "system"), "/nex/gitlab-runner/system");
/// assert_eq!(names.secret("gitlab", "root-password"), "nex/gitlab/root-password");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    prefix: String,
    environment: String,
}

impl Names {
    /// The names of `environment`, whose resources start with `prefix`.
    pub fn new(prefix: impl Into<String>, environment: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            environment: environment.into(),
        }
    }

    /// The environment's own name.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    fn base(&self) -> String {
        format!("{}-{}", self.prefix, self.environment)
    }

    /// All that serves the server and has no better name: group, role, profile, instance, volume, address.
    pub fn server(&self) -> String {
        format!("{}-gitlab", self.base())
    }

    /// All that serves the fleet and has no better name: group, role, profile, template, scaling group.
    pub fn fleet(&self) -> String {
        format!("{}-gitlab-runner", self.base())
    }

    /// The role that the snapshot service takes on, and its policy.
    pub fn snapshots(&self) -> String {
        format!("{}-gitlab-snapshots", self.base())
    }

    /// A bucket's name, by what it holds.
    pub fn bucket(&self, holds: &str) -> String {
        format!("{}-{holds}", self.base())
    }

    /// A log group's name. Without the environment, as in the reference: one environment an account and Region.
    pub fn log_group(&self, component: &str, stream: &str) -> String {
        format!("/{}/{component}/{stream}", self.prefix)
    }

    /// A secret's name. Without the environment, as for log groups.
    pub fn secret(&self, component: &str, name: &str) -> String {
        format!("{}/{component}/{name}", self.prefix)
    }

    /// The tags of a resource of `component`: `extra` ones can't displace nex's own.
    pub fn tags(&self, component: Component, extra: &Tags) -> Tags {
        let own = [
            (MANAGED_BY, "nex"),
            (ENVIRONMENT, self.environment.as_str()),
            (COMPONENT, component.as_str()),
        ];
        let mut tags = extra.clone();
        tags.extend(own.map(|(k, v)| (k.to_owned(), v.to_owned())));
        tags
    }

    /// Whether `tags` say that nex manages this resource for this environment.
    pub fn own(&self, tags: &Tags) -> bool {
        tags.get(MANAGED_BY).is_some_and(|v| v == "nex")
            && tags.get(ENVIRONMENT) == Some(&self.environment)
    }
}
