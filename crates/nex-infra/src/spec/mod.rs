//! The section `[aws]` of an environment's spec.

mod networks;
mod selector;
mod size;
mod validate;
mod warnings;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use selector::{Selector, SelectorError};
pub use size::HostSize;
pub(crate) use size::is_burstable;

/// What runs on AWS: the existing network, the GitLab server, its storage, and the runner fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The Region, such as `eu-west-3`.
    #[schemars(regex(pattern = r"^[a-z]{2}(-[a-z]+)+-[0-9]+$"))]
    pub region: String,
    /// The account's 12 digits. When set, nex refuses to work in another account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[0-9]{12}$"))]
    pub account: Option<String>,
    /// Tags for every resource, beside nex's own (Name, Deployment, Environment, Component, ManagedBy, Snapshot).
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Other paths for the names of secrets and log groups than `PREFIX/ENVIRONMENT`.
    #[serde(default, skip_serializing_if = "NamePaths::is_default")]
    pub names: NamePaths,
    /// The existing network: looked up, never changed.
    pub network: Network,
    /// The existing PostgreSQL instance: looked up, never changed.
    pub database: Database,
    /// The GitLab server.
    #[serde(default)]
    pub server: Server,
    /// The buckets.
    #[serde(default)]
    pub storage: Storage,
    /// Snapshots of the server's volume.
    #[serde(default)]
    pub snapshots: Snapshots,
    /// How long logs are kept.
    #[serde(default)]
    pub logs: Logs,
    /// The runner fleet. Without this section there is no fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Fleet")]
    pub fleet: Option<Fleet>,
}

impl Spec {
    /// Whether the server lets in the networks of Cloudflare's proxies.
    pub fn uses_edge_networks(&self) -> bool {
        self.server.web_from.iter().any(|from| from == CLOUDFLARE)
    }
}

/// The paths in front of names. Two deployments must not share a path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamePaths {
    /// The path of secrets. Default: `PREFIX/ENVIRONMENT`, as in `nex/staging/gitlab/root-password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        regex(pattern = r"^[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*$"),
        length(max = 128)
    )]
    pub secrets: Option<String>,
    /// The path of log groups. Default: `/PREFIX/ENVIRONMENT`, as in `/nex/staging/gitlab/rails`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        regex(pattern = r"^(/[A-Za-z0-9_.-]+)+$"),
        length(max = 128)
    )]
    pub log_groups: Option<String>,
}

impl NamePaths {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The existing network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The VPC: `vpc-...`, `tag:Name=...`, or its CIDR.
    pub vpc: Selector,
    /// The server's subnet, with a route to an internet gateway: `subnet-...`, `tag:Name=...`, or its CIDR.
    pub public_subnet: Selector,
    /// The fleet's subnets, with a route to a NAT gateway: each `subnet-...`, `tag:Name=...`, or its CIDR.
    #[serde(default)]
    pub private_subnets: Vec<Selector>,
}

/// The existing PostgreSQL instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The RDS instance's identifier.
    #[schemars(length(min = 1, max = 63))]
    pub instance: String,
    /// Whether nex may let the server into the database's security group (TCP, the database's port). Without it
    /// that group is left alone, with a rule that nex made earlier.
    #[serde(default)]
    pub allow_ingress: bool,
}

/// The GitLab server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The EC2 instance type. A change stops and starts the server.
    #[schemars(regex(pattern = r"^[a-z0-9-]+\.[a-z0-9-]+$"))]
    pub instance_type: String,
    /// The root volume's size in GB (gp3, encrypted). It only grows.
    #[schemars(range(min = 30, max = 16384))]
    pub volume_gb: u32,
    /// An image (`ami-...`) instead of Canonical's newest Ubuntu 22.04. Another image replaces the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^ami-[0-9a-f]+$"))]
    pub image: Option<String>,
    /// The networks (CIDR) that may reach port 22, where `git` over SSH arrives.
    pub ssh_from: Vec<String>,
    /// The networks (CIDR) that may reach ports 80 and 443; the word `cloudflare` stands for Cloudflare's.
    pub web_from: Vec<String>,
    /// Whether the server can't be terminated by an API call.
    pub termination_protection: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            instance_type: "t3a.xlarge".into(),
            volume_gb: 200,
            image: None,
            ssh_from: vec![],
            web_from: vec![CLOUDFLARE.into()],
            termination_protection: true,
        }
    }
}

/// The word in `web_from` that stands for Cloudflare's networks.
pub const CLOUDFLARE: &str = "cloudflare";

