//! Keeps an environment on AWS as its spec says: the GitLab server, the runner fleet, and what they store. The network
//! and the database already exist: the crate looks them up and never changes them. The crate knows nothing about
//! Cloudflare or GitLab.
//!
//! Data flows one way: a [`CloudReader`] gives a [`Snapshot`], [`desired()`] says what the [`Spec`] asks for, [`diff()`]
//! compares the two and gives a plan of [`Step`]s. The plan is linted and approved ([`nex_plan::Plan::lint`],
//! [`nex_plan::Linted::approve`]), and `converge` executes it through a [`CloudWriter`]. There is no state file: names and
//! tags ([`Names`]) find every resource again.
//!
//! | item | what it does |
//! |---|---|
//! | [`spec`] | the section `[aws]`, with [`Spec::validate`] and [`Spec::warnings`] |
//! | [`model`] | the resources: what a spec asks for and what was read |
//! | [`policy`] | the IAM policies of the roles |
//! | [`permissions`] | the IAM permissions that nex itself needs |
//! | [`adoption()`], [`adoptions()`] | take over what someone else made: one resource, or everything |
//! | [`inspection`] | what a plan does not read: properties that others set and nex does not |
//! | [`teardown()`] | the plan that deletes everything |
//! | `aws` | the client of AWS |
//!
//! Features: `engine` executes plans, `client` (on by default) adds the client of AWS. Without them the crate compares
//! and plans, without network code or tokio. `examples/plan_offline.rs` shows what a section would create,
//! `examples/read.rs` lists what exists, `examples/operator_policy.rs` prints the policies for the people who run nex.
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use nex_infra::model::Observed;
//! use nex_infra::{
//!     DatabaseFacts, EdgeNetworks, Facts, FleetState, ImageId, Images, Inputs, LintContext, Names, Quotas,
//!     SecurityGroupId, Spec, SubnetId, UserData, VpcId, desired, diff,
//! };
//!
//! let spec: Spec = toml::from_str(r#"
//!     region = "eu-west-3"
//!     account = "123456789012"
//!     [network]
//!     vpc = "tag:Name=main"
//!     public_subnet = "10.0.1.0/24"
//!     [database]
//!     instance = "main"
//! "#)?;
//! spec.validate().into_result()?;
//! assert_eq!(spec.warnings()[0].code, "ssh-closed");
//!
//! // `reader.snapshot().await?` returns these facts and the observed resources.
//! let facts = Facts {
//!     account: "123456789012".into(),
//!     partition: "aws".into(),
//!     region: spec.region.clone(),
//!     vpc: VpcId::new("vpc-1"),
//!     public_subnet: SubnetId::new("subnet-1"),
//!     private_subnets: vec![],
//!     nat_gateways: vec![],
//!     database: DatabaseFacts {
//!         host: "main.example.com".into(),
//!         port: 5432,
//!         version: "16.4".into(),
//!         groups: vec![SecurityGroupId::new("sg-1")],
//!     },
//!     images: Images { server: ImageId::new("ami-1"), fleet: ImageId::new("ami-2") },
//!     zones: Default::default(),
//!     machines: Default::default(),
//!     fleet: FleetState::Empty,
//!     deleted_secrets: Default::default(),
//! };
//! let observed = Observed::new();
//! let inputs = Inputs {
//!     user_data: UserData { server: "#!/bin/sh\n".into(), fleet: String::new() },
//!     edge_networks: EdgeNetworks::Known(vec!["192.0.2.0/24".into()]),
//!     mail_password: false,
//!     rotate: BTreeSet::new(),
//! };
//!
//! let names = Names::new("acme", "staging");
//! let desired = desired(&spec, &names, &facts, &inputs, &observed);
//! let linted = diff("staging", &desired, &observed).lint(&LintContext::Build {
//!     spec: &spec,
//!     facts: &facts,
//!     desired: &desired,
//!     observed: &observed,
//!     quotas: &Quotas::NotNeeded,
//!     edge_networks: &inputs.edge_networks,
//! });
//! assert_eq!(linted.plan().counts().create, desired.len());
//! assert_eq!(linted.findings()[0].code, "quota-unread");
//! let approved = linted.approve(&BTreeSet::new())?; // for `converge`
//! assert!(!approved.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adoption;
#[cfg(feature = "client")]
pub mod aws;
mod desired;
mod diff;
#[cfg(feature = "engine")]
mod engine;
mod facts;
mod ids;
mod inputs;
pub mod inspection;
mod lint;
pub mod model;
mod names;
pub mod permissions;
pub mod policy;
mod ports;
pub mod spec;
mod step;

pub use adoption::{Adoption, AdoptionError, Adoptions, adoption, adoptions};
pub use desired::desired;
pub use diff::{diff, teardown};
#[cfg(feature = "engine")]
pub use engine::{ConvergeOptions, Converged, converge};
pub use facts::{
    Capacity, DatabaseFacts, Facts, FleetState, Images, MachineImage, MachineType, Machines, Quotas,
};
pub use ids::{ImageId, SecurityGroupId, SubnetId, VpcId};
pub use inputs::{EdgeNetworks, Inputs, UserData};
pub use lint::LintContext;
pub use names::{Buckets, Component, LogGroups, Names, Secrets, Tags};
pub use ports::{CloudReader, CloudWriter, Contents, Ids, Snapshot};
pub use spec::Spec;
pub use step::{Operation, Step, starts_instances};
