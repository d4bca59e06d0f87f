//! Every operation of AWS that nex calls.
//!
//! A test of the command compares the table with the calls of a whole life of a deployment in the sandbox, and another
//! one with the calls in the source. The source of the actions is AWS's service authorization reference.

use super::{Access, ApiOperation, Target};

/// Permission to pass the roles of hosts to EC2.
const PASS_TO_EC2: (&str, Target) = ("iam:PassRole", Target::RolesForHosts);

/// What Auto Scaling checks besides, because the group starts instances by a template with tags and a role.
const LAUNCHES: &[(&str, Target)] = &[
    ("ec2:RunInstances", Target::NewCompute),
    ("ec2:CreateTags", Target::NewComputeTags),
    ("iam:CreateServiceLinkedRole", Target::ServiceLinkedRole),
    PASS_TO_EC2,
];

/// The tags of a new resource of EC2.
const TAGGED: &[(&str, Target)] = &[("ec2:CreateTags", Target::NewComputeTags)];

const fn operation(
    access: Access,
    service: &'static str,
    name: &'static str,
    on: Target,
) -> ApiOperation {
    ApiOperation {
        service,
        name,
        access,
        on,
        actions: None,
        also: &[],
    }
}

const fn read(service: &'static str, name: &'static str, on: Target) -> ApiOperation {
    operation(Access::Read, service, name, on)
}

const fn change(service: &'static str, name: &'static str, on: Target) -> ApiOperation {
    operation(Access::Change, service, name, on)
}

impl ApiOperation {
    /// Other actions allow the operation than one of its own name.
    const fn by(mut self, actions: &'static [&'static str]) -> Self {
        self.actions = Some(actions);
        self
    }

    const fn and(mut self, also: &'static [(&'static str, Target)]) -> Self {
        self.also = also;
        self
    }
}

