//! What the actions are limited to.

use serde_json::{Value as Json, json};

use super::Permissions;
use crate::names::{DEPLOYMENT, LOCK};
use crate::policy::{DLM, EC2, SESSION_MANAGER};

/// The service whose service-linked role the account's first Auto Scaling group needs.
const AUTO_SCALING: &str = "autoscaling.amazonaws.com";

/// The kinds of EC2 resources that nex creates, as their ARNs name them.
const KINDS: [&str; 6] = [
    "elastic-ip",
    "instance",
    "launch-template",
    "network-interface",
    "security-group",
    "volume",
];

/// The resources and the condition that actions are limited to. The name of a target is the `Sid` of its statement.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray,
)]
pub enum Target {
    /// Every resource: the action supports no others.
    Everything,
    /// Instances, by any tag: one with the server's name may be another owner's.
    Instances,
    /// The database.
    Database,
    /// Public parameters with the ids of machine images.
    PublicImages,
    /// New resources of EC2, and what they refer to.
    NewCompute,
    /// Tags of resources that the same call creates.
    NewComputeTags,
    /// Resources of EC2 with the deployment's tag.
    OwnCompute,
    /// What calls about own resources touch besides.
    BesideCompute,
    /// Resources of EC2 that get the deployment's tag.
    AdoptedCompute,
    /// The database's security group.
    DatabaseGroup,
    /// The fleet's Auto Scaling group.
    ScalingGroup,
    /// Policies of Data Lifecycle Manager.
    SnapshotPolicies,
    /// Policies of Data Lifecycle Manager that get the deployment's tag.
    NewSnapshotPolicies,
    /// Policies of Data Lifecycle Manager with the deployment's tag.
    OwnSnapshotPolicies,
    /// The deployment's roles.
    Roles,
    /// The roles of hosts, and the one managed policy that nex attaches to them.
    HostRoles,
    /// The roles of hosts, passed to EC2.
    RolesForHosts,
    /// The role of snapshots, passed to Data Lifecycle Manager.
    RoleForSnapshots,
    /// The service-linked role of Auto Scaling.
    ServiceLinkedRole,
    /// The deployment's instance profiles.
    Profiles,
    /// The deployment's buckets.
    Buckets,
    /// The objects in the deployment's buckets.
    Objects,
    /// The lock of the deployment.
    Lock,
    /// The backups bucket that the deployment shares.
    SharedBackups,
    /// The deployment's secrets.
    Secrets,
    /// The API tokens in Secrets Manager.
    ApiTokens,
    /// The secrets of origin certificates.
    Certificates,
    /// The deployment's log groups.
    LogGroups,
}

impl Target {
    /// All targets.
    pub const ALL: &[Target] = <Target as strum::VariantArray>::VARIANTS;

