//! `cargo xtask bench`: measures a plan and a bootstrap on a sandbox, with and without delays.

mod figures;
pub(crate) mod growth;
mod limits;
mod measure;
mod page;
mod sandbox;

use std::process::Command;

use anyhow::bail;

use crate::cargo::root;
use crate::launch::{self, Binaries, Profile};
use figures::{Bootstrap, Plan, RUNS};
use measure::Run;
use page::Part;
use sandbox::Sandbox;

/// The delays of every call to measure with, in milliseconds.
const DELAYS_MS: [u64; 2] = [0, 25];
const ENVIRONMENT: &str = "staging";

/// Measures, writes the page, and fails if a limit is exceeded.
pub(crate) fn run() -> anyhow::Result<()> {
    let built = launch::build(Profile::Release)?;
    let (mut plans, mut bootstraps) = (Vec::new(), Vec::new());
    for delay_ms in DELAYS_MS {
        eprintln!("measuring with a delay of {delay_ms} ms for every call");
        let (bootstrap, plan) = measure_with_delay(delay_ms, &built)?;
        bootstraps.push(bootstrap);
        plans.push(plan);
    }
    let page = page::page(&page::machine(&built)?, &plans, &bootstraps);
    page::write(Part::Bench, &page)?;
    print!("{page}");
    let exceeded = limits::exceeded(&plans, &bootstraps);
    if !exceeded.is_empty() {
        bail!("limits are exceeded:\n  {}", exceeded.join("\n  "));
    }
    Ok(())
}

/// Builds the environment several times, each time on a new sandbox, then plans the last build
/// several times.
fn measure_with_delay(delay_ms: u64, built: &Binaries) -> anyhow::Result<(Bootstrap, Plan)> {
    let mut builds = Vec::new();
    for _ in 1..RUNS {
        let sandbox = Sandbox::start(&built.sandbox, delay_ms)?;
        builds.push(nex(built, &sandbox, &["bootstrap", "--yes", "--json"])?);
    }
    let sandbox = Sandbox::start(&built.sandbox, delay_ms)?;
    builds.push(nex(built, &sandbox, &["bootstrap", "--yes", "--json"])?);
    let plans: Vec<Run> = (0..RUNS)
        .map(|_| nex(built, &sandbox, &["plan", "--check"]))
        .collect::<Result<_, _>>()?;
    Ok((Bootstrap::of(delay_ms, builds)?, Plan::of(delay_ms, plans)?))
}

fn nex(built: &Binaries, sandbox: &Sandbox, args: &[&str]) -> anyhow::Result<Run> {
    let mut command = Command::new(&built.nex);
    command.current_dir(root()).args(args).arg(ENVIRONMENT);
    command.arg(format!("--sandbox={}", sandbox::NAME));
    measure::run(&mut command, sandbox)
}
