//! Starts the sandbox that `--sandbox` asks for, and returns the addresses of its clouds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use nex_infra::aws::EndpointOverride;
use secrecy::SecretString;
use serde::Deserialize;

/// The sandbox that `--sandbox` without a name means.
pub(crate) const DEFAULT_SANDBOX: &str = "default";

/// The variable with another address of Cloudflare's API.
pub(super) const ADDRESS_VARIABLE: &str = "CLOUDFLARE_BASE_URL";

/// The variable with the API token of a sandbox.
const TOKEN_VARIABLE: &str = "CLOUDFLARE_API_TOKEN";

/// The output of `nex-sandbox up --json`.
#[derive(Debug, Deserialize)]
struct Sandbox {
    endpoint: String,
    s3_endpoint: String,
    ca_file: PathBuf,
    env: BTreeMap<String, String>,
}

/// How to reach the clouds of a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct SandboxEndpoints {
    /// AWS.
    pub(crate) aws: EndpointOverride,
    /// The address of Cloudflare's API.
    pub(crate) cloudflare: String,
    /// A token for Cloudflare's API.
    pub(crate) cloudflare_token: SecretString,
}

/// The sandbox of that name, started if it is not running.
pub(crate) fn start(name: &str) -> anyhow::Result<SandboxEndpoints> {
    let program = program()?;
    let run = Command::new(&program)
        .args(["up", "--json", "--name", name])
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to start {}", program.display()))?;
    if !run.status.success() {
        bail!("failed to start the sandbox {name}");
    }
    let sandbox: Sandbox = serde_json::from_slice(&run.stdout).with_context(|| {
        format!(
            "{} did not print the sandbox's addresses",
            program.display()
        )
    })?;
    let variable = |name: &str| sandbox.env.get(name).cloned().unwrap_or_default();
    Ok(SandboxEndpoints {
        aws: EndpointOverride {
            access_key_id: variable("AWS_ACCESS_KEY_ID"),
            secret_access_key: variable("AWS_SECRET_ACCESS_KEY").into(),
            url: sandbox.endpoint,
            s3_url: Some(sandbox.s3_endpoint),
            ca_bundle: Some(sandbox.ca_file),
        },
        cloudflare: variable(ADDRESS_VARIABLE),
        cloudflare_token: variable(TOKEN_VARIABLE).into(),
    })
}

/// The sandbox is a separate program in the same folder. nex itself contains no emulator.
fn program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("failed to find the folder of this program")?;
    let program = own.with_file_name("nex-sandbox");
    if !program.is_file() {
        bail!(
            "the program nex-sandbox is not in the folder of this one: build it by `cargo build -p nex-sandbox`, or use `cargo xtask`"
        );
    }
    Ok(program)
}
