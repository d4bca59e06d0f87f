//! Applies a plan, reads back, and applies again while a read resolves the failures.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use nex_plan::{
    ApplyReport, Approved, Change, Done, Event, Failed, Moved, MovedError, Movement, NOT_OURS,
    Plan, PlanEntry as _, Planned, ResourceId, RunContext, SkipReason, Skipped, chain,
};

use super::apply::apply;
use crate::adoption;
use crate::diff::diff;
use crate::model::{Desired, DesiredResource, Key, Observed, Owner};
use crate::ports::{CloudReader, CloudWriter, Snapshot};
use crate::step::{Operation, Step};

/// How often a step is tried if a read resolves its failures.
const ROUNDS: usize = 4;

/// How long EC2 may take to show a new resource by its tags (EC2's guide on eventual consistency: seconds).
const CONSISTENCY_DELAY: Duration = Duration::from_secs(5);

/// How long a read may lag behind a change before the change counts as not made. Terraform's AWS provider waits as long
/// for IAM, and up to three minutes for S3's lifecycle rules.
const CONSISTENCY_LIMIT: Duration = Duration::from_secs(120);

/// The first pause between two reads of a change that is not visible yet; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// How to converge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvergeOptions {
    /// How long to wait before the read that follows a call with an unknown effect.
    pub consistency_delay: Duration,
    /// How long to read again until the environment shows every change that was made.
    pub consistency_limit: Duration,
}

impl Default for ConvergeOptions {
    fn default() -> Self {
        Self {
            consistency_delay: CONSISTENCY_DELAY,
            consistency_limit: CONSISTENCY_LIMIT,
        }
    }
}

/// What became of an approved plan.
#[derive(Clone, Debug)]
pub struct Converged {
    /// What all rounds together did, and what is left to do.
    pub report: ApplyReport,
    /// The environment after the apply; `None` if the environment could not be read.
    pub snapshot: Option<Snapshot>,
}

/// Executes `approved` on the environment that `snapshot` shows, reads back, and tries again while a read resolves the
/// failures.
///
/// First, the plan is compared with `snapshot`. A later round executes only steps that continue an approved step, and
/// replaces or deletes nothing that was not approved as a replacement or deletion. The contents of a resource, such as
/// the objects of a bucket, are deleted only if the operator allowed the deletion by name.
///
/// # Errors
/// [`MovedError`] if `snapshot` asks for steps that were not approved. Nothing was changed then.
pub async fn converge<R: CloudReader, W: CloudWriter>(
    approved: Approved<Step>,
    desired: &Desired,
    snapshot: Snapshot,
    reader: &R,
    writer: Arc<W>,
    context: RunContext<'_>,
    options: ConvergeOptions,
) -> Result<Converged, MovedError> {
    let goal = Goal {
        unrelated: unrelated(&approved, desired, &snapshot.observed),
        approved,
        desired,
    };
    let first = goal.resolved(&snapshot.observed)?;
    let run = Run {
        report: ApplyReport::of(first.plan()),
        goal,
        reader,
        writer,
        context,
        options,
    };
    Ok(run.rounds(first, snapshot).await)
}

/// The approved plan, and what the plan was made from.
struct Goal<'a> {
    approved: Approved<Step>,
    desired: &'a Desired,
    /// The resources that are not in the approved plan and need a change by the first snapshot, or once its adoptions are
    /// done.
    unrelated: BTreeSet<ResourceId>,
}

