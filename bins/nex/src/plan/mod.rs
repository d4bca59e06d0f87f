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
use nex_plan::{Change, Finding, Linted, Plan, ResourceId, Severity, Subject};

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
        let aws = self.aws.as_ref().map(|AwsState { snapshot, .. }| {
            let Facts {
                account, region, ..
            } = &snapshot.facts;
            format!("AWS account {account}, {region}")
        });
        let zone = context.spec.dns.as_ref();
        let zone = zone.map(|dns| format!("zone {}", dns.zone));
        let clouds: Vec<String> = aws.into_iter().chain(zone).collect();
        let (name, file) = (&context.spec.name, context.file.display());
        format!("{name} ({file}): {}", clouds.join("; "))
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
enum Snapshot {
    /// AWS, with the zone if nex manages one.
    Whole {
        aws: Box<nex_infra::Snapshot>,
        edge: EdgeNetworks,
        zone: Option<ZoneSnapshot>,
    },
    /// The zone alone, and the server's address if a record needs it.
    Zone {
        zone: ZoneSnapshot,
        address: Option<Ipv4Addr>,
    },
}

impl Context {
    /// Reads what `scope` covers, all providers at once. All of a zone alone is its zone.
    async fn snapshot(&self, scope: Scope) -> anyhow::Result<Snapshot> {
        let snapshot = match scope {
            Scope::All if self.spec.hosting.is_some() => {
                let zone = async {
                    match self.spec.dns {
                        Some(_) => self.read_zone().await.map(Some),
                        None => Ok(None),
                    }
                };
                let (aws, edge, zone) =
                    tokio::try_join!(self.read_aws(), self.edge_networks(), zone)?;
                let aws = Box::new(aws);
                Snapshot::Whole { aws, edge, zone }
            }
            Scope::All | Scope::Zone => {
                let (zone, address) = tokio::try_join!(self.read_zone(), self.server_address())?;
                Snapshot::Zone { zone, address }
            }
        };
        self.report_calls();
        Ok(snapshot)
    }

    async fn read_zone(&self) -> anyhow::Result<ZoneSnapshot> {
        Ok(self.zone().await?.read().await?)
    }

    /// Reads, and makes the plan for `target`.
    pub(crate) async fn propose(
        &self,
        target: &Target,
        options: &Options,
    ) -> anyhow::Result<Proposal> {
        match target {
            Target::Build(scope) => {
                let snapshot = Box::pin(self.snapshot(*scope)).await?;
                Box::pin(self.build(snapshot, options)).await
            }
            Target::Destroy(scope) => {
                let snapshot = Box::pin(self.snapshot(*scope)).await?;
                Box::pin(self.teardown(snapshot)).await
            }
            Target::Revoke => Box::pin(self.revocation()).await,
            Target::Adopt => {
                let snapshot = Box::pin(self.snapshot(Scope::All)).await?;
                self.adoptions(snapshot)
            }
        }
    }

    async fn build(&self, snapshot: Snapshot, options: &Options) -> anyhow::Result<Proposal> {
        let (mut aws, edge, zone) = match snapshot {
            Snapshot::Whole { aws, edge, zone } => (*aws, edge, zone),
            Snapshot::Zone { zone, address } => {
                let goal = Goal::Spec { address };
                let findings = environment::denials(&self.spec).into_iter();
                let linted = self.zone_plan(&zone, &goal);
                let linted = linted.with(findings.filter(is_of_zone));
                return Ok(Proposal::of_zone(linted, goal));
            }
        };
        if let Some(images) = options.images() {
            aws.facts.images = images;
        }
        let address = aws.address();
        let goal = Goal::Spec { address };
        let (linted, state) = self.build_aws(aws, &edge, options).await?;
        let mut linted = self.with_zone(linted, zone.as_ref(), &goal);
        if !options.only.is_empty() {
            only::check(&options.only, linted.plan(), &state, zone.as_ref())?;
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
        let mut findings = environment::plan_findings(spec, hosting, facts);
        findings.extend(not_rotated(options, facts));
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
        let (aws, zone) = match snapshot {
            Snapshot::Whole { aws, zone, .. } => (*aws, zone),
            Snapshot::Zone { zone, .. } => {
                let goal = Goal::Nothing { revoke: None };
                return Ok(Proposal::of_zone(self.zone_plan(&zone, &goal), goal));
            }
        };
        let desired = Desired::new();
        let plan = nex_infra::teardown(&self.spec.name, &aws.observed);
        let empty_buckets = self.empty_buckets(&aws.observed).await?;
        // A certificate must not outlive the secret with its key.
        let revokes = plan.steps().any(|step| step.key.kind == Kind::Secret);
        let goal = Goal::Nothing {
            revoke: revokes.then_some(RevokeScope::All),
        };
        let linted = plan.lint(&LintContext::Teardown {
            observed: &aws.observed,
            empty_buckets: &empty_buckets,
        });
        Ok(Proposal {
            linted: self.with_zone(linted, zone.as_ref(), &goal),
            aws: Some(AwsState {
                snapshot: aws,
                desired,
            }),
            goal,
            edge_networks: vec![],
            then: None,
        })
    }

    /// The plan of AWS, joined with the plan of the zone if there is one.
    fn with_zone(
        &self,
        aws: Linted<nex_infra::Step>,
        zone: Option<&ZoneSnapshot>,
        goal: &Goal,
    ) -> Linted<Step> {
        let aws = aws.widen();
        match zone {
            Some(zone) => aws.join(self.zone_plan(zone, goal)),
            None => aws,
        }
    }

    fn zone_plan(&self, zone: &ZoneSnapshot, goal: &Goal) -> Linted<Step> {
        zone.plan(goal).named(&self.spec.name).widen()
    }

    async fn revocation(&self) -> anyhow::Result<Proposal> {
        // The look-up of the address refuses another account's credentials.
        let (zone, _) = tokio::try_join!(self.read_zone(), self.server_address())?;
        self.report_calls();
        let goal = Goal::Revoke;
        let linted = self.zone_plan(&zone, &goal);
        let name = &self.dns()?.zone;
        let warning = (!linted.plan().is_empty()).then(|| servers_first(name));
        Ok(Proposal::of_zone(linted.with(warning), goal))
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

/// The secrets that were to get a new value and are in use: what reads them knows only the old one.
fn not_rotated(options: &Options, facts: &Facts) -> Vec<Finding> {
    let rotate = options.rotate.iter();
    let kept = rotate.filter(|name| !facts.deleted_secrets.contains_key(*name));
    let finding = |name: &String| {
        Finding::new(
            Severity::Info,
            "not-rotated",
            ResourceId::new(Kind::Secret.as_str(), name),
            "the secret was not deleted, so its value does not change",
            "only a deleted secret gets a new value instead of its old one",
        )
    };
    kept.map(finding).collect()
}

fn is_of_zone(finding: &Finding) -> bool {
    matches!(&finding.subject, Subject::Field(path) if environment::is_in_section(path, "dns"))
}

/// A revocation needs a condition that nex can't check: every server must have loaded its new certificate.
fn servers_first(zone: &str) -> Finding {
    Finding::new(
        Severity::Warning,
        "servers-first",
        Subject::Other(format!("zone {zone}")),
        "Cloudflare answers 526 for a server that still presents a revoked certificate",
        "a server loads its new certificate within the hour; on the server: journalctl -u nex-gitlab-certificate",
    )
}
