//! The plan that takes over everything with a name of the environment: at AWS by tags, in the zone by marks.

use anyhow::bail;
use nex_infra::Snapshot as AwsSnapshot;
use nex_plan::{Plan, Planned};

use super::{AwsState, Proposal, Snapshot};
use crate::context::Context;

impl Context {
    /// The plan of all adoptions, and what the next build then changes.
    pub(super) fn adoptions(&self, snapshot: Snapshot) -> anyhow::Result<Proposal> {
        let Snapshot {
            aws: Some(aws),
            zone,
            edge: Some(edge),
            address: _,
        } = snapshot
        else {
            bail!("an adoption needs all of {}", self.spec.name)
        };
        let name = &self.spec.name;
        let AwsState { snapshot, desired } = self.aws_state(aws, &edge)?;
        let resources = nex_infra::adoptions(name, &desired, &snapshot);
        // The server's address may be one of what is taken over.
        let after = AwsSnapshot {
            observed: resources.after,
            ..snapshot.clone()
        };
        let records = zone.adoptions(after.address(), self.older_mark());
        let mut then: Plan<_> = resources.then.view();
        let changes = records.then.iter().map(Planned::change);
        then.entries.extend(changes.map(Planned::Ready));
        let records_plan = records.plan.named(name).widen();
        Ok(Proposal {
            linted: resources.plan.widen().join(records_plan),
            aws: Some(AwsState { snapshot, desired }),
            goal: records.goal,
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