impl Goal<'_> {
    /// The steps that are left of the approved plan, if the environment has not moved otherwise.
    fn resolved(&self, observed: &Observed) -> Result<Approved<Step>, MovedError> {
        let left = self.without_fit_needs(self.left(observed), observed);
        let resolved = self.approved.resolve(left)?;
        // A plan does not show everything that a step carries, such as the tags of a root volume.
        let differs = |step: &&Step| {
            let approved = self.approved_step(&step.id());
            approved.is_some_and(|approved| {
                approved.operation.new_resource() != step.operation.new_resource()
            })
        };
        let differing = resolved.plan().steps().filter(differs);
        let moved: Vec<Moved> = differing
            .map(|step| Moved {
                id: step.id(),
                how: Movement::Fields(vec!["the configuration".to_owned()]),
            })
            .collect();
        if moved.is_empty() {
            Ok(resolved)
        } else {
            Err(MovedError(moved))
        }
    }

    fn approved_step(&self, id: &ResourceId) -> Option<&Step> {
        self.approved.plan().steps().find(|step| step.id() == *id)
    }

    /// Whether what a step was to achieve is so: nex owns the resource, or the deleted resource is gone.
    fn is_achieved(&self, id: &ResourceId, observed: &Observed) -> bool {
        self.approved_step(id).is_some_and(|step| {
            let existing = observed.get(&step.key);
            match step.operation {
                Operation::Delete { .. } => existing.is_none(),
                Operation::Create(_)
                | Operation::Update { .. }
                | Operation::Replace { .. }
                | Operation::Adopt { .. } => existing.is_some_and(|e| e.owner == Owner::Nex),
            }
        })
    }

    /// A resource that nex owns, or that the operator left to its owner, is fit for use, even if its own change is not part
    /// of `plan`: no creation or update waits for the resource.
    fn without_fit_needs(&self, mut plan: Plan<Step>, observed: &Observed) -> Plan<Step> {
        let planned: BTreeSet<Key> = plan.steps().map(|step| step.key.clone()).collect();
        let is_fit = |key: &Key| {
            let existing = observed.get(key);
            existing.is_some_and(|existing| {
                existing.owner == Owner::Nex || self.approved.allows(NOT_OURS, &key.resource_id())
            })
        };
        for entry in &mut plan.entries {
            if let Planned::Ready(step) = entry
                && step.operation.new_resource().is_some()
            {
                step.needs
                    .retain(|key| planned.contains(key) || !is_fit(key));
                let new = step.operation.new_resource();
                let needs = new.map(DesiredResource::needs).unwrap_or_default();
                // Nothing attaches to a resource that someone else made in the meantime.
                let is_taken = |key: &Key| {
                    observed.contains_key(key) && !planned.contains(key) && !is_fit(key)
                };
                step.needs.extend(needs.into_iter().filter(is_taken));
            }
        }
        plan
    }

    /// The steps that are left and continue an approved step.
    fn narrowed(&self, observed: &Observed) -> Approved<Step> {
        let narrowed = self.approved.narrow(self.left(observed));
        let plan = narrowed.plan().clone();
        self.approved.narrow(self.without_fit_needs(plan, observed))
    }

    /// What is left to do for the resources of the approved plan.
    fn left(&self, observed: &Observed) -> Plan<Step> {
        let mut plan = self.everything(observed);
        plan.entries
            .retain(|entry| self.approved.plan().entry(&entry.id()).is_some());
        plan
    }

    /// The plan of the whole environment, with the adoptions that are left.
    fn everything(&self, observed: &Observed) -> Plan<Step> {
        let environment = &self.approved.plan().environment;
        let mut plan = diff(environment, self.desired, observed);
        let approved = self.approved.plan();
        let is_adoption = |step: &&Step| matches!(step.operation, Operation::Adopt { .. });
        let adoptions = approved.steps().filter(is_adoption);
        let adoptions: BTreeSet<ResourceId> = adoptions.map(Step::id).collect();
        plan.entries
            .retain(|entry| !adoptions.contains(&entry.id()));
        let left = adoption::left(approved, self.desired, observed).into_iter();
        plan.entries.extend(left.map(Planned::Ready));
        plan
    }

    /// What is left to do: the rest of the approved plan, and what has come up since the first snapshot.
    fn remaining(&self, observed: &Observed) -> Plan<Change> {
        let mut plan = self.everything(observed).view();
        plan.entries
            .retain(|entry| !self.unrelated.contains(&entry.id()));
        plan
    }
}

fn unrelated(
    approved: &Approved<Step>,
    desired: &Desired,
    observed: &Observed,
) -> BTreeSet<ResourceId> {
    let environment = &approved.plan().environment;
    let after = adoption::adopted(approved.plan(), observed);
    let now = diff(environment, desired, observed);
    let then = diff(environment, desired, &after);
    let ids = now.entries.iter().chain(&then.entries).map(Planned::id);
    ids.filter(|id| approved.plan().entry(id).is_none())
        .collect()
}

struct Run<'a, R, W> {
    goal: Goal<'a>,
    reader: &'a R,
    writer: Arc<W>,
    context: RunContext<'a>,
    options: ConvergeOptions,
    report: ApplyReport,
}

