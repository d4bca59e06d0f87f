//! The command `nex`.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    nex::run(nex::cli::Cli::parse()).into()
}
