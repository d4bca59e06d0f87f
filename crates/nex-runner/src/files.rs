//! The files that the user data installs on a runner host.

use serde_json::json;

use crate::config::config_toml;
use crate::inputs::Inputs;
use crate::spec::Spec;

/// One file on a runner host.
pub(crate) struct HostFile {
    /// The name under which callers find the file.
    pub(crate) name: &'static str,
    /// The absolute path on the host.
    pub(crate) path: &'static str,
    /// The permissions, in octal.
    pub(crate) mode: &'static str,
    pub(crate) content: String,
}

impl HostFile {
    fn config(name: &'static str, path: &'static str, content: impl Into<String>) -> Self {
        Self {
            name,
            path,
            mode: "0644",
            content: content.into(),
        }
    }

    fn program(name: &'static str, path: &'static str, content: &str) -> Self {
        Self {
            mode: "0755",
            ..Self::config(name, path, content)
        }
    }
}

/// The files of a host, in the order in which the host writes them. The clean-up comes first, because a full disk
/// stops everything else.
pub(crate) fn host_files(spec: &Spec, inputs: &Inputs) -> Vec<HostFile> {
    cleanup_files(spec)
        .into_iter()
        .chain(service_files(spec))
        .chain(configuration_files(spec, inputs))
        .collect()
}

fn cleanup_files(spec: &Spec) -> [HostFile; 3] {
    let cleanup = &spec.cleanup;
    [
        HostFile::program(
            "docker-cleanup.sh",
            "/usr/local/sbin/docker-cleanup",
            include_str!("files/docker-cleanup.sh"),
        ),
        HostFile::config(
            "docker-cleanup.service",
            "/etc/systemd/system/docker-cleanup.service",
            include_str!("files/docker-cleanup.service").replace("@KEEP@", &cleanup.keep),
        ),
        HostFile::config(
            "docker-cleanup.timer",
            "/etc/systemd/system/docker-cleanup.timer",
            include_str!("files/docker-cleanup.timer").replace("@EVERY@", &cleanup.every),
        ),
    ]
}

fn service_files(spec: &Spec) -> [HostFile; 4] {
    let stop_timeout = spec.stop_timeout.to_string();
    [
        HostFile::config(
            "gitlab-runner.conf",
            "/etc/systemd/system/gitlab-runner.service.d/nex.conf",
            include_str!("files/gitlab-runner.conf").replace("@STOP_TIMEOUT@", &stop_timeout),
        ),
        HostFile::config(
            "gitlab-runner.repo",
            "/etc/yum.repos.d/gitlab-runner.repo",
            include_str!("files/gitlab-runner.repo"),
        ),
        HostFile::config(
            "rsyslog.conf",
            "/etc/rsyslog.d/20-gitlab-runner.conf",
            include_str!("files/rsyslog.conf"),
        ),
        HostFile::config(
            "logrotate.conf",
            "/etc/logrotate.d/gitlab-runner",
            include_str!("files/logrotate.conf"),
        ),
    ]
}

fn configuration_files(spec: &Spec, inputs: &Inputs) -> [HostFile; 3] {
    [
        HostFile::config(
            "amazon-cloudwatch-agent.json",
            "/etc/nex/amazon-cloudwatch-agent.json",
            log_agent(inputs),
        ),
        HostFile {
            name: "config.toml",
            path: "/etc/nex/config.toml",
            mode: "0600",
            content: config_toml(spec, inputs),
        },
        HostFile::program(
            "gitlab-runner-configure.sh",
            "/usr/local/sbin/gitlab-runner-configure",
            include_str!("files/gitlab-runner-configure.sh"),
        ),
    ]
}

/// The CloudWatch agent's configuration. It sets no retention and collects no metrics, so that the agent needs no
/// permission except to write log lines.
fn log_agent(inputs: &Inputs) -> String {
    let collect = |path: &str, group: &str| {
        json!({
            "file_path": path,
            "log_group_name": group,
            "log_stream_name": "{instance_id}",
        })
    };
    let groups = &inputs.log_groups;
    let config = json!({
        "agent": { "region": inputs.region, "run_as_user": "root" },
        "logs": { "logs_collected": { "files": { "collect_list": [
            collect("/var/log/gitlab-runner/runner.log", &groups.runner),
            collect("/var/log/messages", &groups.system),
        ] } } },
    });
    format!("{config:#}\n")
}
