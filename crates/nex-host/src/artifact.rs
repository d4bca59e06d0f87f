//! What lies in the artifacts bucket for hosts, and how a host finds it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::{BuildId, Digest};
use crate::settings::Role;
use crate::text::{Account, BucketName, InvalidText, ObjectKey, Region};

/// A bucket and the account that must own it. A bucket name is global to AWS: after the account's own bucket was
/// deleted, a stranger could make one of the same name.
///
/// ```
/// let bucket: nex_host::Bucket = "009001720821/example-artifacts".parse()?;
/// assert_eq!(bucket.name.as_str(), "example-artifacts");
/// # Ok::<(), nex_host::InvalidText>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The bucket's name.
    pub name: BucketName,
    /// The account that must own the bucket.
    pub account: Account,
}

/// An object in the artifacts bucket, as a host checks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The object's key.
    pub key: ObjectKey,
    /// The hash of the object's bytes.
    pub sha256: Digest,
    /// The object's size in bytes.
    pub bytes: u64,
}

/// A build of the agent: one program, the same for both roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// What the program was built from.
    pub build: BuildId,
    /// The hash of the program's bytes.
    pub sha256: Digest,
    /// The program's size in bytes.
    pub bytes: u64,
}

/// What a host must know to fetch its agent and its bundle, and where it writes its status. User data brings it to the
/// host, which keeps it with its own ARN at [`HOST_FILE_PATH`](crate::HOST_FILE_PATH).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostConfig {
    /// What the host is.
    pub role: Role,
    /// The Region of the host and of both buckets.
    pub region: Region,
    /// The bucket that holds the agent and the bundle.
    pub artifacts: Bucket,
    /// The bucket that gets the status.
    pub status: Bucket,
    /// The agent's program.
    pub agent: Artifact,
    /// The bundle.
    pub bundle: Artifact,
}

impl Agent {
    /// The object that holds the program. Its key is the build, so that a build that is already stored is found without
    /// building it again.
    pub fn artifact(&self) -> Artifact {
        Artifact {
            key: key("agent", &self.build.to_string()),
            sha256: self.sha256,
            bytes: self.bytes,
        }
    }
}

impl Artifact {
    /// The object that holds the bundle `digest`, with this size in bytes.
    pub fn of_bundle(digest: Digest, bytes: u64) -> Self {
        Self {
            key: key("bundle", &format!("{digest}.json")),
            sha256: digest,
            bytes,
        }
    }
}

fn key(kind: &str, name: &str) -> ObjectKey {
    let key = format!("hosts/{kind}/{name}").parse();
    key.expect("hexadecimal digits are allowed in a key")
}

impl FromStr for Bucket {
    type Err = InvalidText;

    /// Reads `ACCOUNT/NAME`.
    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let (account, name) = text.split_once('/').ok_or(InvalidText {
            what: "a bucket with its account",
            allowed: "ACCOUNT/NAME",
        })?;
        Ok(Self {
            name: name.parse()?,
            account: account.parse()?,
        })
    }
}
