//! Turns the outputs of one crate into the inputs of another. The crates do not know each other.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use nex_infra::{DatabaseFacts, EdgeNetworks, Names, UserData};
use nex_plan::SecretRef;

use crate::environment::{Hosting, Spec};

/// Everything that rendering an environment needs from the clouds.
#[derive(Clone, Debug)]
pub(crate) struct Inputs<'a> {
    spec: &'a Spec,
    hosting: &'a Hosting,
    names: Names,
    database: &'a DatabaseFacts,
    edge: &'a EdgeNetworks,
}

impl<'a> Inputs<'a> {
    /// The inputs for `spec`, with the database and Cloudflare's networks that were looked up.
    pub(crate) fn new(
        spec: &'a Spec,
        hosting: &'a Hosting,
        database: &'a DatabaseFacts,
        edge: &'a EdgeNetworks,
    ) -> Self {
        Self {
            names: spec.names(),
            spec,
            hosting,
            database,
            edge,
        }
    }

    /// The inputs of the server's rendering.
    pub(crate) fn gitlab(&self) -> nex_gitlab::Inputs {
        let buckets = self.names.buckets(&self.hosting.aws);
        let secrets = self.names.secrets();
        let log_groups = self.names.log_groups();
        nex_gitlab::Inputs {
            environment: self.spec.name.clone(),
            region: self.hosting.aws.region.clone(),
            database_host: self.database.host.clone(),
            database_port: self.database.port,
            registry_bucket: buckets.registry,
            backups_bucket: buckets.backups,
            backups_prefix: self.hosting.aws.storage.backups.prefix.clone(),
            secrets: nex_gitlab::Secrets {
                database_password: secrets.database_password,
                root_password: secrets.root_password,
                mail_password: self.mail_secret(),
                origin_certificate: secrets.origin_certificate,
            },
            edge_networks: self.proxies(),
            log_groups: nex_gitlab::LogGroups {
                rails: log_groups.rails,
                nginx_access: log_groups.nginx_access,
                nginx_error: log_groups.nginx_error,
                system: log_groups.server_system,
            },
        }
    }

    /// The networks whose word about a visitor's address the server trusts.
    fn proxies(&self) -> Vec<String> {
        match self.spec.may_be_proxied() {
            true => self.edge.cidrs().to_vec(),
            false => vec![],
        }
    }

    /// The secret with the server's mail password: a secret that the spec names, or nex's own.
    fn mail_secret(&self) -> Option<String> {
        let mail = self.hosting.gitlab.mail.as_ref()?;
        Some(match &mail.password {
            SecretRef::SecretsManager(name) => name.clone(),
            _ => self.names.secrets().mail_password,
        })
    }

    /// The inputs of the runners' rendering.
    pub(crate) fn runner(&self) -> nex_runner::Inputs {
        let log_groups = self.names.log_groups();
        nex_runner::Inputs {
            environment: self.spec.name.clone(),
            region: self.hosting.aws.region.clone(),
            gitlab_url: self.hosting.gitlab.url.clone(),
            token_secret: self.names.secrets().runner_token,
            cache_bucket: self.names.buckets(&self.hosting.aws).cache,
            log_groups: nex_runner::LogGroups {
                runner: log_groups.runner,
                system: log_groups.runner_system,
            },
            group_name: self.names.fleet(),
        }
    }

    /// The inputs of the desired state of AWS.
    ///
    /// # Errors
    /// If a host's user data can't be rendered, or is too large.
    pub(crate) fn infra(&self) -> anyhow::Result<nex_infra::Inputs> {
        let server = nex_gitlab::user_data(&self.hosting.gitlab, &self.gitlab());
        let fleet = nex_runner::user_data(&self.hosting.runner, &self.runner());
        Ok(nex_infra::Inputs {
            user_data: UserData {
                server: server.context("failed to render the server's user data")?,
                fleet: fleet.context("failed to render the runners' user data")?,
            },
            edge_networks: self.edge.clone(),
            mail_password: supplied_secrets(self.spec)
                .contains_key(&self.names.secrets().mail_password),
            rotate: BTreeSet::new(),
        })
    }

    /// Every file that nex would put on a machine: the server's below `gitlab/`, a runner's below `runner/`.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let server = nex_gitlab::files(&self.hosting.gitlab, &self.gitlab());
        let runner = nex_runner::files(&self.hosting.runner, &self.runner());
        let server = server.into_iter().map(|(k, v)| (format!("gitlab/{k}"), v));
        let runner = runner.into_iter().map(|(k, v)| (format!("runner/{k}"), v));
        server.chain(runner).collect()
    }
}

/// The secrets that nex fills from references in the spec: each reference, by the name of its secret.
pub(crate) fn supplied_secrets(spec: &Spec) -> BTreeMap<String, SecretRef> {
    let mail = spec
        .hosting
        .as_ref()
        .and_then(|hosting| hosting.gitlab.mail.as_ref());
    let mail = mail.map(|mail| mail.password.clone());
    let mail = mail.filter(|reference| !matches!(reference, SecretRef::SecretsManager(_)));
    mail.map(|reference| (spec.names().secrets().mail_password, reference))
        .into_iter()
        .collect()
}
