//! One run's view of one environment: spec, clients, what was read, and the plan that follows.

use std::sync::Arc;

use anyhow::Context;
use nex_infra::aws::{Aws, Connect, Reader, StandIn};
use nex_infra::model::{Desired, Kind};
use nex_infra::{Names, Read as _, World};
use nex_plan::{Action, Level, Linted, Plan, Verdict};
use sha2::{Digest, Sha256};

use crate::compose::Ground;
use crate::environment::{self, Spec};
use crate::output::Output;
use crate::progress::seconds;

/// An environment with its clients.
pub(crate) struct Session {
    pub(crate) spec: Spec,
    pub(crate) names: Names,
    pub(crate) aws: Arc<Aws>,
    pub(crate) reader: Reader,
    pub(crate) output: Output,
}

/// What was read, and what follows from it.
pub(crate) struct Picture {
    pub(crate) world: World,
    pub(crate) desired: Desired,
    pub(crate) linted: Linted,
}

impl Session {
    pub(crate) async fn open(
        spec: Spec,
        stand_in: Option<StandIn>,
        output: Output,
    ) -> anyhow::Result<Self> {
        let names = spec.names();
        let attempts = std::env::var("AWS_MAX_ATTEMPTS").ok();
        let connect = Connect {
            region: spec.aws.region.clone(),
            max_attempts: attempts.and_then(|n| n.parse().ok()),
            stand_in,
        };
        let aws = Aws::connect(&connect)
            .await
            .with_context(|| format!("failed to connect to AWS for {}", spec.name))?;
        let aws = Arc::new(aws);
        let reader = Reader::new(Arc::clone(&aws), &spec.aws, &names);
        Ok(Self {
            spec,
            names,
            aws,
            reader,
            output,
        })
    }

    /// Reads, and makes the plan.
    pub(crate) async fn picture(&self) -> anyhow::Result<Picture> {
        let name = &self.spec.name;
        let world = self.reader.world().await;
        let world = world.with_context(|| format!("failed to read {name}"))?;
        let desired = self.desired(&world)?;
        let plan = nex_infra::diff(name, &desired, &world.observed);
        let mut verdicts = nex_infra::lint(&plan, &desired, &world.observed);
        verdicts.extend(nex_infra::lint_facts(&self.spec.aws, &world.facts));
        verdicts.extend(refusals(&self.spec, &world));
        if starts_instances(&plan) {
            let capacity = self.reader.capacity().await;
            let capacity =
                capacity.with_context(|| format!("failed to read the quotas of {name}"))?;
            verdicts.extend(nex_infra::lint_capacity(&plan, &self.spec.aws, &capacity));
        }
        let calls = self.aws.calls();
        self.output.detail(&format!(
            "calls: {}, depth {}, {}",
            calls.count,
            calls.depth,
            seconds(calls.wall)
        ));
        Ok(Picture {
            linted: plan.linted(verdicts),
            world,
            desired,
        })
    }

    fn desired(&self, world: &World) -> anyhow::Result<Desired> {
        let boot = Ground::new(&self.spec, &world.facts.database).boot()?;
        Ok(nex_infra::desired(
            &self.spec.aws,
            &self.names,
            &world.facts,
            &boot,
        ))
    }
}

impl Picture {
    /// Changes when the spec or the world does.
    pub(crate) fn fingerprint(&self) -> String {
        let Picture { world, desired, .. } = self;
        hex::encode(Sha256::digest(format!("{world:?}\n{desired:?}")))
    }
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
