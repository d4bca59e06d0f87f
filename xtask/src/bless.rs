//! `cargo xtask bless`: updates the expected output of tests.

use std::ffi::OsString;

use crate::cargo::{self, cargo};

/// Runs the tests so that they update what they compare with: snapshots in the code, and
/// generated files (the JSON schema, the command line reference).
pub(crate) fn run(args: &[OsString]) -> anyhow::Result<()> {
    let mut command = cargo(["test", "--no-fail-fast"]);
    if args.is_empty() {
        command.arg("--workspace");
    }
    cargo::run(command.args(args).env("UPDATE_EXPECT", "1"))
}
