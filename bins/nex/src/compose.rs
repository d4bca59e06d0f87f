//! Carries what one crate knows to the one that needs it. No crate below knows another: they meet here.

use std::collections::BTreeMap;

use anyhow::Context;
use nex_dns::edge::EdgeNetworks;
use nex_infra::{Boot, DatabaseFacts, Layout};
use nex_plan::SecretRef;

use crate::environment::Spec;

/// Everything that the rendering of an environment needs of the cloud.
#[derive(Clone, Debug)]
pub struct Ground<'a> {
    /// The spec.
    pub spec: &'a Spec,
    /// The names that the spec determines.
    pub layout: Layout,
    /// The database's host name.
    pub database_host: String,
    /// The database's port.
    pub database_port: u16,
    /// The networks that Cloudflare's proxies connect from.
    pub edge: EdgeNetworks,
}

impl<'a> Ground<'a> {
    /// The ground of `spec` with its database and Cloudflare's networks as they were looked up.
    pub fn new(spec: &'a Spec, database: &DatabaseFacts, edge: &EdgeNetworks) -> Self {
        Self {
            spec,
            layout: Layout::new(&spec.aws, &spec.names()),
            database_host: database.host.clone(),
            database_port: database.port,
            edge: edge.clone(),
        }
    }

    /// What the server's rendering takes from the other crates.
    pub fn gitlab(&self) -> nex_gitlab::Inputs {
        let layout = self.layout.clone();
        nex_gitlab::Inputs {
            environment: self.spec.name.clone(),
            region: self.spec.aws.region.clone(),
            database_host: self.database_host.clone(),
            database_port: self.database_port,
            registry_bucket: layout.registry_bucket,
            backups_bucket: layout.backups_bucket,
            backups_prefix: layout.backups_prefix,
            secrets: nex_gitlab::Secrets {
                database_password: layout.database_password,
                root_password: layout.root_password,
                mail_password: self.mail_secret(),
                origin_certificate: layout.origin_certificate,
            },
            edge_networks: self.edge_networks(),
            log_groups: nex_gitlab::LogGroups {
                rails: layout.rails_log,
                nginx_access: layout.nginx_access_log,
                nginx_error: layout.nginx_error_log,
                system: layout.server_system_log,
            },
        }
    }

    /// The secret that the server reads its mail password from: the spec's own, or the one that nex stores it in.
    fn mail_secret(&self) -> Option<String> {
        let mail = self.spec.gitlab.mail.as_ref()?;
        Some(match &mail.password {
            SecretRef::SecretsManager(name) => name.clone(),
            _ => self.layout.mail_password.clone(),
        })
    }

    /// What the runners' rendering takes from the other crates.
    pub fn runner(&self) -> nex_runner::Inputs {
        let layout = self.layout.clone();
        nex_runner::Inputs {
            environment: self.spec.name.clone(),
            region: self.spec.aws.region.clone(),
            gitlab_url: self.spec.gitlab.url.clone(),
            token_secret: layout.runner_token,
            cache_bucket: layout.cache_bucket,
            log_groups: nex_runner::LogGroups {
                runner: layout.runner_log,
                system: layout.runner_system_log,
            },
            group_name: self.spec.names().fleet(),
        }
    }

    /// What the machines start with.
    pub fn boot(&self) -> anyhow::Result<Boot> {
        let server = nex_gitlab::user_data(&self.spec.gitlab, &self.gitlab());
        let fleet = nex_runner::user_data(&self.spec.runner, &self.runner());
        Ok(Boot {
            server: server.context("failed to render the server's user data")?,
            fleet: fleet.context("failed to render the runners' user data")?,
            edge_networks: self.edge_networks(),
            mail_password: given_secrets(self.spec).contains_key(&self.layout.mail_password),
        })
    }

    fn edge_networks(&self) -> Vec<String> {
        let v4 = self.edge.ipv4.iter().map(ToString::to_string);
        let v6 = self.edge.ipv6.iter().map(ToString::to_string);
        v4.chain(v6).collect()
    }

    /// Every file that nex would put on a machine: the server's below `gitlab/`, a runner's below `runner/`.
    pub fn files(&self) -> BTreeMap<String, String> {
        let server = nex_gitlab::files(&self.spec.gitlab, &self.gitlab());
        let runner = nex_runner::files(&self.spec.runner, &self.runner());
        let server = server.into_iter().map(|(k, v)| (format!("gitlab/{k}"), v));
        let runner = runner.into_iter().map(|(k, v)| (format!("runner/{k}"), v));
        server.chain(runner).collect()
    }
}

/// The secrets whose values nex carries from where the spec points into Secrets Manager.
pub fn given_secrets(spec: &Spec) -> BTreeMap<String, SecretRef> {
    let layout = Layout::new(&spec.aws, &spec.names());
    let mail = spec.gitlab.mail.as_ref().map(|mail| mail.password.clone());
    let mail = mail.filter(|reference| !matches!(reference, SecretRef::SecretsManager(_)));
    mail.map(|reference| (layout.mail_password, reference))
        .into_iter()
        .collect()
}
