//! The `[runner]` section of an environment's spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The runner on every host of the fleet. Every field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// The version of gitlab-runner on every host, such as `18.11.0`. Use the major version of the GitLab server.
    #[schemars(regex(pattern = r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$"))]
    pub version: String,
    /// How many jobs a host runs at a time. Each job may use `docker.memory` and `docker.cpus`.
    #[schemars(range(min = 1, max = 1000))]
    pub concurrent: u32,
    /// How often a host asks GitLab for jobs, in seconds. 0 means 3.
    #[schemars(range(max = 3600))]
    pub check_interval: u32,
    /// How long aborted jobs (SIGTERM) may take to clean up, in seconds. 0 means 30.
    #[schemars(range(max = 3600))]
    pub shutdown_timeout: u32,
    /// How long a stop of the service waits for running jobs, in seconds. Jobs that still run after that are killed.
    #[schemars(range(min = 1, max = 86400))]
    pub stop_timeout: u32,
    /// How long a finished job stays open for an interactive web terminal, in seconds. By default there is no terminal.
    /// A terminal needs a connection from GitLab to the host, which is impossible for hosts in private subnets.
    #[schemars(range(min = 1, max = 86400))]
    pub session_timeout: Option<u32>,
    /// The runner's name in GitLab. Each host replaces `{hostname}` with its own name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// The address for Prometheus metrics, such as `127.0.0.1:9252`. By default the host serves none. Clients need no
    /// authentication.
    #[schemars(regex(pattern = r"^.*:[0-9]{1,5}$"))]
    pub listen_address: Option<String>,
    /// The containers that jobs run in.
    pub docker: Docker,
    /// The cache that jobs share, in S3.
    pub cache: Cache,
    /// The regular removal of containers, images and volumes that jobs leave on the disk.
    pub cleanup: Cleanup,
}

/// The containers that jobs run in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Docker {
    /// The image for jobs that do not name one.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Whether job containers are privileged. Only Docker-in-Docker needs this, and anyone who can write a job can then
    /// become root on the host.
    pub privileged: bool,
    /// When the runner pulls images: `always`, `if-not-present` or `never`. The runner tries several policies in order.
    #[schemars(length(min = 1))]
    pub pull_policy: Vec<PullPolicy>,
    /// Mounts of every job container: `/cache` for a volume, `/host/path:/container/path` for a path of the host.
    pub volumes: Vec<String>,
    /// The memory limit of a job's own container, such as `3g` or `512m`. Services have a limit of their own.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)? ?[bkmgBKMG]?$"))]
    pub memory: String,
    /// The CPU limit of a job's own container, such as `1.5`. Services have a limit of their own.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub cpus: String,
    /// The memory limit of each service container of a job, such as `1g`. By default there is no limit.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)? ?[bkmgBKMG]?$"))]
    pub service_memory: Option<String>,
    /// The CPU limit of each service container of a job, such as `0.5`. By default there is no limit.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub service_cpus: Option<String>,
}

/// When the runner pulls an image.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(transform = plain_enum)]
pub enum PullPolicy {
    /// Before every job. The registry checks the job's permission each time.
    Always,
    /// Only if the host does not have the image. A job can use an image that another job pulled.
    IfNotPresent,
    /// Never. The host must already have the image.
    Never,
}

/// The cache that jobs share. The runner accesses the bucket with the host's role and gives jobs presigned URLs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// Whether all hosts share one cache. If false, each runner has its own.
    pub shared: bool,
}

/// The regular removal of containers, images and volumes that jobs leave on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cleanup {
    /// How often the clean-up runs, such as `6h` or `1h30m`.
    #[schemars(regex(pattern = r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$"))]
    pub every: String,
    /// The age from which stopped containers, unused images and unused build cache are removed, such as `4h`. Docker
    /// measures an image's age from its build, and a cache entry's age from its last use.
    #[schemars(regex(pattern = r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$"))]
    pub keep: String,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            version: "18.11.0".to_owned(),
            concurrent: 2,
            check_interval: 3,
            shutdown_timeout: 30,
            stop_timeout: 300,
            session_timeout: None,
            name: "nex-aws-runner-{hostname}".to_owned(),
            listen_address: None,
            docker: Docker::default(),
            cache: Cache::default(),
            cleanup: Cleanup::default(),
        }
    }
}

impl Default for Docker {
    fn default() -> Self {
        Self {
            image: "node:20-alpine".to_owned(),
            privileged: false,
            pull_policy: vec![PullPolicy::Always],
            volumes: vec!["/cache".to_owned()],
            memory: "3g".to_owned(),
            cpus: "1".to_owned(),
            service_memory: None,
            service_cpus: None,
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self { shared: true }
    }
}

impl Default for Cleanup {
    fn default() -> Self {
        Self {
            every: "6h".to_owned(),
            keep: "4h".to_owned(),
        }
    }
}

/// Replaces `oneOf` (one constant per documented variant) with `enum`, for which validators give better messages.
fn plain_enum(schema: &mut schemars::Schema) {
    let Some(serde_json::Value::Array(variants)) = schema.remove("oneOf") else {
        return;
    };
    let names: Vec<_> = variants
        .iter()
        .filter_map(|v| v.get("const").cloned())
        .collect();
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), names.into());
}
