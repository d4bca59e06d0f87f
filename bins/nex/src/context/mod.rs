//! One environment with the clients that reach its clouds. Each client connects when it is first used.

mod aws;
mod certificate_store;
mod certificate_version;
mod cloudflare;
pub(crate) mod endpoints;
pub(crate) mod secrets;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use nex_dns::{Client, ZoneManager};
use nex_infra::aws::{Aws, Reader};
use nex_infra::{Buckets, CloudReader as _, EdgeNetworks, Names, Quotas};
use nex_plan::{CallLog, CancelToken, Progress};
use tokio::sync::OnceCell;

use crate::environment::{self, Hosting, Loaded, Spec};
use crate::ui::output::Output;
use crate::ui::progress::{self, Screen, seconds};
use aws::AwsConnection;
use certificate_store::CertificateStore;
pub(crate) use certificate_store::CertificateStoreError;
use endpoints::SandboxEndpoints;

/// What reads, plans and applies an environment's zone.
pub(crate) type Zone = ZoneManager<Client, CertificateStore>;

/// An environment with its clients.
pub(crate) struct Context {
    pub(crate) spec: Spec,
    /// The environment as the operator named it: a name, or a path to a file.
    pub(crate) argument: String,
    /// The environment's file.
    pub(crate) file: PathBuf,
    /// The folder that relative paths in the file count from.
    project: PathBuf,
    pub(crate) names: Names,
    pub(crate) output: Output,
    pub(crate) progress: Arc<dyn Screen>,
    pub(crate) cancel: CancelToken,
    sandbox_name: Option<String>,
    sandbox: Option<SandboxEndpoints>,
    /// `None` for a zone alone.
    aws: Option<AwsConnection>,
    /// Without a token.
    public_cloudflare: OnceCell<Client>,
    cloudflare: OnceCell<Client>,
    zone: OnceCell<Zone>,
    calls: CallLog,
}

impl Context {
    /// The context of an environment, on the named sandbox or on the real clouds. Nothing connects yet.
    ///
    /// # Errors
    /// If the environment's file has problems, or the sandbox does not start.
    pub(crate) fn open(
        argument: &str,
        sandbox: Option<&str>,
        output: Output,
    ) -> anyhow::Result<Self> {
        let loaded = load(argument)?;
        let project = loaded.project().to_owned();
        let Loaded { spec, path: file } = loaded;
        let sandbox_name = sandbox.map(str::to_owned);
        let sandbox = sandbox.map(endpoints::start).transpose()?;
        let calls = CallLog::default();
        Ok(Self {
            argument: argument.to_owned(),
            file,
            project,
            names: spec.names(),
            aws: spec
                .hosting
                .as_ref()
                .map(|hosting| AwsConnection::new(&hosting.aws, sandbox.as_ref(), calls.clone())),
            progress: progress::renderer(output),
            cancel: CancelToken::default(),
            public_cloudflare: OnceCell::new(),
            cloudflare: OnceCell::new(),
            zone: OnceCell::new(),
            spec,
            sandbox_name,
            sandbox,
            output,
            calls,
        })
    }

    /// A command for this environment as the operator types it, on the same clouds: `nex bootstrap staging --sandbox`.
    pub(crate) fn command(&self, verb: &str, arguments: &[&str]) -> String {
        let words = [self.argument.as_str()].into_iter();
        let words = words.chain(arguments.iter().copied());
        let words = words.map(|word| shlex::try_quote(word).unwrap_or(word.into()));
        let words: Vec<String> = words.map(Into::into).collect();
        let sandbox = match self.sandbox_name.as_deref() {
            None => String::new(),
            Some(endpoints::DEFAULT_SANDBOX) => " --sandbox".to_owned(),
            Some(name) => format!(" --sandbox={name}"),
        };
        format!("nex {verb} {}{sandbox}", words.join(" "))
    }

    /// Whether the clouds are a sandbox's.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// The clients of AWS.
    pub(crate) async fn aws(&self) -> anyhow::Result<&Arc<Aws>> {
        let connection = self.aws.as_ref().with_context(|| self.without_aws())?;
        let aws = connection.get().await;
        aws.with_context(|| format!("failed to connect to AWS for {}", self.spec.name))
    }

    /// What runs on AWS.
    ///
    /// # Errors
    /// If the environment is a zone alone.
    pub(crate) fn hosting(&self) -> anyhow::Result<&Hosting> {
        let hosting = self.spec.hosting.as_ref();
        hosting.with_context(|| self.without_aws())
    }

    fn without_aws(&self) -> String {
        format!(
            "{} is a zone alone: its file has no section [aws]",
            self.spec.name
        )
    }

