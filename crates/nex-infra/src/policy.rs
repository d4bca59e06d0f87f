//! IAM policy documents: least privilege, with resources by name wherever AWS allows that.

use serde_json::{Value as Json, json};

use crate::model::Document;

/// The service of hosts, as trust policies name it.
pub(crate) const EC2: &str = "ec2.amazonaws.com";
/// The service that makes snapshots.
pub(crate) const DLM: &str = "dlm.amazonaws.com";
/// The managed policy with which an engineer can open a session on a host without SSH.
pub(crate) const SESSION_MANAGER: &str = "AmazonSSMManagedInstanceCore";

/// A policy document of `statements`.
pub(crate) fn document(statements: Vec<Json>) -> Document {
    Document::new(json!({"Version": "2012-10-17", "Statement": statements}))
}

/// One statement that allows `actions` on `resources`.
pub(crate) fn allow(sid: &str, actions: &[&str], resources: &[String]) -> Json {
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources})
}

/// The same for resources that belong to the account `owner`.
fn allow_in(owner: &str, sid: &str, actions: &[&str], resources: &[String]) -> Json {
    let mut statement = allow(sid, actions, resources);
    statement["Condition"] = json!({"StringEquals": {"aws:ResourceAccount": owner}});
    statement
}

/// Lets a service assume a role.
pub fn trust(service: &str) -> Document {
    document(vec![trust_statement(service)])
}

fn trust_statement(service: &str) -> Json {
    json!({
        "Sid": "Assume",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    })
}

/// Where ARNs of one environment point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The partition, such as `aws`.
    pub partition: String,
    /// The Region.
    pub region: String,
    /// The account's 12 digits.
    pub account: String,
}

