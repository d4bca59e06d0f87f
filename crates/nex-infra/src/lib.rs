//! AWS: the network that is there, the GitLab server's parts, the runner fleet's parts.
#[cfg(feature = "aws")]
mod apply;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
mod converge;
mod desired;
mod diff;
mod facts;
mod io;
mod lint;
pub mod model;
mod names;
pub mod policy;
pub mod spec;

#[cfg(feature = "aws")]
pub use apply::{Done, Failed, Report, apply};
#[cfg(feature = "aws")]
pub use converge::{Outcome, Run, SETTLE, Unread, converge};
pub use desired::{Layout, desired};
pub use diff::diff;
pub use facts::{Boot, Capacity, DatabaseFacts, Facts, Images};
pub use io::{Failure, Ids, Read, World, Write};
pub use lint::{lint, lint_capacity, lint_facts};
pub use names::{Component, Names, Tags};
pub use nex_plan::Class;
pub use spec::Spec;
