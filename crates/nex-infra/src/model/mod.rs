//! The resources: those that a spec asks for ([`DesiredResource`]) and those that were read ([`ResourceState`]).
//!
//! Where the two sides of a kind have the same properties, they share a type. References between resources are names,
//! never ids: a reader translates ids first, so that the diff needs nothing else.

mod auto_scaling;
mod document;
mod elastic_ip;
mod field;
mod identity;
mod instance;
mod key;
mod resource;
mod security_group;
mod snapshot_policy;
mod storage;
mod volume;

pub use auto_scaling::{
    DesiredLaunchTemplate, DesiredScalingGroup, LaunchTemplate, LifecycleHook, NewestVersion,
    ScalingGroup, ScalingPolicy, TemplateVersion,
};
pub use document::Document;
pub use elastic_ip::{DesiredElasticIp, ElasticIp, ElasticIpAssociation};
pub use field::Field;
pub use identity::{InstanceProfile, Role};
pub use instance::{DesiredInstance, Image, Instance, Launch, MetadataOptions, RootVolume};
pub use key::{Key, Kind};
pub use resource::{
    Desired, DesiredResource, Observed, ObservedResource, Owner, ResourceKind, ResourceState,
};
pub use security_group::{
    DatabaseIngress, GroupRef, Peer, PortRange, Protocol, Rule, SecurityGroup,
};
pub use snapshot_policy::SnapshotPolicy;
pub use storage::{
    Bucket, DeletedValue, DesiredSecret, LifecycleRule, LogGroup, Secret, SecretSource, SecretValue,
};
pub use volume::{DesiredVolume, Volume};
