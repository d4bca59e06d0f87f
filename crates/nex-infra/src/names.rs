//! The scheme of names and tags. nex finds every resource again by its name and tags.

use std::collections::BTreeMap;

use crate::model::Owner;
use crate::spec::{NamePaths, Spec};

/// A resource's tags.
pub type Tags = BTreeMap<String, String>;

/// The tag that says which tool manages a resource, and its value for nex.
pub(crate) const MANAGED_BY: &str = "ManagedBy";
const NEX: &str = "nex";
/// The tag that says which deployment a resource belongs to.
pub(crate) const DEPLOYMENT: &str = "Deployment";
/// The tag with the environment's name, for people and for cost reports.
pub(crate) const ENVIRONMENT: &str = "Environment";
/// The tag that says which part of the system a resource serves.
pub(crate) const COMPONENT: &str = "Component";
/// The tag by which the snapshot policy finds its volumes.
pub(crate) const SNAPSHOT: &str = "Snapshot";

/// The object in the artifacts bucket with which a run keeps others from changing the deployment at the same time.
pub(crate) const LOCK: &str = ".nex/lock";

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

/// Names and tags of one deployment: of one environment below one prefix.
///
/// ```
/// let names = nex_infra::Names::new("nex", "staging");
/// assert_eq!(names.deployment(), "nex-staging");
/// assert_eq!(names.server(), "nex-staging-gitlab");
/// assert_eq!(names.fleet(), "nex-staging-gitlab-runner");
/// assert_eq!(names.log_group("gitlab-runner", "system"), "/nex/staging/gitlab-runner/system");
/// assert_eq!(names.secrets().root_password, "nex/staging/gitlab/root-password");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    deployment: String,
    environment: String,
    secrets: String,
    log_groups: String,
}

impl Names {
    /// The names of `environment`: all start with `prefix`.
    pub fn new(prefix: impl AsRef<str>, environment: impl Into<String>) -> Self {
        let (prefix, environment) = (prefix.as_ref(), environment.into());
        Self {
            deployment: format!("{prefix}-{environment}"),
            secrets: format!("{prefix}/{environment}"),
            log_groups: format!("/{prefix}/{environment}"),
            environment,
        }
    }

    /// The same names, except for the paths that a spec chooses itself.
    #[must_use]
    pub fn with_paths(mut self, paths: &NamePaths) -> Self {
        if let Some(secrets) = &paths.secrets {
            self.secrets.clone_from(secrets);
        }
        if let Some(log_groups) = &paths.log_groups {
            self.log_groups.clone_from(log_groups);
        }
        self
    }

    /// The deployment's name, `PREFIX-ENVIRONMENT`: the identity in tags and in the marks of DNS records.
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    /// The environment's own name.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The name of the server's parts: group, role, profile, instance, volume, address.
    pub fn server(&self) -> String {
        format!("{}-gitlab", self.deployment)
    }

    /// The name of the fleet's parts: group, role, profile, template, scaling group.
    pub fn fleet(&self) -> String {
        format!("{}-gitlab-runner", self.deployment)
    }

    /// The name of the snapshot policy and of its role.
    pub fn snapshots(&self) -> String {
        format!("{}-gitlab-snapshots", self.deployment)
    }

    /// A bucket's default name, by its contents.
    pub fn bucket(&self, holds: &str) -> String {
        format!("{}-{holds}", self.deployment)
    }

    /// A log group's name.
    pub fn log_group(&self, component: &str, stream: &str) -> String {
        format!("{}/{component}/{stream}", self.log_groups)
    }

    /// A secret's name.
    pub fn secret(&self, component: &str, name: &str) -> String {
        format!("{}/{component}/{name}", self.secrets)
    }

    /// The names of the buckets that `spec` determines.
    pub fn buckets(&self, spec: &Spec) -> Buckets {
        let storage = &spec.storage;
        let cache = spec.fleet.as_ref().and_then(|f| f.cache_bucket.as_ref());
        let name = |own: Option<&String>, holds| match own {
            Some(name) => name.clone(),
            None => self.bucket(holds),
        };
        Buckets {
            registry: name(storage.registry_bucket.as_ref(), "gitlab-registry"),
            artifacts: name(storage.artifacts_bucket.as_ref(), "gitlab-artifacts"),
            backups: name(storage.backups.bucket.as_ref(), "gitlab-backups"),
            cache: name(cache, "gitlab-runner-cache"),
            shares_backups: storage.backups.existing,
        }
    }

