//! Keeps a zone with a record, a setting and an Origin CA certificate: `zone_with_certificate ZONE ADDRESS DIRECTORY`,
//! with the API token in `CLOUDFLARE_API_TOKEN`. The certificate and its key go into `DIRECTORY/ZONE.json`, which only
//! its owner can read.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, error::Error};

use nex_dns::certificate::{
    CertificateSecret, ForeignSecret, SecretReader, SecretWriter, StoreOutcome, Versioned,
};
use nex_dns::{Client, Goal, Spec, ZoneManager};
use nex_plan::{CloudError, ErrorKind, Renderer, RunContext, chain};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [zone, address, directory] = &args[..] else {
        return Err("usage: zone_with_certificate ZONE ADDRESS DIRECTORY".into());
    };
    let mut client = Client::new(&env::var("CLOUDFLARE_API_TOKEN")?.into())?;
    if let Ok(base) = env::var("CLOUDFLARE_BASE_URL") {
        client = client.with_base_url(&base)?;
    }
    let secrets = Files {
        directory: directory.into(),
    };
    let manager = ZoneManager::new(client, secrets, spec(zone)?, "example")?;
    let goal = Goal::Spec {
        address: Some(address.parse()?),
    };

    let plan = manager.read().await?.plan(&goal);
    print!("{}", Renderer::plain().linted(&plan));
    let approved = plan.approve(&BTreeSet::new())?;
    let report = manager
        .apply(&approved, &goal, RunContext::detached())
        .await?;
    for done in &report.done {
        println!("done: {} {}", done.action, done.id);
    }
    for failed in &report.failed {
        println!("failed: {}: {}", failed.id, failed.error);
    }
    if report.is_complete() {
        Ok(())
    } else {
        Err("not everything was done: run again".into())
    }
}

fn spec(zone: &str) -> Result<Spec, toml::de::Error> {
    toml::from_str(&format!(
        r#"
        zone = "{zone}"

        [[records]]
        type = "A"                         # without content: the server's address
        name = "app"
        proxied = true

        [[certificates]]
        hostnames = ["{zone}", "*.{zone}"]
        secret = "{zone}.json"

        [settings]
        ssl = "strict"                     # Cloudflare checks the origin's certificate
        ssl_automatic_mode = "custom"      # and does not change `ssl` by itself
        "#
    ))
}

/// Secrets as files in one directory, by their names.
#[derive(Clone)]
struct Files {
    directory: PathBuf,
}

#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("failed to access {0}")]
    Io(PathBuf, #[source] io::Error),
    /// The file is not overwritten: it may be the only copy of something.
    #[error("failed to read {0}")]
    Foreign(PathBuf, #[source] ForeignSecret),
}

impl CloudError for FileError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl Files {
    /// The text of a secret; `None` if there is no such file.
    fn text(&self, name: &str) -> Result<Option<SecretString>, FileError> {
        let path = self.directory.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::Io(path, error)),
        }
    }

    /// Replaces the file at once: after a crash there is the old value or the new one, and never a part of either.
    fn replace(&self, path: &Path, value: &CertificateSecret) -> io::Result<()> {
        // The new file is in the same directory, because a rename does not cross file systems. `NamedTempFile` has mode
        // 0600 from its creation on: at no time can others open a file with the key in it.
        let mut file = NamedTempFile::new_in(&self.directory)?;
        file.write_all(value.to_json().expose_secret().as_bytes())?;
        // The content is on the disk before the name points at it, and the name before `store` confirms. Otherwise a
        // crash of the machine could lose the key of a certificate that Cloudflare has already issued.
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(&self.directory)?.sync_all()
    }
}

/// The version of a text. A hash reveals nothing of the key, and the same text has the same version after a restart.
fn version(text: &SecretString) -> String {
    hex::encode(Sha256::digest(text.expose_secret()))
}

// Small local files are read and written in well under a millisecond, so these futures simply block. On a network file
// system, use `tokio::task::spawn_blocking`.
impl SecretReader for Files {
    type Error = FileError;
    type Writer = Self;

    async fn read(&self, name: &str) -> Result<Option<Versioned>, FileError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let secret = CertificateSecret::parse(&text);
        Ok(Some(Versioned {
            version: version(&text),
            secret: secret.map_err(|e| FileError::Foreign(self.directory.join(name), e))?,
        }))
    }

    fn writer(&self) -> Self {
        self.clone()
    }
}

impl SecretWriter for Files {
    type Error = FileError;

    async fn store(
        &self,
        name: &str,
        value: &CertificateSecret,
        over: Option<&str>,
    ) -> Result<StoreOutcome, FileError> {
        let path = self.directory.join(name);
        let failed = |error| FileError::Io(path.clone(), error);
        // Of two runs at once, the lock lets one compare and replace before the other one compares. The lock is on a
        // file of its own: the secret's file is replaced by the rename, and a lock on the old file would not keep a run
        // away from the new one. The system releases the lock when the file is closed, also after a crash.
        let lock = File::create(self.directory.join(format!("{name}.lock"))).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let current = self.text(name)?.as_ref().map(version);
        if current.as_deref() != over {
            return Ok(StoreOutcome::Conflict);
        }
        self.replace(&path, value).map_err(failed)?;
        Ok(StoreOutcome::Stored(version(&value.to_json())))
    }
}
