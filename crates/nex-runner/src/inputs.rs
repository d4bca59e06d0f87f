//! What the rendering must be told by whoever built the cloud's side.

use nex_plan::Problems;

/// Plain values from the infrastructure: names and addresses, no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The environment's name, such as `staging`.
    pub environment: String,
    /// The Region of the secret, the bucket and the log groups, such as `eu-west-3`.
    pub region: String,
    /// The GitLab server as runners reach it, such as `https://gitlab.example.com`.
    pub gitlab_url: String,
    /// The name or ARN of the secret in Secrets Manager whose value is the runner's token (`glrt-...`), by itself.
    pub token_secret: String,
    /// The S3 bucket of the jobs' cache.
    pub cache_bucket: String,
    /// Where log lines go.
    pub log_groups: LogGroups,
    /// The name of the fleet's Auto Scaling group.
    pub group_name: String,
}

/// The CloudWatch log groups of the fleet. They exist: hosts make streams, not groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroups {
    /// Of gitlab-runner, such as `/nex/gitlab-runner/runner`.
    pub runner: String,
    /// Of the system, such as `/nex/gitlab-runner/system`.
    pub system: String,
}

impl Inputs {
    /// What cannot be rendered. Values go to the host as they are, so only what no reader could take is refused.
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
            let fine = !text.is_empty() && !text.chars().any(char::is_control);
            let allowed = "one or more printable characters";
            found.unless(
                fine,
                field,
                "it is empty or has control characters",
                allowed,
            );
        }
        let web = gitlab_url.starts_with("https://") || gitlab_url.starts_with("http://");
        let plain = !gitlab_url
            .chars()
            .any(|c| c.is_control() || c.is_whitespace());
        let message = format!("`{}` is no web address", gitlab_url.escape_debug());
        found.unless(
            web && plain,
            "gitlab_url",
            message,
            "https://HOST or http://HOST",
        );
        found
    }
}
