//! The commands.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::{Parser, Subcommand};
use nex_host::{Digest, Outcome, Status};

use crate::report::STATUS_PATH;
use crate::root::Root;
use crate::session::{Ended, Lock, Session};

/// Sets this host up from its bundle, and reports its status.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:
  nex-agent status                   the steps of the set-up, and what failed
  nex-agent status --json | jq .steps
  nex-agent converge                 try the steps that are not done now

Exit codes: 0 all is done, 1 something failed or is not done."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The folder to set up as if it was the machine's root folder.
    #[arg(long, global = true, default_value = "/")]
    root: PathBuf,
    /// The agent that starts this one has the lock.
    #[arg(long, hide = true)]
    lock_held: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set the host up from the bundle that its user data installed.
    Setup,
    /// Apply another bundle.
    Apply {
        /// The bundle's SHA-256.
        bundle: Digest,
    },
    /// Try the steps that are not done, and report the status.
    Converge,
    /// Back GitLab up: its archive into the bucket, its keys into their secret.
    Backup,
    /// Show the status.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command that the arguments name. The exit code is 0 if all is done, 1 if something failed or is not done.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = runtime
        .context("failed to start the runtime")
        .and_then(|runtime| runtime.block_on(run(cli)));
    match result {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Unfinished) => ExitCode::FAILURE,
        Err(error) => {
            // If stderr is closed, the error can be shown to no one.
            let _ = writeln!(std::io::stderr(), "nex-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<Ended> {
    let root = Root::new(cli.root);
    if let Command::Status { json } = cli.command {
        return show(&root, json);
    }
    let lock = match cli.command {
        Command::Backup => Lock::Backup,
        _ if cli.lock_held => Lock::Held,
        _ => Lock::Take,
    };
    let Some(session) = Session::start(root, lock).await? else {
        let _ = writeln!(std::io::stderr(), "nex-agent: another agent is at work");
        return match cli.command {
            // The timer comes again.
            Command::Converge => Ok(Ended::Done),
            _ => Err(anyhow!("nothing was done")),
        };
    };
    let ended = match cli.command {
        Command::Setup => session.setup().await?,
        Command::Apply { bundle } => session.apply(bundle).await?,
        Command::Backup => session.backup().await?,
        Command::Converge | Command::Status { .. } => session.converge().await?,
    };
    Ok(ended)
}

fn show(root: &Root, json: bool) -> anyhow::Result<Ended> {
    let document = root.read(STATUS_PATH)?;
    let document = document.ok_or_else(|| anyhow!("no status has been written yet"))?;
    let status = Status::parse(&document).context("failed to read the status")?;
    let text = if json {
        format!("{}\n", String::from_utf8_lossy(&document))
    } else {
        table(&status)
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("failed to write the status")?;
    Ok(Ended::Done)
}

/// The status as text: one line for each step.
fn table(status: &Status) -> String {
    let mut out = format!(
        "{} {}: {}, written at {}\n",
        status.role,
        status.instance.id(),
        status.state(),
        status.written_at
    );
    for step in status.steps.as_slice() {
        let what = match &step.outcome {
            Outcome::Waiting => "waiting".to_owned(),
            Outcome::Running { started_at } => format!("running since {started_at}"),
            Outcome::Done { ended_at, .. } => format!("done at {ended_at}"),
            Outcome::Failed {
                ended_at, reason, ..
            } => format!("failed at {ended_at} [{}]: {}", reason.cause, reason.text),
        };
        out.push_str(&format!("  {:<16} {what}\n", step.name.as_str()));
    }
    out
}
