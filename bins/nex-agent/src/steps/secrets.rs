//! Writes the secrets that are files.

use std::time::Duration;

use nex_host::SecretTarget;
use secrecy::ExposeSecret as _;

use crate::failure::Failure;
use crate::host::Host;
use crate::root::Written;
use crate::step::{Again, Step, inputs};

/// Four calls for each of a few secrets.
const DEADLINE: Duration = Duration::from_secs(5 * 60);

/// Writes the values of secrets to their files.
pub(super) fn step() -> Step {
    Step {
        name: "secrets",
        deadline: DEADLINE,
        needs: &[],
        inputs: |contents| inputs(&contents.secrets),
        again: Again::OnChange,
        run: |host| Box::pin(write(host)),
    }
}

async fn write(host: &Host<'_>) -> Result<(), Failure> {
    for secret in &host.contents.secrets {
        let SecretTarget::File { path, mode, owner } = &secret.target else {
            continue;
        };
        let value = host.cloud.secret(&secret.name).await?;
        let value = value.expose_secret().as_bytes();
        if host.root.put(path, *mode, owner, value)? == Written::Changed {
            host.log
                .line(&format!("wrote the secret {} to {path}", secret.name));
        }
    }
    Ok(())
}
