//! Security groups and their rules.

use std::collections::BTreeSet;
use std::fmt;

use nex_plan::Value;

use super::resource::tagged;
use super::{Field, Key, Kind, ResourceKind};
use crate::ids::{SecurityGroupId, VpcId};
use crate::names::Tags;

/// A transport protocol of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Every protocol, every port.
    All,
    /// Another protocol, by name or number.
    Other(String),
}

impl Protocol {
    /// The protocol as EC2 writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::All => "-1",
            Protocol::Other(name) => name,
        }
    }

    /// The protocol that EC2 calls `text`.
    pub fn parse(text: &str) -> Self {
        match text {
            "tcp" | "6" => Protocol::Tcp,
            "udp" | "17" => Protocol::Udp,
            "-1" | "all" => Protocol::All,
            other => Protocol::Other(other.to_owned()),
        }
    }
}

/// A security group: by name if it is ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupRef {
    /// A group of the environment, by name.
    Named(String),
    /// Another group, by id.
    Id(SecurityGroupId),
}

impl fmt::Display for GroupRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupRef::Named(name) => f.write_str(name),
            GroupRef::Id(id) => f.write_str(id.as_str()),
        }
    }
}

impl From<&GroupRef> for Value {
    fn from(group: &GroupRef) -> Value {
        group.to_string().into()
    }
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// A network.
    Cidr(String),
    /// The members of a security group.
    Group(GroupRef),
    /// A managed prefix list, by id.
    PrefixList(String),
}

/// The ports of a rule; for ICMP, type and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// The first port; -1 for every type of ICMP.
    pub first: i32,
    /// The last port; -1 for every code of ICMP.
    pub last: i32,
}

impl PortRange {
    /// Just this port.
    pub fn one(port: u16) -> Self {
        Self {
            first: port.into(),
            last: port.into(),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last {
            write!(f, "{first}")
        } else {
            write!(f, "{first}-{last}")
        }
    }
}

/// One rule: a protocol, a range of ports, one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// The protocol.
    pub protocol: Protocol,
    /// The ports; `None` if the protocol has none.
    pub ports: Option<PortRange>,
    /// The other end.
    pub peer: Peer,
}

impl Rule {
    /// One port of `protocol` for a network, in the form in which EC2 returns networks (`2001:db8::/32`).
    pub fn port(protocol: Protocol, port: u16, cidr: &str) -> Self {
        let network = cidr.parse::<ipnet::IpNet>();
        Self {
            protocol,
            ports: Some(PortRange::one(port)),
            peer: Peer::Cidr(network.map_or_else(|_| cidr.to_owned(), |net| net.to_string())),
        }
    }

    /// Everything to everywhere: the egress rule of a new group.
    pub fn everything() -> Self {
        Self {
            protocol: Protocol::All,
            ports: None,
            peer: Peer::Cidr("0.0.0.0/0".into()),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.protocol {
            Protocol::All => f.write_str("all")?,
            protocol => f.write_str(protocol.as_str())?,
        }
        if let Some(ports) = self.ports {
            write!(f, " {ports}")?;
        }
        match &self.peer {
            Peer::Cidr(cidr) => write!(f, " {cidr}"),
            Peer::Group(group) => write!(f, " group {group}"),
            Peer::PrefixList(id) => write!(f, " prefix list {id}"),
        }
    }
}

fn rules(rules: &BTreeSet<Rule>) -> Value {
    Value::set(rules.iter().map(Rule::to_string))
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// The name, unique in the VPC.
    pub name: String,
    /// The purpose.
    pub description: String,
    /// The VPC's id.
    pub vpc: VpcId,
    /// The rules for incoming connections.
    pub ingress: BTreeSet<Rule>,
    /// The rules for outgoing connections.
    pub egress: BTreeSet<Rule>,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for SecurityGroup {
    const HEADLINE: &'static [&'static str] = &["ingress", "egress"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            description,
            vpc,
            ingress,
            egress,
            tags,
        } = self;
        vec![
            Field::create_only(
                "description",
                "EC2 can't change it, and nex does not replace a group for it",
                description,
            ),
            Field::replacing("vpc", "a group can't move to another VPC", vpc),
            Field::in_place("ingress", rules(ingress)),
            Field::in_place("egress", rules(egress)),
            Field::tags(tags),
        ]
    }

    tagged!(tags);
}

/// The rule in the database's security group that lets the server in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseIngress {
    /// The RDS instance's identifier: the resource's name.
    pub database: String,
    /// The database's security group, by id. nex owns only this rule in the group.
    pub group: SecurityGroupId,
    /// The database's TCP port.
    pub port: u16,
    /// The server's security group.
    pub from: GroupRef,
}

impl ResourceKind for DatabaseIngress {
    const HEADLINE: &'static [&'static str] = &["group", "port", "from"];

    fn name(&self) -> String {
        self.database.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            database: _,
            group,
            port,
            from,
        } = self;
        vec![
            Field::replacing("group", "a rule belongs to its group", group),
            Field::replacing("port", "a rule's port is fixed", *port),
            Field::replacing("from", "a rule's peer is fixed", from),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        match &self.from {
            GroupRef::Named(name) => vec![Key::new(Kind::SecurityGroup, name)],
            GroupRef::Id(_) => vec![],
        }
    }
}