impl<R: CloudReader, W: CloudWriter> Run<'_, R, W> {
    async fn rounds(mut self, mut plan: Approved<Step>, mut snapshot: Snapshot) -> Converged {
        for round in 1.. {
            if plan.is_empty() {
                break;
            }
            let writer = Arc::clone(&self.writer);
            let report = apply(&plan, &snapshot.observed, writer, self.context).await;
            let again = round < ROUNDS && resolves_by_reading(&report);
            self.merge(plan.plan(), report);
            if again {
                self.pause(self.options.consistency_delay).await;
            }
            snapshot = match self.read_back().await {
                Ok(snapshot) => snapshot,
                Err(error) => return self.unread(&error),
            };
            self.settle(&snapshot.observed);
            if !again || self.context.cancel.is_cancelled() {
                break;
            }
            plan = self.goal.narrowed(&snapshot.observed);
        }
        self.report.remaining = self.goal.remaining(&snapshot.observed);
        Converged {
            report: self.report,
            snapshot: Some(snapshot),
        }
    }

    /// Reads until the read shows every change that was made, or until the limit. Reads of AWS lag behind its writes.
    async fn read_back(&self) -> Result<Snapshot, R::Error> {
        let mut left = self.options.consistency_limit;
        let mut pause = FIRST_PAUSE;
        loop {
            let snapshot = self.reader.snapshot().await?;
            let hidden = self.hidden(&snapshot.observed);
            let Some(id) = hidden else {
                return Ok(snapshot);
            };
            pause = pause.min(left);
            if pause.is_zero() || self.context.cancel.is_cancelled() {
                return Ok(snapshot);
            }
            let what = "AWS to show the change".to_owned();
            self.context.progress.event(Event::Waiting { id, what });
            self.pause(pause).await;
            left -= pause;
            pause *= 2;
        }
    }

    /// The first resource whose change was made and is not visible yet.
    fn hidden(&self, observed: &Observed) -> Option<ResourceId> {
        let left = self.goal.left(observed);
        let is_visible =
            |id: &ResourceId| left.entry(id).is_none() && self.goal.is_achieved(id, observed);
        let mut done = self.report.done.iter().map(|done| &done.id);
        done.find(|id| !is_visible(id)).cloned()
    }

    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.context.cancel.cancelled() => {}
        }
    }

    /// Failures and skips of steps that this round tried again are replaced; those of other steps stay.
    fn merge(&mut self, tried: &Plan<Step>, round: ApplyReport) {
        let is_tried = |id: &ResourceId| tried.entry(id).is_some();
        self.report.failed.retain(|failed| !is_tried(&failed.id));
        self.report.skipped.retain(|skipped| !is_tried(&skipped.id));
        self.report.done.extend(round.done);
        self.report.failed.extend(round.failed);
        self.report.skipped.extend(round.skipped);
        self.report.stopped = round.stopped;
        self.report.timing.longest_chain += round.timing.longest_chain;
        self.report.timing.wall += round.timing.wall;
    }

    /// A step with an unknown effect has succeeded if nothing is left to do for its resource.
    fn settle(&mut self, observed: &Observed) {
        let left = self.goal.left(observed);
        let goal = &self.goal;
        let is_done = |id: &ResourceId| left.entry(id).is_none() && goal.is_achieved(id, observed);
        let lost =
            |failed: &mut Failed| failed.kind.is_resolved_by_reading() && is_done(&failed.id);
        let interrupted = |skipped: &mut Skipped| {
            matches!(
                skipped.reason,
                SkipReason::Interrupted(_) | SkipReason::Needs(_)
            ) && is_done(&skipped.id)
        };
        let failed = self.report.failed.extract_if(.., lost);
        let failed = failed.map(|failed| (failed.id, failed.action));
        let skipped = self.report.skipped.extract_if(.., interrupted);
        let skipped = skipped.map(|skipped| (skipped.id, skipped.action));
        for (id, action) in failed.chain(skipped) {
            let elapsed = Duration::ZERO;
            self.context.progress.event(Event::Done {
                id: id.clone(),
                action,
                elapsed,
            });
            self.report.done.push(Done {
                id,
                action,
                elapsed,
            });
        }
    }

    fn unread(mut self, error: &R::Error) -> Converged {
        self.report.unread = Some(chain(error));
        let done = &self.report.done;
        let is_done = |id: &ResourceId| done.iter().any(|done| done.id == *id);
        self.report
            .remaining
            .entries
            .retain(|entry| !is_done(&entry.id()));
        Converged {
            report: self.report,
            snapshot: None,
        }
    }
}

fn resolves_by_reading(report: &ApplyReport) -> bool {
    let mut failed = report.failed.iter();
    !report.failed.is_empty() && failed.all(|failed| failed.kind.is_resolved_by_reading())
}