    /// The name, which is the statement's `Sid`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What the statement is for, in one line.
    pub fn note(self) -> &'static str {
        match self {
            Target::Everything => "calls for which IAM offers no narrower resource",
            Target::Instances => {
                "the server's attributes; an instance with its name may be another owner's"
            }
            Target::Database => "the endpoint and the security group of `aws.database.instance`",
            Target::PublicImages => {
                "the newest images of Canonical and Amazon, in public parameters"
            }
            Target::NewCompute => {
                "new groups, addresses, templates and instances, never with another deployment's tag"
            }
            Target::NewComputeTags => "tags in the call that creates the resource",
            Target::OwnCompute => "everything that has the deployment's tag, and nothing else",
            Target::BesideCompute => {
                "an adopted server's interface, groups and volume; the server itself must have the tag"
            }
            Target::AdoptedCompute => "`nex adopt` gives such a resource the deployment's tag",
            Target::DatabaseGroup => {
                "the rule that lets the server into the database (`allow_ingress`); put the group's id in place of the `*`"
            }
            Target::ScalingGroup => "the fleet's group with its hook and its scaling policy",
            Target::SnapshotPolicies => {
                "the snapshot policy; its id is known only after its creation"
            }
            Target::NewSnapshotPolicies => "the tag of a new or adopted snapshot policy",
            Target::OwnSnapshotPolicies => "the snapshot policy with the deployment's tag",
            Target::Roles => "the roles of the server, the runners and the snapshots",
            Target::HostRoles => "Session Manager for the hosts: no other managed policy",
            Target::RolesForHosts => "hosts get these roles from EC2 and from nobody else",
            Target::RoleForSnapshots => "Data Lifecycle Manager gets this role, and nobody else",
            Target::ServiceLinkedRole => {
                "the account's first Auto Scaling group makes AWS create this role"
            }
            Target::Profiles => "the instance profiles of the server and the runners",
            Target::Buckets => "the buckets that nex creates",
            Target::Objects => {
                "objects are deleted only with a bucket that `destroy --allow` names"
            }
            Target::Lock => "one run changes the deployment at a time",
            Target::SharedBackups => "whether the shared bucket is there",
            Target::Secrets => "the secrets that nex creates; this does not read their values",
            Target::ApiTokens => "the values of API tokens in Secrets Manager",
            Target::Certificates => {
                "the value with the certificate and its key, read when nex issues a certificate"
            }
            Target::LogGroups => "the log groups",
        }
    }

    /// The ARNs; none if the deployment does not have such a resource.
    pub(super) fn resources(self, of: &Permissions<'_>) -> Vec<String> {
        let Permissions {
            scope,
            names,
            spec,
            api_tokens,
            certificates,
        } = of;
        let partition = &scope.partition;
        let ec2 = |kind: &str| scope.arn("ec2", &format!("{kind}/*"));
        let buckets = names.buckets(spec);
        let managed = || buckets.managed().into_iter().map(|name| scope.bucket(name));
        let hosts = [names.server(), names.fleet()];
        let profile = |name| {
            format!(
                "arn:{partition}:iam::{}:instance-profile/{name}",
                scope.account
            )
        };
        let secret = |name: String| scope.arn("secretsmanager", &format!("secret:{name}*"));
        match self {
            Target::Everything => vec!["*".to_owned()],
            Target::Instances => vec![ec2("instance")],
            Target::Database => vec![scope.arn("rds", &format!("db:{}", spec.database.instance))],
            // The account of a public parameter is empty.
            Target::PublicImages => ["canonical", "ami-amazon-linux-latest"]
                .map(|owner| {
                    let region = &scope.region;
                    format!("arn:{partition}:ssm:{region}:*:parameter/aws/service/{owner}/*")
                })
                .into(),
            Target::NewCompute => {
                let referred = ["subnet", "vpc"];
                let own = KINDS.into_iter().chain(referred).map(ec2);
                own.chain([format!("arn:{partition}:ec2:{}::image/*", scope.region)])
                    .collect()
            }
            Target::NewComputeTags | Target::OwnCompute | Target::AdoptedCompute => {
                KINDS.map(ec2).into()
            }
            Target::BesideCompute => ["network-interface", "security-group", "volume"]
                .map(ec2)
                .into(),
            Target::DatabaseGroup if spec.database.allow_ingress => vec![ec2("security-group")],
            Target::DatabaseGroup => vec![],
            Target::ScalingGroup => vec![scope.scaling_group(&names.fleet())],
            Target::SnapshotPolicies
            | Target::NewSnapshotPolicies
            | Target::OwnSnapshotPolicies => {
                vec![scope.arn("dlm", "policy/*")]
            }
            Target::Roles => {
                let roles = hosts.into_iter().chain([names.snapshots()]);
                roles.map(|name| scope.role(&name)).collect()
            }
            Target::HostRoles | Target::RolesForHosts => hosts.map(|name| scope.role(&name)).into(),
            Target::RoleForSnapshots => vec![scope.role(&names.snapshots())],
            Target::ServiceLinkedRole => vec![scope.role(&format!(
                "aws-service-role/{AUTO_SCALING}/AWSServiceRoleForAutoScaling"
            ))],
            Target::Profiles => hosts.map(profile).into(),
            Target::Buckets => managed().collect(),
            Target::Objects => managed().map(|bucket| format!("{bucket}/*")).collect(),
            Target::Lock => vec![format!("{}/{LOCK}", scope.bucket(&buckets.artifacts))],
            Target::SharedBackups if buckets.shares_backups => vec![scope.bucket(&buckets.backups)],
            Target::SharedBackups => vec![],
            Target::Secrets => ["gitlab", "gitlab-runner"]
                .map(|component| secret(names.secret(component, "")))
                .into(),
            // Without the random part of the ARN in the pattern: a secret that does not exist yet has none, and a
            // refusal instead of "not found" would end the first plan.
            Target::ApiTokens => api_tokens.iter().cloned().map(secret).collect(),
            Target::Certificates => certificates.iter().cloned().map(secret).collect(),
            Target::LogGroups => ["gitlab", "gitlab-runner"]
                .map(|component| {
                    let folder = names.log_group(component, "");
                    scope.arn("logs", &format!("log-group:{folder}*"))
                })
                .into(),
        }
    }

    /// The condition of the statement.
    pub(super) fn condition(self, of: &Permissions<'_>) -> Option<Json> {
        let deployment = of.names.deployment();
        let own = |source: &str| json!({format!("aws:{source}/{DEPLOYMENT}"): deployment});
        let passed_to = |service: &str| json!({"StringEquals": {"iam:PassedToService": service}});
        match self {
            // What the new resource refers to, such as the VPC, gets no tags, and its part of the call has no such key.
            Target::NewCompute => Some(json!({"StringEqualsIfExists": own("RequestTag")})),
            Target::NewComputeTags => {
                let calls = [
                    "AllocateAddress",
                    "CreateLaunchTemplate",
                    "CreateSecurityGroup",
                    "RunInstances",
                ];
                Some(json!({"StringEquals": {"ec2:CreateAction": calls}}))
            }
            Target::OwnCompute | Target::OwnSnapshotPolicies => {
                Some(json!({"StringEquals": own("ResourceTag")}))
            }
            Target::AdoptedCompute | Target::NewSnapshotPolicies => {
                Some(json!({"StringEquals": own("RequestTag")}))
            }
            Target::HostRoles => {
                let policy = of.scope.aws_managed(SESSION_MANAGER);
                Some(json!({"ArnEquals": {"iam:PolicyARN": policy}}))
            }
            Target::RolesForHosts => Some(passed_to(EC2)),
            Target::RoleForSnapshots => Some(passed_to(DLM)),
            Target::ServiceLinkedRole => {
                Some(json!({"StringEquals": {"iam:AWSServiceName": AUTO_SCALING}}))
            }
            _ => None,
        }
    }
}
