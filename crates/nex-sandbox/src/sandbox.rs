//! A sandbox: gateway and moto together, living as long as their value.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::cloudflare::{self, Cloudflare};
use crate::dirs;
use crate::error::SandboxError;
use crate::gateway::{self, MotoBackend, Shared, lock};
use crate::journal::CallRecord;
use crate::moto::Moto;
use crate::rules::{ActiveRule, Rule};
use crate::venv;

/// The account that everything in the sandbox belongs to.
pub const ACCOUNT: &str = "009001720821";

/// The Region that is seeded.
pub const REGION: &str = "eu-west-3";

/// The longest that a termination hook holds an instance, unless asked otherwise.
const HOOK_TIME: Duration = Duration::from_secs(10);

/// How a sandbox is to be.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The folder that holds Python environments; [`dirs::default_dir`] without it.
    pub dir: Option<PathBuf>,
    /// The folder for moto's files and log, which must exist; one of its own, removed at the
    /// end, without it.
    pub folder: Option<PathBuf>,
    /// The gateway's port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// Whether the reference's network, database, cluster and bucket are there at the start.
    pub seed: bool,
    /// The longest that a termination hook holds an instance. AWS waits for the hook's own
    /// timeout, up to two hours; the shorter of the two holds here.
    pub hook_time: Duration,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            dir: None,
            folder: None,
            port: 0,
            seed: true,
            hook_time: HOOK_TIME,
        }
    }
}

/// A running sandbox. Dropping it ends gateway and moto, and removes its folder.
///
/// It has a thread of its own, so that the caller may block, and use any runtime or none.
pub struct Sandbox {
    endpoint: String,
    cloudflare_url: String,
    python: PathBuf,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox and waits until it serves: one or two seconds, and more the very first
    /// time, when the Python environment is made.
    ///
    /// # Errors
    /// When the environment cannot be made, moto does not start, or the port is taken.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let shared = Arc::new(Shared::new(Cloudflare::new(options.seed)?));
        let (ready, started) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("sandbox".into())
            .spawn({
                let shared = shared.clone();
                move || run(&options, shared, ready, stopped)
            })
            .map_err(|_| SandboxError::Thread)?;
        let Started {
            port,
            cloudflare_port,
            python,
        } = started.await.map_err(|_| SandboxError::Thread)??;
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            cloudflare_url: cloudflare::base_url(cloudflare_port),
            python,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The gateway's address: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where the stand-in for Cloudflare's API is: `http://127.0.0.1:PORT/client/v4/`.
    pub fn cloudflare_url(&self) -> &str {
        &self.cloudflare_url
    }

    /// The variables that point clients of AWS and of Cloudflare at this sandbox.
    pub fn env(&self) -> BTreeMap<&'static str, String> {
        let mut env = aws_env(&self.endpoint);
        env.extend(cloudflare_env(&self.cloudflare_url));
        env
    }

    /// The Python that moto runs in. It has boto3, for scripts against the sandbox.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Adds a rule and gives its number.
    pub fn add_rule(&self, rule: Rule) -> u64 {
        lock(&self.shared.rules).add(rule)
    }

    /// The rules in force.
    pub fn rules(&self) -> Vec<ActiveRule> {
        lock(&self.shared.rules).list().to_vec()
    }

    /// Takes all rules away.
    pub fn clear_rules(&self) {
        lock(&self.shared.rules).clear();
    }

    /// Adds this to every call from now on.
    pub fn set_delay(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.shared.delay_ms.store(ms, Ordering::Relaxed);
    }

    /// Every call since the start or the last reset, in order of arrival.
    pub fn calls(&self) -> Vec<CallRecord> {
        lock(&self.shared.journal).calls().to_vec()
    }

    /// Forgets the calls so far: the next one is number 1.
    pub fn reset_calls(&self) {
        lock(&self.shared.journal).reset();
    }

    /// Waits until someone asks for the end through the control API.
    pub async fn shutdown_asked(&self) {
        self.shared.shutdown.notified().await;
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed already.
            let _ = thread.join();
        }
    }
}

