//! Progress as typed events: libraries tell, one renderer draws.

use std::time::Duration;

use crate::{Action, ResourceId};

/// Something that a user who waits wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A step began.
    Started {
        /// The resource it is about.
        resource: ResourceId,
        /// What is done to it.
        action: Action,
    },
    /// A step waits for something outside, such as an instance that boots.
    Waiting {
        /// The resource it is about.
        resource: ResourceId,
        /// What it waits for.
        what: String,
    },
    /// A step ended well.
    Done {
        /// The resource it is about.
        resource: ResourceId,
        /// What was done to it.
        action: Action,
        /// How long it took.
        elapsed: Duration,
    },
    /// A step failed.
    Failed {
        /// The resource it is about.
        resource: ResourceId,
        /// The error with its causes.
        error: String,
    },
    /// A step was not begun.
    Skipped {
        /// The resource it is about.
        resource: ResourceId,
        /// What it would have needed.
        because: String,
    },
}

/// Takes the events of a long run.
pub trait Progress: Send + Sync {
    /// Called once an event, from any thread.
    fn event(&self, event: Event);
}

/// Draws nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: Event) {}
}
