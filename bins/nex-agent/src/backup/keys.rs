//! What a restore needs beside the archive: GitLab's keys and configuration, and the host keys of SSH.

use std::fs;

use nex_host::{Cause, Digest, SecretName};

use crate::failure::Failure;
use crate::host::Host;

/// The largest value of a secret, in bytes.
/// Source: <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>.
const LIMIT: usize = 65_536;

/// The files, below the root folder.
const FILES: [&str; 2] = ["etc/gitlab/gitlab-secrets.json", "etc/gitlab/gitlab.rb"];

/// Stores the keys in their secret, unless it has them already: `known` are the keys that it has. Returns the keys'
/// digest.
pub(super) async fn store(
    host: &Host<'_>,
    name: &SecretName,
    known: Option<Digest>,
) -> Result<Digest, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::file("create a folder for keys"))?;
    let file = folder.path().join("keys.tar");
    let mut names: Vec<String> = FILES.map(str::to_owned).to_vec();
    names.extend(ssh_keys(host));
    let (output, root) = (
        file.display().to_string(),
        host.root.folder().display().to_string(),
    );
    // The same files give the same archive, so that an unchanged secret gets no new version each day.
    let options = [
        "--create",
        "--sort=name",
        "--file",
        &output,
        "--directory",
        &root,
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    host.programs
        .run(host.log, "tar", &[&options[..], &names].concat())
        .await?;
    let keys = fs::read(&file).map_err(Failure::file("read the keys"))?;
    let digest = Digest::of(&keys);
    if known == Some(digest) {
        return Ok(digest);
    }
    if keys.len() > LIMIT {
        let text = format!(
            "GitLab's keys have {} bytes; a secret holds {LIMIT}",
            keys.len()
        );
        return Err(Failure::new(Cause::Other, text));
    }
    host.cloud.put_secret(name, keys).await?;
    host.log
        .line(&format!("stored GitLab's keys in the secret {name}"));
    Ok(digest)
}

/// The private and public host keys of SSH: with them a rebuilt server is the same one to git.
fn ssh_keys(host: &Host<'_>) -> Vec<String> {
    let entries = fs::read_dir(host.root.path("/etc/ssh"))
        .into_iter()
        .flatten()
        .flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut keys: Vec<String> = names
        .filter(|name| name.starts_with("ssh_host_") && name.contains("_key"))
        .map(|name| format!("etc/ssh/{name}"))
        .collect();
    keys.sort();
    keys
}
