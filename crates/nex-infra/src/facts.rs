//! Facts: what nex looks up and never changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{ImageId, SecurityGroupId, SubnetId, VpcId};
use crate::model::Owner;

/// What nex looked up for an environment and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The account's 12 digits.
    pub account: String,
    /// The partition, such as `aws`.
    pub partition: String,
    /// The Region.
    pub region: String,
    /// The VPC's id.
    pub vpc: VpcId,
    /// The server's subnet.
    pub public_subnet: SubnetId,
    /// The fleet's subnets, in the order of the spec.
    pub private_subnets: Vec<SubnetId>,
    /// The NAT gateways that are available in the VPC, by id.
    pub nat_gateways: Vec<String>,
    /// The PostgreSQL instance.
    pub database: DatabaseFacts,
    /// The newest images.
    pub images: Images,
    /// The zone of each subnet that the spec names.
    pub zones: BTreeMap<SubnetId, String>,
    /// The instance types and images that the spec names.
    pub machines: Machines,
    /// Whether the fleet has an instance in service.
    pub fleet: FleetState,
    /// The owners of the deployment's secrets that are scheduled for deletion, by the names of the secrets.
    pub deleted_secrets: BTreeMap<String, Owner>,
}

/// Whether the fleet has an instance in service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FleetState {
    /// There is no Auto Scaling group, or the group wants no instance.
    #[default]
    Empty,
    /// At least one instance is in service.
    InService,
    /// No instance is in service yet, and no start has failed.
    Starting,
    /// No instance is in service, and the last start failed for this reason.
    Failing(String),
}

/// The instance types and images that a spec names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machines {
    /// The instance types, by name.
    pub types: BTreeMap<String, MachineType>,
    /// Which zones offer which types: pairs of a zone and a type.
    pub offers: BTreeSet<(String, String)>,
    /// The images that the spec names, by id.
    pub images: BTreeMap<String, MachineImage>,
}

/// What AWS says about an instance type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineType {
    /// The number of virtual CPUs.
    pub vcpus: u32,
    /// The memory in MiB.
    pub memory_mib: u32,
    /// The architectures, such as `x86_64` and `arm64`.
    pub architectures: BTreeSet<String>,
    /// Whether the type earns and spends CPU credits.
    pub is_burstable: bool,
}

/// What AWS says about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineImage {
    /// The device that an instance boots from, such as `/dev/xvda`.
    pub root_device: String,
    /// The architecture, such as `x86_64`.
    pub architecture: String,
}

/// The existing PostgreSQL instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// The host name.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The engine's version, such as `16.4`.
    pub version: String,
    /// The security groups, by id.
    pub groups: Vec<SecurityGroupId>,
}

impl DatabaseFacts {
    /// The engine's major version; `None` if the version does not start with a number.
    pub fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

/// The newest machine images, from the public SSM parameters of their publishers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Canonical's Ubuntu 22.04 for x86-64.
    pub server: ImageId,
    /// Amazon Linux 2023 for x86-64.
    pub fleet: ImageId,
}

/// What is known about the account's quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quotas {
    /// The plan starts no instances, so the quotas were not read.
    NotNeeded,
    /// The quotas were read.
    Read(Capacity),
    /// The quotas could not be read, for this reason. They are only advice, so the plan goes on.
    Unread(String),
}

/// The account's quotas and their use, in vCPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The quota of on-demand standard instances (L-1216C47A).
    pub on_demand: u32,
    /// The quota of Spot standard instances (L-34B43A08).
    pub spot: u32,
    /// The on-demand vCPUs in use.
    pub on_demand_used: u32,
    /// The Spot vCPUs in use.
    pub spot_used: u32,
}
