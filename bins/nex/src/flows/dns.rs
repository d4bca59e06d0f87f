//! `nex dns`: the zone alone. AWS is asked only for what stands there: the server's address and the certificates' secrets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use nex_dns::certificate::Which;
use nex_dns::{Read as _, RecordKind, import};
use nex_infra::aws::{Reader, Vault};
use nex_plan::{Approved, Level, Linted, Plan, Progress, Verdict};

use super::tally::Tally;
use super::{ask, load, plan, report, zone};
use crate::cli::Dns;
use crate::cloudflare::{Cloudflare, View};
use crate::environment::{self, Spec};
use crate::output::Output;
use crate::session::connect_aws;
use crate::{Exit, progress};

/// A zone with what reaches it.
struct Zone {
    spec: Spec,
    cloudflare: Cloudflare,
    /// Finds the server's address, where a record needs it.
    reader: Option<Reader>,
    progress: Arc<dyn Progress>,
    output: Output,
}

pub(super) async fn run(
    command: Dns,
    sandbox: Option<&str>,
    output: Output,
) -> anyhow::Result<Exit> {
    match command {
        Dns::Plan { env, check } => {
            let zone = Zone::open(&env, sandbox, output).await?;
            let (linted, _) = zone.plan().await?;
            plan::show(&linted, output)?;
            Ok(match check && !linted.plan.is_empty() {
                true => Exit::Changes,
                false => Exit::Fine,
            })
        }
        Dns::Apply { env, yes, allow } => {
            let zone = Zone::open(&env, sandbox, output).await?;
            zone.apply(yes, allow.into_iter().collect()).await
        }
        Dns::Import { env } => Zone::open(&env, sandbox, output).await?.import().await,
        Dns::Revoke { env, yes } => Zone::open(&env, sandbox, output).await?.revoke(yes).await,
    }
}

impl Zone {
    async fn open(env: &str, sandbox: Option<&str>, output: Output) -> anyhow::Result<Self> {
        let spec = load(env)?;
        let clouds = sandbox.map(crate::sandbox::up).transpose()?;
        let points_at_server = |r: &nex_dns::Record| r.kind == RecordKind::A && r.content.is_none();
        let needs_address = spec.dns.records.iter().any(points_at_server);
        let in_vault = matches!(spec.dns.token, nex_plan::SecretRef::SecretsManager(_));
        let needs_vault = in_vault || !spec.dns.certificates.is_empty();
        let aws = match needs_address || needs_vault {
            true => Some(connect_aws(&spec, clouds.as_ref()).await?),
            false => None,
        };
        let vault = aws.clone().map(Vault::new);
        let progress = progress::renderer(output);
        let mut cloudflare = Cloudflare::connect(&spec, clouds.as_ref(), vault).await?;
        cloudflare.client = cloudflare.client.telling(Arc::clone(&progress));
        let reader = |aws| Reader::new(aws, &spec.aws, &spec.names());
        Ok(Self {
            reader: aws.filter(|_| needs_address).map(reader),
            spec,
            cloudflare,
            progress,
            output,
        })
    }

    async fn plan(&self) -> anyhow::Result<(Linted, View)> {
        let Self { spec, .. } = self;
        let address = async {
            let Some(reader) = &self.reader else {
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
        let Some(approved) = self.agreed(linted, yes, &allow)? else {
            return Ok(Exit::Refused);
        };
        if approved.plan().is_empty() {
            return Ok(Exit::Fine);
        }
        let Self {
            cloudflare, spec, ..
        } = self;
        let mut tally = Tally::of(approved.plan());
        let began = Instant::now();
        let progress = &*self.progress;
        let of = (&approved, &view);
        zone::certificates(cloudflare, spec, of, progress, &mut tally).await;
        zone::records(cloudflare, &view.desired, &approved, progress, &mut tally).await;
        report::show(&tally, began.elapsed(), "dns apply", self.output)
    }

    /// The plan once it is shown and agreed to; an empty one if someone says no, `None` if it is refused.
    fn agreed(
        &self,
        linted: Linted,
        yes: bool,
        allow: &BTreeSet<String>,
    ) -> anyhow::Result<Option<Approved>> {
        let output = self.output;
        let is_empty = linted.plan.is_empty();
        // With --json, stdout holds one document: the plan if nothing is done, else the report.
        if is_empty || !output.json {
            plan::show(&linted, output)?;
        }
        let approved = match linted.approve(allow) {
            Ok(approved) => approved,
            Err(refused) => {
                output.note(&format!("{refused}; nothing was changed"));
                return Ok(None);
            }
        };
        if !is_empty && !yes && !ask("do this?")? {
            output.note("nothing was changed");
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
        let Some(approved) = self.agreed(changes.linted(vec![]), yes, &none)? else {
            return Ok(Exit::Refused);
        };
        if approved.plan().is_empty() {
            return Ok(Exit::Fine);
        }
        let mut tally = Tally::of(approved.plan());
        let began = Instant::now();
        let unused = (&view, Which::Unused);
        let Self {
            cloudflare, spec, ..
        } = self;
        zone::revoke(cloudflare, spec, unused, &*self.progress, &mut tally).await;
        report::show(&tally, began.elapsed(), "dns revoke", self.output)
    }
}
