//! Keys that sign packages, trusted by their fingerprints only.

use nex_host::{Cause, SigningKey};

use crate::failure::Failure;
use crate::host::Host;

/// Fetches the key, and returns it in armour without any other key that is at the address.
///
/// # Errors
/// A [`Failure`] with the cause [`Cause::KeyFingerprintDiffers`] if the key is not there.
pub(super) async fn fetch(host: &Host<'_>, key: &SigningKey) -> Result<Vec<u8>, Failure> {
    let SigningKey { url, fingerprint } = key;
    let folder = tempfile::tempdir().map_err(Failure::file("create a folder for keys"))?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (home, found, only) = (
        folder.path().display().to_string(),
        path("found"),
        path("only"),
    );
    download(host, url.as_str(), &found).await?;
    let gpg = ["--batch", "--quiet", "--homedir", &home];
    let import = [&gpg[..], &["--import", &found]].concat();
    host.programs.run(host.log, "gpg", &import).await?;
    let fingerprint = fingerprint.as_str();
    let export = [
        &gpg[..],
        &["--armor", "--output", &only, "--export", fingerprint],
    ]
    .concat();
    host.programs.run(host.log, "gpg", &export).await?;
    // gpg succeeds also if it has exported nothing.
    std::fs::read(&only).map_err(|_| {
        let text = format!("the key {fingerprint} is not at {url}");
        Failure::new(Cause::KeyFingerprintDiffers, text)
    })
}

/// Downloads a file.
pub(super) async fn download(host: &Host<'_>, url: &str, path: &str) -> Result<(), Failure> {
    let limits = [
        "--connect-timeout",
        "10",
        "--max-time",
        "600",
        "--retry",
        "3",
    ];
    let args = [
        &["--fail", "--silent", "--show-error", "--location"],
        &limits[..],
    ]
    .concat();
    let args = [&args[..], &["--output", path, "--", url]].concat();
    host.programs.run(host.log, "curl", &args).await?;
    Ok(())
}
