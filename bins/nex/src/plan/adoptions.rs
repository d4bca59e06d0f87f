//! The plan that takes over everything with a name of the environment: at AWS by tags, in the zone by marks.

use nex_dns::Goal;
use nex_dns::step::ZoneStep;
use nex_infra::Snapshot as AwsSnapshot;
use nex_plan::{Change, Plan, Planned};

use super::{AwsState, Proposal, Snapshot};
use crate::context::Context;

impl Context {
    /// The plan of all adoptions, and what the next build then changes.
    pub(super) fn adoptions(&self, snapshot: Snapshot) -> anyhow::Result<Proposal> {
        let name = &self.spec.name;
        let (aws, edge, zone) = match snapshot {
            Snapshot::Whole { aws, edge, zone } => (*aws, edge, zone),
            Snapshot::Zone { zone, address } => {
                let records = zone.adoptions(address, self.older_mark());
                let linted = records.plan.named(name).widen();
                let mut then = Plan::new(name);
                then.entries.extend(changes(&records.then));
                return Ok(Proposal {
                    then: Some(then),
                    ..Proposal::of_zone(linted, records.goal)
                });
            }
        };
        let AwsState { snapshot, desired } = self.aws_state(aws, &edge)?;
        let resources = nex_infra::adoptions(name, &desired, &snapshot);
        let mut then: Plan<_> = resources.then.view();
        let mut linted = resources.plan.widen();
        // The server's address may be one of what is taken over.
        let after = AwsSnapshot {
            observed: resources.after,
            ..snapshot.clone()
        };
        let mut goal = Goal::Spec {
            address: after.address(),
        };
        if let Some(zone) = zone {
            let records = zone.adoptions(after.address(), self.older_mark());
            then.entries.extend(changes(&records.then));
            linted = linted.join(records.plan.named(name).widen());
            goal = records.goal;
        }
        Ok(Proposal {
            linted,
            aws: Some(AwsState { snapshot, desired }),
            goal,
            edge_networks: edge.cidrs().to_vec(),
            then: Some(then),
        })
    }

    /// Before marks named the deployment, PREFIX-ENVIRONMENT, they named the environment. With a hyphen, that may be the
    /// name of another deployment.
    fn older_mark(&self) -> Option<&str> {
        Some(self.spec.name.as_str()).filter(|name| !name.contains('-'))
    }
}

/// What the next build changes in the zone, as it is shown.
fn changes(then: &[Planned<ZoneStep>]) -> impl Iterator<Item = Planned<Change>> {
    then.iter().map(|entry| Planned::Ready(entry.change()))
}
