//! The stand-in for Cloudflare by itself: no Python, no moto, up in milliseconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::Cloudflare;
use crate::error::SandboxError;
use crate::gateway::{self, Shared, lock};
use crate::journal::CallRecord;
use crate::rules::Rule;
use crate::sandbox::Listener;

/// A running stand-in for Cloudflare's API alone, for tests that need no AWS. Dropping it ends it.
///
/// It has a thread of its own, so that the caller may block, and use any runtime or none.
pub struct CloudflareSandbox {
    endpoint: String,
    url: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CloudflareSandbox {
    /// Starts one with the reference's zone; with `seed`, other people's records are in it.
    ///
    /// # Errors
    /// When it can have no port, no thread, or no randomness.
    pub fn start(seed: bool) -> Result<Self, SandboxError> {
        let shared = Arc::new(Shared::new(Cloudflare::new(seed)?));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SandboxError::file("start", "the stand-in's runtime"))?;
        let listener = Listener::bind(0)?;
        let port = listener.port;
        let listener = {
            let _inside = runtime.enter();
            listener.watch()?
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let served = shared.clone();
        let thread = std::thread::Builder::new()
            .name("cloudflare".into())
            .spawn(move || {
                let backend = served.cloudflare.clone();
                runtime.block_on(async move {
                    tokio::select! {
                        () = gateway::serve(listener, backend, served) => {}
                        _ = stopped => {}
                    }
                });
                runtime.shutdown_background();
            })
            .map_err(|_| SandboxError::Thread)?;
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            url: super::base_url(port),
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where the control API is: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where the API is: `http://127.0.0.1:PORT/client/v4/`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The variables that point a client at it.
    pub fn env(&self) -> BTreeMap<&'static str, String> {
        super::env(&self.url).into()
    }

    /// Adds a rule and gives its number.
    pub fn add_rule(&self, rule: Rule) -> u64 {
        lock(&self.shared.rules).add(rule)
    }

    /// Takes all rules away.
    pub fn clear_rules(&self) {
        lock(&self.shared.rules).clear();
    }

    /// Every call since the start or the last reset, in order of arrival.
    pub fn calls(&self) -> Vec<CallRecord> {
        lock(&self.shared.journal).calls().to_vec()
    }

    /// Forgets the calls so far: the next one is number 1.
    pub fn reset_calls(&self) {
        lock(&self.shared.journal).reset();
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
            // A panic over there has been printed already.
            let _ = thread.join();
        }
    }
}
