//! Cloudflare's side of an environment: the zone, and the certificate whose key only Secrets Manager holds.

mod connect;
mod origin;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::SystemTime;

use anyhow::Context;
use nex_dns::certificate::{self, Bundle, Which, in_use};
use nex_dns::{Ask, Client, Desired, Read as _, Zone};
use nex_plan::{Change, Plan, Verdict};
use time::OffsetDateTime;

use crate::environment::Spec;
use crate::sandbox::Clouds;

pub(crate) use connect::{ADDRESS_VARIABLE, edge_networks};
pub(crate) use origin::{Origin, OriginError};

/// What reaches the zone and its certificates' secrets.
#[derive(Debug)]
pub(crate) struct Cloudflare {
    pub(crate) client: Client,
    /// Where certificates are kept; `None` where the spec asks for none.
    pub(crate) origin: Option<Origin>,
}

/// What was read of the zone, and what is asked of it.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) desired: Desired,
    pub(crate) zone: Zone,
    pub(crate) held: BTreeMap<String, Bundle>,
    pub(crate) now: OffsetDateTime,
}

/// What is asked of the zone; `address` is the server's, once it is known.
pub(crate) fn desired(spec: &Spec, address: Option<Ipv4Addr>) -> anyhow::Result<Desired> {
    Desired::of(&spec.dns, &spec.name, address).map_err(|problems| {
        let lines = problems.into_iter().map(|p| format!("dns.{p}"));
        anyhow::anyhow!("{}", lines.collect::<Vec<_>>().join("\n"))
    })
}

impl Cloudflare {
    /// A client with the spec's token, at Cloudflare itself or where `clouds` or the environment says.
    pub(crate) async fn connect(
        spec: &Spec,
        clouds: Option<&Clouds>,
        vault: Option<nex_infra::aws::Vault>,
    ) -> anyhow::Result<Self> {
        let client = connect::client(spec, clouds, vault.as_ref()).await?;
        let origin = vault.filter(|_| !spec.dns.certificates.is_empty());
        Ok(Self {
            client,
            origin: origin.map(Origin::new),
        })
    }

    /// Reads the secrets, then the zone. The server's address is filled in by [`View::knowing`].
    pub(crate) async fn view(&self, spec: &Spec) -> anyhow::Result<View> {
        let desired = desired(spec, None)?;
        let wanted = &spec.dns.certificates;
        let held = match &self.origin {
            Some(origin) => certificate::held(origin, wanted)
                .await
                .context("failed to read what the certificates' secrets hold")?,
            None => BTreeMap::new(),
        };
        let ask = Ask {
            certificates: self.origin.is_some().then(|| in_use(&held)),
            ..desired.ask()
        };
        let zone = self.client.zone(&ask).await;
        Ok(View {
            zone: zone.with_context(|| format!("failed to read the zone {}", desired.zone))?,
            desired,
            held,
            now: SystemTime::now().into(),
        })
    }
}

impl View {
    /// The same view with the server's address in the records that point at it.
    pub(crate) fn knowing(self, spec: &Spec, address: Option<Ipv4Addr>) -> anyhow::Result<Self> {
        let desired = desired(spec, address)?;
        Ok(Self { desired, ..self })
    }

    /// The changes of certificates, records and settings.
    pub(crate) fn plan(&self, spec: &Spec) -> Plan {
        let mut plan = nex_dns::diff(&self.desired, &self.zone);
        let wanted = &spec.dns.certificates;
        let certificates =
            certificate::changes(wanted, &self.held, &self.zone.certificates, self.now);
        plan.actions.splice(0..0, certificates);
        plan
    }

    /// The verdicts on [`View::plan`].
    pub(crate) fn verdicts(&self, spec: &Spec) -> Vec<Verdict> {
        let mut verdicts = nex_dns::lint(&self.desired, &self.zone);
        let wanted = &spec.dns.certificates;
        let live = &self.zone.certificates;
        verdicts.extend(certificate::lint(wanted, &self.held, live, self.now));
        verdicts
    }

    /// The certificates that a revocation takes.
    pub(crate) fn revocations(&self, which: Which) -> Vec<Change> {
        certificate::revocations(&self.held, &self.zone.certificates, which)
    }

    /// What is asked of the zone and what follows, in words that change when either does. What others do in the zone
    /// and nex leaves alone is not in it, nor are secrets.
    pub(crate) fn state(&self, spec: &Spec) -> String {
        let (plan, verdicts) = (self.plan(spec), self.verdicts(spec));
        format!("{:?}\n{plan:?}\n{verdicts:?}", self.desired)
    }
}
