//! The bundle: what a host is to become, in one content-addressed document.

mod check;
mod open;

use serde::{Deserialize, Serialize};

pub use check::{BundleError, Part};
pub use open::Refusal;

use crate::artifact::{Agent, Artifact};
use crate::digest::Digest;
use crate::file::File;
use crate::secret::SecretUse;
use crate::settings::{Role, Settings};

/// The version of the bundle's format. It changes with every change that an older agent can't read.
pub const FORMAT: u32 = 1;

/// The largest bundle, in bytes. Above that, something is in a bundle that does not belong there: all of today's files
/// of a host together have 20 KiB.
pub const BUNDLE_LIMIT: usize = 256 * 1024;

/// What a bundle says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The agent that applies the bundle.
    pub agent: Agent,
    /// The host's settings.
    pub settings: Settings,
    /// The rendered files. Their order does not matter.
    pub files: Vec<File>,
    /// The secrets that the host reads. Their order does not matter.
    pub secrets: Vec<SecretUse>,
}

/// A valid bundle with its bytes. Equal contents have equal bytes, and so the same digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    contents: Contents,
    bytes: Vec<u8>,
    digest: Digest,
}

/// The document: JSON in this order of fields, without white space.
#[derive(Serialize, Deserialize)]
struct Document<C> {
    format: u32,
    #[serde(flatten)]
    contents: C,
}

impl Bundle {
    /// The bundle with these contents.
    ///
    /// # Errors
    /// [`BundleError::Problems`] if a file or a secret is there twice, is in another one's place or belongs to the
    /// other role, [`BundleError::TooLarge`] if the bundle exceeds [`BUNDLE_LIMIT`].
    pub fn new(mut contents: Contents) -> Result<Self, BundleError> {
        check::problems(&contents).into_result()?;
        contents
            .files
            .sort_by(|one, other| one.path.cmp(&other.path));
        contents.secrets.sort_by_cached_key(json);
        let bytes = json(&Document {
            format: FORMAT,
            contents: &contents,
        });
        check::size(&bytes, &contents)?;
        Ok(Self {
            digest: Digest::of(&bytes),
            bytes,
            contents,
        })
    }

    /// What the bundle says. The files are sorted by their paths.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The role of the hosts that the bundle is for.
    pub fn role(&self) -> Role {
        self.contents.settings.role()
    }

    /// The document.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash of the document: the bundle's name.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The object that holds the document.
    pub fn artifact(&self) -> Artifact {
        Artifact::of_bundle(self.digest, self.bytes.len() as u64)
    }
}

/// Structs keep their order of fields in JSON, and no map is in a bundle: the same value gives the same bytes.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("text, numbers and lists serialize to JSON")
}
