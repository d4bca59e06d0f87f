//! The Cloudflare emulator without AWS. It needs no Python and starts in milliseconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::api::{self, Cloudflare};
use super::seed::ZoneSeed;
use crate::error::SandboxError;
use crate::gateway::{self, Listener};
use crate::journal::CallRecord;
use crate::rules::Rule;
use crate::shared::Shared;

/// A running Cloudflare emulator, for tests that do not need AWS. It ends when it is dropped.
///
/// The emulator runs in its own thread, so the caller may block and needs no particular runtime.
pub struct CloudflareSandbox {
    endpoint: String,
    url: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CloudflareSandbox {
    /// Starts an emulator that has the zone of the reference deployment.
    ///
    /// # Errors
    /// When no port or thread is available, or when the system provides no randomness.
    pub fn start(seed: ZoneSeed) -> Result<Self, SandboxError> {
        let cloudflare = Arc::new(Cloudflare::new(seed)?);
        let shared = Arc::new(Shared::new(cloudflare.clone()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SandboxError::file("start", "the emulator's runtime"))?;
        let listener = Listener::bind(&runtime, 0)?;
        let port = listener.port;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("cloudflare".into())
            .spawn({
                let shared = shared.clone();
                move || {
                    runtime.block_on(async {
                        tokio::select! {
                            () = gateway::serve(listener, cloudflare, shared) => {}
                            _ = stopped => {}
                        }
                    });
                    runtime.shutdown_background();
                }
            })
            .map_err(|_| SandboxError::Thread)?;
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            url: api::base_url(port),
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The URL of the control API: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The base URL of the API: `http://127.0.0.1:PORT/client/v4/`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The environment variables that point a client at the emulator.
    pub fn env(&self) -> BTreeMap<&'static str, String> {
        api::env(&self.url)
    }

    /// Adds a fault rule and returns its number.
    pub fn add_rule(&self, rule: Rule) -> u64 {
        self.shared.rules.lock().add(rule)
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.shared.rules.lock().clear();
    }

    /// The calls since the start or the last reset, in the order of their arrival.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.journal.lock().calls().to_vec()
    }

    /// Clears the journal of calls: the next call has the number 1.
    pub fn reset_calls(&self) {
        self.shared.journal.lock().reset();
    }
}

impl std::fmt::Debug for CloudflareSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudflareSandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Drop for CloudflareSandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // `join` fails if the thread panicked; the panic was already printed.
            let _ = thread.join();
        }
    }
}
