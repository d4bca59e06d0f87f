//! The steps of a host's set-up, and why one failed.

use serde::{Deserialize, Serialize};

use super::{Text, Timestamp};

/// One step of the set-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The step's name, such as `fetch`.
    pub name: Text<40>,
    /// How far the step is.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It needs an earlier step.
    Waiting,
    /// It runs.
    Running {
        /// When it started.
        started_at: Timestamp,
    },
    /// It succeeded.
    Done {
        /// When it started.
        started_at: Timestamp,
        /// When it ended.
        ended_at: Timestamp,
    },
    /// It failed. The host tries it again.
    Failed {
        /// When it started.
        started_at: Timestamp,
        /// When it ended.
        ended_at: Timestamp,
        /// Why it failed.
        reason: Reason,
    },
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The kind of cause.
    pub cause: Cause,
    /// What people need to know about it, such as the name of the secret.
    pub text: Text<240>,
}

impl Reason {
    /// A reason with a text for people. The text must hold no secret.
    pub fn new(cause: Cause, text: &str) -> Self {
        Self {
            cause,
            text: text.into(),
        }
    }
}

/// The kind of cause of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// A secret has no value yet.
    NoSecret,
    /// AWS refused a call.
    AccessDenied,
    /// An address can't be reached.
    NoNetwork,
    /// A disk has no room.
    DiskFull,
    /// Another program kept apt's lock.
    AptLocked,
    /// The key at an address is not the expected one.
    KeyFingerprintDiffers,
    /// A package, or this version of it, is not in its repository.
    PackageMissing,
    /// A program was started and does not answer as it should.
    HealthCheckFailed,
    /// The step took longer than it may.
    TimedOut,
    /// What was fetched is not what was asked for.
    HashMismatch,
    /// The agent does not accept the bundle.
    BundleRefused,
    /// Something else, or a cause that only a newer agent knows.
    #[serde(other)]
    Other,
}
