//! Applies until nothing is left to do, where the only trouble was a lost answer or a resource that existed already.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use nex_plan::{
    ApplyReport, Approved, Done, Failed, MovedError, Plan, Planned, ResourceId, RunContext, Timing,
    chain,
};

use super::apply::apply;
use crate::diff::diff;
use crate::model::Desired;
use crate::ports::{CloudReader, CloudWriter, Snapshot};
use crate::step::Step;

/// How often a plan is made again after lost answers.
const ROUNDS: usize = 4;

/// How long EC2 may take to show a new resource by its tags (EC2's guide on eventual consistency: seconds).
pub const CONSISTENCY_DELAY: Duration = Duration::from_secs(5);

/// How to converge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvergeOptions {
    /// How long to wait before a read after lost answers: [`CONSISTENCY_DELAY`].
    pub consistency_delay: Duration,
}

impl Default for ConvergeOptions {
    fn default() -> Self {
        Self {
            consistency_delay: CONSISTENCY_DELAY,
        }
    }
}

/// What became of a plan.
#[derive(Clone, Debug)]
pub struct Converged {
    /// What was done, all rounds together, and what is left by the last read.
    pub report: ApplyReport,
    /// AWS after the last round; `None` if AWS could not be read.
    pub snapshot: Option<Snapshot>,
}

/// Executes `approved`, reads back, and goes on while every failure is one that a read resolves.
///
/// `snapshot` is AWS as it was read last. A later round only continues what was approved: nothing is replaced or deleted that
/// was not approved as such. A cancelled run starts no further step and no further round.
///
/// # Errors
/// [`MovedError`] if the plan for `snapshot` lists other changes of the approved resources than `approved`. Nothing was
/// done.
pub async fn converge<R: CloudReader, W: CloudWriter>(
    approved: &Approved<Step>,
    desired: &Desired,
    snapshot: &Snapshot,
    reader: &R,
    writer: Arc<W>,
    context: RunContext<'_>,
    options: ConvergeOptions,
) -> Result<Converged, MovedError> {
    let now = plan(approved, desired, snapshot);
    let mut next = approved.resolve(now)?;
    let mut snapshot = snapshot.clone();
    let mut total = ApplyReport::of(approved.plan());
    for round in 1.. {
        let report = apply(&next, &snapshot.observed, Arc::clone(&writer), context).await;
        let goes_on = round < ROUNDS && !report.stopped && is_resolved_by_reading(&report);
        merge(&mut total, report);
        if goes_on {
            delay(options.consistency_delay, context).await;
        }
        snapshot = match reader.snapshot().await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                total.unread = Some(chain(&error));
                return Ok(Converged {
                    report: total,
                    snapshot: None,
                });
            }
        };
        let rest = diff(&approved.plan().environment, desired, &snapshot.observed);
        settle(&mut total, &rest);
        total.remaining = rest.view();
        next = approved.narrow(rest);
        if !goes_on || next.is_empty() {
            break;
        }
    }
    Ok(Converged {
        report: total,
        snapshot: Some(snapshot),
    })
}

/// The plan for the approved resources, as AWS is.
fn plan(approved: &Approved<Step>, desired: &Desired, snapshot: &Snapshot) -> Plan<Step> {
    let mut now = diff(&approved.plan().environment, desired, &snapshot.observed);
    now.entries
        .retain(|entry| approved.plan().entry(&entry.id()).is_some());
    now
}

async fn delay(duration: Duration, context: RunContext<'_>) {
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = context.cancel.cancelled() => {}
    }
}

fn is_resolved_by_reading(report: &ApplyReport) -> bool {
    let mut failed = report.failed.iter();
    !report.failed.is_empty() && failed.all(|failed| failed.kind.is_resolved_by_reading())
}

/// A failed step is done if a read resolves its failure and shows that nothing is left to do.
fn settle(total: &mut ApplyReport, rest: &Plan<Step>) {
    let left: BTreeSet<ResourceId> = rest.entries.iter().map(Planned::id).collect();
    let is_done =
        |failed: &Failed| failed.kind.is_resolved_by_reading() && !left.contains(&failed.id);
    let (done, failed): (Vec<Failed>, Vec<Failed>) = std::mem::take(&mut total.failed)
        .into_iter()
        .partition(is_done);
    total.failed = failed;
    total.done.extend(done.into_iter().map(|failed| Done {
        id: failed.id,
        action: failed.action,
        elapsed: Duration::ZERO,
    }));
}

/// The failures and skips of the last round count: those of earlier rounds were tried again.
fn merge(total: &mut ApplyReport, round: ApplyReport) {
    total.done.extend(round.done);
    total.failed = round.failed;
    total.skipped = round.skipped;
    total.stopped = round.stopped;
    total.timing = Timing {
        longest_chain: total.timing.longest_chain + round.timing.longest_chain,
        wall: total.timing.wall + round.timing.wall,
    };
    total.remaining.entries.retain(|entry| {
        let id = entry.id();
        !total.done.iter().any(|done| done.id == id)
    });
}
