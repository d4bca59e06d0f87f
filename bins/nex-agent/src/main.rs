//! The agent's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    nex_agent::cli::main()
}
