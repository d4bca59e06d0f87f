//! The IAM permissions that nex itself needs, as policy documents for the people who run it.
//!
//! One table, [`OPERATIONS`], lists every AWS operation that nex calls, with the IAM actions that allow it and the
//! [`Target`] that each action is limited to. The documents follow from the table. IAM limits the size of a policy, so
//! an operator gets several of them: [`Policy::OPERATOR`].
//!
//! ```
//! use nex_infra::permissions::{Permissions, Policy};
//! use nex_infra::{Names, Spec, policy::Scope};
//!
//! let spec: Spec = toml::from_str(r#"
//!     region = "eu-west-3"
//!     [network]
//!     vpc = "tag:Name=main"
//!     public_subnet = "10.0.1.0/24"
//!     [database]
//!     instance = "main"
//! "#)?;
//! let names = Names::new("acme", "staging");
//! let scope = Scope { partition: "aws".into(), region: spec.region.clone(), account: "123456789012".into() };
//! let permissions = Permissions::new(&scope, &names, &spec).with_api_token("acme/cloudflare-token");
//! let plan = permissions.document(Policy::Plan).to_string();
//! assert!(plan.contains("secret:acme/cloudflare-token*"));
//! assert!(!plan.contains("ec2:RunInstances"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod documents;
mod table;
mod target;

pub use documents::{MAX_POLICY_CHARACTERS, Permissions};
pub use table::OPERATIONS;
pub use target::Target;

/// Whether an operation changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The operation only reads. A plan uses no others.
    Read,
    /// The operation changes something.
    Change,
}

/// An operation of an AWS API.
#[derive(Clone, Copy, Debug)]
pub struct ApiOperation {
    /// The service, by its name in the signature of requests: `ec2`, `secretsmanager`, `tagging`.
    pub service: &'static str,
    /// The operation, such as `RunInstances`.
    pub name: &'static str,
    /// Whether the operation changes something.
    pub access: Access,
    on: Target,
    /// The actions that allow the operation; `None` if there is one of the same name.
    actions: Option<&'static [&'static str]>,
    /// What the operation needs besides, such as the permission to pass a role.
    also: &'static [(&'static str, Target)],
}

/// An IAM action and what it is limited to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// What the action is limited to.
    pub on: Target,
    /// The action, such as `s3:ListBucket`.
    pub action: String,
}

impl ApiOperation {
    /// The operation with this name; `None` if nex does not call it.
    pub fn find(service: &str, name: &str) -> Option<&'static ApiOperation> {
        let is_it = |o: &&ApiOperation| o.service == service && o.name == name;
        OPERATIONS.iter().find(is_it)
    }

    /// The permissions that the operation needs. `sts:GetCallerIdentity` needs none.
    pub fn grants(&self) -> Vec<Grant> {
        let own = match self.actions {
            None => vec![format!("{}:{}", self.service, self.name)],
            Some(actions) => actions.iter().map(|action| (*action).to_owned()).collect(),
        };
        let own = own.into_iter().map(|action| Grant {
            action,
            on: self.on,
        });
        let also = self.also.iter().map(|(action, on)| Grant {
            action: (*action).to_owned(),
            on: *on,
        });
        own.chain(also).collect()
    }
}

/// One of the policies. IAM allows 10 managed policies for a role.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Policy {
    /// Everything that reads: enough for a plan.
    Plan,
    /// Changes of EC2, Auto Scaling and the snapshot policy.
    ChangeCompute,
    /// Changes of IAM roles and instance profiles, and the permission to pass the roles to AWS's services.
    ChangeRoles,
    /// Changes of S3, Secrets Manager and CloudWatch Logs.
    ChangeStorage,
    /// Tagging resources of EC2 that others made.
    Adopt,
}

impl Policy {
    /// All policies.
    pub const ALL: &[Policy] = <Policy as strum::VariantArray>::VARIANTS;

    /// What `bootstrap` and `destroy` need, together.
    pub const OPERATOR: [Policy; 4] = [
        Policy::Plan,
        Policy::ChangeCompute,
        Policy::ChangeRoles,
        Policy::ChangeStorage,
    ];

    /// The policy's name, after the deployment's: `plan`, `change-compute`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The policy that holds a permission of an operation.
    fn of(access: Access, grant: &Grant) -> Policy {
        let service = grant.action.split(':').next().unwrap_or_default();
        match (access, grant.on, service) {
            (Access::Read, ..) => Policy::Plan,
            (Access::Change, Target::AdoptedCompute, _) => Policy::Adopt,
            (Access::Change, _, "ec2" | "autoscaling" | "dlm") => Policy::ChangeCompute,
            (Access::Change, _, "iam") => Policy::ChangeRoles,
            (Access::Change, ..) => Policy::ChangeStorage,
        }
    }
}
