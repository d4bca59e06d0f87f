//! The CloudWatch agent's configuration: which log file goes to which log group.

use serde_json::{Value, json};

use crate::inputs::LogGroups;

/// A log file, below `/var/log`, and the log stream that collects its lines.
struct LogFile<'a> {
    path: &'static str,
    group: &'a str,
    stream: &'static str,
}

pub(crate) fn render(groups: &LogGroups) -> String {
    // GitLab's logs are readable by root only.
    let config = json!({
        "agent": { "run_as_user": "root" },
        "logs": { "logs_collected": { "files": { "collect_list": collect_list(groups) } } },
    });
    // One value a line without indentation, because the size of user data is limited.
    format!("{config:#}")
        .lines()
        .map(|line| format!("{}\n", line.trim_start()))
        .collect()
}

fn collect_list(groups: &LogGroups) -> Vec<Value> {
    let LogGroups {
        rails,
        nginx_access,
        nginx_error,
        system,
    } = groups;
    let log = |path, group, stream| LogFile {
        path,
        group,
        stream,
    };
    [
        log("gitlab/gitlab-rails/production_json.log", rails, "rails"),
        log(
            "gitlab/gitlab-rails/exceptions_json.log",
            rails,
            "exceptions",
        ),
        log("gitlab/nginx/gitlab_access.log", nginx_access, "gitlab"),
        log(
            "gitlab/nginx/gitlab_registry_access.log",
            nginx_access,
            "registry",
        ),
        log("gitlab/nginx/gitlab_error.log", nginx_error, "gitlab"),
        log(
            "gitlab/nginx/gitlab_registry_error.log",
            nginx_error,
            "registry",
        ),
        log("syslog", system, "syslog"),
        log("cloud-init-output.log", system, "setup"),
    ]
    .map(|log| {
        json!({
            "file_path": format!("/var/log/{}", log.path),
            "log_group_name": log.group,
            // A replacement server writes to streams of its own.
            "log_stream_name": format!("{{instance_id}}/{}", log.stream),
        })
    })
    .to_vec()
}
