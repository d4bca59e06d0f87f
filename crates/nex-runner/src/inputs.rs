//! What the caller knows about the cloud infrastructure, as plain values.

use nex_plan::Problems;

/// Names and addresses of the resources around the hosts. No secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The environment's name, such as `staging`.
    pub environment: String,
    /// The AWS Region of the secret, the bucket and the log groups, such as `eu-west-3`.
    pub region: String,
    /// The URL at which the hosts reach GitLab, such as `https://gitlab.example.com`.
    pub gitlab_url: String,
    /// The name or ARN of the secret in Secrets Manager. Its whole value is the runner's token (`glrt-...`).
    pub token_secret: String,
    /// The S3 bucket for the jobs' cache.
    pub cache_bucket: String,
    /// The log groups in CloudWatch Logs.
    pub log_groups: LogGroups,
    /// The name of the fleet's Auto Scaling group.
    pub group_name: String,
}

/// The fleet's log groups in CloudWatch Logs. They must exist: hosts create log streams only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroups {
    /// gitlab-runner's log, such as `/nex/gitlab-runner/runner`.
    pub runner: String,
    /// The system log, such as `/nex/gitlab-runner/system`.
    pub system: String,
}

impl Inputs {
    /// All problems, each with its field. Rendering quotes every value, so only values that no reader accepts are
    /// refused.
    pub fn validate(&self) -> Problems {
        let mut found = Problems::new();
        let Self {
            environment,
            region,
            gitlab_url,
            token_secret,
            cache_bucket,
            log_groups: LogGroups { runner, system },
            group_name,
        } = self;
        let texts = [
            ("environment", environment),
            ("region", region),
            ("token_secret", token_secret),
            ("cache_bucket", cache_bucket),
            ("log_groups.runner", runner),
            ("log_groups.system", system),
            ("group_name", group_name),
        ];
        for (field, text) in texts {
            found.unless(
                !text.is_empty() && !text.chars().any(char::is_control),
                field,
                "the value is empty or has control characters",
                "one or more printable characters",
            );
        }
        found.unless(
            is_web_url(gitlab_url),
            "gitlab_url",
            format!("`{}` is not a valid URL", gitlab_url.escape_debug()),
            "https://HOST or http://HOST",
        );
        found
    }
}

fn is_web_url(text: &str) -> bool {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    is_web && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}
