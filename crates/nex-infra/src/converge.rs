//! Applies until nothing is left to do, where the only trouble was a lost answer or something already there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use nex_plan::{Action, Approved, Class, Plan, Refused, ResourceId, Watch};

use crate::apply::{Done, Failed, Report, apply};
use crate::diff::diff;
use crate::io::{Read, World, Write};
use crate::model::Desired;

/// How often a plan is made anew after lost answers.
const ROUNDS: usize = 4;

/// How long EC2 may take to show by tag what it made a moment ago (EC2's guide on eventual consistency: seconds).
pub const SETTLE: Duration = Duration::from_secs(5);

/// What became of an apply.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done, all rounds together.
    pub report: Report,
    /// What is left to do, by a new read.
    pub rest: Plan,
    /// The world as it is now.
    pub world: World,
}

/// The world could not be read after an apply: what was done stands, what is left is not known.
#[derive(Debug, thiserror::Error)]
#[error("what was done could not be read back")]
pub struct Unread<E> {
    /// What was done.
    pub report: Report,
    /// Why the read failed.
    #[source]
    pub source: E,
}

/// Applies `plan`, reads back, and goes on while failures are of the kind that a new read resolves.
///
/// A later round does only what the approved plan named, and nothing that was not said to be replaced or deleted.
pub async fn converge<R: Read, W: Write>(
    plan: Approved,
    desired: &Desired,
    world: &World,
    reader: &R,
    writer: Arc<W>,
    run: Run<'_>,
) -> Result<Outcome, Unread<R::Error>> {
    let approved: BTreeMap<ResourceId, Action> = plan
        .plan()
        .actions
        .iter()
        .map(|change| (change.resource.clone(), change.action))
        .collect();
    let mut plan = plan;
    let mut world = world.clone();
    let mut total = Report::default();
    let mut round = 0;
    loop {
        round += 1;
        let report = apply(
            &plan,
            desired,
            &world.observed,
            Arc::clone(&writer),
            run.watch,
        )
        .await;
        let again = round < ROUNDS && !report.stopped && resolves_by_reading(&report);
        merge(&mut total, report);
        if again {
            tokio::time::sleep(run.settle).await;
        }
        world = match reader.world().await {
            Ok(world) => world,
            Err(source) => {
                let report = total;
                return Err(Unread { report, source });
            }
        };
        let environment = &plan.plan().environment;
        let rest = diff(environment, desired, &world.observed);
        settle_lost(&mut total, &rest);
        let next = again.then(|| approve_rest(&rest, &approved));
        match next {
            Some(Ok(next)) if !next.plan().is_empty() => plan = next,
            _ => {
                return Ok(Outcome {
                    report: total,
                    rest,
                    world,
                });
            }
        }
    }
}

/// How to run.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Who looks on, and may stop it.
    pub watch: Watch<'a>,
    /// How long to wait before a look at what a lost answer may have made: [`SETTLE`].
    pub settle: Duration,
}

fn by_reading(failed: &Failed) -> bool {
    matches!(failed.class, Class::Lost | Class::Exists | Class::NotFound)
}

fn resolves_by_reading(report: &Report) -> bool {
    !report.failed.is_empty() && report.failed.iter().all(by_reading)
}

/// A step whose answer was lost is done if the read shows nothing that is left to do.
fn settle_lost(total: &mut Report, rest: &Plan) {
    let left: BTreeSet<&ResourceId> = rest.actions.iter().map(|c| &c.resource).collect();
    let is_done = |f: &Failed| by_reading(f) && !left.contains(&f.key.resource_id());
    let (done, failed) = std::mem::take(&mut total.failed)
        .into_iter()
        .partition(is_done);
    total.failed = failed;
    total
        .done
        .extend(Vec::into_iter(done).map(|step: Failed| Done {
            key: step.key,
            action: step.action,
            elapsed: Duration::ZERO,
        }));
}

/// Failures and skips of a round are those that stand: an earlier round's were tried again.
fn merge(total: &mut Report, round: Report) {
    total.done.extend(round.done);
    total.failed = round.failed;
    total.skipped = round.skipped;
    total.stopped = round.stopped;
    total.longest_chain += round.longest_chain;
    total.wall += round.wall;
}

/// What is left of an approved plan needs no second approval.
fn approve_rest(rest: &Plan, approved: &BTreeMap<ResourceId, Action>) -> Result<Approved, Refused> {
    let mut plan = rest.clone();
    plan.actions.retain(|change| {
        let harmless = matches!(change.action, Action::Create | Action::Update);
        let was = approved.get(&change.resource);
        was.is_some_and(|was| harmless || *was == change.action)
    });
    plan.linted(vec![]).approve(&BTreeSet::new())
}
