//! The repository of gitlab-runner, with keys that are trusted by their fingerprints.

use std::time::Duration;

use nex_host::{HostPath, Mode, RunnerSettings, SigningKey};

use super::settings;
use crate::failure::Failure;
use crate::host::Host;
use crate::step::{Again, Step, inputs};
use crate::steps::key;

/// A key has some KB.
const DEADLINE: Duration = Duration::from_secs(5 * 60);

const REPOSITORY: &str = "/etc/yum.repos.d/gitlab-runner.repo";

/// Installs the keys and the repository.
pub(super) fn step() -> Step {
    Step {
        name: "package-source",
        deadline: DEADLINE,
        needs: &[],
        inputs: |contents| inputs(&contents.settings),
        again: Again::OnChange,
        run: |host| Box::pin(install(host)),
    }
}

async fn install(host: &Host<'_>) -> Result<(), Failure> {
    let settings = settings(host)?;
    let owner = host.root.owner();
    for one in &settings.keys {
        let armoured = key::fetch(host, one).await?;
        host.root
            .put(&path(one), Mode::READABLE, &owner, &armoured)?;
    }
    let repository = repository(settings);
    let target = REPOSITORY.parse().expect("a path");
    host.root
        .put(&target, Mode::READABLE, &owner, repository.as_bytes())?;
    Ok(())
}

fn path(key: &SigningKey) -> HostPath {
    let path = format!("/etc/pki/rpm-gpg/nex-{}.asc", key.fingerprint);
    path.parse()
        .expect("hexadecimal digits are allowed in a path")
}

/// dnf imports keys from the machine only: whatever the server gives for a key would otherwise be trusted.
fn repository(settings: &RunnerSettings) -> String {
    let keys = settings
        .keys
        .iter()
        .map(|key| format!("file://{}", path(key)));
    let keys: Vec<String> = keys.collect();
    format!(
        "\
[gitlab-runner]
name=GitLab Runner
baseurl={}
enabled=1
gpgcheck=1
repo_gpgcheck=1
gpgkey={}
sslverify=1
",
        settings.repository,
        keys.join("\n       ")
    )
}
