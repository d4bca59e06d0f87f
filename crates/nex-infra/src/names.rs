//! The names and tags of an environment's resources. nex finds a resource again by these, and by nothing else.

use std::collections::BTreeMap;

use crate::spec::{Backups, Spec};

/// The tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// The tag with the tool that manages a resource.
pub(crate) const MANAGED_BY: &str = "ManagedBy";
/// The tag with the environment of a resource.
pub(crate) const ENVIRONMENT: &str = "Environment";
/// The tag with the part of the system that a resource serves.
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

/// The names and tags of one environment, which the spec alone determines.
///
/// ```
/// use nex_infra::{Names, Spec};
///
/// let spec: Spec = toml::from_str(r#"
///     region = "eu-west-3"
///     network = { vpc = "vpc-1", public_subnet = "subnet-1" }
///     database = { instance = "nex-staging" }
/// "#)?;
/// let names = Names::new("nex", "staging", &spec);
/// assert_eq!(names.server(), "nex-staging-gitlab");
/// assert_eq!(names.fleet(), "nex-staging-gitlab-runner");
/// assert_eq!(names.log_group("gitlab-runner", "system"), "/nex/gitlab-runner/system");
/// assert_eq!(names.root_password(), "nex/gitlab/root-password");
/// assert_eq!(names.registry_bucket(), "nex-staging-gitlab-registry");
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    prefix: String,
    environment: String,
    registry_bucket: Option<String>,
    artifacts_bucket: Option<String>,
    cache_bucket: Option<String>,
    backups: Backups,
}

impl Names {
    /// The names of `environment`. `prefix` is the first part of each name; the spec may name buckets of its own.
    pub fn new(prefix: impl Into<String>, environment: impl Into<String>, spec: &Spec) -> Self {
        let fleet = spec.fleet.as_ref();
        Self {
            prefix: prefix.into(),
            environment: environment.into(),
            registry_bucket: spec.storage.registry_bucket.clone(),
            artifacts_bucket: spec.storage.artifacts_bucket.clone(),
            cache_bucket: fleet.and_then(|fleet| fleet.cache_bucket.clone()),
            backups: spec.storage.backups.clone(),
        }
    }

    /// The environment's name.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    fn base(&self) -> String {
        format!("{}-{}", self.prefix, self.environment)
    }

    /// The name of the server's group, role, profile, instance, volume and address.
    pub fn server(&self) -> String {
        format!("{}-gitlab", self.base())
    }

    /// The name of the fleet's group, role, profile, template and scaling group.
    pub fn fleet(&self) -> String {
        format!("{}-gitlab-runner", self.base())
    }

    /// The name of the role that the snapshot service assumes, and of its policy.
    pub fn snapshots(&self) -> String {
        format!("{}-gitlab-snapshots", self.base())
    }

    /// The name of a bucket, by its contents.
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

    /// The container registry's bucket.
    pub fn registry_bucket(&self) -> String {
        self.bucket_or(&self.registry_bucket, "gitlab-registry")
    }

    /// The bucket of the files that instances fetch.
    pub fn artifacts_bucket(&self) -> String {
        self.bucket_or(&self.artifacts_bucket, "gitlab-artifacts")
    }

    /// The backups' bucket.
    pub fn backups_bucket(&self) -> String {
        self.bucket_or(&self.backups.bucket, "gitlab-backups")
    }

    /// The prefix of GitLab's backups in their bucket.
    pub fn backups_prefix(&self) -> String {
        self.backups.prefix.clone()
    }

    /// The runners' cache bucket.
    pub fn cache_bucket(&self) -> String {
        self.bucket_or(&self.cache_bucket, "gitlab-runner-cache")
    }

    /// The buckets that nex manages. A backups bucket that exists already is not one of them.
    pub fn buckets(&self) -> Vec<String> {
        let mut buckets = vec![
            self.registry_bucket(),
            self.artifacts_bucket(),
            self.cache_bucket(),
        ];
        if !self.backups.existing {
            buckets.push(self.backups_bucket());
        }
        buckets
    }

    /// The secret of the password of GitLab's database role.
    pub fn database_password(&self) -> String {
        self.secret("gitlab", "database-password")
    }

    /// The secret of the first password of GitLab's root user.
    pub fn root_password(&self) -> String {
        self.secret("gitlab", "root-password")
    }

    /// The secret of the mail relay's password.
    pub fn mail_password(&self) -> String {
        self.secret("gitlab", "mail-password")
    }

    /// The secret of the origin certificate and its key.
    pub fn origin_certificate(&self) -> String {
        self.secret("gitlab", "origin-certificate")
    }

    /// The secret of the runners' authentication token.
    pub fn runner_token(&self) -> String {
        self.secret("gitlab-runner", "registration-token")
    }

    /// All secrets.
    pub fn secrets(&self) -> [String; 5] {
        [
            self.database_password(),
            self.root_password(),
            self.mail_password(),
            self.origin_certificate(),
            self.runner_token(),
        ]
    }

    /// The log group of Rails.
    pub fn rails_log(&self) -> String {
        self.log_group("gitlab", "rails")
    }

    /// The log group of nginx's access log.
    pub fn nginx_access_log(&self) -> String {
        self.log_group("gitlab", "nginx-access")
    }

    /// The log group of nginx's error log.
    pub fn nginx_error_log(&self) -> String {
        self.log_group("gitlab", "nginx-error")
    }

    /// The log group of the server's system.
    pub fn server_system_log(&self) -> String {
        self.log_group("gitlab", "system")
    }

    /// The log group of the runners.
    pub fn runner_log(&self) -> String {
        self.log_group("gitlab-runner", "runner")
    }

    /// The log group of the runner hosts' system.
    pub fn runner_system_log(&self) -> String {
        self.log_group("gitlab-runner", "system")
    }

    /// All log groups.
    pub fn log_groups(&self) -> [String; 6] {
        [
            self.rails_log(),
            self.nginx_access_log(),
            self.nginx_error_log(),
            self.server_system_log(),
            self.runner_log(),
            self.runner_system_log(),
        ]
    }

    fn bucket_or(&self, own: &Option<String>, holds: &str) -> String {
        own.clone().unwrap_or_else(|| self.bucket(holds))
    }

    /// The tags of a resource of `component`: `extra` tags can't replace nex's own.
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

    /// Whether the tags show that nex manages a resource for this environment.
    pub fn own(&self, tags: &Tags) -> bool {
        tags.get(MANAGED_BY).is_some_and(|v| v == "nex")
            && tags.get(ENVIRONMENT) == Some(&self.environment)
    }
}
