//! The section `[runner]` of an environment's file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The runner on every host of the fleet. All of it may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// The gitlab-runner release that every host installs, such as `18.11.0`. Keep its major version that of the
    /// GitLab server.
    #[schemars(regex(pattern = r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$"))]
    pub version: String,
    /// How many jobs one host runs at a time. Each may use `docker.memory` and `docker.cpus`.
    #[schemars(range(min = 1, max = 1000))]
    pub concurrent: u32,
    /// How often a host asks GitLab for jobs, in seconds; 0 means 3.
    #[schemars(range(max = 3600))]
    pub check_interval: u32,
    /// How long running jobs have for their cleaning up once they are aborted (SIGTERM), in seconds; 0 means 30.
    #[schemars(range(max = 3600))]
    pub shutdown_timeout: u32,
    /// How long a stop of the service waits for running jobs to end, in seconds; what still runs then is killed.
    #[schemars(range(min = 1, max = 86400))]
    pub stop_timeout: u32,
    /// How long a finished job is held open for an interactive terminal, in seconds. Left out, there is none. It
    /// only works where GitLab can reach the host, which hosts in private subnets do not allow.
    #[schemars(range(min = 1, max = 86400))]
    pub session_timeout: Option<u32>,
    /// The runner's name in GitLab's list; `{hostname}` stands for the host's own name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Where the host serves Prometheus metrics, such as `127.0.0.1:9252`. Left out, it does not. There is no
    /// authentication.
    #[schemars(regex(pattern = r"^.*:[0-9]{1,5}$"))]
    pub listen_address: Option<String>,
    /// The containers that jobs run in.
    pub docker: Docker,
    /// The cache that jobs share, in S3.
    pub cache: Cache,
    /// The purge of what jobs leave on the disk.
    pub cleanup: Cleanup,
}

/// The containers that jobs run in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Docker {
    /// The image of a job that names none.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Whether containers are privileged: needed for Docker in Docker only, and root on the host for whoever writes
    /// a job.
    pub privileged: bool,
    /// When images are pulled: `always`, `if-not-present` or `never`; several are tried in turn.
    #[schemars(length(min = 1))]
    pub pull_policy: Vec<PullPolicy>,
    /// What is mounted into every container: `/cache` for a volume, `/host/path:/container/path` for a path.
    pub volumes: Vec<String>,
    /// The memory that one job's container may use, such as `3g` or `512m`. Services are counted apart.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)? ?[bkmgBKMG]?$"))]
    pub memory: String,
    /// The processors that one job's container may use, such as `1.5`. Services are counted apart.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub cpus: String,
    /// The memory that each service of a job may use, such as `1g`. Left out, there is no limit.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)? ?[bkmgBKMG]?$"))]
    pub service_memory: Option<String>,
    /// The processors that each service of a job may use, such as `0.5`. Left out, there is no limit.
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
    /// Before every job: the registry checks who may have it.
    Always,
    /// Only if the host lacks it: one job may use what another pulled.
    IfNotPresent,
    /// Never: the host must have it.
    Never,
}

/// The cache that jobs share. The runner process reaches it by the host's role; jobs get signed addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// Whether all hosts use one cache; false keeps a cache for each runner.
    pub shared: bool,
}

/// The purge of what jobs leave on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cleanup {
    /// How often it runs, such as `6h` or `1h30m`.
    #[schemars(regex(pattern = r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$"))]
    pub every: String,
    /// How old containers that have ended, unused images and unused build cache must be to go, such as `4h`. Docker
    /// counts an image's age from when it was built, and a cache's from its last use.
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

/// Turns documented variants (`oneOf` of constants) into one `enum`, which checkers report better.
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
