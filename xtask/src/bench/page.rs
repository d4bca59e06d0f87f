//! The page that the figures stand on.

use std::fmt::Write as _;
use std::process::Command;

use super::limits::{CALLS, DEPTH, PEAK_MB, RATIO, WALL_SECONDS};
use super::{Bootstrap, Plan, RUNS};
use crate::cargo::read;
use crate::launch::Binaries;

/// What the sandbox's moto is pinned to.
const MOTO: &str = include_str!("../../../crates/nex-sandbox/moto/requirements.in");

/// The machine and the versions, as one line.
pub(super) fn machine(built: &Binaries) -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = memory.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let gib = kib.unwrap_or_default() as f64 / (1024.0 * 1024.0);
    let nex = read(Command::new(&built.nex).arg("--version"))?;
    let rustc = read(Command::new("rustc").arg("--version"))?;
    let rustc = rustc.split(" (").next().unwrap_or_default();
    let moto = MOTO
        .lines()
        .find(|line| line.starts_with("moto=="))
        .unwrap_or("moto");
    Ok(format!(
        "{cores} cores, {gib:.0} GiB of memory, {}; {} (release build), {rustc}, {}",
        std::env::consts::ARCH,
        nex.trim(),
        moto.replace("==", " ")
    ))
}

/// The page, whole.
pub(super) fn page(machine: &str, plans: &[Plan], bootstraps: &[Bootstrap]) -> String {
    let mut text = format!(
        "# What a plan and a bootstrap take

Written by `cargo xtask bench`: the reference deployment (`environments/staging.toml`) on a sandbox of its own.
{machine}.

Each call to the sandbox takes 1 to 20 ms by itself, one at a time; the added delay stands for the way to AWS.
Time is from the process's start to its end, of {RUNS} runs; memory is the peak of the resident set.
A chain is the longest row of calls in which each began after the one before had ended, as the sandbox's gateway saw them.
Without delay that says little: a call of 1 ms has ended before the next one begins, whether or not that waits for it.

## `nex plan staging --check` where nothing is to be changed

| added to each call | calls | chain | best | median | memory |
|---|---|---|---|---|---|
"
    );
    for plan in plans {
        let Plan {
            delay_ms,
            calls,
            depth,
            best,
            median,
            peak_mb,
        } = plan;
        let _ = writeln!(
            text,
            "| {delay_ms} ms | {calls} | {depth} | {best:.2} s | {median:.2} s | {peak_mb:.0} MB |"
        );
    }
    let _ = write!(
        text,
        "
At most {CALLS} calls to both clouds, with a delay in a chain of {DEPTH}, and with no delay {WALL_SECONDS} s and {PEAK_MB} MB.

## `nex bootstrap staging --yes` from nothing

The run with the median time. The longest chain of dependent steps is what the apply would take at least;
the apply may take {RATIO} times as long. The rest of the time is reading before it and reading back after it.
The stages of a build follow one another; those at Cloudflare count with their whole time.

| added to each call | calls | chain | time | apply | longest chain of steps | ratio | memory |
|---|---|---|---|---|---|---|---|
"
    );
    for one in bootstraps {
        let Bootstrap {
            delay_ms,
            calls,
            depth,
            wall,
            apply_seconds,
            chain_seconds,
            peak_mb,
        } = one;
        let _ = writeln!(
            text,
            "| {delay_ms} ms | {calls} | {depth} | {wall:.2} s | {apply_seconds:.2} s | {chain_seconds:.2} s | {:.2} | {peak_mb:.0} MB |",
            one.ratio()
        );
    }
    text.push_str(
        "
For comparison, Terraform on an equal set of resources and an emulator, measured apart from this:
99 calls, 2.3 to 2.8 s and 240 MB for a plan without changes; 182 calls and 37 s to build.
",
    );
    text
}
