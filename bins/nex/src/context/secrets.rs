//! Fetches the values that a spec refers to, as late as possible and only where a step needs them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use nex_infra::aws::{SecretStore, SuppliedSecrets};
use nex_plan::{Plan, SecretRef};
use secrecy::SecretString;

use super::Context;

/// How many random bytes a sandbox's secret has.
const SANDBOX_BYTES: usize = 16;

/// The values that `plan` needs: those of secrets that it creates or fills. `references` are the spec's, by the name of
/// the secret.
pub(crate) async fn supplied(
    context: &Context,
    plan: &Plan<nex_infra::Step>,
    references: &BTreeMap<String, SecretRef>,
) -> anyhow::Result<SuppliedSecrets> {
    let mut values = SuppliedSecrets::new();
    for (name, reference) in references {
        if plan.steps().any(|step| step.fills_secret(name)) {
            let value = if context.is_sandbox() {
                // A sandbox never gets a real secret.
                random()?
            } else {
                resolve(context, reference)
                    .await
                    .with_context(|| format!("failed to get {reference} for the secret {name}"))?
            };
            values.insert(name.clone(), value);
        }
    }
    Ok(values)
}

fn random() -> anyhow::Result<SecretString> {
    let mut bytes = [0; SANDBOX_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("failed to get random bytes: {error}"))?;
    Ok(format!("sandbox-{}", hex::encode(bytes)).into())
}

/// The value that `reference` refers to.
pub(crate) async fn resolve(
    context: &Context,
    reference: &SecretRef,
) -> anyhow::Result<SecretString> {
    let value = match reference {
        SecretRef::Env(name) => {
            std::env::var(name).with_context(|| format!("{name} is not set"))?
        }
        SecretRef::File(path) => {
            let path = context.project.join(path);
            let text = std::fs::read_to_string(&path);
            let text = text.with_context(|| format!("{} can't be read", path.display()))?;
            text.trim_end_matches(['\n', '\r']).to_owned()
        }
        SecretRef::Doppler {
            project,
            config,
            name,
        } => doppler(project, config, name).await?,
        SecretRef::SecretsManager(name) => {
            let store = SecretStore::new(Arc::clone(context.aws().await?));
            let value = store.read(name).await?;
            let value = value.with_context(|| format!("{name} has no value"))?;
            return Ok(value.text);
        }
    };
    ensure!(!value.is_empty(), "the value is empty");
    Ok(value.into())
}

/// Runs Doppler's own command with the operator's login.
async fn doppler(project: &str, config: &str, name: &str) -> anyhow::Result<String> {
    let run = tokio::process::Command::new("doppler")
        .args(["secrets", "get", name, "--plain"])
        .args(["--project", project, "--config", config])
        .output()
        .await
        .context(
            "failed to run the command `doppler`: install it, and log in by `doppler login`",
        )?;
    if !run.status.success() {
        let message = String::from_utf8_lossy(&run.stderr);
        bail!("doppler: {}", message.trim());
    }
    let value = String::from_utf8(run.stdout).context("the value is not text")?;
    Ok(value.trim_end_matches(['\n', '\r']).to_owned())
}
