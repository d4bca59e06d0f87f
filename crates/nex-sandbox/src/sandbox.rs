//! A whole sandbox: moto and its gateway, and the Cloudflare emulator and its gateway.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::cloudflare::{self, Cloudflare, ZoneSeed};
use crate::dirs;
use crate::endpoints::Endpoints;
use crate::error::SandboxError;
use crate::gateway::{self, Listener};
use crate::journal::CallRecord;
use crate::moto::{Moto, MotoBackend, MotoOptions, Transport};
use crate::rules::{ActiveRule, Rule};
use crate::shared::Shared;
use crate::tls::Tls;
use crate::venv;

/// The AWS account that owns every resource of the sandbox.
pub const ACCOUNT: &str = "009001720821";

/// The AWS Region that holds the seeded resources.
pub const REGION: &str = "eu-west-3";

/// The default of [`SandboxOptions::hook_time`].
const HOOK_TIME: Duration = Duration::from_secs(10);

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The folder for Python environments; by default, the one of [`dirs::default_dir`].
    pub dir: Option<PathBuf>,
    /// The existing folder for the files and the log of moto; by default, a temporary folder that
    /// is removed with the sandbox.
    pub folder: Option<PathBuf>,
    /// The port of the AWS gateway on 127.0.0.1; 0 picks a free port.
    pub port: u16,
    /// Whether to create what the reference deployment expects at AWS (network, database,
    /// cluster, bucket) and the records of other owners at Cloudflare.
    pub seed: bool,
    /// The maximum time that a termination hook keeps an instance. AWS waits for the hook's own
    /// timeout, up to two hours; the sandbox waits for the shorter of the two.
    pub hook_time: Duration,
    /// How long AWS takes to show a change everywhere ([`Sandbox::set_lag`]).
    pub lag: Duration,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            dir: None,
            folder: None,
            port: 0,
            seed: true,
            hook_time: HOOK_TIME,
            lag: Duration::ZERO,
        }
    }
}

/// A running sandbox. When it is dropped, the gateways and moto end and the temporary folder is
/// removed.
///
/// The sandbox runs in its own thread, so the caller may block and needs no particular runtime.
pub struct Sandbox {
    port: u16,
    endpoints: Endpoints,
    python: PathBuf,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox and waits until it is ready. That takes one or two seconds; the first
    /// start takes longer, because it installs the Python environment.
    ///
    /// # Errors
    /// When the Python environment cannot be installed, moto does not start, or the port is in
    /// use.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let cloudflare = Arc::new(Cloudflare::new(if options.seed {
            ZoneSeed::ForeignRecords
        } else {
            ZoneSeed::Empty
        })?);
        let shared = Arc::new(Shared::new(cloudflare.clone()));
        set_ms(&shared.lag_ms, options.lag);
        let (ready, started) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("sandbox".into())
            .spawn({
                let shared = shared.clone();
                move || run(&options, shared, cloudflare, ready, stopped)
            })
            .map_err(|_| SandboxError::Thread)?;
        let Started {
            port,
            endpoints,
            python,
        } = started.await.map_err(|_| SandboxError::Thread)??;
        Ok(Self {
            port,
            endpoints,
            python,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The port of the AWS gateway on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// All addresses.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The URL of the AWS gateway: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoints.aws
    }

    /// The base URL of the Cloudflare emulator: `http://127.0.0.1:PORT/client/v4/`.
    pub fn cloudflare_url(&self) -> &str {
        &self.endpoints.cloudflare
    }

    /// The environment variables that point AWS and Cloudflare clients at this sandbox.
    pub fn env(&self) -> BTreeMap<&'static str, String> {
        self.endpoints.env()
    }

    /// The Python that runs moto. It has boto3 installed, for scripts that use the sandbox.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Adds a fault rule and returns its number.
    pub fn add_rule(&self, rule: Rule) -> u64 {
        self.shared.rules.lock().add(rule)
    }

    /// The active rules.
    pub fn rules(&self) -> Vec<ActiveRule> {
        self.shared.rules.lock().list().to_vec()
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.shared.rules.lock().clear();
    }

    /// Delays every call from now on by `delay`, rounded down to milliseconds.
    pub fn set_delay(&self, delay: Duration) {
        set_ms(&self.shared.delay_ms, delay);
    }

    /// From the next AWS call on, AWS takes this long to show a change everywhere, rounded down to
    /// milliseconds. Zero makes all changes visible.
    ///
    /// - Lists by tag or filter answer from a copy of the past that is this old; secrets from one
    ///   that is twice as old. Reads by id or name are current.
    /// - EC2, Auto Scaling and Data Lifecycle Manager do not know a new profile or role.
    /// - Volumes change, detach, and groups end this much later than the call.
    pub fn set_lag(&self, lag: Duration) {
        set_ms(&self.shared.lag_ms, lag);
    }

    /// The calls since the start or the last reset, in the order of their arrival.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.journal.lock().calls().to_vec()
    }

    /// Clears the journal of calls: the next call has the number 1.
    pub fn reset_calls(&self) {
        self.shared.journal.lock().reset();
    }

    /// Waits until the control API receives a shutdown call.
    pub async fn shutdown_requested(&self) {
        self.shared.shutdown.notified().await;
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // `join` fails if the thread panicked; the panic was already printed.
            let _ = thread.join();
        }
    }
}

