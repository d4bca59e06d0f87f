//! An environment as it is read at one moment, and the plan that follows.

mod adoptions;
pub(crate) mod file;
mod only;
mod options;
mod step;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use anyhow::{Context as _, ensure};
use nex_dns::certificate::RevokeScope;
use nex_dns::{Goal, ZoneSnapshot};
use nex_infra::model::{Desired, Key, Kind, Observed};
use nex_infra::{CloudReader as _, EdgeNetworks, Facts, Images, LintContext, Quotas};
use nex_plan::{Change, Finding, Linted, Plan, Subject};

use crate::context::Context;
use crate::environment;
use crate::wiring;

pub(crate) use options::Options;
pub(crate) use step::{Deferred, Step};

/// What a plan must achieve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The environment matches its spec.
    Build(Scope),
    /// Nothing of the environment is left.
    Destroy(Scope),
    /// Certificates that no secret uses any more are revoked.
    Revoke,
    /// Everything with a name of the environment, and no other deployment's, carries the deployment's tags and marks.
    Adopt,
}

/// Which part of an environment a command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything.
    All,
    /// The zone at Cloudflare alone.
    Zone,
}

impl Target {
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Target::Build(scope) | Target::Destroy(scope) => *scope,
            Target::Revoke => Scope::Zone,
            Target::Adopt => Scope::All,
        }
    }
}

/// A plan, and what it was made from. The apply needs both.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) linted: Linted<Step>,
    /// AWS as it was read; `None` for a plan of the zone alone.
    pub(crate) aws: Option<AwsState>,
    /// What the zone's part must achieve. The server's address may become known during the apply.
    pub(crate) goal: Goal,
    /// The networks of Cloudflare's proxies; empty for a plan of the zone alone.
    pub(crate) edge_networks: Vec<String>,
    /// What the next build changes because of this plan; `None` unless the plan adopts.
    pub(crate) then: Option<Plan<Change>>,
}

impl Proposal {
    /// The machine images that the plan was made with.
    pub(crate) fn images(&self) -> Option<&Images> {
        self.aws.as_ref().map(|aws| &aws.snapshot.facts.images)
    }

    /// What the plan is about: the environment's file, the account, the Region and the zone.
    pub(crate) fn head(&self, context: &Context) -> String {
        let (name, zone) = (&context.spec.name, &context.spec.dns.zone);
        let file = context.file.display();
        match &self.aws {
            Some(AwsState { snapshot, .. }) => {
                let Facts {
                    account, region, ..
                } = &snapshot.facts;
                format!("{name} ({file}): AWS account {account}, {region}; zone {zone}")
            }
            None => format!("{name} ({file}): zone {zone}"),
        }
    }

    fn of_zone(linted: Linted<Step>, goal: Goal) -> Self {
        Self {
            linted,
            aws: None,
            goal,
            edge_networks: vec![],
            then: None,
        }
    }
}

/// AWS as it was read, and the desired state.
#[derive(Clone, Debug)]
pub(crate) struct AwsState {
    pub(crate) snapshot: nex_infra::Snapshot,
    pub(crate) desired: Desired,
}

/// An environment as it was read.
pub(crate) struct Snapshot {
    aws: Option<nex_infra::Snapshot>,
    address: Option<Ipv4Addr>,
    zone: ZoneSnapshot,
    edge: Option<EdgeNetworks>,
}

impl Context {
    /// Reads what `scope` covers, all providers at once. All of a zone alone is its zone.
    pub(crate) async fn snapshot(&self, scope: Scope) -> anyhow::Result<Snapshot> {
        let scope = match self.spec.hosting {
            Some(_) => scope,
            None => Scope::Zone,
        };
        let aws = async {
            match scope {
                Scope::All => self.read_aws().await.map(Some),
                Scope::Zone => Ok(None),
            }
        };
        let address = async {
            match scope {
                Scope::Zone => self.server_address().await,
                Scope::All => Ok(None),
            }
        };
        let edge = async {
            match scope {
                Scope::All => self.edge_networks().await.map(Some),
                Scope::Zone => Ok(None),
            }
        };
        let zone = async { Ok(self.zone().await?.read().await?) };
        let (aws, address, edge, zone) = tokio::try_join!(aws, address, edge, zone)?;
        self.report_calls();
        Ok(Snapshot {
            address: aws.as_ref().map_or(address, nex_infra::Snapshot::address),
            aws,
            zone,
            edge,
        })
    }

