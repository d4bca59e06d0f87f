//! State that the gateways, the control API and the owner of the sandbox share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::backend::ControlExtension;
use crate::journal::Journal;
use crate::rules::Rules;

/// The shared state of one sandbox.
pub(crate) struct Shared {
    pub(crate) rules: Mutex<Rules>,
    pub(crate) journal: Mutex<Journal>,
    /// The delay of every call, in milliseconds.
    pub(crate) delay_ms: AtomicU64,
    /// How far reads of AWS lag behind changes, in milliseconds.
    pub(crate) lag_ms: AtomicU64,
    pub(crate) started: Instant,
    /// Notified when the control API receives a shutdown call.
    pub(crate) shutdown: Notify,
    /// Answers the control calls under `cloudflare/`, on every port.
    pub(crate) cloudflare: Arc<dyn ControlExtension>,
}

impl Shared {
    pub(crate) fn new(cloudflare: Arc<dyn ControlExtension>) -> Self {
        Self {
            rules: Mutex::default(),
            journal: Mutex::new(Journal::new()),
            delay_ms: AtomicU64::new(0),
            lag_ms: AtomicU64::new(0),
            started: Instant::now(),
            shutdown: Notify::new(),
            cloudflare,
        }
    }
}
