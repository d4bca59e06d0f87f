//! Cancels a run from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_listener::Event;

/// Cancels a run: running calls continue to their end, waits end at once, and no further step starts.
///
/// Clones share their state. A token works with every async runtime.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_cancelled: AtomicBool,
    changed: Event,
}

impl CancelToken {
    /// Cancels the run.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::SeqCst);
        self.0.changed.notify(usize::MAX);
    }

    /// Whether the run is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::SeqCst)
    }

    /// Waits until the run is cancelled.
    pub async fn cancelled(&self) {
        while !self.is_cancelled() {
            let listener = self.0.changed.listen();
            // The token may have been cancelled before the listener existed.
            if self.is_cancelled() {
                return;
            }
            listener.await;
        }
    }
}
