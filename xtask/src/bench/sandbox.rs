//! A sandbox for measurements, and the calls that its gateway received.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use ureq::http::Request;
use ureq::{Agent, AsSendBody};

use crate::cargo::read;

/// The name of the sandbox. It is always the same, so that a run ends the sandbox that an
/// interrupted run left behind.
pub(super) const NAME: &str = "bench";

/// The maximum time of a control call. The gateway answers within milliseconds.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A new sandbox. It ends when this value is dropped.
pub(super) struct Sandbox {
    program: PathBuf,
    up: Up,
    http: Agent,
}

/// The output of `nex-sandbox up --json`.
#[derive(Deserialize)]
struct Up {
    /// The URL of the AWS gateway.
    endpoint: String,
    /// The variables that point clients at the sandbox.
    env: BTreeMap<String, String>,
    /// A Python with boto3.
    python: PathBuf,
}

#[derive(Serialize)]
struct Delay {
    ms: u64,
}

/// A call in the gateway's journal.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Call {
    pub(super) start_ms: f64,
    /// `None` while the call is running.
    pub(super) duration_ms: Option<f64>,
}

impl Sandbox {
    /// Starts a sandbox that delays every call.
    pub(super) fn start(program: &Path, delay_ms: u64) -> anyhow::Result<Self> {
        down(program)?;
        let mut up = Command::new(program);
        up.args(["up", "--json", "--name", NAME]);
        let output = read(up.stderr(Stdio::inherit()))?;
        let up = serde_json::from_str(&output)
            .context("failed to parse the output of `nex-sandbox up`")?;
        let http = Agent::config_builder()
            // The proxy of the environment cannot reach this machine's loopback.
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build()
            .into();
        let sandbox = Self {
            program: program.to_owned(),
            up,
            http,
        };
        let body = serde_json::to_string(&Delay { ms: delay_ms })?;
        sandbox.control("PUT", "delay", body)?;
        Ok(sandbox)
    }

    /// A program whose AWS and Cloudflare clients use the sandbox.
    pub(super) fn client(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_remove("AWS_PROFILE").envs(&self.up.env);
        command
    }

    /// A Python script with boto3 that uses the sandbox.
    pub(super) fn python(&self, script: &str) -> Command {
        let mut command = self.client(&self.up.python);
        command.args(["-c", script]);
        command
    }

    /// Clears the journal of calls.
    pub(super) fn reset_calls(&self) -> anyhow::Result<()> {
        self.control("DELETE", "calls", ()).map(drop)
    }

    /// The calls since the last reset.
    pub(super) fn calls(&self) -> anyhow::Result<Vec<Call>> {
        let text = self.control("GET", "calls", ())?;
        serde_json::from_str(&text).context("failed to parse the sandbox's calls")
    }

    /// Makes a control call and returns its answer.
    fn control(&self, method: &str, path: &str, body: impl AsSendBody) -> anyhow::Result<String> {
        let url = format!("{}/_sandbox/{path}", self.up.endpoint);
        let request = Request::builder().method(method).uri(&url).body(body)?;
        let call = || {
            let mut response = self.http.run(request)?;
            let text = response.body_mut().read_to_string()?;
            Ok::<_, ureq::Error>((response.status(), text))
        };
        let (status, text) = call().with_context(|| format!("failed to call {method} {url}"))?;
        ensure!(
            status.is_success(),
            "the sandbox refused {method} {url} ({status}): {text}"
        );
        Ok(text)
    }
}

fn down(program: &Path) -> anyhow::Result<()> {
    read(Command::new(program).args(["down", "--name", NAME])).map(drop)
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Err(error) = down(&self.program) {
            eprintln!("failed to end the sandbox {NAME}: {error:#}");
        }
    }
}