    /// The zone at Cloudflare.
    ///
    /// # Errors
    /// If nex manages no zone for the environment.
    pub(crate) fn dns(&self) -> anyhow::Result<&nex_dns::Spec> {
        let dns = self.spec.dns.as_ref();
        let name = &self.spec.name;
        dns.with_context(|| format!("{name} has no zone: its file has no section [dns]"))
    }

    /// The names of the buckets; `None` for a zone alone.
    pub(crate) fn buckets(&self) -> Option<Buckets> {
        let hosting = self.spec.hosting.as_ref()?;
        Some(self.names.buckets(&hosting.aws))
    }

    /// The reader of AWS.
    pub(crate) async fn reader(&self) -> anyhow::Result<Reader> {
        let aws = Arc::clone(self.aws().await?);
        Ok(Reader::new(aws, &self.hosting()?.aws, &self.names))
    }

    /// The client of Cloudflare, with the spec's token.
    pub(crate) async fn cloudflare(&self) -> anyhow::Result<&Client> {
        let connect = async {
            let token = cloudflare::token(self).await?;
            let client = self.public_cloudflare().await?.clone();
            Ok::<_, anyhow::Error>(client.with_token(&token)?)
        };
        self.cloudflare.get_or_try_init(|| connect).await
    }

    /// The client of Cloudflare for what needs no token. Both clients share their connections.
    async fn public_cloudflare(&self) -> anyhow::Result<&Client> {
        let connect = async { cloudflare::connect(self).map(|client| self.watched(client)) };
        self.public_cloudflare.get_or_try_init(|| connect).await
    }

    /// The manager that reads, plans and applies the zone.
    ///
    /// # Errors
    /// If the environment has no zone, or if its API token is missing.
    pub(crate) async fn zone(&self) -> anyhow::Result<&Zone> {
        let connect = async {
            let spec = self.dns()?.clone();
            let client = self.cloudflare().await?.clone();
            let secrets = CertificateStore::new(self.aws.clone());
            Ok::<_, anyhow::Error>(ZoneManager::new(
                client,
                secrets,
                spec,
                self.names.deployment(),
            )?)
        };
        Box::pin(self.zone.get_or_try_init(|| connect)).await
    }

    /// AWS as it is.
    pub(crate) async fn read_aws(&self) -> anyhow::Result<nex_infra::Snapshot> {
        let snapshot = self.reader().await?.snapshot().await;
        snapshot.with_context(|| format!("failed to read {}", self.spec.name))
    }

    /// The account's quotas and what uses them.
    pub(crate) async fn read_quotas(&self) -> anyhow::Result<Quotas> {
        let capacity = self.reader().await?.capacity().await;
        Ok(match capacity {
            Ok(capacity) => Quotas::Read(capacity),
            Err(error) => Quotas::Unread(nex_plan::chain(&error)),
        })
    }

    /// The server's address, if a record needs it.
    pub(crate) async fn server_address(&self) -> anyhow::Result<Option<Ipv4Addr>> {
        let records = &self.dns()?.records;
        if !records.iter().any(environment::points_at_server) {
            return Ok(None);
        }
        let reader = self.reader().await?;
        let name = &self.spec.name;
        let account = reader.check_account().await;
        account.with_context(|| format!("failed to connect to AWS for {name}"))?;
        let address = reader.address().await;
        address.context("failed to look up the server's address")
    }

    /// The networks of Cloudflare's proxies, or why they are not known; none if no visitor comes through them.
    pub(crate) async fn edge_networks(&self) -> anyhow::Result<EdgeNetworks> {
        if !self.spec.may_be_proxied() {
            return Ok(EdgeNetworks::Known(vec![]));
        }
        // Reading the list needs no token, so rendering a file needs no token either.
        let client = self.public_cloudflare().await?;
        Ok(match client.edge_networks().await {
            Ok(networks) => EdgeNetworks::Known(networks.cidrs()),
            Err(error) => EdgeNetworks::Unread {
                built_in: nex_dns::edge::built_in().cidrs(),
                error: nex_plan::chain(&error),
            },
        })
    }

    /// Shows how many calls were made so far, if the operator asked for figures.
    pub(crate) fn report_calls(&self) {
        let calls = self.calls.stats();
        self.output.detail(&format!(
            "calls: {}, depth {}, {}",
            calls.count,
            calls.depth,
            seconds(calls.wall)
        ));
    }

    fn watched(&self, client: Client) -> Client {
        client
            .with_calls(self.calls.clone())
            .with_progress(Arc::clone(&self.progress) as Arc<dyn Progress>)
            .with_cancel(self.cancel.clone())
    }
}

/// Loads the environment `argument`, relative to the current folder.
///
/// # Errors
/// All problems of the file.
fn load(argument: &str) -> anyhow::Result<Loaded> {
    let folder = std::env::current_dir().context("failed to find the current folder")?;
    Ok(environment::load(argument, &folder)?)
}
