//! One flow a command.

mod adopt;
mod bootstrap;
mod check;
mod destroy;
mod dns;
mod hints;
mod plan;
mod planfile;
mod render;
mod report;
mod stages;
mod tally;
mod zone;

use std::io::Write as _;

use anyhow::Context;
use clap::CommandFactory as _;

use crate::Exit;
use crate::cli::{Cli, Command};
use crate::environment::{self, Invalid, Spec};
use crate::output::Output;
use crate::session::Session;

/// Runs a command to its end.
pub fn run(cli: Cli) -> Exit {
    let output = Output {
        json: cli.global.json,
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start");
    let ended = runtime.and_then(|runtime| {
        let ended = runtime.block_on(dispatch(cli, output));
        // A second Ctrl-C may leave a reader of stdin behind: nobody waits for it.
        runtime.shutdown_background();
        ended
    });
    ended.unwrap_or_else(|error| {
        output.error(&error, hints::hint(error.as_ref()).as_deref());
        Exit::Failed
    })
}

async fn dispatch(cli: Cli, output: Output) -> anyhow::Result<Exit> {
    let sandbox = cli.global.sandbox.as_deref();
    match cli.command {
        Command::Check { env } => check::run(&env, output),
        Command::Plan { env, check, out } => {
            let session = open(&env, sandbox, output).await?;
            plan::run(&session, check, out.as_deref()).await
        }
        Command::Bootstrap {
            env,
            yes,
            plan,
            allow,
        } => {
            let session = open(&env, sandbox, output).await?;
            let how = bootstrap::How {
                yes,
                plan: plan.as_deref(),
                allow: allow.into_iter().collect(),
            };
            bootstrap::run(&session, how).await
        }
        Command::Adopt { env, kind, id, yes } => {
            let session = open(&env, sandbox, output).await?;
            adopt::run(session, &kind, &id, yes).await
        }
        Command::Destroy {
            env,
            confirm,
            allow,
        } => {
            let session = open(&env, sandbox, output).await?;
            destroy::run(&session, confirm, allow.into_iter().collect()).await
        }
        Command::Dns { command } => dns::run(command, sandbox, output).await,
        Command::Render {
            env,
            what,
            all,
            database_host,
        } => {
            let what = render::What {
                file: what.as_deref(),
                folder: all.as_deref(),
            };
            render::run(&env, sandbox, what, database_host, output).await
        }
        Command::Schema => {
            output.json(&environment::schema())?;
            Ok(Exit::Fine)
        }
        Command::Completions { shell } => {
            let mut stdout = std::io::stdout().lock();
            clap_complete::generate(shell, &mut Cli::command(), "nex", &mut stdout);
            stdout.flush()?;
            Ok(Exit::Fine)
        }
    }
}

/// Loads an environment; what is wrong with it is said in full, and nothing else is done.
fn load(env: &str) -> anyhow::Result<Spec> {
    let folder = std::env::current_dir().context("failed to find the current folder")?;
    match environment::load(env, &folder) {
        Ok((spec, _)) => Ok(spec),
        Err(Invalid::Wrong { path, found }) => {
            let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
            let head = Invalid::Wrong { path, found };
            Err(anyhow::anyhow!("{head}\n{}", lines.join("\n")))
        }
        Err(other) => Err(other.into()),
    }
}

/// Loads an environment and connects: to the sandbox of that name, or to the real clouds.
async fn open(env: &str, sandbox: Option<&str>, output: Output) -> anyhow::Result<Session> {
    let spec = load(env)?;
    let clouds = sandbox.map(crate::sandbox::up).transpose()?;
    Session::open(spec, clouds, output).await
}

/// Asks a question that only `y` or `yes` answers with yes. Without a terminal there is nobody to ask.
fn ask(question: &str) -> anyhow::Result<bool> {
    let answer = prompt(&format!("{question} [y/N] "), "--yes")?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

fn prompt(question: &str, option: &str) -> anyhow::Result<String> {
    use std::io::IsTerminal as _;
    anyhow::ensure!(
        std::io::stdin().is_terminal(),
        "there is no terminal to ask on, and no {option}: {question}"
    );
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