/// All operations, by service.
pub const OPERATIONS: &[ApiOperation] = &[
    read(
        "autoscaling",
        "DescribeAutoScalingGroups",
        Target::Everything,
    ),
    read("autoscaling", "DescribeLifecycleHooks", Target::Everything),
    read("autoscaling", "DescribePolicies", Target::Everything),
    read(
        "autoscaling",
        "DescribeScalingActivities",
        Target::Everything,
    ),
    change(
        "autoscaling",
        "CreateAutoScalingGroup",
        Target::ScalingGroup,
    )
    .and(LAUNCHES),
    change("autoscaling", "CreateOrUpdateTags", Target::ScalingGroup),
    change(
        "autoscaling",
        "DeleteAutoScalingGroup",
        Target::ScalingGroup,
    ),
    change("autoscaling", "DeleteLifecycleHook", Target::ScalingGroup),
    change("autoscaling", "DeletePolicy", Target::ScalingGroup),
    change("autoscaling", "DeleteTags", Target::ScalingGroup),
    change("autoscaling", "PutLifecycleHook", Target::ScalingGroup),
    change("autoscaling", "PutScalingPolicy", Target::ScalingGroup),
    change("autoscaling", "ResumeProcesses", Target::ScalingGroup),
    change(
        "autoscaling",
        "UpdateAutoScalingGroup",
        Target::ScalingGroup,
    )
    .and(LAUNCHES),
    //
    read("dlm", "GetLifecyclePolicies", Target::Everything),
    read("dlm", "GetLifecyclePolicy", Target::SnapshotPolicies),
    change("dlm", "CreateLifecyclePolicy", Target::Everything).and(&[
        ("dlm:TagResource", Target::NewSnapshotPolicies),
        ("iam:PassRole", Target::RoleForSnapshots),
    ]),
    change("dlm", "DeleteLifecyclePolicy", Target::OwnSnapshotPolicies),
    // `nex adopt` tags a policy of others.
    change("dlm", "TagResource", Target::OwnSnapshotPolicies)
        .and(&[("dlm:TagResource", Target::NewSnapshotPolicies)]),
    change("dlm", "UntagResource", Target::OwnSnapshotPolicies),
    change("dlm", "UpdateLifecyclePolicy", Target::OwnSnapshotPolicies)
        .and(&[("iam:PassRole", Target::RoleForSnapshots)]),
    //
    read("ec2", "DescribeAddressTransfers", Target::Everything),
    read("ec2", "DescribeAddresses", Target::Everything),
    read(
        "ec2",
        "DescribeIamInstanceProfileAssociations",
        Target::Everything,
    ),
    read("ec2", "DescribeImages", Target::Everything),
    read("ec2", "DescribeInstanceAttribute", Target::Instances),
    read("ec2", "DescribeInstanceTypeOfferings", Target::Everything),
    read("ec2", "DescribeInstanceTypes", Target::Everything),
    read("ec2", "DescribeInstances", Target::Everything),
    read("ec2", "DescribeLaunchTemplateVersions", Target::Everything),
    read("ec2", "DescribeLaunchTemplates", Target::Everything),
    read("ec2", "DescribeNatGateways", Target::Everything),
    read("ec2", "DescribeSecurityGroups", Target::Everything),
    read("ec2", "DescribeSubnets", Target::Everything),
    read("ec2", "DescribeVolumes", Target::Everything),
    read("ec2", "DescribeVolumesModifications", Target::Everything),
    read("ec2", "DescribeVpcs", Target::Everything),
    change("ec2", "AllocateAddress", Target::NewCompute).and(TAGGED),
    change("ec2", "AssociateAddress", Target::OwnCompute)
        .and(&[("ec2:AssociateAddress", Target::BesideCompute)]),
    change("ec2", "AssociateIamInstanceProfile", Target::OwnCompute).and(&[PASS_TO_EC2]),
    change("ec2", "AuthorizeSecurityGroupEgress", Target::OwnCompute),
    change("ec2", "AuthorizeSecurityGroupIngress", Target::OwnCompute)
        .and(&[("ec2:AuthorizeSecurityGroupIngress", Target::DatabaseGroup)]),
    change("ec2", "CreateLaunchTemplate", Target::NewCompute).and(TAGGED),
    change("ec2", "CreateLaunchTemplateVersion", Target::OwnCompute),
    change("ec2", "CreateSecurityGroup", Target::NewCompute).and(TAGGED),
    change("ec2", "CreateTags", Target::OwnCompute)
        .and(&[("ec2:CreateTags", Target::AdoptedCompute)]),
    change("ec2", "DeleteLaunchTemplate", Target::OwnCompute),
    change("ec2", "DeleteSecurityGroup", Target::OwnCompute),
    change("ec2", "DeleteTags", Target::OwnCompute),
    change("ec2", "DeleteVolume", Target::OwnCompute),
    change("ec2", "DisassociateAddress", Target::OwnCompute)
        .and(&[("ec2:DisassociateAddress", Target::BesideCompute)]),
    change("ec2", "ModifyInstanceAttribute", Target::OwnCompute)
        .and(&[("ec2:ModifyInstanceAttribute", Target::BesideCompute)]),
    change("ec2", "ModifyInstanceMetadataOptions", Target::OwnCompute),
    change("ec2", "ModifyLaunchTemplate", Target::OwnCompute),
    change("ec2", "ModifyVolume", Target::OwnCompute),
    change("ec2", "ReleaseAddress", Target::OwnCompute),
    change(
        "ec2",
        "ReplaceIamInstanceProfileAssociation",
        Target::OwnCompute,
    )
    .and(&[PASS_TO_EC2]),
    change("ec2", "RevokeSecurityGroupEgress", Target::OwnCompute),
    change("ec2", "RevokeSecurityGroupIngress", Target::OwnCompute)
        .and(&[("ec2:RevokeSecurityGroupIngress", Target::DatabaseGroup)]),
    change("ec2", "RunInstances", Target::NewCompute)
        .and(&[("ec2:CreateTags", Target::NewComputeTags), PASS_TO_EC2]),
    change("ec2", "StartInstances", Target::OwnCompute),
    change("ec2", "StopInstances", Target::OwnCompute),
    change("ec2", "TerminateInstances", Target::OwnCompute),
    //
    read("iam", "GetAccountAuthorizationDetails", Target::Everything),
    read("iam", "GetInstanceProfile", Target::Profiles),
    read("iam", "GetRole", Target::Roles),
    read("iam", "GetRolePolicy", Target::Roles),
    read("iam", "ListAttachedRolePolicies", Target::Roles),
    read("iam", "ListRolePolicies", Target::Roles),
    read("iam", "ListRoles", Target::Everything),
    change("iam", "AddRoleToInstanceProfile", Target::Profiles).and(&[PASS_TO_EC2]),
    change("iam", "AttachRolePolicy", Target::HostRoles),
    change("iam", "CreateInstanceProfile", Target::Profiles)
        .and(&[("iam:TagInstanceProfile", Target::Profiles)]),
    change("iam", "CreateRole", Target::Roles).and(&[("iam:TagRole", Target::Roles)]),
    change("iam", "DeleteInstanceProfile", Target::Profiles),
    change("iam", "DeleteRole", Target::Roles),
    change("iam", "DeleteRolePolicy", Target::Roles),
    change("iam", "DetachRolePolicy", Target::Roles),
    change("iam", "PutRolePolicy", Target::Roles),
    change("iam", "RemoveRoleFromInstanceProfile", Target::Profiles),
    change("iam", "TagInstanceProfile", Target::Profiles),
    change("iam", "TagRole", Target::Roles),
    change("iam", "UntagInstanceProfile", Target::Profiles),
    change("iam", "UntagRole", Target::Roles),
    change("iam", "UpdateAssumeRolePolicy", Target::Roles),
    //
    read("logs", "DescribeLogGroups", Target::Everything),
    read("logs", "DescribeSubscriptionFilters", Target::LogGroups),
    read("logs", "ListTagsForResource", Target::LogGroups),
    change("logs", "CreateLogGroup", Target::LogGroups)
        .and(&[("logs:TagResource", Target::LogGroups)]),
    change("logs", "DeleteLogGroup", Target::LogGroups),
    change("logs", "DeleteRetentionPolicy", Target::LogGroups),
    change("logs", "PutRetentionPolicy", Target::LogGroups),
    change("logs", "TagResource", Target::LogGroups),
    change("logs", "UntagResource", Target::LogGroups),
    //
    read("rds", "DescribeDBInstances", Target::Database),
    //
    read("s3", "GetBucketLifecycleConfiguration", Target::Buckets)
        .by(&["s3:GetLifecycleConfiguration"]),
    read("s3", "GetBucketNotificationConfiguration", Target::Buckets)
        .by(&["s3:GetBucketNotification"]),
    read("s3", "GetBucketPolicy", Target::Buckets),
    read("s3", "GetBucketReplication", Target::Buckets).by(&["s3:GetReplicationConfiguration"]),
    read("s3", "GetBucketTagging", Target::Buckets),
    read("s3", "GetBucketVersioning", Target::Buckets),
    // Without the permission to list, S3 says "denied" and not "not found" about a lock that is not there.
    read("s3", "GetObject", Target::Lock).and(&[("s3:ListBucket", Target::Buckets)]),
    read("s3", "GetPublicAccessBlock", Target::Buckets).by(&["s3:GetBucketPublicAccessBlock"]),
    read("s3", "HeadBucket", Target::SharedBackups).by(&["s3:ListBucket"]),
    read("s3", "ListBuckets", Target::Everything).by(&["s3:ListAllMyBuckets"]),
    read("s3", "ListObjectVersions", Target::Buckets).by(&["s3:ListBucketVersions"]),
    change("s3", "CreateBucket", Target::Buckets).and(&[("s3:TagResource", Target::Buckets)]),
    change("s3", "DeleteBucket", Target::Buckets),
    change("s3", "DeleteBucketPolicy", Target::Buckets),
    change("s3", "DeleteObject", Target::Lock),
    change("s3", "DeleteObjects", Target::Objects)
        .by(&["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    change("s3", "PutBucketLifecycleConfiguration", Target::Buckets)
        .by(&["s3:PutLifecycleConfiguration"]),
    change("s3", "PutBucketPolicy", Target::Buckets),
    change("s3", "PutBucketTagging", Target::Buckets),
    change("s3", "PutObject", Target::Lock),
    change("s3", "PutPublicAccessBlock", Target::Buckets).by(&["s3:PutBucketPublicAccessBlock"]),
    //
    read("secretsmanager", "DescribeSecret", Target::Secrets),
    read("secretsmanager", "GetResourcePolicy", Target::Secrets),
    read("secretsmanager", "GetSecretValue", Target::ApiTokens),
    change("secretsmanager", "CreateSecret", Target::Secrets)
        .and(&[("secretsmanager:TagResource", Target::Secrets)]),
    change("secretsmanager", "DeleteSecret", Target::Secrets),
    change("secretsmanager", "PutSecretValue", Target::Secrets)
        .and(&[("secretsmanager:GetSecretValue", Target::Certificates)]),
    change(
        "secretsmanager",
        "RemoveRegionsFromReplication",
        Target::Secrets,
    ),
    change("secretsmanager", "RestoreSecret", Target::Secrets),
    change("secretsmanager", "TagResource", Target::Secrets),
    change("secretsmanager", "UntagResource", Target::Secrets),
    change("secretsmanager", "UpdateSecret", Target::Secrets),
    change(
        "secretsmanager",
        "UpdateSecretVersionStage",
        Target::Secrets,
    ),
    //
    read(
        "servicequotas",
        "GetAWSDefaultServiceQuota",
        Target::Everything,
    ),
    read("servicequotas", "GetServiceQuota", Target::Everything),
    //
    read("ssm", "GetParameters", Target::PublicImages),
    //
    // AWS answers this to everybody.
    read("sts", "GetCallerIdentity", Target::Everything).by(&[]),
    //
    read("tagging", "GetResources", Target::Everything).by(&["tag:GetResources"]),
];
