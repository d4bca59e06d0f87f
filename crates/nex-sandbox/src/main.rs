//! The command `nex-sandbox`: starts, lists and ends sandboxes.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use nex_sandbox::daemon::{Daemon, State};
use nex_sandbox::default_dir;
use serde_json::json;

/// Runs AWS and Cloudflare emulators on loopback.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  nex-sandbox up\n  eval \"$(nex-sandbox env)\" && aws ec2 describe-vpcs\n  nex-sandbox down"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts a sandbox in the background, unless it is already running.
    Up {
        /// The name of the sandbox; several sandboxes can run at the same time.
        #[arg(long, default_value = "default")]
        name: String,
        /// How long AWS takes to show a change everywhere; also changes a running sandbox.
        #[arg(long, value_name = "SECONDS", value_parser = seconds)]
        lag: Option<Duration>,
        /// Prints one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists the sandboxes.
    Status {
        /// Shows only this sandbox, and exits with 1 if it is not running.
        #[arg(long)]
        name: Option<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints the environment variables that point the `aws` command and nex at a sandbox.
    Env {
        /// The name of the sandbox.
        #[arg(long, default_value = "default")]
        name: String,
    },
    /// Ends a sandbox and removes its files.
    Down {
        /// The name of the sandbox.
        #[arg(long, default_value = "default")]
        name: String,
        /// Ends all sandboxes.
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
    /// Serves a sandbox in this process.
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        name: String,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let daemon = Daemon::new(default_dir()?);
    match command {
        Command::Up { name, lag, json } => up(&daemon, &name, lag, json)?,
        Command::Status { name, json } => return status(&daemon, name.as_deref(), json),
        Command::Env { name } => env(&daemon.get(&name)?)?,
        Command::Down { name, all } => down(&daemon, &name, all)?,
        Command::Serve { name } => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("failed to start the runtime")?
            .block_on(daemon.serve(&name))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Parses a number of seconds.
fn seconds(text: &str) -> anyhow::Result<Duration> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}

fn up(daemon: &Daemon, name: &str, lag: Option<Duration>, json: bool) -> anyhow::Result<()> {
    if daemon.is_first_start() {
        eprintln!("installing the sandbox's Python environment (only once; takes up to a minute)");
    }
    let exe = std::env::current_exe().context("failed to find the executable")?;
    let state = daemon.up(&exe, name)?;
    if let Some(lag) = lag {
        daemon.set_lag(&state, lag)?;
    }
    if json {
        println!(
            "{}",
            json!({
                "name": state.name,
                "endpoint": state.endpoints.aws,
                "s3_endpoint": state.endpoints.s3,
                "ca_file": state.endpoints.ca_file,
                "pid": state.pid,
                "env": state.endpoints.env(),
                "python": daemon.python()?,
            })
        );
    } else {
        println!(
            "sandbox {} is up on {} (pid {})",
            state.name, state.endpoints.aws, state.pid
        );
    }
    Ok(())
}

/// Exits with 1 if the requested sandbox is not running.
fn status(daemon: &Daemon, name: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let found = match name {
        Some(name) => daemon.status(name)?.into_iter().collect(),
        None => daemon.list()?,
    };
    if json {
        println!("{}", serde_json::to_string(&found)?);
    } else if found.is_empty() {
        println!("no sandbox is up");
    } else {
        for status in &found {
            let up = if status.up { "up" } else { "gone" };
            println!(
                "{} {up} {} pid {}",
                status.state.name, status.state.endpoints.aws, status.state.pid
            );
        }
    }
    let missing = name.is_some() && !found.iter().any(|status| status.up);
    Ok(if missing {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn env(state: &State) -> anyhow::Result<()> {
    // These would take precedence over the exported variables.
    println!("unset AWS_PROFILE AWS_SESSION_TOKEN");
    for (key, value) in state.endpoints.env() {
        let value = shlex::try_quote(&value).with_context(|| format!("failed to quote {key}"))?;
        println!("export {key}={value}");
    }
    Ok(())
}

fn down(daemon: &Daemon, name: &str, all: bool) -> anyhow::Result<()> {
    let names = if all {
        daemon
            .list()?
            .into_iter()
            .map(|status| status.state.name)
            .collect()
    } else {
        vec![name.to_owned()]
    };
    for name in names {
        let result = if daemon.down(&name)? {
            "is down"
        } else {
            "was not up"
        };
        println!("sandbox {name} {result}");
    }
    Ok(())
}
