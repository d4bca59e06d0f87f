//! The CloudWatch agent's configuration: which log goes to which group.

use serde_json::{Value, json};

use crate::LogGroups;

/// Streams carry the instance's id, so that a server that takes another's place has its own.
pub(crate) fn render(groups: &LogGroups) -> String {
    let LogGroups {
        rails,
        nginx_access,
        nginx_error,
        system,
    } = groups;
    let gitlab = "/var/log/gitlab";
    let files = [
        (
            rails,
            format!("{gitlab}/gitlab-rails/production_json.log"),
            "rails",
        ),
        (
            rails,
            format!("{gitlab}/gitlab-rails/exceptions_json.log"),
            "exceptions",
        ),
        (
            nginx_access,
            format!("{gitlab}/nginx/gitlab_access.log"),
            "gitlab",
        ),
        (
            nginx_access,
            format!("{gitlab}/nginx/gitlab_registry_access.log"),
            "registry",
        ),
        (
            nginx_error,
            format!("{gitlab}/nginx/gitlab_error.log"),
            "gitlab",
        ),
        (
            nginx_error,
            format!("{gitlab}/nginx/gitlab_registry_error.log"),
            "registry",
        ),
        (system, "/var/log/syslog".to_owned(), "syslog"),
        (system, "/var/log/cloud-init-output.log".to_owned(), "setup"),
    ];
    let files: Vec<Value> = files
        .into_iter()
        .map(|(group, path, stream)| {
            json!({
                "file_path": path,
                "log_group_name": group,
                "log_stream_name": format!("{{instance_id}}/{stream}"),
            })
        })
        .collect();
    // Root, because GitLab's logs are closed to others.
    let config = json!({
        "agent": { "run_as_user": "root" },
        "logs": { "logs_collected": { "files": { "collect_list": files } } },
    });
    // A line a value, without indentation: user data has little room.
    let lines = format!("{config:#}");
    lines
        .lines()
        .map(|line| format!("{}\n", line.trim_start()))
        .collect()
}
