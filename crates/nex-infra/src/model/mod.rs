//! The resources of an environment: as a spec asks for them, and as they are read.
//!
//! A kind has one type where both sides have the same properties, and two where they differ. References between resources
//! are names, never ids: what is read is converted first, so that the diff is a comparison of values and needs no calls.
//!
//! The trait `ResourceKind` and the list in `resources!` are all that the diff and the engine know about a kind.

mod auto_scaling;
mod document;
mod elastic_ip;
mod identity;
mod instance;
mod launch_template;
mod machine;
mod security_group;
mod snapshot_policy;
mod storage;

use std::collections::BTreeMap;

pub use auto_scaling::{
    DesiredScalingGroup, LifecycleHook, ScalingGroup, ScalingPolicy, TemplateVersion,
};
pub use document::Document;
pub use elastic_ip::{DesiredElasticIp, ElasticIp, ElasticIpAssociation};
pub use identity::{InstanceProfile, Role};
pub use instance::{DesiredInstance, DesiredVolume, Instance, Launch, Volume};
pub use launch_template::{DesiredLaunchTemplate, LaunchTemplate};
pub use machine::{ImageChoice, MetadataOptions, RootVolume};
use nex_plan::{ResourceId, UpdateBehavior, Value};
pub use security_group::{
    DatabaseIngress, GroupRef, Peer, PortRange, Protocol, Rule, SecurityGroup,
};
pub use snapshot_policy::SnapshotPolicy;
pub use storage::{
    Bucket, DesiredSecret, LifecycleRule, LogGroup, Secret, SecretSource, SecretValue,
};

use crate::names::Tags;

/// The kinds of resources, in the order in which plans list them. Plans and the command line write a kind in kebab case:
/// `security-group`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
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
    /// An instance's root volume; the launch of the instance creates it.
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
    /// True for sub-resources without tags of their own, or with the tags of the resource that they belong to.
    pub(crate) fn is_part(self) -> bool {
        matches!(
            self,
            Kind::Volume | Kind::ElasticIpAssociation | Kind::LifecycleHook | Kind::ScalingPolicy
        )
    }

    /// Whether a deletion loses something that can't be created again.
    pub fn is_stateful(self) -> bool {
        matches!(
            self,
            Kind::S3Bucket | Kind::Secret | Kind::ElasticIp | Kind::Instance | Kind::Volume
        )
    }
}

/// The kind and the name of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The kind.
    pub kind: Kind,
    /// The name within the kind.
    pub name: String,
}

impl Key {
    /// The key of a resource.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }

    /// The key as plans write it.
    pub fn resource_id(&self) -> ResourceId {
        ResourceId::new(<&'static str>::from(self.kind), &self.name)
    }
}

/// One field of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, with its unit.
    pub name: &'static str,
    /// The value.
    pub value: Value,
    /// What an update of the field does to the resource. Only that of a desired resource counts.
    pub behavior: UpdateBehavior,
}

impl Field {
    fn new(name: &'static str, behavior: UpdateBehavior, value: impl Into<Value>) -> Self {
        Self {
            name,
            value: value.into(),
            behavior,
        }
    }

    fn in_place(name: &'static str, value: impl Into<Value>) -> Self {
        Self::new(name, UpdateBehavior::NoInterruption, value)
    }

    fn tags(tags: &Tags) -> Self {
        Self::in_place("tags", Value::map(tags))
    }
}

/// One side of the model: an enum with a variant for each kind.
macro_rules! side {
    ($(#[$doc:meta])* $name:ident { $($kind:ident($body:ty)),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $(
                #[doc = concat!("A resource of the kind [`Kind::", stringify!($kind), "`].")]
                $kind($body),
            )*
        }

        impl $name {
            /// The kind and the name.
            pub fn key(&self) -> Key {
                match self {
                    $($name::$kind(body) => Key::new(Kind::$kind, body.name()),)*
                }
            }

            /// The fields.
            pub fn fields(&self) -> Vec<Field> {
                match self {
                    $($name::$kind(body) => body.fields(),)*
                }
            }

            /// The resources that must exist before this one.
            pub fn needs(&self) -> Vec<Key> {
                match self {
                    $($name::$kind(body) => body.needs(),)*
                }
            }

            /// The tags; `None` if resources of the kind have none.
            pub fn tags(&self) -> Option<&Tags> {
                match self {
                    $($name::$kind(body) => body.tags(),)*
                }
            }
        }

        $(
            impl From<$body> for $name {
                fn from(body: $body) -> Self {
                    $name::$kind(body)
                }
            }
        )*
    };
}

/// Lists each kind once, with its type as a spec asks for it and its type as it is read.
macro_rules! resources {
    ($($kind:ident($desired:ty, $observed:ty)),* $(,)?) => {
        side! {
            /// A resource as a spec asks for it.
            DesiredResource { $($kind($desired)),* }
        }

        side! {
            /// A resource as it is read.
            ResourceState { $($kind($observed)),* }
        }

        impl Kind {
            /// The names of the fields that tell most about a resource of this kind.
            pub(crate) fn headline(self) -> &'static [&'static str] {
                match self {
                    $(Kind::$kind => <$desired as ResourceKind>::HEADLINE,)*
                }
            }
        }
    };
}

resources! {
    SecurityGroup(SecurityGroup, SecurityGroup),
    DatabaseIngress(DatabaseIngress, DatabaseIngress),
    IamRole(Role, Role),
    InstanceProfile(InstanceProfile, InstanceProfile),
    S3Bucket(Bucket, Bucket),
    Secret(DesiredSecret, Secret),
    LogGroup(LogGroup, LogGroup),
    ElasticIp(DesiredElasticIp, ElasticIp),
    Instance(DesiredInstance, Instance),
    Volume(DesiredVolume, Volume),
    ElasticIpAssociation(ElasticIpAssociation, ElasticIpAssociation),
    SnapshotPolicy(SnapshotPolicy, SnapshotPolicy),
    LaunchTemplate(DesiredLaunchTemplate, LaunchTemplate),
    AutoScalingGroup(DesiredScalingGroup, ScalingGroup),
    LifecycleHook(LifecycleHook, LifecycleHook),
    ScalingPolicy(ScalingPolicy, ScalingPolicy),
}

/// What the type of a kind provides.
trait ResourceKind {
    /// The names of the fields that tell most about a resource; without names, the first fields are shown.
    const HEADLINE: &'static [&'static str] = &[];

    fn name(&self) -> String;

    fn fields(&self) -> Vec<Field>;

    fn needs(&self) -> Vec<Key> {
        vec![]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}

/// Implements the tags of a kind that has some.
macro_rules! tagged {
    () => {
        fn tags(&self) -> Option<&crate::names::Tags> {
            Some(&self.tags)
        }
    };
}
use tagged;

/// Who owns a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// nex created the resource for this environment, or took it over.
    Nex,
    /// Someone else: the resource has a name of this environment and not nex's tags. nex reports it and never changes it.
    Other,
}

/// A resource that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedResource {
    /// The identifier that calls use: an id, an ARN, or the name itself.
    pub id: String,
    /// The owner.
    pub owner: Owner,
    /// The properties.
    pub state: ResourceState,
}

/// The resources that a spec asks for.
pub type Desired = BTreeMap<Key, DesiredResource>;

/// The resources that exist under the environment's names and tags.
pub type Observed = BTreeMap<Key, ObservedResource>;
