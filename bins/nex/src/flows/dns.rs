//! `nex dns`: the zone alone. AWS is asked only for what stands there: the server's address and the certificates' secrets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use nex_dns::certificate::Which;
use nex_dns::{Read as _, RecordKind, import};
use nex_infra::aws::{Reader, Vault};
use nex_plan::{Approved, Level, Linted, Plan, Progress, SecretRef, Verdict, Watch};

use super::bootstrap::with_stop;
use super::tally::Tally;
use super::{ask, load, plan, report, zone};
use crate::cli::Dns;
use crate::cloudflare::{Cloudflare, View};
use crate::environment::{self, Spec};
use crate::output::Output;
use crate::session::connect_aws;
use crate::{Exit, progress};

/// What a command looks at beside the zone's records and settings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    Certificates,
    CertificatesAndAddress,
}

/// A zone with what reaches it.
struct Zone {
    spec: Spec,
    cloudflare: Cloudflare,
    /// AWS, where something of it is needed.
    reader: Option<Reader>,
    needs_address: bool,
    progress: Arc<dyn Progress>,
    output: Output,
}

pub(super) async fn run(
    command: Dns,
    sandbox: Option<&str>,
    output: Output,
) -> anyhow::Result<Exit> {
    let open = async |env: &str, beside| Zone::open(env, sandbox, beside, output).await;
    match command {
        Dns::Plan { env, check } => {
            let zone = open(&env, Beside::CertificatesAndAddress).await?;
            let (linted, _) = zone.plan().await?;
            plan::show(&linted, output)?;
            Ok(match check {
                true => plan::checked(&linted),
                false => Exit::Fine,
            })
        }
        Dns::Apply { env, yes, allow } => {
            let zone = open(&env, Beside::CertificatesAndAddress).await?;
            zone.apply(yes, allow.into_iter().collect()).await
        }
        Dns::Import { env } => open(&env, Beside::Nothing).await?.import().await,
        Dns::Revoke { env, yes } => open(&env, Beside::Certificates).await?.revoke(yes).await,
    }
}

impl Zone {
    async fn open(
        env: &str,
        sandbox: Option<&str>,
        beside: Beside,
        output: Output,
    ) -> anyhow::Result<Self> {
        let spec = load(env)?;
        let clouds = sandbox.map(crate::sandbox::up).transpose()?;
        let at_server = |r: &nex_dns::Record| r.kind == RecordKind::A && r.content.is_none();
        let needs_address =
            beside == Beside::CertificatesAndAddress && spec.dns.records.iter().any(at_server);
        let needs_secrets = beside != Beside::Nothing && !spec.dns.certificates.is_empty();
        let token_in_vault = matches!(spec.dns.token, SecretRef::SecretsManager(_));
        let aws = match needs_address || needs_secrets || token_in_vault {
            true => Some(connect_aws(&spec, clouds.as_ref()).await?),
            false => None,
        };
        let reader = |aws| Reader::new(aws, &spec.aws, &spec.names());
        let reader = aws.clone().map(reader);
        if let Some(reader) = &reader {
            let right = reader.check_account().await;
            right.with_context(|| format!("failed to connect to AWS for {}", spec.name))?;
        }
        let progress = progress::renderer(output);
        let vault = aws.map(Vault::new);
        let mut cloudflare = Cloudflare::connect(&spec, clouds.as_ref(), vault).await?;
        cloudflare.client = cloudflare.client.telling(Arc::clone(&progress));
        Ok(Self {
            reader,
            needs_address,
            spec,
            cloudflare,
            progress,
            output,
        })
    }

    async fn plan(&self) -> anyhow::Result<(Linted, View)> {
        let Self { spec, .. } = self;
        let address = async {
            let Some(reader) = self.reader.as_ref().filter(|_| self.needs_address) else {
                return Ok(None);
            };
            let address = reader.address().await;
            address.context("failed to look the server's address up")
        };
        let (address, view) = tokio::try_join!(address, self.cloudflare.view(spec))?;
        let view = view.knowing(spec, address)?;
        let mut verdicts = view.verdicts(spec);
        // Of the hazards, `nex check` shows the others.
        let hazards = environment::hazards(spec, None).into_iter();
        let of_zone = |v: &Verdict| v.level == Level::Refusal && v.subject.starts_with("dns.");
        verdicts.extend(hazards.filter(of_zone));
        let linted = view.plan(spec).linted(verdicts);
        Ok((linted, view))
    }

