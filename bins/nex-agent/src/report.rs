//! The host's status: on the machine, and in the status bucket.

use futures_util::future::BoxFuture;
use nex_host::{
    BuildId, Digest, Disk, Format, InstanceArn, Mode, Role, RunnerState, Status, Text, Timestamp,
};
use rustix::fs::statvfs;
use x509_parser::pem::parse_x509_pem;

use crate::backup;
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::journal::Journal;
use crate::log::Log;
use crate::program::Programs;
use crate::root::Root;
use crate::step::Observer;
use crate::steps::CERTIFICATE;

/// Where the status is on the machine.
pub const STATUS_PATH: &str = "/var/lib/nex/status.json";

/// The file systems that a host can fill.
const MOUNTS: [&str; 2] = ["/", "/var/lib/docker"];

/// The kinds of SSH host keys.
const SSH_KEYS: [&str; 3] = ["ed25519", "ecdsa", "rsa"];

/// Writes the journal and the status after each change.
pub struct Reporter<'a> {
    /// The machine's files.
    pub root: &'a Root,
    /// The machine's programs.
    pub programs: &'a Programs,
    /// AWS.
    pub cloud: &'a dyn Cloud,
    /// The log.
    pub log: &'a Log,
    /// The time.
    pub clock: Clock,
    /// The machine's own ARN.
    pub instance: &'a InstanceArn,
    /// What the machine is.
    pub role: Role,
    /// The agent's build; `None` for one that was not built for hosts.
    pub build: Option<BuildId>,
    /// The digest of the bundle that the machine applies; `None` if it has none.
    pub bundle: Option<Digest>,
}

impl Observer for Reporter<'_> {
    fn changed<'a>(&'a mut self, journal: &'a Journal) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            journal.save(self.root)?;
            self.write(journal).await
        })
    }
}

impl Reporter<'_> {
    /// Writes the status. A status that does not reach the bucket is a line in the log: the next one may.
    async fn write(&self, journal: &Journal) -> Result<(), Failure> {
        let document = self.status(journal).await.to_bytes();
        let path = STATUS_PATH.parse().expect("a path");
        let owner = self.root.owner();
        self.root.put(&path, Mode::READABLE, &owner, &document)?;
        let key = self.instance.status_key();
        if let Err(failure) = self.cloud.put_status(&key, document).await {
            let text = format!("the status was not stored: {failure}");
            self.log.line(&text);
        }
        Ok(())
    }

    async fn status(&self, journal: &Journal) -> Status {
        let disks = MOUNTS.iter().filter_map(|path| disk(self.root, path));
        let ssh_keys = SSH_KEYS.iter().filter_map(|kind| ssh_key(self.root, kind));
        Status {
            format: Format,
            role: self.role,
            instance: self.instance.clone(),
            written_at: (self.clock)(),
            agent: self.build,
            bundle: self.bundle,
            steps: journal.steps().collect(),
            disks: disks.collect(),
            certificate_ends_at: certificate_end(self.root),
            last_backup: backup::last(self.root),
            ssh_host_keys: ssh_keys.collect(),
            newest_log_line: self.log.newest(),
            runner: match self.role {
                Role::Runner => self.runner().await,
                Role::Server => None,
            },
        }
    }

    /// What systemd says about gitlab-runner; `None` if it says nothing.
    async fn runner(&self) -> Option<RunnerState> {
        let args = ["show", "--property=ActiveState", "--value", "gitlab-runner"];
        let state = self.programs.ask("systemctl", &args).await?;
        match state.trim() {
            "" => None,
            "active" | "reloading" => Some(RunnerState::Running),
            // A stop waits for the running jobs.
            "deactivating" => Some(RunnerState::Draining),
            _ => Some(RunnerState::Stopped),
        }
    }
}

/// When the origin certificate expires; `None` if the host has no readable certificate.
fn certificate_end(root: &Root) -> Option<Timestamp> {
    let pem = root.read(CERTIFICATE).ok()??;
    let (_, pem) = parse_x509_pem(&pem).ok()?;
    let end = pem.parse_x509().ok()?.validity().not_after.timestamp();
    Some(Timestamp::from_unix(end.try_into().ok()?))
}

/// The file system of a folder; `None` if the folder does not exist.
fn disk(root: &Root, path: &str) -> Option<Disk> {
    let found = statvfs(root.path(path)).ok()?;
    Some(Disk {
        path: path.into(),
        bytes: found.f_blocks.saturating_mul(found.f_frsize),
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
    })
}

/// A public key without its comment.
fn ssh_key(root: &Root, kind: &str) -> Option<Text<800>> {
    let text = root
        .read(&format!("/etc/ssh/ssh_host_{kind}_key.pub"))
        .ok()??;
    let text = String::from_utf8(text).ok()?;
    let mut words = text.split_whitespace();
    let (algorithm, key) = (words.next()?, words.next()?);
    Some(format!("{algorithm} {key}").as_str().into())
}
