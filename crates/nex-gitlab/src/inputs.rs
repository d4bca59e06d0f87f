//! What the rendering needs to know besides the section: plain values that the caller has from elsewhere.

/// What the caller has found or made around the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The environment's name, such as `staging`.
    pub environment: String,
    /// The AWS Region, such as `eu-west-3`.
    pub region: String,
    /// The PostgreSQL server's host name, as its certificate has it (the RDS endpoint).
    pub database_host: String,
    /// The PostgreSQL server's port.
    pub database_port: u16,
    /// The bucket that the container registry keeps its layers in.
    pub registry_bucket: String,
    /// The bucket that backups go to.
    pub backups_bucket: String,
    /// What every backup's key begins with, such as `gitlab/`; empty for the bucket's root.
    pub backups_prefix: String,
    /// The names of the secrets in Secrets Manager.
    pub secrets: Secrets,
    /// The networks (CIDR) whose word on a visitor's address is trusted: the proxy's. Empty without a proxy.
    pub edge_networks: Vec<String>,
    /// The log groups in CloudWatch Logs; they exist already.
    pub log_groups: LogGroups,
}

/// The names of secrets in Secrets Manager. Never a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The password of GitLab's database role: plain text.
    pub database_password: String,
    /// The first password of GitLab's `root`: plain text, 8 characters at least; read at the first start only.
    pub root_password: String,
    /// The mail relay's password: plain text. Needed when the spec has a `mail` section.
    pub mail_password: Option<String>,
    /// The origin certificate for the web and registry hosts: JSON with `certificate` and `key`, both PEM.
    /// It may come after the server: the server waits for it.
    pub origin_certificate: String,
}

/// The names of log groups in CloudWatch Logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogGroups {
    /// The Rails application's log.
    pub rails: String,
    /// The web server's requests.
    pub nginx_access: String,
    /// The web server's errors.
    pub nginx_error: String,
    /// The system's log and the server's set-up.
    pub system: String,
}
