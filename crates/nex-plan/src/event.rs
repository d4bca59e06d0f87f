//! Progress as typed events: libraries tell, one renderer draws; and the way to stop them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
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

/// Set from outside to let running steps end and begin no further one.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Begins no further step.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Who looks on while something long runs, and may stop it.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Takes the events.
    pub progress: &'a dyn Progress,
    /// Stops it from outside.
    pub stop: &'a Stop,
}

impl Watch<'static> {
    /// Nobody looks on, and nothing stops it.
    pub fn nobody() -> Self {
        static NEVER: LazyLock<Stop> = LazyLock::new(Stop::default);
        Self {
            progress: &Silent,
            stop: &NEVER,
        }
    }
}
