//! The command `nex`: composes the crates into flows, and talks to the operator.
//!
//! | module | contents |
//! |---|---|
//! | [`cli`] | arguments, dispatch, hints about errors |
//! | [`environment`] | an environment's file, its problems and the findings about it |
//! | `context` | one environment with its clients, which connect when they are first used |
//! | `wiring` | the outputs of one crate as the inputs of another |
//! | `plan` | the steps of all providers, and the plan of an environment |
//! | `apply` | the stages, in order |
//! | `commands` | one file per command |
//! | `similar` | suggestions for mistyped words |
//! | `ui` | output, progress, questions, remedies, reports |
//!
//! ```
//! use std::path::Path;
//!
//! let found = nex::environment::load("nowhere", Path::new("."));
//! assert!(matches!(found, Err(nex::environment::Invalid::Absent { .. })));
//! ```

mod apply;
pub mod cli;
mod commands;
mod context;
pub mod environment;
mod exit;
mod plan;
mod similar;
mod ui;
mod wiring;

pub use cli::run;
pub use exit::Exit;
