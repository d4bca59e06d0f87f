//! A sandbox for one measurement, and what its gateway saw.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;

/// Its name: always the same, so that what a run left behind that was killed is found by the next.
pub(super) const NAME: &str = "bench";

/// A fresh sandbox that ends with this value.
pub(super) struct Sandbox {
    program: PathBuf,
    /// Host and port of its gateway.
    address: String,
}

/// What `nex-sandbox up --json` says.
#[derive(Deserialize)]
struct Up {
    endpoint: String,
}

/// One call as the gateway saw it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Call {
    pub(super) start_ms: f64,
    /// None while it is under way.
    pub(super) duration_ms: Option<f64>,
}

impl Sandbox {
    /// Starts it, with this delay added to every call.
    pub(super) fn start(program: &Path, delay_ms: u64) -> anyhow::Result<Self> {
        let mut sandbox = Self {
            program: program.to_owned(),
            address: String::new(),
        };
        sandbox.down()?;
        let mut up = Command::new(program);
        up.args(["up", "--json", "--name", NAME]);
        let said = crate::cargo::read(up.stderr(Stdio::inherit()))?;
        let Up { endpoint } =
            serde_json::from_str(&said).context("the sandbox did not say where it is")?;
        sandbox.address = endpoint.trim_start_matches("http://").to_owned();
        sandbox.control("PUT", "delay", &format!("{{\"ms\":{delay_ms}}}"))?;
        Ok(sandbox)
    }

    /// Forgets the calls so far.
    pub(super) fn forget(&self) -> anyhow::Result<()> {
        self.control("DELETE", "calls", "").map(drop)
    }

    /// The calls since then.
    pub(super) fn calls(&self) -> anyhow::Result<Vec<Call>> {
        let text = self.control("GET", "calls", "")?;
        serde_json::from_str(&text).context("failed to understand the sandbox's calls")
    }

    /// One call of the control API, over a connection of its own, and its answer.
    fn control(&self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let talk = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(&self.address)?;
            write!(
                stream,
                "{method} /_sandbox/{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                self.address,
                body.len()
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = talk().with_context(|| format!("failed to talk to {}", self.address))?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "the sandbox refused {method} {path}: {answer}"
        );
        let body = answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned());
        Ok(body.unwrap_or_default())
    }

    fn down(&self) -> anyhow::Result<()> {
        let mut down = Command::new(&self.program);
        crate::cargo::read(down.args(["down", "--name", NAME])).map(drop)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Err(error) = self.down() {
            eprintln!("the sandbox {NAME} is still there: {error:#}");
        }
    }
}
