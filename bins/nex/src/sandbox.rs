//! Starts the sandbox that `--sandbox` asks for, and points every client at it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use nex_infra::aws::StandIn;
use serde::Deserialize;

/// What `nex-sandbox up --json` says.
#[derive(Debug, Deserialize)]
struct Sandbox {
    endpoint: String,
    env: BTreeMap<String, String>,
}

/// The sandbox of that name as a cloud to connect to, started when it is not up.
pub(crate) fn up(name: &str) -> anyhow::Result<StandIn> {
    let program = program()?;
    let run = Command::new(&program)
        .args(["up", "--json", "--name", name])
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to start {}", program.display()))?;
    if !run.status.success() {
        bail!("failed to start the sandbox {name}");
    }
    let sandbox: Sandbox = serde_json::from_slice(&run.stdout)
        .with_context(|| format!("{} did not say where the sandbox is", program.display()))?;
    let variable = |name: &str| sandbox.env.get(name).cloned().unwrap_or_default();
    Ok(StandIn {
        access_key_id: variable("AWS_ACCESS_KEY_ID"),
        secret_access_key: variable("AWS_SECRET_ACCESS_KEY"),
        endpoint: sandbox.endpoint,
    })
}

/// The sandbox's program stands beside this one: the product itself holds no emulator.
fn program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("failed to find this program's own place")?;
    let program = own.with_file_name("nex-sandbox");
    if !program.is_file() {
        bail!(
            "the sandbox's program is not beside this one: build it by `cargo build -p nex-sandbox`, or use `cargo xtask`"
        );
    }
    Ok(program)
}
