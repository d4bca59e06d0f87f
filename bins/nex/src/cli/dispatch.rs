//! Runs the command that the arguments name.

use std::collections::BTreeSet;
use std::io::Write as _;

use anyhow::Context as _;
use clap::CommandFactory as _;
use nex_plan::{Allowance, ResourceId};

use super::args::{Agreement, Cli, Command, Dns, Others, Planning};
use super::hints;
use crate::apply::lock::Patience;
use crate::commands::{adopt, adopt_all, bootstrap, change, check, dns, outputs, plan, render};
use crate::context::Context;
use crate::environment;
use crate::exit::Exit;
use crate::plan::{Options, Scope, Target};
use crate::ui::output::Output;
use change::{Consent, Request};

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
        let ended = runtime.block_on(Box::pin(dispatch(cli, output)));
        // A name look-up may still run on a thread: the program ends without it.
        runtime.shutdown_background();
        ended
    });
    ended.unwrap_or_else(|error| {
        output.error(&error, hints::hint(error.as_ref()).as_deref());
        hints::exit(error.as_ref())
    })
}

async fn dispatch(cli: Cli, output: Output) -> anyhow::Result<Exit> {
    let full = cli.global.full;
    let sandbox = cli.global.sandbox;
    let open = |env: &str| Context::open(env, sandbox.as_deref(), output);
    match cli.command {
        Command::Check { env, deep: false } => check::run(&env, output),
        Command::Check { env, deep: true } => check::run_deep(&env, output, open).await,
        Command::Plan {
            env,
            planning,
            check,
            out,
        } => {
            let request = plan::Request {
                scope: Scope::All,
                options: options(planning),
                check,
                out: out.as_deref(),
                full,
            };
            request.run(&open(&env)?).await
        }
        Command::Bootstrap {
            env,
            planning,
            agreement: Agreement { yes, allow },
            plan,
            others,
        } => {
            let consent = match &plan {
                Some(path) => Consent::File(path),
                None => yes_or_prompt(yes),
            };
            let request = request(Target::Build(Scope::All), "bootstrap", allow, consent);
            let patience = patience(others);
            let request = Request {
                options: options(planning),
                full,
                patience,
                ..request
            };
            bootstrap::run(&open(&env)?, &request).await
        }
        Command::Adopt {
            env,
            kind: Some(kind),
            id: Some(id),
            all: _,
            agreement: Agreement { yes, allow },
            others,
        } => {
            let request = adopt::Request {
                kind: &kind,
                id: &id,
                yes,
                allow: BTreeSet::from_iter(allow),
                patience: patience(others),
            };
            request.run(&open(&env)?).await
        }
        Command::Adopt {
            env,
            agreement: Agreement { yes, allow },
            others,
            ..
        } => {
            let request = request(Target::Adopt, "adopt --all", allow, yes_or_prompt(yes));
            let patience = patience(others);
            let request = Request {
                full,
                patience,
                ..request
            };
            adopt_all::run(&open(&env)?, &request).await
        }
        Command::Destroy {
            env,
            confirm,
            allow,
            others,
        } => {
            let consent = Consent::Name { typed: confirm };
            let request = request(Target::Destroy(Scope::All), "destroy", allow, consent);
            let patience = patience(others);
            let request = Request {
                full,
                patience,
                ..request
            };
            request.run(&open(&env)?).await
        }
        Command::Outputs { env } => outputs::run(&open(&env)?).await,
        Command::Dns { command } => Box::pin(dispatch_dns(command, full, &open)).await,
        Command::Render {
            env,
            what,
            all,
            database_host,
        } => {
            let request = render::Request {
                file: what.as_deref(),
                folder: all.as_deref(),
                database_host,
            };
            request.run(&open(&env)?).await
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

async fn dispatch_dns(
    command: Dns,
    full: bool,
    open: &impl Fn(&str) -> anyhow::Result<Context>,
) -> anyhow::Result<Exit> {
    match command {
        Dns::Plan { env, check } => {
            let request = plan::Request {
                scope: Scope::Zone,
                options: Options::default(),
                check,
                out: None,
                full,
            };
            request.run(&open(&env)?).await
        }
        Dns::Apply {
            env,
            agreement: Agreement { yes, allow },
        } => {
            let target = Target::Build(Scope::Zone);
            let request = request(target, "dns apply", allow, yes_or_prompt(yes));
            Request { full, ..request }.run(&open(&env)?).await
        }
        Dns::Destroy {
            env,
            confirm,
            allow,
        } => {
            let consent = Consent::Name { typed: confirm };
            let target = Target::Destroy(Scope::Zone);
            let request = request(target, "dns destroy", allow, consent);
            Request { full, ..request }.run(&open(&env)?).await
        }
        Dns::Import { env } => dns::import(&open(&env)?).await,
        Dns::Revoke { env, yes } => {
            let consent = yes_or_prompt(yes);
            let request = request(Target::Revoke, "dns revoke", vec![], consent);
            Request { full, ..request }.run(&open(&env)?).await
        }
    }
}

fn yes_or_prompt(yes: bool) -> Consent<'static> {
    if yes { Consent::Given } else { Consent::Yes }
}

fn options(planning: Planning) -> Options {
    let Planning { only, rotate } = planning;
    // Clap takes the words in pairs.
    let (pairs, _) = only.as_chunks();
    let only = pairs.iter();
    let only = only.map(|[kind, name]| ResourceId::new(kind.clone(), name.clone()));
    Options::new(only.collect(), rotate.into_iter().collect())
}

fn patience(others: Others) -> Patience {
    let Others { wait, take_over } = others;
    Patience { wait, take_over }
}

fn request<'a>(
    target: Target,
    verb: &'static str,
    allow: Vec<Allowance>,
    consent: Consent<'a>,
) -> Request<'a> {
    Request {
        target,
        options: Options::default(),
        allow: BTreeSet::from_iter(allow),
        consent,
        patience: Patience::default(),
        full: false,
        verb,
    }
}
