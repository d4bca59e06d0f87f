//! The status: what a host says about itself.

mod bounded;
mod moment;
mod step;

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use bounded::{List, Text};
pub use moment::Timestamp;
pub use step::{Cause, Outcome, Reason, Step};

use crate::digest::{BuildId, Digest};
use crate::instance::InstanceArn;
use crate::settings::Role;

/// The version of the status's format. It changes when a field gets another meaning; a new field does not change it.
pub const STATUS_FORMAT: u32 = 1;

/// The largest status, in bytes. The limits of the texts and lists in a [`Status`] keep it below.
pub const STATUS_LIMIT: usize = 20_000;

/// A host writes its status after each step and every 5 minutes: after three times that, it does not write any more.
pub const STALE_AFTER: Duration = Duration::from_secs(15 * 60);

/// What a host says about itself.
///
/// A host that was taken over can write anything here, within the limits: nothing in a status may be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the format.
    pub format: Format,
    /// What the host is.
    pub role: Role,
    /// The host.
    pub instance: InstanceArn,
    /// When the host wrote the status.
    pub written_at: Timestamp,
    /// The build of the agent; `None` while the agent is not installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<BuildId>,
    /// The bundle that the host applies or has applied; `None` while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Digest>,
    /// The steps of the set-up, in their order.
    pub steps: List<Step, 24>,
    /// The disks.
    #[serde(default)]
    pub disks: List<Disk, 4>,
    /// When the origin certificate ends. Only a server has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_ends_at: Option<Timestamp>,
    /// The last backup that succeeded. Only a server makes any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<Backup>,
    /// The host's public SSH keys, as in `known_hosts`: algorithm and key.
    #[serde(default)]
    pub ssh_host_keys: List<Text<800>, 4>,
    /// The newest line of the agent's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_log_line: Option<LogLine>,
    /// What gitlab-runner does. Only a runner has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<RunnerState>,
}

/// The version of the format: always [`STATUS_FORMAT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(STATUS_FORMAT)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            STATUS_FORMAT => Ok(Self),
            found => Err(serde::de::Error::custom(StatusError::UnknownFormat {
                found,
            })),
        }
    }
}

/// A disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Where the file system is mounted, such as `/`.
    pub path: Text<64>,
    /// The size of the file system in bytes.
    pub bytes: u64,
    /// How many bytes are free.
    pub free_bytes: u64,
}

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// When it ended.
    pub ended_at: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub text: Text<400>,
}

/// What gitlab-runner does on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum RunnerState {
    /// It takes jobs.
    Running,
    /// It ends its jobs and takes no more.
    Draining,
    /// It does not run.
    Stopped,
    /// Something that only a newer agent knows.
    #[serde(other)]
    Unknown,
}

/// How far a host is, by its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    /// All steps are done.
    Done,
    /// No step has failed, and some are not done.
    Working,
    /// A step has failed. The host tries it again.
    Failed,
}

/// Why a document is not a valid status.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatusError {
    /// The document exceeds [`STATUS_LIMIT`].
    #[error("the status has {bytes} bytes; at most {STATUS_LIMIT} are allowed")]
    TooLarge {
        /// The size in bytes.
        bytes: usize,
    },
    /// A newer agent wrote the document in another format.
    #[error("the status has the format {found}; only the format {STATUS_FORMAT} is known")]
    UnknownFormat {
        /// The document's format.
        found: u32,
    },
    /// The document is not a status.
    #[error("the status can't be read")]
    Malformed(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Envelope {
    format: u32,
}

impl Status {
    /// Reads a status. Fields that only a newer agent knows are left out; every other field must have its type.
    ///
    /// # Errors
    /// A [`StatusError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusError> {
        if bytes.len() > STATUS_LIMIT {
            return Err(StatusError::TooLarge { bytes: bytes.len() });
        }
        let Envelope { format } = serde_json::from_slice(bytes).map_err(StatusError::Malformed)?;
        if format != STATUS_FORMAT {
            return Err(StatusError::UnknownFormat { found: format });
        }
        serde_json::from_slice(bytes).map_err(StatusError::Malformed)
    }

    /// The document: JSON of at most [`STATUS_LIMIT`] bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text, numbers and lists serialize to JSON")
    }

    /// How old the status is; zero if the host's clock is ahead of `now`.
    pub fn age(&self, now: Timestamp) -> Duration {
        now.since(self.written_at)
    }

    /// Whether the host has not written its status for [`STALE_AFTER`].
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.age(now) > STALE_AFTER
    }

    /// How far the host is.
    pub fn state(&self) -> State {
        let steps = self.steps.as_slice();
        let all_done = steps
            .iter()
            .all(|step| matches!(step.outcome, Outcome::Done { .. }));
        if steps
            .iter()
            .any(|step| matches!(step.outcome, Outcome::Failed { .. }))
        {
            State::Failed
        } else if all_done && !steps.is_empty() {
            State::Done
        } else {
            State::Working
        }
    }
}
