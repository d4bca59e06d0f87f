//! What the caller knows about the server's surroundings, as plain values.

/// Names and addresses of the resources around the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The environment's name, such as `staging`.
    pub environment: String,
    /// The AWS Region, such as `eu-west-3`.
    pub region: String,
    /// The PostgreSQL server's host name, as in its certificate (the RDS endpoint).
    pub database_host: String,
    /// The PostgreSQL server's port.
    pub database_port: u16,
    /// The bucket for the container registry's layers.
    pub registry_bucket: String,
    /// The bucket for backups.
    pub backups_bucket: String,
    /// The prefix of every backup's key, such as `gitlab/`; empty for the bucket's root.
    pub backups_prefix: String,
    /// The names of the secrets in Secrets Manager.
    pub secrets: Secrets,
    /// The proxy's networks (CIDR). nginx trusts the visitor's address only from these. Empty without a proxy.
    pub edge_networks: Vec<String>,
    /// The log groups in CloudWatch Logs. They must exist.
    pub log_groups: LogGroups,
}

/// The names of secrets in Secrets Manager, never their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The password of GitLab's database role, as plain text.
    pub database_password: String,
    /// The initial password of GitLab's `root`, as plain text of at least 8 characters. Only the first start reads it.
    pub root_password: String,
    /// The mail relay's password, as plain text. Required if the spec has a `mail` section.
    pub mail_password: Option<String>,
    /// The origin certificate for the web and registry hosts: JSON with `certificate` and `key`, both PEM.
    /// The secret may get its value after the server starts: the server waits for it.
    pub origin_certificate: String,
}

/// The names of log groups in CloudWatch Logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogGroups {
    /// The Rails application's log.
    pub rails: String,
    /// nginx's access log.
    pub nginx_access: String,
    /// nginx's error log.
    pub nginx_error: String,
    /// The system log and the log of the server's set-up.
    pub system: String,
}

/// How visitors reach the web host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebAccess {
    /// At the server's own address, on every port.
    #[default]
    Direct,
    /// Through a proxy, on ports 80 and 443 only.
    Proxied,
}
