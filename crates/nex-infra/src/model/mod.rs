//! The resources, as one set of types for what is asked and what is there.
//!
//! References between resources are names, never ids: what is read is put into that form first, so that the diff is a
//! comparison of equals and needs nothing from the outside.

mod document;
mod identity;
mod scaling;
mod server;
mod storage;
mod traffic;

use std::collections::BTreeMap;

pub use document::Document;
pub use identity::{InstanceProfile, Role};
use nex_plan::{ResourceId, Value};
pub use scaling::{LaunchTemplate, LifecycleHook, ScalingGroup, ScalingPolicy, TemplateVersion};
pub use server::{Address, Association, Disk, Image, Instance, Metadata, SnapshotPolicy, Volume};
pub use storage::{Bucket, Content, Expiry, LogGroup, Secret};
pub use traffic::{DatabaseIngress, GroupRef, Peer, Protocol, Rule, SecurityGroup};

use crate::names::Tags;

/// What kinds there are, in the order in which plans list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An EC2 security group with its rules.
    SecurityGroup,
    /// The rule that lets the server into the database's security group.
    DatabaseIngress,
    /// An IAM role with its policies.
    IamRole,
    /// An IAM instance profile.
    InstanceProfile,
    /// An S3 bucket.
    S3Bucket,
    /// A secret in Secrets Manager.
    Secret,
    /// A CloudWatch Logs log group.
    LogGroup,
    /// An Elastic IP address.
    ElasticIp,
    /// An EC2 instance.
    Instance,
    /// An instance's root volume; it is made with the instance.
    Volume,
    /// The Elastic IP's association with the instance.
    ElasticIpAssociation,
    /// A Data Lifecycle Manager policy.
    SnapshotPolicy,
    /// An EC2 launch template.
    LaunchTemplate,
    /// An EC2 Auto Scaling group.
    AutoScalingGroup,
    /// A lifecycle hook of an Auto Scaling group.
    LifecycleHook,
    /// A scaling policy of an Auto Scaling group.
    ScalingPolicy,
}

impl Kind {
    /// All kinds, in order.
    pub const ALL: [Kind; 16] = [
        Kind::SecurityGroup,
        Kind::DatabaseIngress,
        Kind::IamRole,
        Kind::InstanceProfile,
        Kind::S3Bucket,
        Kind::Secret,
        Kind::LogGroup,
        Kind::ElasticIp,
        Kind::Instance,
        Kind::Volume,
        Kind::ElasticIpAssociation,
        Kind::SnapshotPolicy,
        Kind::LaunchTemplate,
        Kind::AutoScalingGroup,
        Kind::LifecycleHook,
        Kind::ScalingPolicy,
    ];

    /// The kind's name in plans and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::SecurityGroup => "security-group",
            Kind::DatabaseIngress => "database-ingress",
            Kind::IamRole => "iam-role",
            Kind::InstanceProfile => "instance-profile",
            Kind::S3Bucket => "s3-bucket",
            Kind::Secret => "secret",
            Kind::LogGroup => "log-group",
            Kind::ElasticIp => "elastic-ip",
            Kind::Instance => "instance",
            Kind::Volume => "volume",
            Kind::ElasticIpAssociation => "elastic-ip-association",
            Kind::SnapshotPolicy => "snapshot-policy",
            Kind::LaunchTemplate => "launch-template",
            Kind::AutoScalingGroup => "auto-scaling-group",
            Kind::LifecycleHook => "lifecycle-hook",
            Kind::ScalingPolicy => "scaling-policy",
        }
    }

    /// The kind that plans and the command line call `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether it is a part of what it needs, and not a thing of its own: it has no tags, or those of the whole.
    pub(crate) fn is_part(self) -> bool {
        matches!(
            self,
            Kind::Volume | Kind::ElasticIpAssociation | Kind::LifecycleHook | Kind::ScalingPolicy
        )
    }

    /// Whether what is lost with it can't be made again.
    pub fn is_stateful(self) -> bool {
        matches!(
            self,
            Kind::S3Bucket | Kind::Secret | Kind::ElasticIp | Kind::Instance | Kind::Volume
        )
    }
}

/// Names one resource of an environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// Its name within the kind.
    pub name: String,
}

impl Key {
    /// A resource's key.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }

