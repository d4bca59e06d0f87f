//! The moto process and the gateway's backend that forwards calls to it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Deserialize;
use strum::IntoStaticStr;

use crate::backend::{Backend, Refusal};
use crate::call::Call;
use crate::error::SandboxError;
use crate::refusal;
use crate::response::FullResponse;
use crate::shared::Shared;
use crate::venv;

/// The Python program that starts moto.
const LAUNCHER: &str = "launcher.py";

macro_rules! python_files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../moto/", $name)))),*]
    };
}

/// The launcher and its modules, as name and text.
const FILES: &[(&str, &str)] = python_files![
    "launcher.py",
    "activities.py",
    "dlm.py",
    "errors.py",
    "fix_access.py",
    "fix_buckets.py",
    "fix_groups.py",
    "fix_group_ends.py",
    "fix_instances.py",
    "fix_network.py",
    "fix_secrets.py",
    "fix_storage.py",
    "fix_tags.py",
    "fix_templates.py",
    "lag.py",
    "past.py",
    "profiles.py",
    "refreshes.py",
    "seed.py",
    "tag_rules.py",
    "tokens.py",
];

/// How to start moto.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MotoOptions<'a> {
    /// The Python of the environment that has moto installed.
    pub(crate) python: &'a Path,
    /// The existing folder for the launcher and the log.
    pub(crate) folder: &'a Path,
    /// Whether to create the resources that the reference deployment expects.
    pub(crate) seed: bool,
    /// The maximum time that a termination hook keeps an instance.
    pub(crate) hook_time: Duration,
}

/// A running moto. It ends when this value is dropped, and also when this process dies:
/// the launcher watches its stdin, a pipe that `child` keeps open.
pub(crate) struct Moto {
    child: Child,
    port: u16,
}

/// The line that the launcher prints when moto is ready.
#[derive(Deserialize)]
struct Ready {
    port: u16,
}

impl Moto {
    /// Starts moto and waits until it is ready.
    ///
    /// # Errors
    /// When Python does not start, or when moto ends before it is ready.
    pub(crate) fn start(options: MotoOptions<'_>) -> Result<Self, SandboxError> {
        let launcher = write_files(options.folder)?;
        let log_path = options.folder.join("moto.log");
        let log = File::create(&log_path).map_err(SandboxError::file("create", &log_path))?;
        let mut child = Command::new(options.python)
            .arg(launcher)
            .arg("--hook-seconds")
            .arg(options.hook_time.as_secs_f64().to_string())
            .args((!options.seed).then_some("--empty"))
            // The user's proxy and AWS settings must not reach moto.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PYTHONDONTWRITEBYTECODE", "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|source| SandboxError::Python {
                program: options.python.into(),
                source,
            })?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            // If the read fails, `line` does not parse, and the log tells why.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let mut moto = Self { child, port: 0 };
        match serde_json::from_str::<Ready>(&line) {
            Ok(Ready { port }) => {
                moto.port = port;
                Ok(moto)
            }
            Err(_) => {
                drop(moto);
                let log = fs::read_to_string(&log_path).unwrap_or_default();
                Err(SandboxError::Moto {
                    tail: venv::tail(&log),
                })
            }
        }
    }

    /// The port of moto on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Both fail if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_files(folder: &Path) -> Result<PathBuf, SandboxError> {
    let code = folder.join("launcher");
    fs::create_dir_all(&code).map_err(SandboxError::file("create", &code))?;
    for (name, text) in FILES {
        let path = code.join(name);
        fs::write(&path, text).map_err(SandboxError::file("write", &path))?;
    }
    Ok(code.join(LAUNCHER))
}

/// Forwards calls to moto.
pub(crate) struct MotoBackend {
    client: Client<HttpConnector, Full<Bytes>>,
    /// `127.0.0.1:PORT`
    authority: String,
    shared: Arc<Shared>,
    transport: Transport,
}

/// How calls come to the gateway. The string form is the value of `X-Forwarded-Proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Transport {
    Http,
    Https,
}

impl MotoBackend {
    /// A backend for the moto on this port, for the calls of one transport.
    pub(crate) fn new(port: u16, shared: Arc<Shared>, transport: Transport) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector),
            authority: format!("127.0.0.1:{port}"),
            shared,
            transport,
        }
    }

    /// Tells the launcher what the call is, how it came, and how far reads lag behind changes now.
    fn annotate(&self, headers: &mut HeaderMap, call: &Call) {
        let kind = if call.mutating { "write" } else { "read" };
        let lag_ms = self.shared.lag_ms.load(Ordering::Relaxed);
        for (name, value) in [
            (
                "x-sandbox-call",
                format!("{} {kind} {}", call.service, call.operation),
            ),
            (
                "x-sandbox-lag",
                Duration::from_millis(lag_ms).as_secs_f64().to_string(),
            ),
            ("x-forwarded-proto", <&str>::from(self.transport).to_owned()),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }

    async fn forward(
        &self,
        mut head: Parts,
        body: Bytes,
    ) -> Result<FullResponse, Box<dyn std::error::Error + Send + Sync>> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = Uri::builder()
            .scheme("http")
            .authority(self.authority.as_str())
            .path_and_query(path)
            .build()?;
        remove_hop_by_hop(&mut head.headers);
        let request = Request::from_parts(head, Full::new(body));
        let (mut head, body) = self.client.request(request).await?.into_parts();
        remove_hop_by_hop(&mut head.headers);
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(head, Full::new(body)))
    }
}

impl Backend for MotoBackend {
    fn identify(&self, head: &Parts, body: &[u8]) -> Call {
        Call::of(head, body)
    }

    async fn answer(&self, call: &Call, mut head: Parts, body: Bytes) -> FullResponse {
        self.annotate(&mut head.headers, call);
        match self.forward(head, body).await {
            Ok(response) => response,
            Err(error) => refusal::unavailable(&call.service, &error.to_string()),
        }
    }

    fn refuse(&self, service: &str, refusal: Refusal) -> FullResponse {
        match refusal {
            Refusal::Throttled => refusal::throttled(service),
            Refusal::Failed(_) => refusal::failed(service),
            Refusal::Chosen {
                status,
                code,
                message,
            } => refusal::refuse(service, status, &code, &message),
        }
    }
}

/// Removes the headers that apply to a single connection.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in [CONNECTION, EXPECT, TRANSFER_ENCODING] {
        headers.remove(name);
    }
}
