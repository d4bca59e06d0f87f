//! GitLab's configuration, with a way back, and its health.

use std::time::Duration;

use nex_host::{Cause, Mode};

use super::{settings, wait_for};
use crate::failure::Failure;
use crate::host::Host;
use crate::step::{Again, Step, inputs};
use crate::steps::files_below;

/// The configuration, as the bundle has it.
const RENDERED: &str = "/etc/nex/gitlab.rb";
/// What GitLab reads.
const TARGET: &str = "/etc/gitlab/gitlab.rb";

/// The last configuration with which GitLab answered.
const HEALTHY: &str = "/var/lib/nex/gitlab.rb";

/// How long a reconfiguration may take, until GitLab answers: a first one takes ten minutes on a small machine.
const RECONFIGURE: Duration = Duration::from_secs(30 * 60);

/// A reconfiguration, and the way back.
const DEADLINE: Duration = Duration::from_secs(65 * 60);

/// How often GitLab is asked after a reconfigure, every 10 s: all its services may have restarted.
const START_LOOKS: usize = 120;

/// How often a running GitLab is asked before its host says that it is silent.
const LOOKS: usize = 6;

/// Six questions of up to 20 s, and the pauses between them.
const READY_DEADLINE: Duration = Duration::from_secs(3 * 60);

/// Applies the configuration. If GitLab does not answer then, the older configuration comes back.
pub(super) fn step() -> Step {
    Step {
        name: "configure",
        deadline: DEADLINE,
        needs: &[
            "files",
            "secrets",
            "gitlab-package",
            "database",
            "certificate",
        ],
        inputs: |contents| inputs(&(files_below(contents, &[RENDERED]), &contents.secrets)),
        again: Again::OnChange,
        run: |host| Box::pin(configure(host)),
    }
}

/// Asks GitLab whether it is ready, at every run.
pub(super) fn ready() -> Step {
    Step {
        name: "ready",
        deadline: READY_DEADLINE,
        needs: &["configure"],
        inputs: |_| inputs(&()),
        again: Again::EveryRun,
        run: |host| Box::pin(wait_for(host, LOOKS, || answers(host))),
    }
}

async fn configure(host: &Host<'_>) -> Result<(), Failure> {
    let missing = || Failure::new(Cause::Other, format!("the bundle has no file {RENDERED}"));
    let new = host.root.read(RENDERED)?.ok_or_else(missing)?;
    let Err(failure) = apply(host, &new).await else {
        return put(host, HEALTHY, &new);
    };
    let healthy = host.root.read(HEALTHY)?.filter(|healthy| *healthy != new);
    let Some(healthy) = healthy else {
        return Err(failure);
    };
    let line = format!("the older configuration comes back: {failure}");
    host.log.line(&line);
    let text = match apply(host, &healthy).await {
        Ok(()) => format!("{failure}; the older configuration is back"),
        Err(second) => format!("{failure}; the older configuration failed, too: {second}"),
    };
    Err(Failure::new(failure.cause, text))
}

/// Applies a configuration and waits until GitLab answers.
async fn apply(host: &Host<'_>, configuration: &[u8]) -> Result<(), Failure> {
    let late = |_| {
        Failure::new(
            Cause::TimedOut,
            "the reconfiguration took longer than 30 min",
        )
    };
    let apply = reconfigure(host, configuration);
    tokio::time::timeout(RECONFIGURE, apply)
        .await
        .map_err(late)?
}

/// Reconfigure also sets up an empty database. The rake task for that purpose would erase a full one.
async fn reconfigure(host: &Host<'_>, configuration: &[u8]) -> Result<(), Failure> {
    put(host, TARGET, configuration)?;
    let args = ["reconfigure"];
    host.programs.run(host.log, "gitlab-ctl", &args).await?;
    wait_for(host, START_LOOKS, || answers(host)).await
}

fn put(host: &Host<'_>, path: &str, configuration: &[u8]) -> Result<(), Failure> {
    let path = path.parse().expect("a path");
    let owner = host.root.owner();
    host.root.put(&path, Mode::PRIVATE, &owner, configuration)?;
    Ok(())
}

async fn answers(host: &Host<'_>) -> Result<(), Failure> {
    let web_host = &settings(host)?.web_host;
    let resolve = format!("{web_host}:443:127.0.0.1");
    let url = format!("https://{web_host}/-/readiness");
    // Only the proxy trusts the origin certificate, and this call stays on the machine.
    let args = [
        "-fsS",
        "--max-time",
        "20",
        "--output",
        "/dev/null",
        "--insecure",
        "--resolve",
        &resolve,
        &url,
    ];
    let answer = host.programs.run(host.log, "curl", &args).await;
    answer.map_err(|failure| Failure::new(Cause::HealthCheckFailed, failure.text))?;
    Ok(())
}
