//! Packages of the distribution.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable as _};
use nex_host::Cause;

use crate::failure::Failure;
use crate::host::Host;

/// Mirrors and DNS may not answer during a host's first seconds. The next run of the agent comes only minutes later.
const PAUSE: Duration = Duration::from_secs(5);
const TRIES: usize = 5;

/// Installs packages with dnf, each as `NAME` or `NAME-VERSION`.
///
/// # Errors
/// A [`Failure`], such as [`Cause::PackageMissing`].
pub(super) async fn dnf(host: &Host<'_>, packages: &[&str]) -> Result<(), Failure> {
    let args = [&["install", "--assumeyes"], packages].concat();
    let install = || host.programs.run(host.log, "dnf", &args);
    let pauses = ConstantBuilder::new()
        .with_delay(PAUSE)
        .with_max_times(TRIES - 1);
    let may_pass = |failure: &Failure| failure.cause == Cause::NoNetwork;
    install.retry(pauses).when(may_pass).await?;
    Ok(())
}