    /// Reads, and makes the plan for `target`.
    pub(crate) async fn propose(
        &self,
        target: &Target,
        options: &Options,
    ) -> anyhow::Result<Proposal> {
        let mut snapshot = Box::pin(self.snapshot(target.scope())).await?;
        if let Some((images, aws)) = options.images().zip(snapshot.aws.as_mut()) {
            aws.facts.images = images;
        }
        match target {
            Target::Build(_) => Box::pin(self.build(snapshot, options)).await,
            Target::Destroy(_) => Box::pin(self.teardown(snapshot)).await,
            Target::Revoke => Ok(self.revocation(&snapshot)),
            Target::Adopt => self.adoptions(snapshot),
        }
    }

    async fn build(&self, snapshot: Snapshot, options: &Options) -> anyhow::Result<Proposal> {
        let Snapshot {
            aws,
            address,
            zone,
            edge,
        } = snapshot;
        let goal = Goal::Spec { address };
        let zone_plan = self.zone_plan(&zone, &goal);
        let Some((aws, edge)) = aws.zip(edge) else {
            let findings = environment::denials(&self.spec).into_iter();
            let linted = zone_plan.with(findings.filter(is_of_zone));
            return Ok(Proposal::of_zone(linted, goal));
        };
        let (linted, state) = self.build_aws(aws, &edge, options).await?;
        let mut linted: Linted<Step> = linted.widen().join(zone_plan);
        if !options.only.is_empty() {
            only::check(&options.only, linted.plan(), &state, &zone)?;
            let buckets = self.names.buckets(&self.hosting()?.aws);
            linted = only::limited(linted, &options.only, &buckets);
        }
        Ok(Proposal {
            linted,
            aws: Some(state),
            goal,
            edge_networks: edge.cidrs().to_vec(),
            then: None,
        })
    }

    /// AWS with the resource of `kind` found by `id`, though nex's tags do not name it.
    pub(crate) async fn read_for_adoption(&self, kind: Kind, id: &str) -> anyhow::Result<AwsState> {
        let reader = self.reader().await?.adopting(kind, id);
        let name = &self.spec.name;
        let read = async {
            let snapshot = reader.snapshot().await;
            snapshot.with_context(|| format!("failed to read {name}"))
        };
        let (snapshot, edge) = tokio::try_join!(read, self.edge_networks())?;
        self.aws_state(snapshot, &edge)
    }

    /// What the spec asks for at AWS, beside what was read.
    pub(crate) fn aws_state(
        &self,
        snapshot: nex_infra::Snapshot,
        edge: &EdgeNetworks,
    ) -> anyhow::Result<AwsState> {
        let (hosting, facts) = (self.hosting()?, &snapshot.facts);
        let inputs = wiring::Inputs::new(&self.spec, hosting, &facts.database, edge).infra()?;
        let (spec, observed) = (&hosting.aws, &snapshot.observed);
        let desired = nex_infra::desired(spec, &self.names, facts, &inputs, observed);
        Ok(AwsState { snapshot, desired })
    }

    async fn build_aws(
        &self,
        snapshot: nex_infra::Snapshot,
        edge: &EdgeNetworks,
        options: &Options,
    ) -> anyhow::Result<(Linted<nex_infra::Step>, AwsState)> {
        let (spec, hosting) = (&self.spec, self.hosting()?);
        let facts = &snapshot.facts;
        let mut inputs = wiring::Inputs::new(spec, hosting, &facts.database, edge).infra()?;
        inputs.rotate = self.to_rotate(options)?;
        let observed = &snapshot.observed;
        let desired = nex_infra::desired(&hosting.aws, &self.names, facts, &inputs, observed);
        let plan = nex_infra::diff(&spec.name, &desired, observed);
        let quotas = if nex_infra::starts_instances(&plan) {
            self.read_quotas().await?
        } else {
            Quotas::NotNeeded
        };
        let linted = plan.lint(&LintContext::Build {
            spec: &hosting.aws,
            facts,
            desired: &desired,
            observed,
            quotas: &quotas,
            edge_networks: &inputs.edge_networks,
        });
        let findings = environment::plan_findings(spec, hosting, facts);
        Ok((linted.with(findings), AwsState { snapshot, desired }))
    }

