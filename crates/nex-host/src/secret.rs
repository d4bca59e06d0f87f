//! Which secrets a host reads, and what becomes of their values.

use serde::{Deserialize, Serialize};

use crate::file::{HostPath, Mode, Owner};
use crate::settings::Role;
use crate::text::SecretName;

/// One secret that a host reads with its role. A bundle has the name and never the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretUse {
    /// The secret in AWS Secrets Manager.
    pub name: SecretName,
    /// What its value becomes on the host.
    pub target: SecretTarget,
}

/// What the value of a secret becomes on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretTarget {
    /// A file that holds the value as it is.
    File {
        /// Where the file is.
        path: HostPath,
        /// The file's permissions.
        mode: Mode,
        /// The file's user and group.
        owner: Owner,
    },
    /// The origin certificate of the GitLab server: JSON with `certificate` and `key`, both in PEM.
    OriginCertificate,
    /// The token (`glrt-...`) in a runner's `config.toml`.
    RunnerToken,
}

impl SecretTarget {
    /// The role of the hosts that have this target; `None` if every host may have it.
    pub(crate) fn role(&self) -> Option<Role> {
        match self {
            SecretTarget::File { .. } => None,
            SecretTarget::OriginCertificate => Some(Role::Server),
            SecretTarget::RunnerToken => Some(Role::Runner),
        }
    }

    /// The file that holds the value.
    pub(crate) fn path(&self) -> Option<&HostPath> {
        match self {
            SecretTarget::File { path, .. } => Some(path),
            SecretTarget::OriginCertificate | SecretTarget::RunnerToken => None,
        }
    }
}
