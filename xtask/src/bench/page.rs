//! The page `docs/bench.md`.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::Context;

use super::figures::{Bootstrap, Plan, RUNS};
use super::limits::{CALLS, DEPTH, PEAK_MB, RATIO, WALL_SECONDS};
use crate::cargo::{read, root};
use crate::launch::Binaries;

/// The requirements of the sandbox, which pin the version of moto.
const MOTO: &str = include_str!("../../../crates/nex-sandbox/moto/requirements.in");

/// The heading of the section about growth, which ends the page.
pub(super) const GROWTH: &str = "## What other teams have in the account\n";

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What `cargo xtask bench` measures.
    Bench,
    /// What `cargo xtask bench growth` measures.
    Growth,
}

/// Writes one part of the page and keeps the other one.
pub(super) fn write(part: Part, text: &str) -> anyhow::Result<()> {
    let path = root().join("docs/bench.md");
    let page = fs::read_to_string(&path);
    let page = page.with_context(|| format!("failed to read {}", path.display()))?;
    fs::write(&path, replaced(&page, part, text))
        .with_context(|| format!("failed to write {}", path.display()))
}

fn replaced(page: &str, part: Part, text: &str) -> String {
    let (bench, growth) = page.split_at(page.find(GROWTH).unwrap_or(page.len()));
    let (bench, growth) = match part {
        Part::Bench => (text, growth),
        Part::Growth => (bench, text),
    };
    format!("{}\n\n{growth}", bench.trim_end())
        .trim_end()
        .to_owned()
        + "\n"
}

/// Describes the machine and the versions in one line.
pub(super) fn machine(built: &Binaries) -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: u64 = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse().ok())
        .unwrap_or_default();
    let gib = kib as f64 / (1024.0 * 1024.0);
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

/// The text of the page.
pub(super) fn page(machine: &str, plans: &[Plan], bootstraps: &[Bootstrap]) -> String {
    let mut text = format!(
        "# The cost of a plan and a bootstrap

`cargo xtask bench` writes this page, except for the last section. It measures the reference deployment (`environments/staging.toml`) on a new sandbox.
{machine}.

The sandbox executes one call at a time and needs 1 to 20 ms for each. The added delay simulates the network to AWS.
The time is the run time of the process, from {RUNS} runs. The memory is the peak of the resident set.
A chain is the longest sequence of calls in which each call starts after the previous one ended, measured at the gateway.
Without a delay the chain is not meaningful: a call of 1 ms ends before the next one starts, even if that does not wait.

## `nex plan staging --check` without changes

| added delay | calls | chain | best | median | memory |
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
The limits are {CALLS} calls to both clouds, a chain of {DEPTH} with a delay, and {WALL_SECONDS} s and {PEAK_MB} MB without a delay.

## `nex bootstrap staging --yes` of an empty account

The figures are those of the run with the median time. The apply takes at least as long as its longest chain of dependent
steps; the limit is {RATIO} times as long. The rest of the time is reading before the apply and reading back after it.
The stages of a build run one after another; the stages at Cloudflare count with their whole time.

| added delay | calls | chain | time | apply | longest chain of steps | ratio | memory |
|---|---|---|---|---|---|---|---|
"
    );
    for bootstrap in bootstraps {
        let Bootstrap {
            delay_ms,
            calls,
            depth,
            wall,
            apply_seconds,
            chain_seconds,
            peak_mb,
        } = bootstrap;
        let _ = writeln!(
            text,
            "| {delay_ms} ms | {calls} | {depth} | {wall:.2} s | {apply_seconds:.2} s | {chain_seconds:.2} s | {:.2} | {peak_mb:.0} MB |",
            bootstrap.ratio()
        );
    }
    text.push_str(
        "
For comparison, Terraform with the same resources on an emulator, measured separately:
99 calls, 2.3 to 2.8 s and 240 MB for a plan without changes; 182 calls and 37 s to build.
",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_writes_its_own_part() {
        let growth = format!("{GROWTH}\nfew\n");
        let whole = replaced("# Cost\n\nlow\n", Part::Growth, &growth);
        assert_eq!(whole, format!("# Cost\n\nlow\n\n{growth}"));
        assert_eq!(replaced(&whole, Part::Growth, &growth), whole);
        let again = replaced(&whole, Part::Bench, "# Cost\n\nhigh\n");
        assert_eq!(again, format!("# Cost\n\nhigh\n\n{growth}"));
        assert_eq!(replaced("", Part::Bench, "# Cost\n"), "# Cost\n");
    }
}
