//! What a run did, all clouds together.

use std::time::Duration;

use nex_infra::model::Kind;
use nex_infra::{Outcome, Unread, World};
use nex_plan::{Action, Change, Plan, ResourceId, chain};

/// What was done, what not, and what is left.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) done: Vec<(ResourceId, Action)>,
    pub(super) failed: Vec<Failure>,
    /// What was not begun, and why.
    pub(super) skipped: Vec<(ResourceId, String)>,
    pub(super) stopped: bool,
    /// The time of the longest chain of steps that wait for each other.
    pub(super) longest_chain: Duration,
    /// The time that the steps took.
    pub(super) wall: Duration,
    /// What is left to do.
    pub(super) rest: Plan,
    /// Why the world could not be read back: then `rest` is as it was before.
    pub(super) unread: Option<String>,
}

/// A change that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) resource: ResourceId,
    pub(super) action: Action,
    /// The error with its causes.
    pub(super) error: String,
    pub(super) hint: Option<String>,
}

/// Whether a change is AWS's.
pub(super) fn is_aws(change: &Change) -> bool {
    Kind::parse(&change.resource.kind).is_some()
}

impl Tally {
    /// Nothing is done yet of `plan`.
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            rest: plan.clone(),
            ..Self::default()
        }
    }

    /// Whether all was done that was begun or to be begun.
    pub(super) fn is_whole(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && self.unread.is_none()
    }

    /// What is left of the changes for which `which` holds is now `rest`.
    pub(super) fn left(&mut self, which: impl Fn(&Change) -> bool, rest: Vec<Change>) {
        self.rest.actions.retain(|change| !which(change));
        self.rest.actions.extend(rest);
    }

    /// A step of a chain took `elapsed`, with nothing beside it.
    pub(super) fn took(&mut self, elapsed: Duration) {
        self.longest_chain += elapsed;
        self.wall += elapsed;
    }

    /// None of these is begun.
    pub(super) fn skip<'a>(&mut self, changes: impl IntoIterator<Item = &'a Change>, why: &str) {
        for change in changes {
            let skipped = (change.resource.clone(), why.to_owned());
            self.skipped.push(skipped);
        }
    }

    /// Adds what became of AWS's changes, and gives the world after them.
    pub(super) fn aws(
        &mut self,
        ended: Result<Outcome, Unread<nex_infra::aws::Error>>,
    ) -> Option<World> {
        let (report, read) = match ended {
            Ok(Outcome {
                report,
                rest,
                world,
            }) => (report, Ok((rest, world))),
            Err(unread) => {
                let why = chain(&unread);
                (unread.report, Err(why))
            }
        };
        let done = report.done.into_iter();
        self.done
            .extend(done.map(|step| (step.key.resource_id(), step.action)));
        self.failed
            .extend(report.failed.into_iter().map(|failed| Failure {
                resource: failed.key.resource_id(),
                action: failed.action,
                error: failed.error,
                hint: None,
            }));
        let skipped = report.skipped.into_iter();
        self.skipped
            .extend(skipped.map(|(key, why)| (key.resource_id(), why)));
        self.stopped |= report.stopped;
        self.longest_chain += report.longest_chain;
        self.wall += report.wall;
        match read {
            Ok((rest, world)) => {
                self.left(is_aws, rest.actions);
                Some(world)
            }
            Err(why) => {
                self.unread = Some(why);
                None
            }
        }
    }
}