impl Scope {
    /// The ARN of the resource `rest` of `service`, in this Region and account.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        let Scope {
            partition,
            region,
            account,
        } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{rest}")
    }

    /// The ARN of a bucket.
    pub fn bucket(&self, name: &str) -> String {
        format!("arn:{}:s3:::{name}", self.partition)
    }

    /// The ARN of an Auto Scaling group.
    pub fn scaling_group(&self, name: &str) -> String {
        self.arn(
            "autoscaling",
            &format!("autoScalingGroup:*:autoScalingGroupName/{name}"),
        )
    }

    /// The policy of a bucket: nobody reads or writes without TLS.
    pub fn tls_only(&self, bucket: &str) -> Document {
        let arn = self.bucket(bucket);
        document(vec![json!({
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        })])
    }

    /// A managed policy of AWS.
    pub fn aws_managed(&self, name: &str) -> String {
        format!("arn:{}:iam::aws:policy/{name}", self.partition)
    }

    /// The ARN of a role of the account.
    pub fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.account)
    }

    /// Allows reading, writing and deleting the objects below `prefix` of a bucket that belongs to the account `owner`.
    /// A bucket name is global to AWS: without the condition on the account, a stranger could make a bucket of this name
    /// after the account's own was deleted.
    pub fn bucket_objects(&self, bucket: &str, owner: &str, prefix: &str) -> Document {
        let arn = self.bucket(bucket);
        let mut list = allow_in(
            owner,
            "List",
            &["s3:ListBucket"],
            std::slice::from_ref(&arn),
        );
        if !prefix.is_empty() {
            list["Condition"]["StringLike"] = json!({"s3:prefix": format!("{prefix}*")});
        }
        let objects = [
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ];
        document(vec![
            list,
            // These two actions do not support a condition on a prefix.
            allow_in(
                owner,
                "Bucket",
                &["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
                std::slice::from_ref(&arn),
            ),
            allow_in(owner, "Objects", &objects, &[format!("{arn}/{prefix}*")]),
        ])
    }

    /// Allows reading the objects of a bucket that belongs to the account `owner`.
    pub fn bucket_read(&self, bucket: &str, owner: &str) -> Document {
        let arn = self.bucket(bucket);
        let objects = [format!("{arn}/*")];
        document(vec![
            allow_in(
                owner,
                "List",
                &["s3:ListBucket"],
                std::slice::from_ref(&arn),
            ),
            allow_in(owner, "Read", &["s3:GetObject"], &objects),
        ])
    }

    /// Allows writing events to the log groups below `prefix` (such as `/nex/gitlab/`), as the CloudWatch agent does.
    pub fn write_logs(&self, prefix: &str) -> Document {
        let group = self.arn("logs", &format!("log-group:{prefix}*"));
        let stream = format!("{group}:log-stream:*");
        document(vec![
            // This action does not support resources.
            allow("Groups", &["logs:DescribeLogGroups"], &["*".to_owned()]),
            allow(
                "Streams",
                &["logs:CreateLogStream", "logs:DescribeLogStreams"],
                &[group, stream.clone()],
            ),
            allow("Events", &["logs:PutLogEvents"], &[stream]),
        ])
    }

    /// Allows reading the secrets below `prefix` (such as `nex/gitlab/`).
    pub fn read_secrets(&self, prefix: &str) -> Document {
        document(vec![allow(
            "Read",
            &[
                "secretsmanager:GetSecretValue",
                "secretsmanager:DescribeSecret",
            ],
            &[self.arn("secretsmanager", &format!("secret:{prefix}*"))],
        )])
    }

    /// Allows an instance to complete its own group's lifecycle hooks, and to extend their wait.
    pub fn lifecycle(&self, group: &str) -> Document {
        document(vec![allow(
            "Lifecycle",
            &[
                "autoscaling:CompleteLifecycleAction",
                "autoscaling:RecordLifecycleActionHeartbeat",
            ],
            &[self.scaling_group(group)],
        )])
    }

    /// Lets Data Lifecycle Manager assume a role, for policies of this account and Region only: otherwise the service could
    /// be made to use the role for another account. The conditions are those of the service's guide
    /// (docs.aws.amazon.com/ebs/latest/userguide/service-role.html); a policy's id is not known before its role exists.
    pub fn trust_snapshots(&self) -> Document {
        let mut statement = trust_statement(DLM);
        statement["Condition"] = json!({
            "StringEquals": {"aws:SourceAccount": self.account},
            "ArnLike": {"aws:SourceArn": self.arn("dlm", "policy/*")},
        });
        document(vec![statement])
    }

    /// Allows Data Lifecycle Manager to make snapshots, like AWS's own policy. In addition, the policy limits volumes to
    /// those whose `tag` has `value`, and deletions to snapshots with the same tag: the service copies a volume's tags.
    pub fn snapshots(&self, tag: &str, value: &str) -> Document {
        let ec2 = |what: &str| format!("arn:{}:ec2:{}::{what}", self.partition, self.region);
        let snapshots = ec2("snapshot/*");
        let volumes = self.arn("ec2", "volume/*");
        // The action needs both resources, and a new snapshot has no tags for a condition. A second statement therefore
        // denies the volumes without the tag.
        let both = [snapshots.clone(), volumes.clone()];
        let create = allow("Create", &["ec2:CreateSnapshot"], &both);
        let mut others = allow("NoOthers", &["ec2:CreateSnapshot"], &[volumes]);
        others["Effect"] = "Deny".into();
        others["Condition"] = json!({"StringNotEquals": {format!("aws:ResourceTag/{tag}"): value}});
        let mut delete = allow(
            "Delete",
            &["ec2:DeleteSnapshot"],
            std::slice::from_ref(&snapshots),
        );
        delete["Condition"] = json!({"StringEquals": {format!("aws:ResourceTag/{tag}"): value}});
        // Not only in the call that creates a snapshot: the service may also tag a snapshot later.
        let tag = allow("Tag", &["ec2:CreateTags"], std::slice::from_ref(&snapshots));
        // The two Describe actions do not support resources.
        let describe = allow(
            "Describe",
            &["ec2:DescribeSnapshots", "ec2:DescribeVolumes"],
            &["*".to_owned()],
        );
        document(vec![create, others, delete, tag, describe])
    }
}
