//! The names that other crates need to render what runs on the machines.

use crate::names::Names;
use crate::spec::Spec;

/// Names of buckets, secrets and log groups: known from the spec alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The container registry's bucket.
    pub registry_bucket: String,
    /// The bucket of what instances fetch.
    pub artifacts_bucket: String,
    /// The backups' bucket.
    pub backups_bucket: String,
    /// The prefix of GitLab's backups in their bucket.
    pub backups_prefix: String,
    /// The runners' cache bucket.
    pub cache_bucket: String,
    /// The secret of the database role's password.
    pub database_password: String,
    /// The secret of the first root password.
    pub root_password: String,
    /// The secret of the mail relay's password.
    pub mail_password: String,
    /// The secret of the origin certificate and its key.
    pub origin_certificate: String,
    /// The secret of the runners' authentication token.
    pub runner_token: String,
    /// The log group of Rails.
    pub rails_log: String,
    /// The log group of nginx's accesses.
    pub nginx_access_log: String,
    /// The log group of nginx's errors.
    pub nginx_error_log: String,
    /// The log group of the server's system.
    pub server_system_log: String,
    /// The log group of the runners.
    pub runner_log: String,
    /// The log group of the runner hosts' system.
    pub runner_system_log: String,
}

impl Layout {
    /// The names that `spec` determines.
    pub fn new(spec: &Spec, names: &Names) -> Self {
        let bucket = |own: &Option<String>, holds| match own {
            Some(name) => name.clone(),
            None => names.bucket(holds),
        };
        let storage = &spec.storage;
        let cache = spec.fleet.as_ref().and_then(|f| f.cache_bucket.clone());
        Self {
            registry_bucket: bucket(&storage.registry_bucket, "gitlab-registry"),
            artifacts_bucket: bucket(&storage.artifacts_bucket, "gitlab-artifacts"),
            backups_bucket: bucket(&storage.backups.bucket, "gitlab-backups"),
            backups_prefix: storage.backups.prefix.clone(),
            cache_bucket: bucket(&cache, "gitlab-runner-cache"),
            database_password: names.secret("gitlab", "database-password"),
            root_password: names.secret("gitlab", "root-password"),
            mail_password: names.secret("gitlab", "mail-password"),
            origin_certificate: names.secret("gitlab", "origin-certificate"),
            runner_token: names.secret("gitlab-runner", "registration-token"),
            rails_log: names.log_group("gitlab", "rails"),
            nginx_access_log: names.log_group("gitlab", "nginx-access"),
            nginx_error_log: names.log_group("gitlab", "nginx-error"),
            server_system_log: names.log_group("gitlab", "system"),
            runner_log: names.log_group("gitlab-runner", "runner"),
            runner_system_log: names.log_group("gitlab-runner", "system"),
        }
    }

    /// The buckets that nex manages, for reading; an existing backups bucket is not among them.
    pub fn buckets(&self, spec: &Spec) -> Vec<&str> {
        let mut buckets = vec![
            self.registry_bucket.as_str(),
            &self.artifacts_bucket,
            &self.cache_bucket,
        ];
        if !spec.storage.backups.existing {
            buckets.push(&self.backups_bucket);
        }
        buckets
    }

    /// All log groups.
    pub fn log_groups(&self) -> [&str; 6] {
        [
            &self.rails_log,
            &self.nginx_access_log,
            &self.nginx_error_log,
            &self.server_system_log,
            &self.runner_log,
            &self.runner_system_log,
        ]
    }

    /// All secrets.
    pub fn secrets(&self) -> [&str; 5] {
        [
            &self.database_password,
            &self.root_password,
            &self.mail_password,
            &self.origin_certificate,
            &self.runner_token,
        ]
    }
}