    async fn apply(&self, yes: bool, allow: BTreeSet<String>) -> anyhow::Result<Exit> {
        let (linted, view) = self.plan().await?;
        let Some(approved) = self.agreed(&linted, yes, &allow)? else {
            return Ok(Exit::Refused);
        };
        self.run("dns apply", &approved, async |watch, tally| {
            let Self {
                cloudflare, spec, ..
            } = self;
            let of = (&approved, &view);
            zone::certificates(cloudflare, spec, of, watch, tally).await;
            zone::records(cloudflare, &view.desired, &approved, watch, tally).await;
        })
        .await
    }

    /// Does `work` and reports; nothing if there is nothing to do.
    async fn run(
        &self,
        verb: &str,
        approved: &Approved,
        work: impl AsyncFnOnce(Watch<'_>, &mut Tally),
    ) -> anyhow::Result<Exit> {
        if approved.plan().is_empty() {
            return Ok(Exit::Fine);
        }
        let began = Instant::now();
        let mut tally = Tally::of(approved);
        with_stop(self.output, async |stop| {
            let watch = Watch {
                progress: &*self.progress,
                stop: &stop,
            };
            work(watch, &mut tally).await;
            tally.skip_unbegun(approved, watch);
        })
        .await;
        report::show(&tally, began.elapsed(), verb, self.output)
    }

    /// The plan once it is shown and agreed to; an empty one if someone says no, `None` if it is refused.
    fn agreed(
        &self,
        linted: &Linted,
        yes: bool,
        allow: &BTreeSet<String>,
    ) -> anyhow::Result<Option<Approved>> {
        let Some(approved) = plan::gate(linted, allow, self.output)? else {
            return Ok(None);
        };
        if !approved.plan().is_empty() && !yes && !ask("do this?")? {
            self.output.note("nothing was changed");
            return Ok(Some(approved.only(|_| false)));
        }
        Ok(Some(approved))
    }

    async fn import(&self) -> anyhow::Result<Exit> {
        let spec = &self.spec.dns;
        let name = nex_dns::canonical_zone(&spec.zone)?;
        let zone = self.cloudflare.client.zone(&import::ask(&name)).await;
        let zone = zone.with_context(|| format!("failed to read the zone {name}"))?;
        let imported = import::import(spec, &zone);
        match self.output.json {
            true => self.output.json(&imported.spec)?,
            false => self.output.data(&imported.to_toml("dns")?),
        }
        let environment = &self.spec.name;
        for id in &imported.to_adopt {
            let record = zone.records.iter().find(|record| record.id == *id);
            let what = record.map_or_else(String::new, |r| format!("{} {}", r.name, r.kind));
            self.output.note(&format!(
                "{what} was not made by nex; to keep it so that nex looks after it: nex adopt {environment} dns-record {id}"
            ));
        }
        Ok(Exit::Fine)
    }

    async fn revoke(&self, yes: bool) -> anyhow::Result<Exit> {
        let view = self.cloudflare.view(&self.spec).await?;
        let mut changes = Plan::new(&self.spec.name);
        changes.actions = view.revocations(Which::Unused);
        let none = BTreeSet::new();
        let verdicts = match changes.is_empty() {
            true => vec![],
            false => vec![servers_first(&self.spec)],
        };
        let linted = changes.linted(verdicts);
        let Some(approved) = self.agreed(&linted, yes, &none)? else {
            return Ok(Exit::Refused);
        };
        self.run("dns revoke", &approved, async |watch, tally| {
            let Self {
                cloudflare, spec, ..
            } = self;
            let unused = (&approved, &view, Which::Unused);
            zone::revoke(cloudflare, spec, unused, watch, tally).await;
        })
        .await
    }
}

/// What must be so before a certificate is revoked, and nex can't see from here.
fn servers_first(spec: &Spec) -> Verdict {
    Verdict::warning(
        "servers-first",
        format!("zone {}", spec.dns.zone),
        "Cloudflare answers 526 for a server that still shows a certificate which is revoked",
        "a server takes the new one within the hour; on it: journalctl -u nex-gitlab-certificate",
    )
}