/// The variables that point an AWS SDK or command at the sandbox on `endpoint`.
pub fn aws_env(endpoint: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ])
}

/// The variables that point a client of Cloudflare at the stand-in whose API is at `base_url`.
pub fn cloudflare_env(base_url: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from(cloudflare::env(base_url))
}

/// What a sandbox has when it is up.
struct Started {
    port: u16,
    cloudflare_port: u16,
    python: PathBuf,
}

/// The sandbox's thread: everything up, say so, serve until told to stop, everything down.
fn run(
    options: &SandboxOptions,
    shared: Arc<Shared>,
    ready: oneshot::Sender<Result<Started, SandboxError>>,
    stopped: oneshot::Receiver<()>,
) {
    let parts = match prepare(options) {
        Ok(parts) => parts,
        Err(error) => {
            // Whoever asked is gone: nobody to tell.
            let _ = ready.send(Err(error));
            return;
        }
    };
    let Parts {
        moto,
        gateway,
        cloudflare,
        runtime,
        python,
        _folder,
    } = parts;
    let started = Started {
        port: gateway.port,
        cloudflare_port: cloudflare.port,
        python,
    };
    runtime.block_on(async move {
        let (gateway, cloudflare) = match (gateway.watch(), cloudflare.watch()) {
            (Ok(gateway), Ok(cloudflare)) => (gateway, cloudflare),
            (Err(error), _) | (_, Err(error)) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        if ready.send(Ok(started)).is_ok() {
            let stand_in = shared.cloudflare.clone();
            tokio::select! {
                () = gateway::serve(gateway, MotoBackend::new(moto.port()), shared.clone()) => {}
                () = gateway::serve(cloudflare, stand_in, shared) => {}
                _ = stopped => {}
            }
        }
    });
    runtime.shutdown_background();
}

/// What a sandbox consists of; dropped in this order.
struct Parts {
    runtime: tokio::runtime::Runtime,
    moto: Moto,
    gateway: Listener,
    cloudflare: Listener,
    python: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

fn prepare(options: &SandboxOptions) -> Result<Parts, SandboxError> {
    let dir = match &options.dir {
        Some(dir) => dir.clone(),
        None => dirs::default_dir()?,
    };
    let python = venv::ensure(&dir)?;
    let own = match options.folder {
        Some(_) => None,
        None => {
            Some(tempfile::tempdir().map_err(SandboxError::file("make", std::env::temp_dir()))?)
        }
    };
    let folder: &Path = match (&options.folder, &own) {
        (Some(folder), _) => folder,
        (None, Some(own)) => own.path(),
        (None, None) => &dir,
    };
    let gateway = Listener::bind(options.port)?;
    let cloudflare = Listener::bind(0)?;
    let moto = Moto::start(
        &python,
        folder,
        options.seed,
        options.hook_time.as_secs_f64(),
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SandboxError::file("start", "the gateway's runtime"))?;
    Ok(Parts {
        runtime,
        moto,
        gateway,
        cloudflare,
        python,
        _folder: own,
    })
}

/// A port on 127.0.0.1 that calls can come to already.
pub(crate) struct Listener {
    socket: TcpListener,
    pub(crate) port: u16,
}

impl Listener {
    /// 0 for any free port.
    pub(crate) fn bind(port: u16) -> Result<Self, SandboxError> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|socket| {
            socket.set_nonblocking(true)?;
            let port = socket.local_addr()?.port();
            Ok(Self { socket, port })
        });
        bound.map_err(|source| SandboxError::Listen { port, source })
    }

    /// In the hands of the runtime that this runs in.
    pub(crate) fn watch(self) -> Result<tokio::net::TcpListener, SandboxError> {
        let port = self.port;
        tokio::net::TcpListener::from_std(self.socket)
            .map_err(|source| SandboxError::Listen { port, source })
    }
}
