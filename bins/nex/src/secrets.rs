//! Fetches the values that a spec refers to, at the last moment, for those who need them.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use nex_infra::aws::Vault;
use nex_plan::{Action, Plan, SecretRef};
use secrecy::SecretString;

/// Random bytes of a sandbox's secret.
const SANDBOX_BYTES: usize = 16;

/// The values that `plan` needs: of secrets that it makes or fills.
pub(crate) async fn needed(
    plan: &Plan,
    given: &BTreeMap<String, SecretRef>,
    sandbox: bool,
) -> anyhow::Result<nex_infra::aws::Given> {
    let mut values = nex_infra::aws::Given::new();
    for (name, reference) in given {
        let is_needed = plan.actions.iter().any(|change| {
            let filled = change.fields.iter().any(|field| field.field == "value");
            change.resource.kind == "secret"
                && change.resource.name == *name
                && change.action != Action::Delete
                && filled
        });
        if is_needed {
            let value = match sandbox {
                // A sandbox never sees a real secret.
                true => made_up()?,
                false => resolve(reference, None)
                    .await
                    .with_context(|| format!("failed to get {reference} for the secret {name}"))?,
            };
            values.insert(name.clone(), value);
        }
    }
    Ok(values)
}

fn made_up() -> anyhow::Result<SecretString> {
    let mut bytes = [0; SANDBOX_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("no randomness to be had: {error}"))?;
    Ok(format!("sandbox-{}", hex::encode(bytes)).into())
}

/// The value that `reference` points at; of one in Secrets Manager by `vault`.
pub(crate) async fn resolve(
    reference: &SecretRef,
    vault: Option<&Vault>,
) -> anyhow::Result<SecretString> {
    let value = match reference {
        SecretRef::Env(name) => {
            std::env::var(name).with_context(|| format!("{name} is not set"))?
        }
        SecretRef::File(path) => {
            let text = tokio::task::spawn_blocking({
                let path = path.clone();
                move || std::fs::read_to_string(path)
            });
            let text = text.await?;
            let text = text.with_context(|| format!("{} can't be read", path.display()))?;
            text.trim_end_matches(['\n', '\r']).to_owned()
        }
        SecretRef::Doppler {
            project,
            config,
            name,
        } => doppler(project, config, name).await?,
        SecretRef::SecretsManager(name) => {
            let vault = vault.context("there is no connection to AWS to read it by")?;
            let value = vault.read(name).await?;
            let value = value.with_context(|| format!("{name} has no value"))?;
            return Ok(value.text);
        }
    };
    if value.is_empty() {
        bail!("it is empty");
    }
    Ok(value.into())
}

/// By Doppler's own command, with the login that the operator has.
async fn doppler(project: &str, config: &str, name: &str) -> anyhow::Result<String> {
    let run = tokio::process::Command::new("doppler")
        .args(["secrets", "get", name, "--plain"])
        .args(["--project", project, "--config", config])
        .output()
        .await
        .context("the command `doppler` can't be run: install it and log in by `doppler login`")?;
    if !run.status.success() {
        let said = String::from_utf8_lossy(&run.stderr);
        bail!("doppler: {}", said.trim());
    }
    let value = String::from_utf8(run.stdout).context("the value is not text")?;
    Ok(value.trim_end_matches(['\n', '\r']).to_owned())
}
