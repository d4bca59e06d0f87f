//! `cargo xtask bench growth`: a plan in an account and a zone in which other teams have much.

mod limits;
mod page;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::figures::{RUNS, megabytes};
use super::measure::{self, Run};
use super::page::{Part, machine, write};
use super::sandbox::Sandbox;
use super::{ENVIRONMENT, nex};
use crate::cargo::{read, root};
use crate::launch::{self, Binaries, Profile};

/// Adds what other teams own.
const CROWD: &str = include_str!("crowd.py");
/// The delay of every call. It shows which calls wait for each other.
const DELAY_MS: u64 = 25;
/// The number of records that are added to the zone, once by others and once by nex.
const RECORDS: usize = 5_000;
/// nex's mark in the comment of a record.
const MARK: &str = "managed by nex (nex-staging)";

/// What was added, by kind.
type Added = BTreeMap<String, usize>;

/// A plan without changes.
#[derive(Clone, Copy, Debug)]
struct Figures {
    calls: usize,
    /// The length of the longest chain of calls that wait for each other.
    depth: usize,
    /// The median of the CPU time, in seconds.
    cpu: f64,
    peak_mb: f64,
}

/// A plan, each time with more in the account and in the zone.
struct Growth {
    /// Nothing but what the reference deployment expects.
    alone: Figures,
    /// Resources that nex filters by name or tag.
    account: Figures,
    /// Resources that AWS can't filter as nex needs it.
    names: Figures,
    /// Records of others.
    records: Figures,
    /// `nex dns plan` of a zone with as many records of nex beside those of others.
    own: Figures,
}

/// Measures and writes the section of the page, and fails if a limit is exceeded. With a folder of
/// binaries, measures those and only prints the section.
pub(crate) fn run(binaries: Option<&Path>) -> anyhow::Result<()> {
    let built = match binaries {
        Some(folder) => Binaries {
            nex: folder.join("nex"),
            sandbox: folder.join("nex-sandbox"),
        },
        None => launch::build(Profile::Release)?,
    };
    let (growth, added) = measure(&built)?;
    let section = page::section(&machine(&built)?, &growth, &added);
    if binaries.is_none() {
        write(Part::Growth, &section)?;
    }
    print!("{section}");
    let exceeded = limits::exceeded(&growth);
    if !exceeded.is_empty() {
        bail!("limits are exceeded:\n  {}", exceeded.join("\n  "));
    }
    Ok(())
}

/// Builds the environment, then plans it several times after each addition.
fn measure(built: &Binaries) -> anyhow::Result<(Growth, [Added; 2])> {
    let sandbox = Sandbox::start(&built.sandbox, DELAY_MS)?;
    nex(built, &sandbox, &["bootstrap", "--yes", "--json"])?;
    let plan = || figures(built, &sandbox, &["plan", "--check", ENVIRONMENT]);
    let count = RECORDS.to_string();

    let alone = plan()?;
    let of_account = add(&sandbox, &["account"])?;
    let account = plan()?;
    let of_names = add(&sandbox, &["names"])?;
    let names = plan()?;
    add(&sandbox, &["records", &count, "theirs"])?;
    let records = plan()?;

    add(&sandbox, &["records", &count, "own", MARK])?;
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let file = folder.path().join("staging.toml");
    fs::write(&file, spec_with_records()?).context("failed to write the environment's file")?;
    let file = file.to_string_lossy();
    let own = figures(built, &sandbox, &["dns", "plan", "--check", &file])?;
    let growth = Growth {
        alone,
        account,
        names,
        records,
        own,
    };
    Ok((growth, [of_account, of_names]))
}

/// Adds to the sandbox what other teams own.
fn add(sandbox: &Sandbox, args: &[&str]) -> anyhow::Result<Added> {
    eprintln!("adding: {}", args.join(" "));
    let output = read(sandbox.python(CROWD).args(args))?;
    serde_json::from_str(&output).context("failed to parse the output of crowd.py")
}

/// The reference deployment with the records that crowd.py adds for nex.
fn spec_with_records() -> anyhow::Result<String> {
    let path = root().join(format!("environments/{ENVIRONMENT}.toml"));
    let mut text =
        fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    for n in 0..RECORDS {
        let _ = write!(
            text,
            "\n[[dns.records]]\ntype = \"A\"\nname = \"own-{n}\"\ncontent = \"198.51.100.9\"\n"
        );
    }
    Ok(text)
}

/// Runs nex several times. nex gets the addresses of the sandbox as variables, because a sandbox's
/// name would make it start another program.
fn figures(built: &Binaries, sandbox: &Sandbox, args: &[&str]) -> anyhow::Result<Figures> {
    eprintln!("measuring: nex {}", args.join(" "));
    let run = |_| {
        let mut command = sandbox.client(&built.nex);
        measure::run(command.current_dir(root()).args(args), sandbox)
    };
    let mut runs: Vec<Run> = (0..RUNS).map(run).collect::<Result<_, _>>()?;
    runs.sort_by_key(|run| run.cpu);
    let median = runs.get(RUNS / 2).context("nothing was measured")?;
    let calls = runs.iter().map(|run| run.calls).max();
    // A slow answer of the sandbox makes a chain longer, and nothing makes it shorter.
    let depth = runs.iter().map(|run| run.chain).min();
    let peak_kib = runs.iter().map(|run| run.peak_kib).max();
    Ok(Figures {
        calls: calls.unwrap_or_default(),
        depth: depth.unwrap_or_default(),
        cpu: median.cpu.as_secs_f64(),
        peak_mb: megabytes(peak_kib.unwrap_or_default()),
    })
}
