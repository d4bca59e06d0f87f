//! The steps of the GitLab server, on Ubuntu.

use backon::{ConstantBuilder, Retryable as _};
use nex_host::{Cause, File, Mode, ServerSettings, Settings};

use super::{INSTALL, SYSTEMD, files_below, packages};
use crate::failure::Failure;
use crate::host::Host;
use crate::root::Written;
use crate::step::{Again, Step, inputs};

mod certificate;
mod configure;
mod database;
mod log_agent;
mod package;

pub(crate) use certificate::CERTIFICATE;

/// What sshd must not allow on a host that the internet reaches.
const SSHD: &str = include_str!("sshd.conf");

/// The units of the daily backup, as the bundle has them.
const BACKUP_UNITS: &str = "/etc/systemd/system/nex-gitlab-backup.";

/// The steps of the server after its files and secrets.
pub(super) fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "ssh",
            deadline: SYSTEMD,
            needs: &[],
            inputs: |_| inputs(&SSHD),
            again: Again::OnChange,
            run: |host| Box::pin(ssh(host)),
        },
        Step {
            name: "tools",
            deadline: INSTALL,
            needs: &[],
            inputs: |_| inputs(&()),
            again: Again::OnChange,
            run: |host| Box::pin(tools(host)),
        },
        log_agent::step(),
        package::source(),
        package::step(),
        database::step(),
        certificate::step(),
        configure::step(),
        configure::ready(),
        Step {
            name: "backup-timer",
            deadline: SYSTEMD,
            needs: &["files", "configure"],
            inputs: |contents| inputs(&files_below(contents, &[BACKUP_UNITS])),
            again: Again::OnChange,
            run: |host| Box::pin(backup_timer(host)),
        },
    ]
}

/// The settings of this server.
fn settings<'a>(host: &Host<'a>) -> Result<&'a ServerSettings, Failure> {
    match &host.contents.settings {
        Settings::Server(settings) => Ok(settings),
        Settings::Runner(_) => Err(Failure::new(Cause::Other, "the bundle is for a runner")),
    }
}

/// Writes a file of the agent's own that everyone may read.
fn put(host: &Host<'_>, path: &str, content: impl Into<String>) -> Result<Written, Failure> {
    host.root.write(&File {
        path: path.parse().expect("a path"),
        mode: Mode::READABLE,
        owner: host.root.owner(),
        content: content.into(),
    })
}

/// A file or folder of the machine as an argument of a program.
fn argument(host: &Host<'_>, path: &str) -> String {
    host.root.path(path).display().to_string()
}

async fn ssh(host: &Host<'_>) -> Result<(), Failure> {
    put(host, "/etc/ssh/sshd_config.d/10-nex.conf", SSHD)?;
    host.programs.run(host.log, "sshd", &["-t"]).await?;
    host.programs
        .run(host.log, "systemctl", &["reload", "ssh"])
        .await?;
    Ok(())
}

async fn backup_timer(host: &Host<'_>) -> Result<(), Failure> {
    let systemctl = async |args: &[&str]| host.programs.run(host.log, "systemctl", args).await;
    systemctl(&["daemon-reload"]).await?;
    systemctl(&["enable", "--now", "nex-gitlab-backup.timer"]).await?;
    Ok(())
}

async fn tools(host: &Host<'_>) -> Result<(), Failure> {
    packages::apt_get(host, &["update"]).await?;
    let tools = [
        "install",
        "ca-certificates",
        "curl",
        "gnupg",
        "gpgv",
        "openssl",
    ];
    packages::apt_get(host, &tools).await
}

/// Looks up to `looks` times, with a pause between two, until one succeeds. Returns the last failure otherwise.
async fn wait_for<F>(host: &Host<'_>, looks: usize, look: impl Fn() -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let pauses = ConstantBuilder::new()
        .with_delay(host.pause)
        .with_max_times(looks.saturating_sub(1));
    look.retry(pauses).await
}