    /// The key as plans write it.
    pub fn resource_id(&self) -> ResourceId {
        ResourceId::new(self.kind.as_str(), &self.name)
    }
}

/// What a difference in a field leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    /// Changed where it stands.
    InPlace,
    /// Changed with a stop and a start.
    Restart,
    /// Needs a new resource; the text says why.
    Replace(&'static str),
    /// Counts only when the resource is made; the text says who decides afterwards.
    AtCreation(&'static str),
    /// Changed where it stands when it grows; a smaller value is left as it is.
    Grows,
}

/// One field of a resource, with its value and its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name; it carries the unit.
    pub name: &'static str,
    /// The value.
    pub value: Value,
    /// What a difference leads to.
    pub rule: OnChange,
}

impl Field {
    fn new(name: &'static str, rule: OnChange, value: impl Into<Value>) -> Self {
        Self {
            name,
            value: value.into(),
            rule,
        }
    }

    fn in_place(name: &'static str, value: impl Into<Value>) -> Self {
        Self::new(name, OnChange::InPlace, value)
    }

    fn tags(tags: &Tags) -> Self {
        Self::in_place("tags", Value::map(tags))
    }
}

macro_rules! resources {
    ($($kind:ident($body:ty)),* $(,)?) => {
        /// A resource of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Resource {
            $(
                #[doc = concat!("A resource of the kind [`Kind::", stringify!($kind), "`].")]
                $kind($body),
            )*
        }

        impl Resource {
            /// Its kind and name.
            pub fn key(&self) -> Key {
                match self {
                    $(Resource::$kind(body) => Key::new(Kind::$kind, body.name()),)*
                }
            }

            /// Its fields, each with the rule of its change.
            pub fn fields(&self) -> Vec<Field> {
                match self {
                    $(Resource::$kind(body) => body.fields(),)*
                }
            }

            /// What must be there before it is made.
            pub fn needs(&self) -> Vec<Key> {
                match self {
                    $(Resource::$kind(body) => body.needs(),)*
                }
            }

            /// Its tags, unless it is of a kind that has none.
            pub fn tags(&self) -> Option<&Tags> {
                match self {
                    $(Resource::$kind(body) => body.tags(),)*
                }
            }

            /// Its tags, to be changed.
            pub fn tags_mut(&mut self) -> Option<&mut Tags> {
                match self {
                    $(Resource::$kind(body) => body.tags_mut(),)*
                }
            }
        }

        $(
            impl From<$body> for Resource {
                fn from(body: $body) -> Self {
                    Resource::$kind(body)
                }
            }
        )*
    };
}

resources! {
    SecurityGroup(SecurityGroup),
    DatabaseIngress(DatabaseIngress),
    IamRole(Role),
    InstanceProfile(InstanceProfile),
    S3Bucket(Bucket),
    Secret(Secret),
    LogGroup(LogGroup),
    ElasticIp(Address),
    Instance(Instance),
    Volume(Volume),
    ElasticIpAssociation(Association),
    SnapshotPolicy(SnapshotPolicy),
    LaunchTemplate(LaunchTemplate),
    AutoScalingGroup(ScalingGroup),
    LifecycleHook(LifecycleHook),
    ScalingPolicy(ScalingPolicy),
}

/// What every kind tells of itself.
trait Body {
    fn name(&self) -> String;
    fn fields(&self) -> Vec<Field>;
    fn needs(&self) -> Vec<Key> {
        vec![]
    }
    fn tags(&self) -> Option<&Tags> {
        None
    }
    fn tags_mut(&mut self) -> Option<&mut Tags> {
        None
    }
}

/// Implements the tag accessors of a kind that has tags.
macro_rules! tagged {
    () => {
        fn tags(&self) -> Option<&crate::names::Tags> {
            Some(&self.tags)
        }
        fn tags_mut(&mut self) -> Option<&mut crate::names::Tags> {
            Some(&mut self.tags)
        }
    };
}
use tagged;

/// Whose a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// nex made it, or took it over, for this environment.
    Nex,
    /// It carries a name of ours without our tags: reported, never changed.
    Other,
}

/// A resource that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// The id by which calls name it: an id, an ARN, or the name itself.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// What it looks like.
    pub resource: Resource,
}

/// What an environment's spec asks for.
pub type Desired = BTreeMap<Key, Resource>;

/// What is there under the environment's names and tags.
pub type Observed = BTreeMap<Key, Existing>;
