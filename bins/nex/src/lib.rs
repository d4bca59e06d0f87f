//! The flows behind the command `nex`: they compose the crates and talk to the operator.
//!
//! ```
//! use std::path::Path;
//!
//! let found = nex::environment::load("nowhere", Path::new("."));
//! assert!(matches!(found, Err(nex::environment::Invalid::Absent { .. })));
//! ```

pub mod cli;
mod cloudflare;
pub mod compose;
pub mod environment;
mod exit;
mod flows;
mod output;
mod picture;
mod progress;
mod sandbox;
mod secrets;
mod session;

pub use exit::Exit;
pub use flows::run;
