//! The command line: its arguments, and which command runs.

mod args;
mod dispatch;
mod hints;

pub use args::{Agreement, Cli, Command, Dns, Global};
pub use dispatch::run;
