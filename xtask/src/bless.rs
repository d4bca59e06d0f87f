//! `cargo xtask bless`: what tests compare with, made anew.

use std::ffi::OsString;

use crate::cargo::{self, cargo};

/// Runs the tests so that each expectation takes what it finds: snapshots in the code, and the
/// generated files that tests compare with (the schema, references of the command line).
pub(crate) fn run(args: &[OsString]) -> anyhow::Result<()> {
    let mut command = cargo(["test", "--no-fail-fast"]);
    if args.is_empty() {
        command.arg("--workspace");
    }
    cargo::run(command.args(args).env("UPDATE_EXPECT", "1"))
}
