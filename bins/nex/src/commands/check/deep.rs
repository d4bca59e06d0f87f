//! What others set in a deployment and a plan does not read: one call for every property of every resource.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use nex_infra::EdgeNetworks;
use nex_infra::inspection::{self, Probe, Property};
use nex_plan::{Finding, sort_findings};

use crate::context::Context;
use crate::plan::AwsState;

impl Context {
    /// What others set in the deployment and nex does not, the most severe first.
    ///
    /// # Errors
    /// If the deployment can't be read. What the credentials may not read is a finding.
    pub(super) async fn inspect(&self) -> anyhow::Result<Vec<Finding>> {
        let (snapshot, edge) = tokio::try_join!(self.read_aws(), self.edge_networks())?;
        let AwsState { snapshot, desired } = self.aws_state(snapshot, &edge)?;
        let mut probes = inspection::probes(&snapshot.observed);
        if let EdgeNetworks::Unread { error, .. } = &edge {
            // The user data lists the networks, so it would differ for no reason of its own.
            let is_comparable = |probe: &Probe| probe.property != Property::ServerUserData;
            probes.retain(is_comparable);
            let note = format!(
                "the server's user data is not compared: Cloudflare's list of networks could not be read: {error}"
            );
            self.output.note(&note);
        }
        let total = probes.len();
        if total == 0 {
            let note = format!("nothing of {} exists yet", self.spec.name);
            self.output.note(&note);
            return Ok(vec![]);
        }
        let done = AtomicUsize::new(0);
        let what = format!("reading {} in depth", self.spec.name);
        self.progress.count(&what, 0, total);
        let answered = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            self.progress.count(&what, done, total);
        };
        let reader = self.reader().await?;
        let inspected = Box::pin(reader.inspect(probes, answered)).await;
        let inspected =
            inspected.with_context(|| format!("failed to read {} in depth", self.spec.name))?;
        self.report_calls();
        let mut findings = inspection::findings(&inspected, &desired);
        sort_findings(&mut findings);
        Ok(findings)
    }
}

pub(super) fn summary(argument: &str, findings: usize) -> String {
    match findings {
        0 => format!("{argument}: no setting of the deployment was made by others"),
        1 => format!("{argument}: 1 finding about the deployment"),
        n => format!("{argument}: {n} findings about the deployment"),
    }
}
