//! Starts the sandbox that `--sandbox` asks for, and points every client at it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use nex_infra::aws::StandIn;
use secrecy::SecretString;
use serde::Deserialize;

use crate::cloudflare::ADDRESS_VARIABLE;

/// What `nex-sandbox up --json` says.
#[derive(Debug, Deserialize)]
struct Sandbox {
    endpoint: String,
    env: BTreeMap<String, String>,
}

/// The clouds of a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Clouds {
    /// AWS.
    pub(crate) aws: StandIn,
    /// The address of Cloudflare's API.
    pub(crate) cloudflare: String,
    /// A token for it.
    pub(crate) cloudflare_token: SecretString,
}

/// The sandbox of that name, started when it is not up.
pub(crate) fn up(name: &str) -> anyhow::Result<Clouds> {
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
    Ok(Clouds {
        aws: StandIn {
            access_key_id: variable("AWS_ACCESS_KEY_ID"),
            secret_access_key: variable("AWS_SECRET_ACCESS_KEY"),
            endpoint: sandbox.endpoint,
        },
        cloudflare: variable(ADDRESS_VARIABLE),
        cloudflare_token: variable("CLOUDFLARE_API_TOKEN").into(),
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
