//! Packages of the distribution.

use backon::{ConstantBuilder, Retryable as _};
use nex_host::Cause;

use crate::failure::Failure;
use crate::host::Host;

/// Mirrors and DNS may not answer during a host's first seconds. The next run of the agent comes only minutes later.
const TRIES: usize = 5;

/// Installs packages with dnf, each as `NAME` or `NAME-VERSION`.
///
/// # Errors
/// A [`Failure`], such as [`Cause::PackageMissing`].
pub(super) async fn dnf(host: &Host<'_>, packages: &[&str]) -> Result<(), Failure> {
    run(
        host,
        "dnf",
        &[&["install", "--assumeyes"], packages].concat(),
    )
    .await
}

/// Runs apt-get, for example with `install NAME=VERSION`.
///
/// # Errors
/// A [`Failure`], such as [`Cause::AptLocked`].
pub(super) async fn apt_get(host: &Host<'_>, args: &[&str]) -> Result<(), Failure> {
    // Ubuntu's own upgrades may hold the lock at first boot.
    let options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=600"];
    run(host, "apt-get", &[&options, args].concat()).await
}

async fn run(host: &Host<'_>, program: &str, args: &[&str]) -> Result<(), Failure> {
    let run = || host.programs.run(host.log, program, args);
    let pauses = ConstantBuilder::new()
        .with_delay(host.pause)
        .with_max_times(TRIES - 1);
    let may_pass = |failure: &Failure| failure.cause == Cause::NoNetwork;
    run.retry(pauses).when(may_pass).await?;
    Ok(())
}
