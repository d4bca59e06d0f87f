//! What a run did, all clouds together.

use std::time::Duration;

use nex_infra::model::Kind;
use nex_infra::{Outcome, Unread, World};
use nex_plan::{Action, Approved, Change, Event, Plan, Progress, ResourceId, Watch, chain};

use super::hints;

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
    /// What is as others made it, because it was let through by name.
    pub(super) not_ours: Vec<String>,
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
    /// Nothing is done yet of `approved`.
    pub(super) fn of(approved: &Approved) -> Self {
        let not_ours = approved.allowed().iter().filter(|v| v.code == "not-ours");
        Self {
            rest: approved.plan().clone(),
            not_ours: not_ours.map(|v| v.subject.clone()).collect(),
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
    pub(super) fn skip<'a>(
        &mut self,
        changes: impl IntoIterator<Item = &'a Change>,
        why: &str,
        progress: &dyn Progress,
    ) {
        for change in changes {
            progress.event(Event::Skipped {
                resource: change.resource.clone(),
                because: why.to_owned(),
            });
            let skipped = (change.resource.clone(), why.to_owned());
            self.skipped.push(skipped);
        }
    }

    /// What nothing came to is said to be so.
    pub(super) fn skip_unbegun(&mut self, approved: &Approved, watch: Watch<'_>) {
        let is_left = |change: &&Change| {
            let resource = &change.resource;
            let told = self.done.iter().any(|(done, _)| done == resource)
                || self.failed.iter().any(|f| f.resource == *resource)
                || self.skipped.iter().any(|(skipped, _)| skipped == resource);
            !told && self.rest.actions.iter().any(|l| l.resource == *resource)
        };
        let actions = approved.plan().actions.iter();
        let unbegun: Vec<Change> = actions.filter(is_left).cloned().collect();
        self.stopped |= watch.stop.is_stopped() && !unbegun.is_empty();
        let why = match (self.stopped, &self.unread) {
            (true, _) => "it was stopped before",
            (_, Some(_)) => "the world could not be read",
            _ => "it needs the origin certificate",
        };
        self.skip(&unbegun, why, watch.progress);
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
                hint: hints::of_class(failed.class).map(str::to_owned),
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
