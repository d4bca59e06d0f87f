//! One run of a command: how long, how much memory, how many calls, how deep.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::sandbox::{Call, Sandbox};

/// How often the memory is looked at: the peak only grows, so the last look is close to the end.
const LOOK: Duration = Duration::from_millis(1);

/// What one run took.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// From the start of the process to its end.
    pub(super) wall: Duration,
    /// The most memory that it held, in KiB.
    pub(super) peak_kib: u64,
    /// How many calls the gateway saw.
    pub(super) calls: usize,
    /// How many of them stand in the longest chain in which each began after the last had ended.
    pub(super) chain: usize,
    /// What it said on stderr.
    pub(super) said: String,
}

/// Runs a command that must do well, against the sandbox.
pub(super) fn run(command: &mut Command, sandbox: &Sandbox) -> anyhow::Result<Run> {
    sandbox.forget()?;
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    let begin = Instant::now();
    let child = command.stderr(Stdio::piped()).spawn();
    let child = child.context("failed to start nex")?;
    let (status, ended) = (
        format!("/proc/{}/status", child.id()),
        AtomicBool::new(false),
    );
    let (output, wall, peak_kib) = thread::scope(|scope| {
        let peak = scope.spawn(|| watch(&status, &ended));
        let output = child.wait_with_output();
        let wall = begin.elapsed();
        ended.store(true, Ordering::Relaxed);
        (output, wall, peak.join().unwrap_or_default())
    });
    let output = output.context("failed to wait for nex")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        bail!("nex failed ({}):\n{said}", output.status);
    }
    let calls = sandbox.calls()?;
    Ok(Run {
        wall,
        peak_kib,
        calls: calls.len(),
        chain: longest_chain(&calls),
        said,
    })
}

/// The largest `VmHWM` that a process shows until it has ended, in KiB.
fn watch(status: &str, ended: &AtomicBool) -> u64 {
    let mut peak = 0;
    while !ended.load(Ordering::Relaxed) {
        let text = fs::read_to_string(status).unwrap_or_default();
        peak = peak.max(high_water(&text).unwrap_or_default());
        thread::sleep(LOOK);
    }
    peak
}

fn high_water(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The most calls of which each began after the one before had ended: taking the call that ends
/// first, again and again, leaves room for the most.
fn longest_chain(calls: &[Call]) -> usize {
    let end = |call: &Call| call.start_ms + call.duration_ms.unwrap_or(f64::INFINITY);
    let mut calls = calls.to_vec();
    calls.sort_by(|a, b| end(a).total_cmp(&end(b)));
    let (mut length, mut free_from) = (0, f64::NEG_INFINITY);
    for call in &calls {
        if call.start_ms >= free_from {
            length += 1;
            free_from = end(call);
        }
    }
    length
}

/// The figure that follows `label` in what nex said, as `longest chain: 3.21 s`.
pub(super) fn figure(said: &str, label: &str) -> anyhow::Result<f64> {
    let found = said.split(label).nth(1).and_then(|rest| {
        let rest = rest.trim_start_matches(':').trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        rest[..end.unwrap_or(rest.len())].parse().ok()
    });
    found.with_context(|| format!("nex did not say its {label}:\n{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(calls: &[(f64, f64)], expected: usize) {
        let call = |&(start_ms, duration): &(f64, f64)| Call {
            start_ms,
            duration_ms: Some(duration),
        };
        let calls: Vec<Call> = calls.iter().map(call).collect();
        assert_eq!(longest_chain(&calls), expected);
    }

    #[test]
    fn a_chain_is_of_calls_that_do_not_overlap() {
        check(&[], 0);
        check(&[(0.0, 10.0), (1.0, 10.0), (2.0, 10.0)], 1);
        check(&[(0.0, 10.0), (10.0, 5.0), (16.0, 1.0)], 3);
        // The long one would hide the two beside it.
        check(&[(0.0, 30.0), (1.0, 10.0), (12.0, 5.0)], 2);
        check(&[(12.0, 5.0), (0.0, 30.0), (1.0, 10.0)], 2);
    }

    #[test]
    fn figures_are_found_in_what_nex_says() {
        let said =
            "x: done in 9 s\nlongest chain: 3.21 s, wall: 3.40 s\ncalls: 33, depth 2, 0.21 s\n";
        for (label, expected) in [("longest chain", 3.21), ("wall", 3.4), ("depth", 2.0)] {
            assert_eq!(figure(said, label).expect("a figure"), expected);
        }
        assert!(figure(said, "height").is_err());
    }

    #[test]
    fn the_peak_is_read_from_the_kernel() {
        assert_eq!(high_water("VmPeak:\t  9 kB\nVmHWM:\t  123 kB\n"), Some(123));
        let own = fs::read_to_string("/proc/self/status").expect("a status");
        assert!(high_water(&own).is_some_and(|kib| kib > 100));
    }
}
