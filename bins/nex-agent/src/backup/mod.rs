//! The daily backup of GitLab: its archive goes to a bucket, its keys into a secret, apart from each other.

mod keys;
mod upload;

use std::fs;
use std::path::{Path, PathBuf};

use nex_host::{Backup, BackupSettings, Cause, Digest, Mode, Settings, Timestamp};
use rustix::fs::statvfs;
use serde::{Deserialize, Serialize};

use crate::cloud::Destination;
use crate::failure::Failure;
use crate::host::Host;
use crate::root::Root;

/// Where GitLab writes its archives.
const FOLDER: &str = "/var/opt/gitlab/backups";

/// The end of an archive's name, in GitLab's words.
const SUFFIX: &str = "_gitlab_backup.tar";

/// Where the last success is kept.
const PATH: &str = "/var/lib/nex/backup.json";

/// What is known about the last backup that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Last {
    ended_at: Timestamp,
    /// The size of its archive.
    bytes: u64,
    /// The keys that the secret has.
    keys: Option<Digest>,
}

/// The last backup that succeeded, for the status.
pub fn last(root: &Root) -> Option<Backup> {
    let Last {
        ended_at, bytes, ..
    } = read_last(root)?;
    Some(Backup { ended_at, bytes })
}

/// Makes a backup. An upload that was interrupted goes on where it was, without a new archive.
///
/// # Errors
/// A [`Failure`]; its cause is [`Cause::DiskFull`] if the disk has no room for another archive.
pub async fn run(host: &Host<'_>) -> Result<(), Failure> {
    let settings = settings(host)?;
    let last = read_last(host.root);
    let known = last.as_ref().and_then(|last| last.keys);
    // The keys go first: they are small, and useful even if the archive fails.
    let keys = keys::store(host, &settings.keys, known).await?;
    let archive = match upload::interrupted(host.root)? {
        Some(archive) => archive,
        None => create(host, last.map_or(0, |last| last.bytes)).await?,
    };
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let key = format!("{}{name}", settings.prefix).parse();
    let to = Destination {
        bucket: settings.bucket.clone(),
        key: key.map_err(|_| {
            Failure::new(Cause::Other, "the archive's name is not a valid object key")
        })?,
    };
    let bytes = upload::run(host, &archive, &to).await?;
    for other in archives(host.root) {
        if other != archive {
            fs::remove_file(&other).map_err(Failure::file("remove an older archive"))?;
        }
    }
    let last = Last {
        ended_at: (host.clock)(),
        bytes,
        keys: Some(keys),
    };
    host.log
        .line(&format!("stored the backup {} of {bytes} bytes", to.key));
    write(host.root, PATH, &last)
}

fn settings<'a>(host: &Host<'a>) -> Result<&'a BackupSettings, Failure> {
    match &host.contents.settings {
        Settings::Server(settings) => Ok(&settings.backups),
        Settings::Runner(_) => Err(Failure::new(
            Cause::Other,
            "a runner has nothing to back up",
        )),
    }
}

/// Lets GitLab make an archive, and returns its path. `last` is the size of the last one.
async fn create(host: &Host<'_>, last: u64) -> Result<PathBuf, Failure> {
    let folder = host.root.path(FOLDER);
    fs::create_dir_all(&folder).map_err(Failure::file(format!("create {FOLDER}")))?;
    let found =
        statvfs(&folder).map_err(|error| Failure::file("look at the disk")(error.into()))?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    // A full disk stops GitLab.
    let needed = last.saturating_add(last / 5);
    if free < needed {
        let text = format!(
            "{FOLDER} has {free} bytes free; a backup needs {needed}, 1.2 times the last one"
        );
        return Err(Failure::new(Cause::DiskFull, text));
    }
    let before = archives(host.root);
    host.programs
        .run(host.log, "gitlab-backup", &["create"])
        .await?;
    let mut new = archives(host.root);
    new.retain(|archive| !before.contains(archive));
    let missing = || {
        Failure::new(
            Cause::Other,
            format!("gitlab-backup left no archive in {FOLDER}"),
        )
    };
    new.pop().ok_or_else(missing)
}

/// The archives on the machine, the newest last: their names start with the time.
fn archives(root: &Root) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.path(FOLDER))
        .into_iter()
        .flatten()
        .flatten();
    let paths = entries.map(|entry| entry.path());
    let is_archive = |path: &PathBuf| path.to_string_lossy().ends_with(SUFFIX);
    let mut archives: Vec<PathBuf> = paths.filter(is_archive).collect();
    archives.sort();
    archives
}

fn read_last(root: &Root) -> Option<Last> {
    serde_json::from_slice(&root.read(PATH).ok()??).ok()
}

/// Keeps a value on the machine.
fn write(root: &Root, path: &str, value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_vec(value).expect("text and numbers serialize to JSON");
    let path = path.parse().expect("a path");
    root.put(&path, Mode::PRIVATE, &root.owner(), &json)?;
    Ok(())
}

/// The size of a file.
fn size(path: &Path) -> Result<u64, Failure> {
    let found = fs::metadata(path).map_err(Failure::file(format!("look at {}", path.display())))?;
    Ok(found.len())
}
