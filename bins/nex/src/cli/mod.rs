//! The command line: its arguments, which command runs, and how a run ends.

mod args;
mod dispatch;
mod exit;

pub use args::{Agreement, Cli, Command, Dns, Global};
pub use dispatch::run;
pub use exit::Exit;
