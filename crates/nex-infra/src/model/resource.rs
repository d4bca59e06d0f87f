//! The enums over all kinds, one for each of the two sides.

use std::collections::BTreeMap;

use super::{
    Bucket, DatabaseIngress, DesiredElasticIp, DesiredInstance, DesiredLaunchTemplate,
    DesiredScalingGroup, DesiredSecret, DesiredVolume, ElasticIp, ElasticIpAssociation, Field,
    Instance, InstanceProfile, Key, Kind, LaunchTemplate, LifecycleHook, LogGroup, Role,
    ScalingGroup, ScalingPolicy, Secret, SecurityGroup, SnapshotPolicy, Volume,
};
use crate::names::Tags;

/// What the diff needs to know about a resource.
pub trait ResourceKind {
    /// The names of the fields that tell most about a resource: the short form of a plan shows them. Without names, the first
    /// fields are shown.
    const HEADLINE: &'static [&'static str] = &[];

    /// The name within the kind.
    fn name(&self) -> String;

    /// The fields, in the order in which plans list them.
    fn fields(&self) -> Vec<Field>;

    /// The resources that must exist before this one is created.
    fn needs(&self) -> Vec<Key> {
        vec![]
    }

    /// The tags; `None` for kinds without tags.
    fn tags(&self) -> Option<&Tags> {
        None
    }

    /// The tags, to be changed; `None` for kinds without tags.
    fn tags_mut(&mut self) -> Option<&mut Tags> {
        None
    }
}

/// Implements the tag accessors of a kind with tags.
macro_rules! tagged {
    ($($path:ident).+) => {
        fn tags(&self) -> Option<&crate::names::Tags> {
            Some(&self.$($path).+)
        }
        fn tags_mut(&mut self) -> Option<&mut crate::names::Tags> {
            Some(&mut self.$($path).+)
        }
    };
}
pub(super) use tagged;

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

            /// The fields, in the order in which plans list them.
            pub fn fields(&self) -> Vec<Field> {
                match self {
                    $($name::$kind(body) => body.fields(),)*
                }
            }

            /// The names of the fields that tell most about the resource, the most telling first.
            pub fn headline(&self) -> &'static [&'static str] {
                match self {
                    $($name::$kind(_) => <$body as ResourceKind>::HEADLINE,)*
                }
            }

            /// The resources that must exist before this one is created.
            pub fn needs(&self) -> Vec<Key> {
                match self {
                    $($name::$kind(body) => body.needs(),)*
                }
            }

            /// The tags; `None` for kinds without tags.
            pub fn tags(&self) -> Option<&Tags> {
                match self {
                    $($name::$kind(body) => body.tags(),)*
                }
            }

            /// The tags, to be changed; `None` for kinds without tags.
            pub fn tags_mut(&mut self) -> Option<&mut Tags> {
                match self {
                    $($name::$kind(body) => body.tags_mut(),)*
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

/// Makes both sides: `Kind(Type)` where they share a type, `Kind(Desired, Observed)` where they do not.
macro_rules! resources {
    ($($kind:ident($desired:ty $(, $observed:ty)?)),* $(,)?) => {
        side! {
            /// A resource that the spec asks for.
            DesiredResource { $($kind($desired)),* }
        }
        side! {
            /// A resource as it was read.
            ResourceState { $($kind(resources!(@last $desired $(, $observed)?))),* }
        }
    };
    (@last $desired:ty) => { $desired };
    (@last $desired:ty, $observed:ty) => { $observed };
}

resources! {
    SecurityGroup(SecurityGroup),
    DatabaseIngress(DatabaseIngress),
    IamRole(Role),
    InstanceProfile(InstanceProfile),
    S3Bucket(Bucket),
    Secret(DesiredSecret, Secret),
    LogGroup(LogGroup),
    ElasticIp(DesiredElasticIp, ElasticIp),
    Instance(DesiredInstance, Instance),
    Volume(DesiredVolume, Volume),
    ElasticIpAssociation(ElasticIpAssociation),
    SnapshotPolicy(SnapshotPolicy),
    LaunchTemplate(DesiredLaunchTemplate, LaunchTemplate),
    AutoScalingGroup(DesiredScalingGroup, ScalingGroup),
    LifecycleHook(LifecycleHook),
    ScalingPolicy(ScalingPolicy),
}

/// Who owns a resource. What the deployment itself does not own is reported and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// nex created the resource, or adopted it, for this deployment.
    Nex,
    /// The resource carries the tags of another deployment of nex, which has this name.
    Deployment(String),
    /// The resource has a name of this deployment but not nex's tags.
    Other,
}

/// A resource that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedResource {
    /// The id by which calls name the resource: an id, an ARN, or the name itself.
    pub id: String,
    /// Who owns the resource.
    pub owner: Owner,
    /// The resource as it was read.
    pub state: ResourceState,
}

/// The resources that an environment's spec asks for.
pub type Desired = BTreeMap<Key, DesiredResource>;

/// The resources that exist under the environment's names and tags.
pub type Observed = BTreeMap<Key, ObservedResource>;
