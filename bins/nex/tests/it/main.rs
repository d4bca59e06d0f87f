//! The command `nex` as its users run it, on a cloud on loopback.
#![allow(clippy::unwrap_used)]

mod adopt;
mod adopt_all;
mod aws;
mod budget;
mod check;
mod command_line;
mod crash;
mod deep;
mod dns;
mod drift;
mod growth;
mod lag;
mod lock;
mod octodns;
mod only;
mod others;
mod outputs;
mod ownership;
mod permissions;
mod plan_file;
mod project;
mod prompt;
mod secrets;
mod stage;
mod teardown;
