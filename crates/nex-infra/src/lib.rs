//! AWS: the network lookups, and the resources of a GitLab server and its runner fleet.
//!
//! Data flows one way: [`desired()`] turns a [`Spec`] into resources, [`diff()`] compares them with what exists, the lint and
//! the approval of [`nex_plan`] follow, and `converge` executes the approved steps. There is no state file: nex finds its
//! resources again by their names and tags ([`Names`]).
//!
//! | module | what is in it |
//! |---|---|
//! | [`spec`] | the section `[aws]`, with its problems and warnings |
//! | [`model`] | the kinds of resources, as asked for and as read |
//! | [`step`] | what a plan for AWS consists of |
//! | [`ports`] | the traits behind which AWS is |
//! | [`policy`] | IAM policy documents |
//! | `aws` | the SDK behind the traits |
//!
//! Features: `engine` executes plans, `client` (on by default) adds the AWS SDK. Without them the crate compares and plans,
//! with neither network code nor tokio in it.
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use nex_infra::model::{Desired, DesiredResource, LogGroup, Observed};
//! use nex_infra::{LintContext, diff};
//! use nex_plan::Renderer;
//!
//! let group = LogGroup {
//!     name: "/nex/gitlab/rails".into(),
//!     retention_days: Some(30),
//!     tags: Default::default(),
//! };
//! let group = DesiredResource::from(group);
//! let desired: Desired = [(group.key(), group)].into();
//! let plan = diff("staging", &desired, &Observed::new());
//! assert!(Renderer::plain().plan(&plan).contains("create  log-group /nex/gitlab/rails"));
//!
//! // Only a plan that was linted can be approved, and only an approved plan can be applied.
//! let approved = plan.lint(&LintContext::Adoption).approve(&BTreeSet::new())?;
//! assert_eq!(approved.plan().counts().create, 1);
//! # Ok::<(), nex_plan::RefusalError>(())
//! ```

mod adoption;
#[cfg(feature = "client")]
pub mod aws;
mod desired;
mod diff;
#[cfg(feature = "engine")]
mod engine;
mod facts;
mod lint;
pub mod model;
mod names;
pub mod policy;
pub mod ports;
pub mod spec;
pub mod step;

pub use adoption::{Adoption, AdoptionError, adoption};
pub use desired::desired;
pub use diff::{diff, starts_instances, teardown};
#[cfg(feature = "engine")]
pub use engine::{CONSISTENCY_DELAY, ConvergeOptions, Converged, apply, converge};
pub use facts::{Capacity, DatabaseFacts, EdgeNetworks, Facts, Images, Inputs, UserData};
pub use lint::LintContext;
pub use names::{Component, Names, Tags};
pub use ports::{CloudReader, CloudWriter, Contents, Ids, Snapshot};
pub use spec::Spec;
pub use step::Step;
