//! The agent on machines in temporary folders.

mod command;
mod converge;
mod machine;
mod metadata;
mod root;
mod runner;
mod units;
