//! The steps of a runner, on Amazon Linux 2023.

use nex_host::{Cause, RunnerSettings, Settings};

use super::{INSTALL, SYSTEMD, files_below, packages};
use crate::failure::Failure;
use crate::host::Host;
use crate::step::{Again, Step, inputs};

mod config;
mod source;

/// The configuration of the CloudWatch agent, as the bundle has it.
const LOG_AGENT: &str = "/etc/nex/amazon-cloudwatch-agent.json";

/// The steps of a runner after its files. The clean-up comes first, because a full disk stops everything else.
pub(super) fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "cleanup",
            deadline: SYSTEMD,
            needs: &["files"],
            inputs: |contents| {
                inputs(&files_below(
                    contents,
                    &["/etc/systemd/system/docker-cleanup."],
                ))
            },
            again: Again::OnChange,
            run: |host| Box::pin(cleanup(host)),
        },
        Step {
            name: "docker",
            deadline: INSTALL,
            needs: &[],
            inputs: |_| inputs(&()),
            again: Again::OnChange,
            run: |host| Box::pin(docker(host)),
        },
        Step {
            name: "system-log",
            deadline: INSTALL,
            needs: &["files"],
            inputs: |contents| {
                inputs(&files_below(
                    contents,
                    &["/etc/rsyslog.d/", "/etc/logrotate.d/"],
                ))
            },
            again: Again::OnChange,
            run: |host| Box::pin(system_log(host)),
        },
        Step {
            name: "log-agent",
            deadline: INSTALL,
            needs: &["files"],
            inputs: |contents| inputs(&files_below(contents, &[LOG_AGENT])),
            again: Again::OnChange,
            run: |host| Box::pin(log_agent(host)),
        },
        source::step(),
        Step {
            name: "runner-package",
            deadline: INSTALL,
            needs: &["package-source"],
            inputs: |contents| inputs(&contents.settings),
            again: Again::OnChange,
            run: |host| Box::pin(runner_package(host)),
        },
        config::step(),
        Step {
            name: "runner-service",
            deadline: SYSTEMD,
            needs: &["docker", "runner-config"],
            inputs: |contents| {
                inputs(&files_below(
                    contents,
                    &["/etc/systemd/system/gitlab-runner."],
                ))
            },
            again: Again::OnChange,
            run: |host| Box::pin(runner_service(host)),
        },
    ]
}

/// The settings of this runner.
fn settings<'a>(host: &Host<'a>) -> Result<&'a RunnerSettings, Failure> {
    match &host.contents.settings {
        Settings::Runner(settings) => Ok(settings),
        Settings::Server(_) => Err(Failure::new(Cause::Other, "the bundle is for a server")),
    }
}

async fn systemctl(host: &Host<'_>, args: &[&str]) -> Result<(), Failure> {
    host.programs.run(host.log, "systemctl", args).await?;
    Ok(())
}

async fn cleanup(host: &Host<'_>) -> Result<(), Failure> {
    systemctl(host, &["daemon-reload"]).await?;
    systemctl(host, &["enable", "--now", "docker-cleanup.timer"]).await
}

async fn docker(host: &Host<'_>) -> Result<(), Failure> {
    packages::dnf(host, &["docker"]).await?;
    systemctl(host, &["enable", "--now", "docker"]).await
}

/// Amazon Linux 2023 has no `/var/log/messages` of its own.
async fn system_log(host: &Host<'_>) -> Result<(), Failure> {
    packages::dnf(host, &["rsyslog", "logrotate"]).await?;
    systemctl(host, &["enable", "rsyslog", "logrotate.timer"]).await?;
    systemctl(host, &["restart", "rsyslog"]).await?;
    systemctl(host, &["start", "logrotate.timer"]).await
}

async fn log_agent(host: &Host<'_>) -> Result<(), Failure> {
    packages::dnf(host, &["amazon-cloudwatch-agent"]).await?;
    let path = |path: &str| host.root.path(path).display().to_string();
    let control = path("/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl");
    let config = format!("file:{}", path(LOG_AGENT));
    let args = ["-a", "fetch-config", "-m", "ec2", "-s", "-c", &config];
    host.programs.run(host.log, &control, &args).await?;
    Ok(())
}

async fn runner_package(host: &Host<'_>) -> Result<(), Failure> {
    let version = &settings(host)?.version;
    let names = ["gitlab-runner", "gitlab-runner-helper-images"];
    let packages = names.map(|name| format!("{name}-{version}"));
    packages::dnf(host, &[&packages[0], &packages[1]]).await
}

/// Never restarts: the runner reads a changed configuration by itself, and a restart would wait for its jobs.
async fn runner_service(host: &Host<'_>) -> Result<(), Failure> {
    systemctl(host, &["daemon-reload"]).await?;
    systemctl(host, &["enable", "--now", "gitlab-runner"]).await
}
