//! `nex outputs`: the parts of an environment, for people and for other programs.

use std::fmt::Write as _;

use nex_infra::model::{Key, Kind, Observed, ObservedResource, Owner};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;

/// Addresses, URLs and names. A part that does not exist yet is absent.
#[derive(Debug, Serialize)]
pub(crate) struct Outputs {
    environment: String,
    /// GitLab's URL.
    url: String,
    /// The container registry's URL.
    registry_url: String,
    /// The host for git over SSH.
    ssh_host: String,
    /// The server's Elastic IP address.
    address: Option<String>,
    /// The server's instance id.
    instance: Option<String>,
    /// The database's host name.
    database_host: String,
    /// The runners' Auto Scaling group.
    runner_group: Option<String>,
    /// The buckets.
    buckets: Vec<String>,
    /// The secrets in Secrets Manager. Their values are not shown.
    secrets: Vec<String>,
    /// The log groups.
    log_groups: Vec<String>,
    /// The secret of the password of GitLab's role in the database.
    database_password_secret: String,
    /// The secret of the first password of `root`.
    root_password_secret: String,
    /// The secret of the runners' token.
    runner_token_secret: String,
    /// The secret of the certificate that the server presents, and of its key.
    origin_certificate_secret: String,
}

pub(crate) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let outputs = Outputs::of(context, &context.read_aws().await?)?;
    if context.output.json {
        context.output.json(&outputs)?;
    } else {
        context.output.data(&outputs.text())?;
    }
    Ok(Exit::Fine)
}

/// The environment's own resources of a kind.
fn own(observed: &Observed, kind: Kind) -> impl Iterator<Item = (&Key, &ObservedResource)> {
    let of_kind = observed.iter().filter(move |(key, _)| key.kind == kind);
    of_kind.filter(|(_, existing)| existing.owner == Owner::Nex)
}

fn names(observed: &Observed, kind: Kind) -> Vec<String> {
    own(observed, kind)
        .map(|(key, _)| key.name.clone())
        .collect()
}

fn id(observed: &Observed, kind: Kind) -> Option<String> {
    own(observed, kind)
        .map(|(_, existing)| existing.id.clone())
        .next()
}

impl Outputs {
    /// The outputs of an environment with AWS as in `snapshot`.
    ///
    /// # Errors
    /// If the environment is a zone alone.
    pub(crate) fn of(context: &Context, snapshot: &nex_infra::Snapshot) -> anyhow::Result<Self> {
        let observed = &snapshot.observed;
        let gitlab = &context.hosting()?.gitlab;
        let hosts = gitlab.hosts();
        Ok(Self {
            environment: context.spec.name.clone(),
            url: gitlab.url.clone(),
            registry_url: format!("https://{}", hosts.registry),
            ssh_host: hosts.ssh.to_owned(),
            address: snapshot.address().map(|address| address.to_string()),
            instance: id(observed, Kind::Instance),
            database_host: snapshot.facts.database.host.clone(),
            runner_group: names(observed, Kind::AutoScalingGroup).pop(),
            buckets: names(observed, Kind::S3Bucket),
            secrets: names(observed, Kind::Secret),
            log_groups: names(observed, Kind::LogGroup),
            database_password_secret: context.names.secrets().database_password,
            root_password_secret: context.names.secrets().root_password,
            runner_token_secret: context.names.secrets().runner_token,
            origin_certificate_secret: context.names.secrets().origin_certificate,
        })
    }

    /// One line per output.
    pub(crate) fn text(&self) -> String {
        let absent = || "not built yet".to_owned();
        let rows = [
            ("GitLab", self.url.clone()),
            ("registry", self.registry_url.clone()),
            ("git over SSH", format!("git@{}", self.ssh_host)),
            ("address", self.address.clone().unwrap_or_else(absent)),
            ("instance", self.instance.clone().unwrap_or_else(absent)),
            ("database", self.database_host.clone()),
            ("runners", self.runner_group.clone().unwrap_or_else(absent)),
            ("buckets", list(&self.buckets)),
            ("secrets", list(&self.secrets)),
            ("log groups", list(&self.log_groups)),
        ];
        let mut text = String::new();
        for (name, value) in rows {
            let _ = writeln!(text, "{name:<14}{value}");
        }
        text
    }

    /// What the operator does once the environment is built.
    pub(crate) fn next_steps(&self, context: &Context) -> String {
        let Self {
            url,
            registry_url,
            ssh_host,
            database_host,
            database_password_secret,
            root_password_secret,
            runner_token_secret,
            origin_certificate_secret,
            ..
        } = self;
        let mut steps = vec![format!(
            "Within 30 minutes, create GitLab's role and database on {database_host} (docs/prerequisites.md). The password:
     aws secretsmanager get-secret-value --secret-id {database_password_secret} --query SecretString --output text"
        )];
        if !context.spec.issues_certificates() {
            steps.push(format!(
                "Within an hour after that, store the certificate for {url} and {registry_url}: JSON with `certificate` and `key` (PEM):
     aws secretsmanager put-secret-value --secret-id {origin_certificate_secret} --secret-string file:///dev/stdin"
            ));
        }
        if context.spec.dns.is_none() {
            let address = self.address.as_deref().unwrap_or("the server's address");
            steps.push(format!(
                "Where the zone is managed, point the hosts of {url} and {registry_url}, and {ssh_host}, at {address}"
            ));
        }
        steps.push(format!(
            "The first start takes about ten minutes more. Then {url} answers. Sign in as root; the password:
     aws secretsmanager get-secret-value --secret-id {root_password_secret} --query SecretString --output text"
        ));
        steps.push(format!(
            "Create an instance runner in GitLab (Admin > CI/CD > Runners), and store its token (glrt-...) for the fleet:
     aws secretsmanager put-secret-value --secret-id {runner_token_secret} --secret-string file:///dev/stdin"
        ));
        let outputs = context.command("outputs", &[]);
        steps.push(format!("These outputs at any time: {outputs}"));
        let numbered = steps.iter().zip(1..);
        let numbered = numbered.map(|(step, n)| format!("\n  {n}. {step}"));
        format!("What comes next:{}", numbered.collect::<String>())
    }
}

fn list(items: &[String]) -> String {
    if items.is_empty() {
        "not built yet".to_owned()
    } else {
        items.join(&format!("\n{:14}", ""))
    }
}
