//! The shared vocabulary of nex: changes, plans, safety verdicts, spec problems, progress events and
//! references to secrets. No I/O; every other crate speaks in these types.
//!
//! ```
//! use nex_plan::{Action, Change, FieldChange, Paint, Plan, ResourceId, Value};
//!
//! let mut plan = Plan::new("staging");
//! plan.push(Change {
//!     action: Action::Update,
//!     resource: ResourceId::new("log-group", "/nex/gitlab-runner/system"),
//!     fields: vec![FieldChange::in_place("retention_days", 7, 14)],
//!     reasons: vec![],
//! });
//! assert!(plan.text(Paint::Plain).contains("retention_days: 7 -> 14"));
//! assert_eq!(plan.counts().update, 1);
//! ```

mod change;
mod event;
mod failure;
mod plan;
mod problem;
mod secret;
mod text;
mod value;
mod verdict;

pub use change::{Action, Change, Effect, FieldChange, ResourceId};
pub use event::{Event, Progress, Silent, Stop, Watch};
pub use failure::{Class, chain};
pub use plan::{Approved, Counts, Linted, Plan, Refused};
pub use problem::{Problem, Problems};
pub use secret::{SecretRef, SecretRefError};
pub use text::Paint;
pub use value::Value;
pub use verdict::{Level, Verdict};
