//! What runs on a host, the GitLab server or a runner of the fleet: the *bundle* that says how to set the host up, the
//! user data that installs it, and the *status* that the host writes. Pure: no I/O, no network, no clock.
//!
//! - [`Bundle`] is one document with typed [`Settings`], rendered [`File`]s and the names of secrets, never their
//!   values. Its name is the SHA-256 of its bytes, so what a host applies is exactly what nex made.
//! - [`user_data`] renders the script that cloud-init runs at a host's first boot. It is the same script for both
//!   roles: it fetches the agent and the bundle from the artifacts bucket, checks them, and starts the agent.
//! - [`Status`] is what a host says about itself, in one object of the status bucket ([`InstanceArn::status_key`]).
//!
//! ```
//! use nex_host::{
//!     Agent, Bundle, Contents, Digest, File, HostConfig, Mode, Owner, Role, RunnerSettings, Settings, SigningKey,
//! };
//!
//! let settings = RunnerSettings {
//!     version: "19.4.0".into(),
//!     repository: "https://packages.gitlab.com/runner/gitlab-runner/amazon/2023/$basearch".parse()?,
//!     keys: vec![SigningKey {
//!         url: "https://packages.gitlab.com/gpgkey/gpg.key".parse()?,
//!         fingerprint: "F6403F6544A38863DAA0B6E03F01618A51312F3F".parse()?,
//!     }],
//! };
//! let program = b"the agent's program";
//! let agent = Agent { build: Digest::of(b"its sources").into(), sha256: Digest::of(program), bytes: 19 };
//! let bundle = Bundle::new(Contents {
//!     agent: agent.clone(),
//!     settings: Settings::Runner(settings),
//!     files: vec![File {
//!         path: "/etc/systemd/system/docker-cleanup.timer".parse()?,
//!         mode: Mode::READABLE,
//!         owner: Owner::root(),
//!         content: "[Timer]\nOnBootSec=1h\n".into(),
//!     }],
//!     secrets: vec![],
//! })?;
//! assert_eq!(bundle.role(), Role::Runner);
//! // The host opens the bundle that it was told to apply, and no other.
//! let opened = Bundle::open(bundle.bytes(), bundle.digest(), Role::Runner)?;
//! assert_eq!(opened, bundle);
//!
//! let host = HostConfig {
//!     role: Role::Runner,
//!     region: "eu-west-3".parse()?,
//!     artifacts: "009001720821/example-artifacts".parse()?,
//!     status: "009001720821/example-status".parse()?,
//!     agent: agent.artifact(),
//!     bundle: bundle.artifact(),
//! };
//! let script = nex_host::user_data(&host)?;
//! assert!(script.starts_with("#!/usr/bin/env python3\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod artifact;
mod bundle;
mod digest;
mod file;
mod instance;
mod secret;
mod settings;
mod status;
mod text;
mod user_data;

pub use artifact::{Agent, Artifact, Bucket, HostConfig};
pub use bundle::{BUNDLE_LIMIT, Bundle, BundleError, Contents, FORMAT, Part, Refusal};
pub use digest::{BuildId, Digest};
pub use file::{File, HostPath, Mode, Owner};
pub use instance::{InstanceArn, STATUS_KEY_IN_POLICIES};
pub use secret::{SecretTarget, SecretUse};
pub use settings::{
    BackupSettings, DatabaseSettings, PackageSource, Role, RunnerSettings, ServerPackages,
    ServerSettings, Settings, SigningKey, SslMode,
};
pub use status::{
    Backup, Cause, Disk, Format, List, LogLine, Outcome, Reason, RunnerState, STALE_AFTER,
    STATUS_FORMAT, STATUS_LIMIT, State, Status, StatusError, Step, Text, Timestamp,
};
pub use text::{
    Account, BucketName, Fingerprint, InvalidText, ObjectKey, Region, SecretName, WebUrl,
};
pub use user_data::{
    AGENT_PATH, BUNDLE_PATH, HOST_FILE_PATH, USER_DATA_LIMIT, UserDataTooLarge, user_data,
};