fn set_ms(to: &AtomicU64, time: Duration) {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    to.store(ms, Ordering::Relaxed);
}

/// The data of a running sandbox that its thread returns to [`Sandbox::start`].
struct Started {
    port: u16,
    endpoints: Endpoints,
    python: PathBuf,
}

/// The body of the sandbox's thread: starts everything, reports it, and serves until `stopped`.
fn run(
    options: &SandboxOptions,
    shared: Arc<Shared>,
    cloudflare: Arc<Cloudflare>,
    ready: oneshot::Sender<Result<Started, SandboxError>>,
    stopped: oneshot::Receiver<()>,
) {
    let parts = match Parts::prepare(options) {
        Ok(parts) => parts,
        Err(error) => {
            // `send` fails if the caller has given up.
            let _ = ready.send(Err(error));
            return;
        }
    };
    let started = Started {
        port: parts.aws.port,
        endpoints: parts.endpoints,
        python: parts.python,
    };
    if ready.send(Ok(started)).is_ok() {
        let moto = |transport| MotoBackend::new(parts.moto.port(), shared.clone(), transport);
        let (http, https) = (moto(Transport::Http), moto(Transport::Https));
        parts.runtime.block_on(async {
            tokio::select! {
                () = gateway::serve(parts.aws, http, shared.clone()) => {}
                () = gateway::serve(parts.s3, https, shared.clone()) => {}
                () = gateway::serve(parts.cloudflare, cloudflare, shared) => {}
                _ = stopped => {}
            }
        });
    }
    parts.runtime.shutdown_background();
    drop(parts.moto);
    // Removed last, because moto writes to the folder.
    drop(parts.temporary);
}

/// The parts of a sandbox before it serves.
struct Parts {
    runtime: Runtime,
    moto: Moto,
    aws: Listener,
    s3: Listener,
    cloudflare: Listener,
    endpoints: Endpoints,
    python: PathBuf,
    temporary: Option<TempDir>,
}

impl Parts {
    fn prepare(options: &SandboxOptions) -> Result<Self, SandboxError> {
        let dir = match &options.dir {
            Some(dir) => dir.clone(),
            None => dirs::default_dir()?,
        };
        let python = venv::ensure(&dir)?;
        let (folder, temporary) = match &options.folder {
            Some(folder) => (folder.clone(), None),
            None => {
                let temporary = tempfile::tempdir()
                    .map_err(SandboxError::file("create", std::env::temp_dir()))?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SandboxError::file("start", "the gateway's runtime"))?;
        let aws = Listener::bind(&runtime, options.port)?;
        let tls = Tls::new().map_err(|source| SandboxError::Tls { source })?;
        let s3 = Listener::bind(&runtime, 0)?.with_tls(tls.acceptor);
        let cloudflare = Listener::bind(&runtime, 0)?;
        // Clients may run in another folder.
        let ca_file = std::path::absolute(folder.join("ca.pem"))
            .map_err(SandboxError::file("find", &folder))?;
        fs::write(&ca_file, tls.root).map_err(SandboxError::file("write", &ca_file))?;
        let moto = Moto::start(MotoOptions {
            python: &python,
            folder: &folder,
            seed: options.seed,
            hook_time: options.hook_time,
        })?;
        Ok(Self {
            runtime,
            moto,
            endpoints: Endpoints {
                aws: format!("http://127.0.0.1:{}", aws.port),
                s3: format!("https://127.0.0.1:{}", s3.port),
                ca_file,
                cloudflare: cloudflare::base_url(cloudflare.port),
            },
            aws,
            s3,
            cloudflare,
            python,
            temporary,
        })
    }
}
