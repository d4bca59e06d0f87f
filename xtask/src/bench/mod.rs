//! `cargo xtask bench`: what a plan and a bootstrap take, on a sandbox, with and without delay.

mod limits;
mod measure;
mod page;
mod sandbox;

use std::fs;
use std::process::Command;

use anyhow::{Context, bail};

use crate::cargo::root;
use crate::launch::{self, Binaries};
use measure::{Run, figure};
use sandbox::Sandbox;

/// What is added to every call.
const DELAYS_MS: [u64; 2] = [0, 25];
/// How often each command is run for each delay.
const RUNS: usize = 5;
const ENVIRONMENT: &str = "staging";

/// A plan without changes: the worst of its runs, but for the time.
#[derive(Clone, Debug)]
struct Plan {
    delay_ms: u64,
    calls: usize,
    /// How many calls stand in the longest chain of calls that wait for one another.
    depth: usize,
    /// Seconds from the process's start to its end.
    best: f64,
    median: f64,
    peak_mb: f64,
}

/// A bootstrap from nothing: the run with the median time.
#[derive(Clone, Debug)]
struct Bootstrap {
    delay_ms: u64,
    calls: usize,
    depth: usize,
    /// Seconds from the process's start to its end.
    wall: f64,
    /// Seconds from the first step's start to the last one's end.
    apply_seconds: f64,
    /// Seconds that the longest chain of dependent steps took by itself.
    chain_seconds: f64,
    peak_mb: f64,
}

impl Bootstrap {
    fn ratio(&self) -> f64 {
        self.apply_seconds / self.chain_seconds
    }
}

/// Measures, writes the page, and fails when a limit is not kept.
pub(crate) fn run() -> anyhow::Result<()> {
    let built = launch::build(true)?;
    let (mut plans, mut bootstraps) = (Vec::new(), Vec::new());
    for delay_ms in DELAYS_MS {
        eprintln!("measuring at {delay_ms} ms added to every call");
        let (bootstrap, plan) = at(delay_ms, &built)?;
        bootstraps.push(bootstrap);
        plans.push(plan);
    }
    let page = page::page(&page::machine(&built)?, &plans, &bootstraps);
    let path = root().join("docs/bench.md");
    fs::write(&path, &page).with_context(|| format!("failed to write {}", path.display()))?;
    print!("{page}");
    let broken = limits::broken(&plans, &bootstraps);
    if !broken.is_empty() {
        bail!("limits are not kept:\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// Builds the environment on a fresh sandbox a few times, and plans the last one a few times.
fn at(delay_ms: u64, built: &Binaries) -> anyhow::Result<(Bootstrap, Plan)> {
    let mut builds = Vec::new();
    for _ in 1..RUNS {
        let sandbox = Sandbox::start(&built.sandbox, delay_ms)?;
        builds.push(nex(built, &sandbox, &["bootstrap", "--yes"])?);
    }
    let sandbox = Sandbox::start(&built.sandbox, delay_ms)?;
    builds.push(nex(built, &sandbox, &["bootstrap", "--yes"])?);
    let plans: Vec<Run> = (0..RUNS)
        .map(|_| nex(built, &sandbox, &["plan", "--check"]))
        .collect::<Result<_, _>>()?;
    Ok((bootstrap(delay_ms, builds)?, plan(delay_ms, plans)?))
}

fn nex(built: &Binaries, sandbox: &Sandbox, args: &[&str]) -> anyhow::Result<Run> {
    let mut command = Command::new(&built.nex);
    command.current_dir(root()).args(args).arg(ENVIRONMENT);
    command
        .arg("--verbose")
        .arg(format!("--sandbox={}", sandbox::NAME));
    measure::run(&mut command, sandbox)
}

fn bootstrap(delay_ms: u64, mut runs: Vec<Run>) -> anyhow::Result<Bootstrap> {
    runs.sort_by_key(|run| run.wall);
    let run = runs.get(runs.len() / 2).context("there was no run")?;
    Ok(Bootstrap {
        delay_ms,
        calls: run.calls,
        depth: run.chain,
        wall: run.wall.as_secs_f64(),
        apply_seconds: figure(&run.said, "wall")?,
        chain_seconds: figure(&run.said, "longest chain")?,
        peak_mb: megabytes(run.peak_kib),
    })
}

fn plan(delay_ms: u64, mut runs: Vec<Run>) -> anyhow::Result<Plan> {
    runs.sort_by_key(|run| run.wall);
    let seconds = |at: usize| runs.get(at).map(|run| run.wall.as_secs_f64());
    let most = |of: fn(&Run) -> usize| runs.iter().map(of).max().unwrap_or_default();
    let peak_kib = runs.iter().map(|run| run.peak_kib).max();
    Ok(Plan {
        delay_ms,
        calls: most(|run| run.calls),
        depth: most(|run| run.chain),
        best: seconds(0).context("there was no run")?,
        median: seconds(runs.len() / 2).context("there was no run")?,
        peak_mb: megabytes(peak_kib.unwrap_or_default()),
    })
}

fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}
