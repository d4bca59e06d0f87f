//! Inputs of the desired state that come from other crates.

use std::collections::BTreeSet;

/// The results of other crates that the desired state depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The scripts of the first boots.
    pub user_data: UserData,
    /// Cloudflare's networks, for `web_from = ["cloudflare"]`.
    pub edge_networks: EdgeNetworks,
    /// Whether the spec refers to a mail password that nex stores for the server.
    pub mail_password: bool,
    /// The names of the secrets that get a new value if they are deleted now: their old values are not restored.
    pub rotate: BTreeSet<String>,
}

/// The scripts of the first boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserData {
    /// The server's user data.
    pub server: String,
    /// A runner host's user data.
    pub fleet: String,
}

/// The networks (CIDR) of Cloudflare's proxies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeNetworks {
    /// Cloudflare's current list.
    Known(Vec<String>),
    /// Cloudflare's list could not be read. An existing security group keeps its rules for ports 80 and 443.
    Unread {
        /// An older list: only a new security group gets it.
        built_in: Vec<String>,
        /// Why the list could not be read.
        error: String,
    },
}

impl EdgeNetworks {
    /// The networks that a new security group lets in.
    pub fn cidrs(&self) -> &[String] {
        match self {
            EdgeNetworks::Known(networks) => networks,
            EdgeNetworks::Unread { built_in, .. } => built_in,
        }
    }
}
