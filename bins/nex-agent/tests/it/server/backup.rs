//! The daily backup.

use std::fs;
use std::path::PathBuf;

use nex_agent::backup;
use nex_agent::failure::Failure;
use nex_host::{Backup, Cause, Timestamp};

use super::machine::{KEYS, Server};

/// The content of an archive of three parts.
fn content() -> Vec<u8> {
    (0..40_000_000_u32).map(|n| (n % 251) as u8).collect()
}

impl Server {
    /// A server with GitLab's keys, whose next archives have this content.
    pub(crate) fn with_archive(content: &[u8]) -> Self {
        let server = Self::new();
        let machine = &server.machine;
        for path in [
            "/etc/gitlab/gitlab-secrets.json",
            "/etc/gitlab/gitlab.rb",
            "/etc/ssh/ssh_host_ed25519_key",
        ] {
            machine
                .root
                .write(&machine.file(path, path))
                .expect("written");
        }
        let source = machine.path("archive");
        fs::write(&source, content).expect("written");
        machine.program(
            "gitlab-backup",
            &format!(
                "n=$(ls '{0}' | wc -l)\ncp '{1}' \"{0}/1796045776_$n\"_gitlab_backup.tar",
                server.folder().display(),
                source.display()
            ),
        );
        server
    }

    fn folder(&self) -> PathBuf {
        self.machine.root.path("/var/opt/gitlab/backups")
    }

    async fn back_up(&self) -> Result<(), Failure> {
        backup::run(&self.machine.host(&self.contents)).await
    }

    /// The names of the archives on the machine.
    fn archives(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).expect("a folder");
        let names = entries.map(|entry| entry.expect("a file").file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }
}

#[tokio::test]
async fn an_archive_goes_to_the_bucket_and_the_keys_into_their_secret() {
    let content = content();
    let server = Server::with_archive(&content);
    server.back_up().await.expect("a backup");
    let cloud = &server.machine.cloud;
    let key = "gitlab/1796045776_0_gitlab_backup.tar";
    assert!(cloud.uploads.lock().expect("not poisoned").done[key] == content);
    let expected = Backup {
        ended_at: Timestamp::from_unix(1_796_045_776),
        bytes: 40_000_000,
    };
    assert_eq!(backup::last(&server.machine.root), Some(expected));
    {
        let stored = cloud.binaries.lock().expect("not poisoned");
        let [(name, keys)] = stored.as_slice() else {
            panic!("{} values", stored.len());
        };
        assert_eq!(name, KEYS);
        let keys = String::from_utf8_lossy(keys);
        for path in [
            "etc/gitlab/gitlab-secrets.json",
            "etc/gitlab/gitlab.rb",
            "etc/ssh/ssh_host_ed25519_key",
        ] {
            assert!(keys.contains(path), "{path}");
        }
    }

    // The next day: one archive stays, and unchanged keys get no new version.
    server.back_up().await.expect("a backup");
    assert_eq!(server.archives(), ["1796045776_1_gitlab_backup.tar"]);
    assert_eq!(cloud.binaries.lock().expect("not poisoned").len(), 1);
}

#[tokio::test]
async fn an_interrupted_upload_goes_on_with_its_archive() {
    let content = content();
    let server = Server::with_archive(&content);
    let uploads = &server.machine.cloud.uploads;
    uploads.lock().expect("not poisoned").failing_part = Some(3);
    let failure = server.back_up().await.expect_err("the network is down");
    assert_eq!(failure.cause, Cause::NoNetwork);
    assert_eq!(backup::last(&server.machine.root), None);
    server.machine.calls();
    {
        let mut uploads = uploads.lock().expect("not poisoned");
        uploads.failing_part = Some(1);
        assert_eq!(uploads.parts.len(), 2);
    }
    server.back_up().await.expect("a backup");
    let uploads = uploads.lock().expect("not poisoned");
    assert_eq!(uploads.begun.len(), 1);
    assert!(uploads.done["gitlab/1796045776_0_gitlab_backup.tar"] == content);
    let calls = server.machine.calls();
    assert!(
        !calls.iter().any(|call| call.starts_with("gitlab-backup")),
        "{calls:?}"
    );
}

#[tokio::test]
async fn a_backup_without_room_is_refused() {
    let server = Server::with_archive(b"archive");
    let last = serde_json::json!({"ended_at": "2026-11-29T02:00:00Z", "bytes": u64::MAX / 2, "keys": null});
    let file = server
        .machine
        .file("/var/lib/nex/backup.json", &last.to_string());
    server.machine.root.write(&file).expect("written");
    let failure = server.back_up().await.expect_err("no room");
    assert_eq!(failure.cause, Cause::DiskFull);
    assert!(failure.text.contains("1.2 times the last one"), "{failure}");
    assert!(
        server
            .machine
            .cloud
            .uploads
            .lock()
            .expect("not poisoned")
            .begun
            .is_empty()
    );
}

#[tokio::test]
async fn keys_that_no_secret_can_hold_are_refused_with_their_size() {
    let server = Server::with_archive(b"archive");
    let machine = &server.machine;
    let large = machine.file("/etc/gitlab/gitlab.rb", &"x".repeat(70_000));
    machine.root.write(&large).expect("written");
    let failure = server.back_up().await.expect_err("too large");
    assert!(
        failure.text.ends_with("bytes; a secret holds 65536"),
        "{failure}"
    );
}