    /// The secrets that the operator wants to have new values.
    fn to_rotate(&self, options: &Options) -> anyhow::Result<BTreeSet<String>> {
        let secrets = self.names.secrets();
        let known = secrets.all();
        for name in &options.rotate {
            ensure!(
                known.contains(&name.as_str()),
                "{} has no secret {name:?}; its secrets: {}",
                self.spec.name,
                known.join(", ")
            );
        }
        Ok(options.rotate.clone())
    }

    async fn teardown(&self, snapshot: Snapshot) -> anyhow::Result<Proposal> {
        let Some(aws) = snapshot.aws else {
            let goal = Goal::Nothing { revoke: None };
            let linted = self.zone_plan(&snapshot.zone, &goal);
            return Ok(Proposal::of_zone(linted, goal));
        };
        let desired = Desired::new();
        let plan = nex_infra::teardown(&self.spec.name, &aws.observed);
        let empty_buckets = self.empty_buckets(&aws.observed).await?;
        // A certificate must not outlive the secret with its key.
        let revokes = plan.steps().any(|step| step.key.kind == Kind::Secret);
        let goal = Goal::Nothing {
            revoke: revokes.then_some(RevokeScope::All),
        };
        let linted: Linted<Step> = plan
            .lint(&LintContext::Teardown {
                observed: &aws.observed,
                empty_buckets: &empty_buckets,
            })
            .widen();
        Ok(Proposal {
            linted: linted.join(self.zone_plan(&snapshot.zone, &goal)),
            aws: Some(AwsState {
                snapshot: aws,
                desired,
            }),
            goal,
            edge_networks: vec![],
            then: None,
        })
    }

    fn zone_plan(&self, zone: &ZoneSnapshot, goal: &Goal) -> Linted<Step> {
        zone.plan(goal).named(&self.spec.name).widen()
    }

    fn revocation(&self, snapshot: &Snapshot) -> Proposal {
        let goal = Goal::Revoke;
        let linted = self.zone_plan(&snapshot.zone, &goal);
        let warning = (!linted.plan().is_empty()).then(|| servers_first(&self.spec.dns.zone));
        Proposal::of_zone(linted.with(warning), goal)
    }

    /// The empty buckets that the spec names. Another bucket with nex's tags goes only by name, whatever it holds.
    async fn empty_buckets(&self, observed: &Observed) -> anyhow::Result<BTreeSet<String>> {
        let reader = self.reader().await?;
        let buckets = self.names.buckets(&self.hosting()?.aws);
        let named = buckets.managed();
        let is_named =
            |key: &&Key| key.kind == Kind::S3Bucket && named.contains(&key.name.as_str());
        let mut empty = BTreeSet::new();
        for key in observed.keys().filter(is_named) {
            let is_empty = reader.is_empty_bucket(&key.name).await;
            if is_empty.with_context(|| format!("failed to list the objects of {}", key.name))? {
                empty.insert(key.name.clone());
            }
        }
        Ok(empty)
    }
}

fn is_of_zone(finding: &Finding) -> bool {
    matches!(&finding.subject, Subject::Field(path) if environment::is_in_section(path, "dns"))
}

/// A revocation needs a condition that nex can't check: every server must have loaded its new certificate.
fn servers_first(zone: &str) -> Finding {
    Finding::new(
        nex_plan::Severity::Warning,
        "servers-first",
        Subject::Other(format!("zone {zone}")),
        "Cloudflare answers 526 for a server that still presents a revoked certificate",
        "a server loads its new certificate within the hour; on the server: journalctl -u nex-gitlab-certificate",
    )
}
