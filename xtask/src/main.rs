//! The chores of this repository: `cargo xtask COMMAND`.
//!
//! Each chore has its own file. xtask passes every other command on to `nex` or `nex-sandbox`,
//! after it has built them. It has no AWS and no tokio dependencies, so it builds and starts at
//! once.
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
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use launch::{Binary, Profile};

/// Runs the binaries and the chores of this repository.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "xtask builds and runs a binary for every other command, and passes on all arguments:
  sandbox up, status, env, down   nex-sandbox
  every other command             nex (see docs/command-line.md)

Examples:
  cargo xtask bootstrap staging --sandbox
  cargo xtask --release plan staging --check
  cargo xtask sandbox down
  cargo xtask ci"
)]
struct Cli {
    /// Builds the binaries for release, like NEX_RELEASE=1
    #[arg(long)]
    release: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs all checks of CI, the fastest first
    #[command(after_help = "Examples:
  cargo xtask ci
  CI=true cargo xtask ci             fails if a test's tool is missing, instead of skipping the test")]
    Ci,
    /// Checks the dependencies between the workspace's packages
    #[command(
        after_help = "Example:\n  cargo xtask layers\n\nThe rules are in xtask/src/layers/rules.rs."
    )]
    Layers,
    /// Updates snapshots and generated files; review the diff before you commit
    #[command(after_help = "Examples:
  cargo xtask bless && git diff
  cargo xtask bless -p nex-runner    updates one crate only")]
    Bless {
        /// Arguments for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Measures plan and bootstrap on a sandbox, and writes docs/bench.md
    #[command(after_help = "Examples:
  cargo xtask bench
  cargo xtask bench growth

Fails if a limit in xtask/src/bench/limits.rs or xtask/src/bench/growth/limits.rs is exceeded.")]
    Bench {
        #[command(subcommand)]
        part: Option<BenchPart>,
    },
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Subcommand)]
enum BenchPart {
    /// Measures a plan in an account and a zone in which other teams have much
    Growth {
        /// Measures the binaries in this folder, and only prints the section
        #[arg(long, value_name = "FOLDER", hide = true)]
        binaries: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let Cli { release, command } = Cli::parse();
    let result = match command {
        Command::Ci => ci::run_all(),
        Command::Layers => layers::run(),
        Command::Bless { args } => bless::run(&args),
        Command::Bench { part: None } => bench::run(),
        Command::Bench {
            part: Some(BenchPart::Growth { binaries }),
        } => bench::growth::run(binaries.as_deref()),
        Command::Other(words) => pass_on(&words, profile(release)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn profile(release: bool) -> Profile {
    if release || std::env::var_os("NEX_RELEASE").is_some_and(|value| value == "1") {
        Profile::Release
    } else {
        Profile::Dev
    }
}

/// Replaces this process by the binary that has the command. Returns only on failure.
fn pass_on(words: &[OsString], profile: Profile) -> anyhow::Result<()> {
    match words {
        [first, args @ ..] if first == "sandbox" => launch::exec(Binary::Sandbox, args, profile),
        args => launch::exec(Binary::Nex, args, profile),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn arguments_of_nex_commands_are_passed_on_unchanged() {
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
            panic!("parsed as a chore");
        };
        assert_eq!(words, ["plan", "--help", "--", "--release", "a b"]);
    }

    #[test]
    fn the_command_line_is_valid() {
        Cli::command().debug_assert();
    }
}
