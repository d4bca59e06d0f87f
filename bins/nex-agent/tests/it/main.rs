//! The agent on machines in temporary folders.

mod command;
mod converge;
mod docs;
mod lock;
mod machine;
mod metadata;
mod root;
mod runner;
mod server;
mod units;
