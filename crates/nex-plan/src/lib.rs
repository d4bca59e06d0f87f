//! The shared vocabulary of nex: steps and plans of them, findings, the gate between a plan and its apply, reports,
//! problems of a spec, progress events and references to secrets. No I/O; every other crate uses these types.
//!
//! Data flows one way. A provider's crate compares the desired state with the observed one and makes a [`Plan`] of
//! typed [`Step`]s. [`Plan::lint`] runs that crate's rules and returns a [`Linted`] plan. [`Linted::approve`] returns
//! an [`Approved`] plan. Only an approved plan can be applied, and the apply returns an [`ApplyReport`].
//!
//! ```
//! use nex_plan::{Action, Change, FieldChange, Plan, Renderer, ResourceId};
//!
//! let mut plan = Plan::new("staging");
//! plan.push(Change {
//!     action: Action::Update,
//!     id: ResourceId::new("log-group", "/nex/gitlab-runner/system"),
//!     fields: vec![FieldChange::new("retention_days", 7, 14)],
//!     reasons: vec![],
//! });
//! assert!(Renderer::plain().plan(&plan).contains("retention_days: 7 -> 14"));
//! assert_eq!(plan.counts().update, 1);
//! ```
//!
//! `examples/snapshots.rs` is a small provider: a step type with rules, and the way from a plan to its approval.

mod allowance;
mod cancel;
mod change;
mod compact;
mod document;
mod error;
mod finding;
mod gate;
mod ids;
mod moved;
mod plan;
mod problem;
mod progress;
mod report;
mod secret;
mod stats;
mod step;
mod text;
mod value;

pub use allowance::{Allowance, AllowanceError};
pub use cancel::CancelToken;
pub use change::{Action, Change, FieldChange, ResourceId, UpdateBehavior};
pub use compact::{NamedList, printable};
pub use document::{FindingDocument, KeptPlan, PlanDocument};
pub use error::{CloudError, ErrorKind, chain};
pub use finding::{Finding, NOT_OURS, Remedy, Severity, Subject, sort_findings};
pub use gate::{Approved, Coverage, Lint, Linted, MovedError, RefusalError};
pub use moved::{Moved, Movement};
pub use plan::{Counts, Plan, Planned};
pub use problem::{Problem, Problems};
pub use progress::{Event, NoProgress, Progress, RunContext};
pub use report::{ApplyReport, Done, Failed, SkipReason, Skipped, Timing};
pub use secret::{SecretRef, SecretRefError};
pub use stats::{CallLog, CallStats, Span};
pub use step::{Composite, PlanEntry, Step};
pub use text::{Detail, Paint, Renderer};
pub use value::{Digest, Value};
