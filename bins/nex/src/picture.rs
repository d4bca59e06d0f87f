//! What was read of both clouds at one moment, and the plan that follows.

use anyhow::Context;
use nex_dns::edge::{EdgeNetworks, or_built_in};
use nex_infra::aws::Calls;
use nex_infra::model::{Desired, Kind};
use nex_infra::{Read as _, World};
use nex_plan::{Action, Level, Linted, Plan, Verdict};
use sha2::{Digest, Sha256};

use crate::cloudflare::View;
use crate::compose::Ground;
use crate::environment::{self, Spec};
use crate::progress::seconds;
use crate::session::Session;

/// What was read, and what follows from it.
pub(crate) struct Picture {
    pub(crate) world: World,
    pub(crate) desired: Desired,
    pub(crate) view: View,
    pub(crate) linted: Linted,
}

/// What was read of both clouds.
pub(crate) struct Reading {
    pub(crate) world: World,
    pub(crate) view: View,
    edge: EdgeNetworks,
    verdicts: Vec<Verdict>,
}

impl Session {
    /// Reads both clouds at once.
    pub(crate) async fn reading(&self) -> anyhow::Result<Reading> {
        let name = &self.spec.name;
        let world = async {
            let world = self.reader.world().await;
            world.with_context(|| format!("failed to read {name}"))
        };
        let view = self.cloudflare.view(&self.spec);
        let edge = async { Ok(or_built_in(self.cloudflare.client.edge_networks().await)) };
        let (world, view, (edge, missing)) = tokio::try_join!(world, view, edge)?;
        let cloudflare = self.cloudflare.client.spans();
        let calls = Calls::of([self.aws.spans(), cloudflare].concat());
        self.output.detail(&format!(
            "calls: {}, depth {}, {}",
            calls.count,
            calls.depth,
            seconds(calls.wall)
        ));
        Ok(Reading {
            view: view.knowing(&self.spec, world.address())?,
            verdicts: missing.iter().map(|error| built_in(&edge, error)).collect(),
            world,
            edge,
        })
    }

    /// Reads, and makes the plan.
    pub(crate) async fn picture(&self) -> anyhow::Result<Picture> {
        let Reading {
            world,
            view,
            edge,
            mut verdicts,
        } = self.reading().await?;
        let spec = &self.spec;
        let boot = Ground::new(spec, &world.facts.database, &edge).boot()?;
        let desired = nex_infra::desired(&spec.aws, &self.names, &world.facts, &boot);
        let mut plan = nex_infra::diff(&spec.name, &desired, &world.observed);
        verdicts.extend(nex_infra::lint(&plan, &desired, &world.observed));
        verdicts.extend(nex_infra::lint_facts(&spec.aws, &world.facts));
        verdicts.extend(refusals(spec, &world));
        if starts_instances(&plan) {
            let capacity = self.reader.capacity().await;
            let capacity =
                capacity.with_context(|| format!("failed to read the quotas of {}", spec.name))?;
            verdicts.extend(nex_infra::lint_capacity(&plan, &spec.aws, &capacity));
        }
        plan.actions.extend(view.plan(spec).actions);
        verdicts.extend(view.verdicts(spec));
        Ok(Picture {
            linted: plan.linted(verdicts),
            world,
            desired,
            view,
        })
    }
}

impl Picture {
    /// Changes when the spec or one of the clouds does.
    pub(crate) fn fingerprint(&self, spec: &Spec) -> String {
        let Picture {
            world,
            desired,
            view,
            linted: _,
        } = self;
        let state = format!("{world:?}\n{desired:?}\n{}", view.state(spec));
        hex::encode(Sha256::digest(state))
    }
}

fn built_in(edge: &EdgeNetworks, error: &nex_dns::Error) -> Verdict {
    Verdict::warning(
        "edge-networks-built-in",
        "aws.server.web_from",
        format!(
            "Cloudflare's networks are those that nex knows of, as of {}: {error}",
            edge.as_of
        ),
        "plan again when Cloudflare's API answers",
    )
}

/// A hazard that is no warning but a refusal stops a plan, too.
fn refusals(spec: &Spec, world: &World) -> Vec<Verdict> {
    let hazards = environment::hazards(spec, Some(&world.facts)).into_iter();
    hazards.filter(|v| v.level == Level::Refusal).collect()
}

fn starts_instances(plan: &Plan) -> bool {
    let starts = [Kind::Instance.as_str(), Kind::AutoScalingGroup.as_str()];
    plan.actions
        .iter()
        .any(|c| c.action == Action::Create && starts.contains(&c.resource.kind.as_str()))
}
