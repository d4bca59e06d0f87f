//! Progress of a long run as typed events: libraries emit them, one renderer shows them.

use std::sync::LazyLock;
use std::time::Duration;

use crate::{Action, CancelToken, ResourceId};

/// Something that a waiting user wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A step started.
    Started {
        /// The step's resource.
        id: ResourceId,
        /// What happens to the resource.
        action: Action,
    },
    /// A step waits for something outside, such as an instance that boots.
    Waiting {
        /// The step's resource.
        id: ResourceId,
        /// What the step waits for.
        what: String,
    },
    /// A step succeeded.
    Done {
        /// The step's resource.
        id: ResourceId,
        /// What happened to the resource.
        action: Action,
        /// How long the step took.
        elapsed: Duration,
    },
    /// A step failed.
    Failed {
        /// The step's resource.
        id: ResourceId,
        /// The error with its causes.
        error: String,
    },
    /// A step was not started.
    Skipped {
        /// The step's resource.
        id: ResourceId,
        /// Why.
        reason: String,
    },
}

/// Receives the events of a long run.
pub trait Progress: Send + Sync {
    /// Called once per event, from any thread.
    fn event(&self, event: Event);
}

/// Drops all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn event(&self, _: Event) {}
}

/// The context of a long run: where its events go, and what cancels the run.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// Receives the events.
    pub progress: &'a dyn Progress,
    /// Cancels the run.
    pub cancel: &'a CancelToken,
}

impl RunContext<'static> {
    /// A run without a receiver of events. Nothing cancels the run.
    pub fn detached() -> Self {
        static NEVER: LazyLock<CancelToken> = LazyLock::new(CancelToken::default);
        Self {
            progress: &NoProgress,
            cancel: &NEVER,
        }
    }
}
