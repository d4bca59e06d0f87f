//! The command `nex-sandbox`: starts, shows and ends sandboxes.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use nex_sandbox::daemon::{Daemon, State};
use nex_sandbox::default_dir;
use serde_json::json;

/// A cloud on loopback to try nex against.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  nex-sandbox up\n  eval \"$(nex-sandbox env)\" && aws ec2 describe-vpcs\n  nex-sandbox down"
)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Starts a sandbox in the background, unless it is up.
    Up {
        /// Its name; several can stand side by side.
        #[arg(long, default_value = "default")]
        name: String,
        /// Prints one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says which sandboxes are up.
    Status {
        /// Only this one.
        #[arg(long)]
        name: Option<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints the variables that point the `aws` command and nex at a sandbox.
    Env {
        /// Its name.
        #[arg(long, default_value = "default")]
        name: String,
    },
    /// Ends a sandbox and removes all that it holds.
    Down {
        /// Its name.
        #[arg(long, default_value = "default")]
        name: String,
        /// Every sandbox.
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

fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    let daemon = Daemon::new(default_dir()?);
    match verb {
        Verb::Up { name, json } => up(&daemon, &name, json)?,
        Verb::Status { name, json } => return status(&daemon, name.as_deref(), json),
        Verb::Env { name } => env(&daemon.get(&name)?),
        Verb::Down { name, all } => down(&daemon, &name, all)?,
        Verb::Serve { name } => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("failed to start the runtime")?
            .block_on(daemon.serve(&name))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn up(daemon: &Daemon, name: &str, json: bool) -> anyhow::Result<()> {
    if daemon.is_first_start() {
        eprintln!("making the sandbox's Python environment (once, up to a minute)");
    }
    let exe = std::env::current_exe().context("failed to find the executable")?;
    let state = daemon.up(&exe, name)?;
    if json {
        println!(
            "{}",
            json!({
                "name": state.name,
                "endpoint": state.endpoint,
                "pid": state.pid,
                "env": state.env(),
            })
        );
    } else {
        println!(
            "sandbox {} is up on {} (pid {})",
            state.name, state.endpoint, state.pid
        );
    }
    Ok(())
}

/// Exit 1 when the sandbox that was asked for is not up.
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
            let what = if status.up { "up" } else { "gone" };
            println!(
                "{} {what} {} pid {}",
                status.state.name, status.state.endpoint, status.state.pid
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

fn env(state: &State) {
    // A profile or a session of the user's would win over these.
    println!("unset AWS_PROFILE AWS_SESSION_TOKEN");
    for (key, value) in state.env() {
        println!("export {key}={value}");
    }
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
        let what = if daemon.down(&name)? {
            "is down"
        } else {
            "was not up"
        };
        println!("sandbox {name} {what}");
    }
    Ok(())
}
