//! Kinds of resources, and the key that names one resource of an environment.

use std::fmt;

use nex_plan::ResourceId;

/// The kinds of resources, in the order in which plans list them.
///
/// The text form is the name in plans, such as `security-group`; [`str::parse`] reads that form.
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
    /// All kinds, in order.
    pub const ALL: &[Kind] = <Kind as strum::VariantArray>::VARIANTS;

    /// The kind's name in plans.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// True for sub-resources without tags of their own.
    pub(crate) fn is_part(self) -> bool {
        matches!(
            self,
            Kind::Volume | Kind::ElasticIpAssociation | Kind::LifecycleHook | Kind::ScalingPolicy
        )
    }

    /// Whether a resource of this kind holds data or an address that can't be restored once the resource is gone.
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
    /// The kind.
    pub kind: Kind,
    /// The name within the kind.
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

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
