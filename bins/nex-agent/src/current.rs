//! Which bundle the host applies: the one that came with its user data, or a later one.

use nex_host::{
    BUNDLE_PATH, Bundle, Cause, Digest, HOST_FILE_PATH, HostConfig, InstanceArn, Mode, Reason, Role,
};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::root::Root;

/// Where the choice is kept.
const PATH: &str = "/var/lib/nex/current.json";

/// The folder of the bundles that came later.
const FOLDER: &str = "/var/lib/nex/bundles";

/// What user data left on the machine.
#[derive(Clone, Debug, Deserialize)]
pub struct Installed {
    /// The machine's own ARN.
    pub instance: InstanceArn,
    /// What user data was rendered from.
    #[serde(flatten)]
    pub host: HostConfig,
}

/// The choice of a bundle.
#[derive(Serialize, Deserialize)]
struct Choice {
    /// The bundle of the user data at that time. Another user data starts afresh.
    installed: Digest,
    /// The bundle that was chosen.
    chosen: Digest,
}

/// A bundle on the machine.
pub struct Chosen {
    /// Where it is.
    path: String,
    /// Its digest.
    pub digest: Digest,
}

impl Installed {
    /// Reads what user data left.
    ///
    /// # Errors
    /// A [`Failure`] if user data has not installed the host.
    pub fn load(root: &Root) -> Result<Self, Failure> {
        let text = root.read(HOST_FILE_PATH)?;
        let text = text.ok_or_else(|| {
            Failure::new(
                Cause::Other,
                format!("there is no {HOST_FILE_PATH}: this host was not installed by nex"),
            )
        })?;
        serde_json::from_slice(&text).map_err(|error| {
            Failure::new(
                Cause::Other,
                format!("failed to read {HOST_FILE_PATH}: {error}"),
            )
        })
    }

    /// Which bundle the host applies.
    ///
    /// # Errors
    /// A [`Failure`] if the choice can't be read.
    pub fn chosen(&self, root: &Root) -> Result<Chosen, Failure> {
        let installed = self.host.bundle.sha256;
        let choice = root.read(PATH)?;
        let choice: Option<Choice> = choice.and_then(|text| serde_json::from_slice(&text).ok());
        let chosen = choice.filter(|choice| choice.installed == installed);
        Ok(match chosen {
            Some(choice) => Chosen {
                path: path_of(choice.chosen),
                digest: choice.chosen,
            },
            None => Chosen {
                path: BUNDLE_PATH.to_owned(),
                digest: installed,
            },
        })
    }

    /// The bundle that the host applies.
    ///
    /// # Errors
    /// A [`Failure`] if the host has no bundle, or if the bundle is refused.
    pub fn bundle(&self, root: &Root) -> Result<Bundle, Failure> {
        let Chosen { path, digest } = self.chosen(root)?;
        let missing = || Failure::new(Cause::Other, format!("the bundle {path} is missing"));
        let bytes = root.read(&path)?.ok_or_else(missing)?;
        open(&bytes, digest, self.host.role)
    }

    /// Keeps a bundle as the one that the host applies.
    ///
    /// # Errors
    /// A [`Failure`] if it can't be written.
    pub fn choose(&self, root: &Root, bundle: &Bundle) -> Result<(), Failure> {
        let choice = Choice {
            installed: self.host.bundle.sha256,
            chosen: bundle.digest(),
        };
        let choice = serde_json::to_vec(&choice).expect("text serializes to JSON");
        let owner = root.owner();
        let path = path_of(bundle.digest()).parse().expect("a path");
        root.put(&path, Mode::PRIVATE, &owner, bundle.bytes())?;
        root.put(
            &PATH.parse().expect("a path"),
            Mode::PRIVATE,
            &owner,
            &choice,
        )?;
        Ok(())
    }
}

/// Opens a bundle. A refusal is a failure with its cause.
///
/// # Errors
/// A [`Failure`] if the bundle is refused.
pub fn open(bytes: &[u8], digest: Digest, role: Role) -> Result<Bundle, Failure> {
    Bundle::open(bytes, digest, role).map_err(|refusal| {
        let reason = Reason::from(&refusal);
        Failure::new(reason.cause, nex_plan::chain(&refusal))
    })
}

fn path_of(digest: Digest) -> String {
    format!("{FOLDER}/{digest}.json")
}
