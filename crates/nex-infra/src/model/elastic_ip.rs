//! Elastic IP addresses and their associations.

use std::net::Ipv4Addr;

use nex_plan::{UpdateBehavior, Value};

use super::{Field, Key, Kind, ResourceKind, tagged};
use crate::names::Tags;

/// An Elastic IP address as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElasticIp {
    /// The tag `Name`.
    pub name: String,
    /// The address.
    pub public_ip: Ipv4Addr,
    /// The tags.
    pub tags: Tags,
}

/// An Elastic IP address as a spec asks for one: EC2 chooses the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredElasticIp {
    /// The tag `Name`.
    pub name: String,
    /// The tags.
    pub tags: Tags,
}

impl ResourceKind for ElasticIp {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            public_ip,
            tags,
        } = self;
        vec![
            Field::in_place("public_ip", public_ip.to_string()),
            Field::tags(tags),
        ]
    }

    tagged!();
}

impl ResourceKind for DesiredElasticIp {
    const HEADLINE: &'static [&'static str] = &["public_ip"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self { name: _, tags } = self;
        vec![
            Field::new(
                "public_ip",
                UpdateBehavior::CreateOnly("EC2 chooses it".into()),
                Value::Later("its allocation".into()),
            ),
            Field::tags(tags),
        ]
    }

    tagged!();
}

/// The association of an Elastic IP address with an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElasticIpAssociation {
    /// The address's name.
    pub address: String,
    /// The instance: by name if the environment has it, else by id.
    pub instance: String,
}

impl ResourceKind for ElasticIpAssociation {
    const HEADLINE: &'static [&'static str] = &["instance"];

    fn name(&self) -> String {
        self.address.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            address: _,
            instance,
        } = self;
        vec![Field::in_place("instance", instance)]
    }

    fn needs(&self) -> Vec<Key> {
        vec![
            Key::new(Kind::ElasticIp, &self.address),
            Key::new(Kind::Instance, &self.instance),
        ]
    }
}
