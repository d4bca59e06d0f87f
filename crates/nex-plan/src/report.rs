//! What an apply did: one report for every provider.

use std::fmt;
use std::time::Duration;

use crate::{
    Action, Change, CloudError, ErrorKind, Event, Plan, Planned, Progress, ResourceId, Step, chain,
};

/// The results of an approved plan.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplyReport {
    /// The steps that succeeded, in the order in which they ended.
    pub done: Vec<Done>,
    /// The steps that failed.
    pub failed: Vec<Failed>,
    /// The steps that were not started, or that were cancelled while they waited.
    pub skipped: Vec<Skipped>,
    /// Whether the run was cancelled before all steps had started.
    pub stopped: bool,
    /// How long the steps took.
    pub timing: Timing,
    /// What is left to do, from a fresh read. If that read failed, `unread` says why.
    pub remaining: Plan<Change>,
    /// Why the environment could not be read after the apply. `remaining` then holds the steps that did not succeed.
    pub unread: Option<String>,
}

/// A step that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The resource.
    pub id: ResourceId,
    /// What happened to the resource.
    pub action: Action,
    /// How long the step took; zero if only a later read showed that the step had succeeded.
    pub elapsed: Duration,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The resource.
    pub id: ResourceId,
    /// The action that was tried.
    pub action: Action,
    /// The error with its causes.
    pub error: String,
    /// What the error means for the next step.
    pub kind: ErrorKind,
    /// What resolves the error.
    pub hint: Option<String>,
}

impl Failed {
    /// The failure of a step by this error.
    pub fn of(id: ResourceId, action: Action, error: &impl CloudError) -> Self {
        Self {
            id,
            action,
            error: chain(error),
            kind: error.kind(),
            hint: error.hint().map(Into::into),
        }
    }
}

/// A step that was not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The resource.
    pub id: ResourceId,
    /// The action that was not executed.
    pub action: Action,
    /// The reason.
    pub reason: SkipReason,
}

/// Why a step was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The step needs this resource, and the resource's own step did not succeed.
    Needs(ResourceId),
    /// The step needs a value that is not known. The text names the value.
    NotKnown(&'static str),
    /// The run was cancelled before the step started.
    Stopped,
    /// The run was cancelled while the step waited. The text says what the step waited for.
    Interrupted(String),
    /// The provider refused the step's whole call because of these resources.
    SameCall(Vec<ResourceId>),
    /// The resource was unused when the plan was made, and is in use now.
    InUse,
    /// An earlier stage did not succeed. The text says which one.
    Stage(&'static str),
    /// The environment could not be read.
    Unread,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SkipReason::Needs(id) => write!(f, "it needs {id}"),
            SkipReason::NotKnown(what) => write!(f, "{what} is not known yet"),
            SkipReason::Stopped => f.write_str("the run was cancelled first"),
            SkipReason::Interrupted(what) => {
                write!(f, "the run was cancelled during a wait: {what}")
            }
            SkipReason::SameCall(ids) => {
                let names: Vec<&str> = ids.iter().map(|id| id.name.as_str()).collect();
                let names = names.join(", ");
                write!(f, "its batch was rejected because of {names}")
            }
            SkipReason::InUse => {
                f.write_str("the resource has come into use since the plan was made")
            }
            SkipReason::Stage(what) => f.write_str(what),
            SkipReason::Unread => f.write_str("the environment could not be read"),
        }
    }
}

/// How long the steps took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The time of the longest chain of dependent steps.
    pub longest_chain: Duration,
    /// The time from the start of the first step to the end of the last one.
    pub wall: Duration,
}

impl Timing {
    /// The timing of a single step.
    pub fn alone(elapsed: Duration) -> Self {
        Self {
            longest_chain: elapsed,
            wall: elapsed,
        }
    }

    fn then(self, later: Self) -> Self {
        Self {
            longest_chain: self.longest_chain + later.longest_chain,
            wall: self.wall + later.wall,
        }
    }
}

impl ApplyReport {
    /// The report of a plan before its first step.
    pub fn of<S: Step>(plan: &Plan<S>) -> Self {
        Self {
            done: vec![],
            failed: vec![],
            skipped: vec![],
            stopped: false,
            timing: Timing::default(),
            remaining: plan.view(),
            unread: None,
        }
    }

    /// Whether every step succeeded.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && self.unread.is_none()
    }

    /// Adds the report of a later part. In `remaining`, the steps that are left of `part` replace the steps of `part`.
    pub fn absorb<S: Step>(&mut self, part: &Plan<S>, later: ApplyReport) {
        let ApplyReport {
            done,
            failed,
            skipped,
            stopped,
            timing,
            remaining,
            unread,
        } = later;
        self.done.extend(done);
        self.failed.extend(failed);
        self.skipped.extend(skipped);
        self.stopped |= stopped;
        self.timing = self.timing.then(timing);
        let entries = &mut self.remaining.entries;
        entries.retain(|entry| part.entry(&entry.id()).is_none());
        for entry in remaining.entries {
            if !entries.iter().any(|there| there.id() == entry.id()) {
                entries.push(entry);
            }
        }
        self.unread = self.unread.take().or(unread);
    }

    /// Records that none of the entries of `part` was started.
    pub fn skip<S: Step>(&mut self, part: &Plan<S>, reason: &SkipReason, progress: &dyn Progress) {
        for entry in &part.entries {
            self.skip_one(entry, reason.clone(), progress);
        }
    }

    /// Records that an entry was not done.
    pub fn skip_one<S: Step>(
        &mut self,
        entry: &Planned<S>,
        reason: SkipReason,
        progress: &dyn Progress,
    ) {
        let (id, action) = (entry.id(), entry.action());
        progress.event(Event::Skipped {
            id: id.clone(),
            reason: reason.to_string(),
        });
        self.stopped |= matches!(reason, SkipReason::Stopped | SkipReason::Interrupted(_));
        self.skipped.push(Skipped { id, action, reason });
    }
}
