//! Chores: `cargo xtask COMMAND`.
//!
//! The chores of this repository, one file each; every other command is one of `nex` or `nex-sandbox`,
//! which is built and then run with all that follows. No AWS and no tokio in here: it starts at once.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command"
)]

mod bench;
mod bless;
mod cargo;
mod ci;
mod launch;
mod layers;
mod scripts;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Starts the binaries, and does the chores of this repository.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Built and then run, with all that follows passed on as it is:
  sandbox up, status, env, down   nex-sandbox
  every other command             nex (docs/command-line.md lists them)

Examples:
  cargo xtask bootstrap staging --sandbox
  cargo xtask --release plan staging --check
  cargo xtask sandbox down
  cargo xtask ci"
)]
struct Cli {
    /// Builds the binaries for release, as NEX_RELEASE=1 does
    #[arg(long)]
    release: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Does everything that CI does, what fails fastest first
    #[command(after_help = "Examples:
  cargo xtask ci
  CI=true cargo xtask ci             a test whose tool is missing fails instead of being skipped")]
    Ci,
    /// Checks who may depend on whom
    #[command(
        after_help = "Example:\n  cargo xtask layers\n\nThe rules stand in xtask/src/layers/rules.rs."
    )]
    Layers,
    /// Makes snapshots and generated files anew; look at the difference before you commit it
    #[command(after_help = "Examples:
  cargo xtask bless && git diff
  cargo xtask bless -p nex-runner    one crate's only")]
    Bless {
        /// What to pass on to `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Measures plan and bootstrap on a sandbox of its own, and writes docs/bench.md
    #[command(
        after_help = "Example:\n  cargo xtask bench\n\nFails when a limit in xtask/src/bench/limits.rs is not kept."
    )]
    Bench,
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

fn main() -> ExitCode {
    let Cli { release, command } = Cli::parse();
    let done = match command {
        Command::Ci => ci::run_all(),
        Command::Layers => layers::run(),
        Command::Bless { args } => bless::run(&args),
        Command::Bench => bench::run(),
        Command::Other(words) => pass_on(&words, release),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Gives way to the binary that knows the command; comes back only when that fails.
fn pass_on(words: &[OsString], release: bool) -> anyhow::Result<()> {
    match words {
        [first, rest @ ..] if first == "sandbox" => launch::exec("nex-sandbox", rest, release),
        words => launch::exec("nex", words, release),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn what_follows_a_command_of_nex_is_left_as_it_is() {
        let line = [
            "xtask",
            "--release",
            "plan",
            "--help",
            "--",
            "--release",
            "a b",
        ];
        let cli = Cli::parse_from(line);
        assert!(cli.release);
        let Command::Other(words) = cli.command else {
            panic!("taken for a chore");
        };
        assert_eq!(words, ["plan", "--help", "--", "--release", "a b"]);
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
