//! The server's Elastic IP address.

use std::net::Ipv4Addr;

use nex_plan::Value;

use super::resource::tagged;
use super::{Field, Key, Kind, ResourceKind};
use crate::names::Tags;

/// The Elastic IP address that the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredElasticIp {
    /// The tag `Name`.
    pub name: String,
    /// The tags.
    pub tags: Tags,
}

/// An Elastic IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElasticIp {
    /// The tag `Name`.
    pub name: String,
    /// The address itself.
    pub public_ip: Ipv4Addr,
    /// The tags.
    pub tags: Tags,
}

fn public_ip(value: Value) -> Field {
    Field::create_only("public_ip", "EC2 chooses it", value)
}

impl ResourceKind for DesiredElasticIp {
    const HEADLINE: &'static [&'static str] = &["public_ip"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self { name: _, tags } = self;
        let allocated = Value::Later("its allocation".into());
        vec![public_ip(allocated), Field::tags(tags)]
    }

    tagged!(tags);
}

impl ResourceKind for ElasticIp {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            public_ip: address,
            tags,
        } = self;
        vec![public_ip(address.to_string().into()), Field::tags(tags)]
    }

    tagged!(tags);
}

/// An Elastic IP's association with an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElasticIpAssociation {
    /// The address's name.
    pub address: String,
    /// The instance: by name if the instance is ours, else by id.
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
