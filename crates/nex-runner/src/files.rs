//! Every file that a runner host gets, by its name in `nex render`.

use std::collections::BTreeMap;

use serde_json::json;

use crate::config::config_toml;
use crate::inputs::Inputs;
use crate::spec::Spec;
use crate::user_data as bootstrap;

/// A file's name in `nex render`, where it lies on the host, and its permissions.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) mode: &'static str,
}

const fn place(name: &'static str, path: &'static str, mode: &'static str) -> Place {
    Place { name, path, mode }
}

/// In the order in which the host writes them: the clean-up first, because a full disk stops everything else.
pub(crate) const PLACES: [Place; 10] = [
    place(
        "docker-cleanup.sh",
        "/usr/local/sbin/docker-cleanup",
        "0755",
    ),
    place(
        "docker-cleanup.service",
        "/etc/systemd/system/docker-cleanup.service",
        "0644",
    ),
    place(
        "docker-cleanup.timer",
        "/etc/systemd/system/docker-cleanup.timer",
        "0644",
    ),
    place(
        "gitlab-runner.conf",
        "/etc/systemd/system/gitlab-runner.service.d/nex.conf",
        "0644",
    ),
    place(
        "gitlab-runner.repo",
        "/etc/yum.repos.d/gitlab-runner.repo",
        "0644",
    ),
    place(
        "rsyslog.conf",
        "/etc/rsyslog.d/20-gitlab-runner.conf",
        "0644",
    ),
    place("logrotate.conf", "/etc/logrotate.d/gitlab-runner", "0644"),
    place(
        "amazon-cloudwatch-agent.json",
        "/etc/nex/amazon-cloudwatch-agent.json",
        "0644",
    ),
    place("config.toml", "/etc/nex/config.toml", "0600"),
    place(
        "gitlab-runner-configure.sh",
        "/usr/local/sbin/gitlab-runner-configure",
        "0755",
    ),
];

/// Every file by its name: the ten that user data writes, and `user-data` itself, whatever its size.
///
/// For values that [`Spec::validate`] and [`Inputs::problems`] find nothing wrong with; [`crate::user_data`] looks.
pub fn files(spec: &Spec, inputs: &Inputs) -> BTreeMap<&'static str, String> {
    let mut files = on_the_host(spec, inputs);
    let script = bootstrap::script(spec, inputs, &files);
    files.insert("user-data", script);
    files
}

/// What user data writes.
pub(crate) fn on_the_host(spec: &Spec, inputs: &Inputs) -> BTreeMap<&'static str, String> {
    let cleanup = &spec.cleanup;
    BTreeMap::from([
        (
            "docker-cleanup.sh",
            include_str!("files/docker-cleanup.sh").to_owned(),
        ),
        (
            "docker-cleanup.service",
            include_str!("files/docker-cleanup.service").replace("@KEEP@", &cleanup.keep),
        ),
        (
            "docker-cleanup.timer",
            include_str!("files/docker-cleanup.timer").replace("@EVERY@", &cleanup.every),
        ),
        (
            "gitlab-runner.conf",
            include_str!("files/gitlab-runner.conf")
                .replace("@STOP_TIMEOUT@", &spec.stop_timeout.to_string()),
        ),
        (
            "gitlab-runner.repo",
            include_str!("files/gitlab-runner.repo").to_owned(),
        ),
        (
            "rsyslog.conf",
            include_str!("files/rsyslog.conf").to_owned(),
        ),
        (
            "logrotate.conf",
            include_str!("files/logrotate.conf").to_owned(),
        ),
        ("amazon-cloudwatch-agent.json", log_agent(inputs)),
        ("config.toml", config_toml(spec, inputs)),
        (
            "gitlab-runner-configure.sh",
            include_str!("files/gitlab-runner-configure.sh").to_owned(),
        ),
    ])
}

/// Without retention and without metrics, so that the agent needs no permission beyond writing lines.
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