/// The buckets. A bucket's name is global to AWS: a spec names its own where the default is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// The container registry's bucket. Default: `PREFIX-ENVIRONMENT-gitlab-registry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"))]
    pub registry_bucket: Option<String>,
    /// The bucket of what instances fetch. Default: `PREFIX-ENVIRONMENT-gitlab-artifacts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"))]
    pub artifacts_bucket: Option<String>,
    /// Where backups go.
    pub backups: Backups,
}

/// Where backups go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backups {
    /// The bucket. Default: `PREFIX-ENVIRONMENT-gitlab-backups`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"))]
    pub bucket: Option<String>,
    /// Whether the bucket exists already and is shared: nex only looks it up.
    pub existing: bool,
    /// The account of an existing bucket, if it is another account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[0-9]{12}$"))]
    pub account: Option<String>,
    /// The prefix of GitLab's backups within the bucket; it ends with `/`.
    #[schemars(regex(pattern = r"^([A-Za-z0-9_.-]+/)*$"))]
    pub prefix: String,
    /// Days until a backup expires (a lifecycle rule). Not in an existing bucket.
    #[schemars(range(min = 1, max = 3650))]
    pub keep_days: u32,
}

impl Default for Backups {
    fn default() -> Self {
        Self {
            bucket: None,
            existing: false,
            account: None,
            prefix: "gitlab/".into(),
            keep_days: 30,
        }
    }
}

/// Daily snapshots of the server's volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Snapshots {
    /// The time of day, UTC, `HH:MM`.
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub at: String,
    /// Days until a snapshot is deleted, by age: a missed run keeps no snapshot longer.
    #[schemars(range(min = 1, max = 3650))]
    pub keep_days: u32,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self {
            at: "03:00".into(),
            keep_days: 14,
        }
    }
}

/// How many days logs are kept. CloudWatch Logs takes certain numbers only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// The server's groups: rails, nginx-access, nginx-error, system.
    pub gitlab_days: u32,
    /// The runners' own log.
    pub runner_days: u32,
    /// The runner hosts' system log.
    pub runner_system_days: u32,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            gitlab_days: 30,
            runner_days: 30,
            runner_system_days: 14,
        }
    }
}

/// How a burstable instance pays for CPU above its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Credits {
    /// It slows down to its baseline.
    Standard,
    /// It goes on, and the surplus is billed by the vCPU-hour.
    Unlimited,
}

impl Credits {
    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Credits::Standard => "standard",
            Credits::Unlimited => "unlimited",
        }
    }
}

/// The runner fleet: an Auto Scaling group of Spot instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fleet {
    /// The instance types, the preferred first. More types find Spot capacity more often.
    #[schemars(length(min = 1))]
    pub instance_types: Vec<String>,
    /// Fewest instances.
    #[schemars(range(max = 10_000))]
    pub min: u32,
    /// Most instances.
    #[schemars(range(max = 10_000))]
    pub max: u32,
    /// Instances at the first start. From then on the scaling policy decides.
    #[schemars(range(max = 10_000))]
    pub desired: u32,
    /// How many instances are on demand before any is Spot.
    #[schemars(range(max = 10_000))]
    pub on_demand_base: u32,
    /// Percent Spot above the base.
    #[schemars(range(min = 0, max = 100))]
    pub spot_percent: u32,
    /// The root volume's size in GB (gp3, encrypted).
    #[schemars(range(min = 20, max = 16384))]
    pub volume_gb: u32,
    /// An image (`ami-...`) instead of Amazon's newest Amazon Linux 2023 at the time of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^ami-[0-9a-f]+$"))]
    pub image: Option<String>,
    /// How T3 and T3a instances pay for CPU above their baseline: `standard` slows down, `unlimited` bills the surplus.
    #[schemars(with = "String", extend("enum" = ["standard", "unlimited"]))]
    pub credits: Credits,
    /// The average CPU in percent that the scaling policy aims at.
    #[schemars(range(min = 1, max = 100))]
    pub target_cpu_percent: u32,
    /// Seconds that a terminating instance is held for its jobs, on scale-in and recycling (not on a Spot notice).
    #[schemars(range(min = 30, max = 7200))]
    pub drain_seconds: u32,
    /// The cache's bucket. Default: `PREFIX-ENVIRONMENT-gitlab-runner-cache`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"))]
    pub cache_bucket: Option<String>,
    /// Days until a cache entry expires.
    #[schemars(range(min = 1, max = 3650))]
    pub cache_days: u32,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            instance_types: vec!["t3a.large".into(), "t3.large".into()],
            min: 1,
            max: 3,
            desired: 1,
            on_demand_base: 0,
            spot_percent: 100,
            volume_gb: 100,
            image: None,
            credits: Credits::Standard,
            target_cpu_percent: 60,
            drain_seconds: 600,
            cache_bucket: None,
            cache_days: 14,
        }
    }
}
