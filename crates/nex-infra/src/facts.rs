//! What is looked up and never changed, and what other crates render: the inputs of the desired state.

/// What was looked up for an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The account's 12 digits.
    pub account: String,
    /// The partition, such as `aws`.
    pub partition: String,
    /// The Region.
    pub region: String,
    /// The VPC's id.
    pub vpc: String,
    /// The server's subnet.
    pub public_subnet: String,
    /// The fleet's subnets, in the order of the spec.
    pub private_subnets: Vec<String>,
    /// The NAT gateways that are available in the VPC, by id.
    pub nat_gateways: Vec<String>,
    /// The PostgreSQL instance.
    pub database: DatabaseFacts,
    /// The newest images.
    pub images: Images,
}

/// The PostgreSQL instance that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Its host name.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// Its engine's version, such as `16.4`.
    pub version: String,
    /// Its security groups, by id.
    pub groups: Vec<String>,
}

impl DatabaseFacts {
    /// The engine's major version.
    pub fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

/// The newest machine images, from the public SSM parameters of their makers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Canonical's Ubuntu 22.04 for x86-64.
    pub server: String,
    /// Amazon Linux 2023 for x86-64.
    pub fleet: String,
}

/// What an account may still start, in vCPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The quota of on-demand standard instances (L-1216C47A).
    pub on_demand: u32,
    /// The quota of Spot standard instances (L-34B43A08).
    pub spot: u32,
    /// On-demand vCPUs that run.
    pub on_demand_used: u32,
    /// Spot vCPUs that run.
    pub spot_used: u32,
}

/// What the desired state takes from other crates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The scripts of the first boots.
    pub user_data: UserData,
    /// Cloudflare's networks, for `web_from = ["cloudflare"]`.
    pub edge_networks: EdgeNetworks,
    /// Whether the spec refers to a mail password that nex stores for the server.
    pub mail_password: bool,
}

/// The scripts of the first boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserData {
    /// The server's.
    pub server: String,
    /// A runner host's.
    pub fleet: String,
}

/// The networks of Cloudflare's proxies, in CIDR notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeNetworks {
    /// The networks as Cloudflare lists them.
    Known(Vec<String>),
    /// Cloudflare's list can't be read. Rules that exist stay as they are; only a new server gets the built-in list.
    Unread {
        /// The list that the program was built with.
        built_in: Vec<String>,
        /// Why the list can't be read.
        error: String,
    },
}

impl EdgeNetworks {
    /// The networks: those that Cloudflare lists, or the built-in list.
    pub fn cidrs(&self) -> &[String] {
        match self {
            EdgeNetworks::Known(networks) => networks,
            EdgeNetworks::Unread { built_in, .. } => built_in,
        }
    }
}
