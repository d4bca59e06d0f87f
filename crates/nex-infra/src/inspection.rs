//! What a plan does not read, because each property costs a call for every resource: what others set and nex does not.
//!
//! [`probes`] says what to read about the resources that nex owns, and [`findings`] judges the answers. Both are pure;
//! the client of AWS reads in between.

use nex_plan::{Finding, Severity};

use crate::model::{Desired, DesiredResource, Key, Kind, Observed, ObservedResource, Owner};

/// The maximum session duration of a role that nex creates, in seconds: IAM's default.
pub const SESSION_SECONDS: i32 = 3600;

/// A property that a plan does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray)]
pub enum Property {
    /// A secret's resource policy: it can give the value to other accounts.
    SecretPolicy,
    /// Where a bucket's objects are copied to.
    BucketReplication,
    /// Where events about a bucket's objects are sent to.
    BucketNotifications,
    /// Whether a bucket keeps old versions of its objects.
    BucketVersioning,
    /// Where a log group's events are sent to.
    LogSubscriptions,
    /// How long a session of a role may last.
    RoleSession,
    /// To which account the address is offered, which can take it.
    AddressTransfer,
    /// The script of the server's boot.
    ServerUserData,
    /// What a shutdown from inside does to the server.
    ServerShutdown,
}

/// A question about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The resource.
    pub key: Key,
    /// The id by which calls name the resource.
    pub id: String,
    /// What to read.
    pub property: Property,
}

/// The answer to a [`Probe`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The property is as AWS makes it, or the resource is gone.
    Unset,
    /// The property has these values: who gets something, or the setting itself.
    Set(Vec<String>),
    /// The credentials lack the permission; this is what AWS said.
    Denied(String),
}

/// A probe with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The probe.
    pub probe: Probe,
    /// The answer.
    pub answer: Answer,
}

impl Property {
    /// All properties.
    pub const ALL: &[Property] = <Property as strum::VariantArray>::VARIANTS;

    /// The kind of resources that have the property.
    pub fn kind(self) -> Kind {
        match self {
            Property::SecretPolicy => Kind::Secret,
            Property::BucketReplication
            | Property::BucketNotifications
            | Property::BucketVersioning => Kind::S3Bucket,
            Property::LogSubscriptions => Kind::LogGroup,
            Property::RoleSession => Kind::IamRole,
            Property::AddressTransfer => Kind::ElasticIp,
            Property::ServerUserData | Property::ServerShutdown => Kind::Instance,
        }
    }

    /// The IAM action that allows to read the property.
    pub fn permission(self) -> &'static str {
        match self {
            Property::SecretPolicy => "secretsmanager:GetResourcePolicy",
            Property::BucketReplication => "s3:GetReplicationConfiguration",
            Property::BucketNotifications => "s3:GetBucketNotification",
            Property::BucketVersioning => "s3:GetBucketVersioning",
            Property::LogSubscriptions => "logs:DescribeSubscriptionFilters",
            Property::RoleSession => "iam:GetRole",
            Property::AddressTransfer => "ec2:DescribeAddressTransfers",
            Property::ServerUserData | Property::ServerShutdown => "ec2:DescribeInstanceAttribute",
        }
    }

    /// The property in words, as an object.
    fn name(self) -> &'static str {
        match self {
            Property::SecretPolicy => "its resource policy",
            Property::BucketReplication => "its replication",
            Property::BucketNotifications => "its notifications",
            Property::BucketVersioning => "its versioning",
            Property::LogSubscriptions => "its subscription filters",
            Property::RoleSession => "its maximum session duration",
            Property::AddressTransfer => "its transfer",
            Property::ServerUserData => "its user data",
            Property::ServerShutdown => "its shutdown behavior",
        }
    }
}

/// What to read about the resources that nex owns, in their order.
pub fn probes(observed: &Observed) -> Vec<Probe> {
    let of = |property: Property| {
        let is_asked = move |(key, existing): &(&Key, &ObservedResource)| {
            key.kind == property.kind() && existing.owner == Owner::Nex
        };
        let probe = move |(key, existing): (&Key, &ObservedResource)| Probe {
            key: key.clone(),
            id: existing.id.clone(),
            property,
        };
        observed.iter().filter(is_asked).map(probe)
    };
    Property::ALL.iter().copied().flat_map(of).collect()
}

/// The findings about what was read. `desired` says which user data the server should have.
pub fn findings(inspected: &[Inspected], desired: &Desired) -> Vec<Finding> {
    let finding = |Inspected { probe, answer }: &Inspected| match answer {
        Answer::Unset => None,
        Answer::Set(values) if is_asked(probe, values, desired) => None,
        Answer::Set(values) => Some(set(probe, values)),
        Answer::Denied(message) => Some(denied(probe, message)),
    };
    inspected.iter().filter_map(finding).collect()
}

/// Whether the spec asks for the value.
fn is_asked(probe: &Probe, values: &[String], desired: &Desired) -> bool {
    match (probe.property, desired.get(&probe.key)) {
        (Property::ServerUserData, Some(DesiredResource::Instance(instance))) => {
            values.iter().eq(&instance.launch.user_data)
        }
        _ => false,
    }
}

fn set(probe: &Probe, values: &[String]) -> Finding {
    let values = values.join(", ");
    let (code, message, remedy) = match probe.property {
        Property::SecretPolicy => (
            "secret-policy",
            format!("a resource policy, which nex does not set, names {values}"),
            "delete the secret's resource policy, unless its author needs it",
        ),
        Property::BucketReplication => (
            "bucket-replication",
            format!("its objects are copied to {values}: nex sets no replication"),
            "delete the bucket's replication configuration, unless its author needs it",
        ),
        Property::BucketNotifications => (
            "bucket-notifications",
            format!("events about its objects go to {values}: nex sets no notifications"),
            "delete the bucket's notification configuration, unless its author needs it",
        ),
        Property::BucketVersioning => (
            "bucket-versioning",
            format!("versioning is {values}: no rule of nex ever deletes old versions of objects"),
            "suspend the versioning and delete the old versions, or keep and pay for them",
        ),
        Property::LogSubscriptions => (
            "log-subscription",
            format!("its events are sent to {values}: nex sets no subscription filter"),
            "delete the log group's subscription filter, unless its author needs it",
        ),
        Property::RoleSession => (
            "role-session",
            format!("its maximum session duration is {values} s: nex leaves it at {SESSION_SECONDS} s"),
            "set the role's maximum session duration back to IAM's default",
        ),
        Property::AddressTransfer => (
            "address-transfer",
            format!("it is offered to the account {values}, which can take it with every name that points at it"),
            "disable the transfer of the address",
        ),
        Property::ServerUserData => (
            "server-user-data",
            "its user data is not what the spec renders now: someone changed it, or the spec or nex changed after the launch"
                .to_owned(),
            "compare the two; anyone who can change the user data of a stopped server can become root on it",
        ),
        Property::ServerShutdown => (
            "server-shutdown",
            format!("a shutdown from inside of the server is set to {values}: nex leaves it at stop"),
            "set the instance's shutdown behavior to stop",
        ),
    };
    let id = probe.key.resource_id();
    Finding::new(Severity::Warning, code, id, message, remedy)
}

/// What can't be read is unknown, which is not the same as fine.
fn denied(probe: &Probe, message: &str) -> Finding {
    Finding::new(
        Severity::Warning,
        "not-read",
        probe.key.resource_id(),
        format!("{} is unknown: {message}", probe.property.name()),
        format!(
            "give the credentials the permission {}",
            probe.property.permission()
        ),
    )
}