    /// The names of the secrets.
    pub fn secrets(&self) -> Secrets {
        Secrets {
            database_password: self.secret("gitlab", "database-password"),
            root_password: self.secret("gitlab", "root-password"),
            mail_password: self.secret("gitlab", "mail-password"),
            origin_certificate: self.secret("gitlab", "origin-certificate"),
            runner_token: self.secret("gitlab-runner", "registration-token"),
        }
    }

    /// The names of the log groups.
    pub fn log_groups(&self) -> LogGroups {
        LogGroups {
            rails: self.log_group("gitlab", "rails"),
            nginx_access: self.log_group("gitlab", "nginx-access"),
            nginx_error: self.log_group("gitlab", "nginx-error"),
            server_system: self.log_group("gitlab", "system"),
            runner: self.log_group("gitlab-runner", "runner"),
            runner_system: self.log_group("gitlab-runner", "system"),
        }
    }

    /// The tags of a resource of `component`. nex's own tags take precedence over `extra`.
    pub fn tags(&self, component: Component, extra: &Tags) -> Tags {
        let own = [
            (MANAGED_BY, NEX),
            (DEPLOYMENT, self.deployment.as_str()),
            (ENVIRONMENT, self.environment.as_str()),
            (COMPONENT, component.as_str()),
        ];
        let mut tags = extra.clone();
        tags.extend(own.map(|(k, v)| (k.to_owned(), v.to_owned())));
        tags
    }

    /// Whether a resource with these tags is one that nex manages for this deployment.
    pub fn own(&self, tags: &Tags) -> bool {
        self.owner(tags) == Owner::Nex
    }

    /// Who owns a resource with these tags.
    pub fn owner(&self, tags: &Tags) -> Owner {
        let is_managed = tags.get(MANAGED_BY).is_some_and(|by| by == NEX);
        match tags.get(DEPLOYMENT).filter(|_| is_managed) {
            Some(deployment) if *deployment == self.deployment => Owner::Nex,
            Some(deployment) => Owner::Deployment(deployment.clone()),
            None => Owner::Other,
        }
    }
}

/// The names of the buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// The container registry's bucket.
    pub registry: String,
    /// The bucket from which instances fetch artifacts.
    pub artifacts: String,
    /// The backups' bucket.
    pub backups: String,
    /// The runners' cache bucket.
    pub cache: String,
    /// Whether the backups' bucket exists already and is shared: nex does not manage it.
    pub shares_backups: bool,
}

impl Buckets {
    /// The buckets that nex manages.
    pub fn managed(&self) -> Vec<&str> {
        let mut buckets = vec![
            self.registry.as_str(),
            self.artifacts.as_str(),
            self.cache.as_str(),
        ];
        if !self.shares_backups {
            buckets.push(&self.backups);
        }
        buckets
    }
}

/// The names of the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// The password of the database role.
    pub database_password: String,
    /// The first password of GitLab's root user.
    pub root_password: String,
    /// The password at the mail relay.
    pub mail_password: String,
    /// The origin certificate and its key.
    pub origin_certificate: String,
    /// The runners' authentication token.
    pub runner_token: String,
}

impl Secrets {
    /// All secrets.
    pub fn all(&self) -> [&str; 5] {
        [
            &self.database_password,
            &self.root_password,
            &self.mail_password,
            &self.origin_certificate,
            &self.runner_token,
        ]
    }
}

/// The names of the log groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroups {
    /// Rails.
    pub rails: String,
    /// nginx's access log.
    pub nginx_access: String,
    /// nginx's error log.
    pub nginx_error: String,
    /// The server's system log.
    pub server_system: String,
    /// The runners' own log.
    pub runner: String,
    /// The runner hosts' system log.
    pub runner_system: String,
}

impl LogGroups {
    /// All log groups.
    pub fn all(&self) -> [&str; 6] {
        [
            &self.rails,
            &self.nginx_access,
            &self.nginx_error,
            &self.server_system,
            &self.runner,
            &self.runner_system,
        ]
    }
}
