//! Measures one run of a command: its time, its CPU time, its memory, and its calls.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::sandbox::{Call, Sandbox};

/// The interval between two looks at the memory. The kernel keeps the peak, so the last look
/// before the process ends returns it.
const INTERVAL: Duration = Duration::from_millis(1);

/// The measurements of one run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The time from the start of the process to its end.
    pub(super) wall: Duration,
    /// The CPU time of the process and of the children that it waited for.
    pub(super) cpu: Duration,
    /// The peak of the resident memory in KiB.
    pub(super) peak_kib: u64,
    /// The number of calls that the gateway received.
    pub(super) calls: usize,
    /// The length of the longest chain of calls in which each starts after the previous one ended.
    pub(super) chain: usize,
    /// The output on stdout: JSON.
    pub(super) stdout: String,
}

/// Runs a command against the sandbox and measures it.
///
/// # Errors
/// When the command fails.
pub(super) fn run(command: &mut Command, sandbox: &Sandbox) -> anyhow::Result<Run> {
    sandbox.reset_calls()?;
    let cpu_before = cpu_of_children()?;
    let start = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("failed to start nex")?;
    let status_file = format!("/proc/{}/status", child.id());
    let ended = AtomicBool::new(false);
    let (output, wall, peak_kib) = thread::scope(|scope| {
        let peak = scope.spawn(|| watch_memory(&status_file, &ended));
        let output = child.wait_with_output();
        let wall = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        (output, wall, peak.join().unwrap_or_default())
    });
    let output = output.context("failed to wait for nex")?;
    let cpu = cpu_of_children()?.saturating_sub(cpu_before);
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("nex failed ({}):\n{stderr}", output.status);
    }
    let calls = sandbox.calls()?;
    Ok(Run {
        wall,
        cpu,
        peak_kib,
        calls: calls.len(),
        chain: longest_chain(&calls),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

/// The CPU time, in user and in system mode, of all children that have ended so far. `run` has no
/// more than one child at a time.
fn cpu_of_children() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let total = usage.user_time() + usage.system_time();
    let micros = u64::try_from(total.num_microseconds()).unwrap_or_default();
    Ok(Duration::from_micros(micros))
}

/// Reads the memory of a process until it has ended, and returns the peak in KiB.
fn watch_memory(status_file: &str, ended: &AtomicBool) -> u64 {
    let mut peak = 0;
    while !ended.load(Ordering::Relaxed) {
        let text = fs::read_to_string(status_file).unwrap_or_default();
        peak = peak.max(peak_rss(&text).unwrap_or_default());
        thread::sleep(INTERVAL);
    }
    peak
}

/// The peak of the resident memory in KiB, from the text of `/proc/PID/status`.
fn peak_rss(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The length of the longest chain of calls that do not overlap. Always picking the call that
/// ends first is optimal (interval scheduling).
fn longest_chain(calls: &[Call]) -> usize {
    let end = |call: &Call| call.start_ms + call.duration_ms.unwrap_or(f64::INFINITY);
    let mut calls = calls.to_vec();
    calls.sort_by(|a, b| end(a).total_cmp(&end(b)));
    let (mut length, mut last_end) = (0, f64::NEG_INFINITY);
    for call in &calls {
        if call.start_ms >= last_end {
            length += 1;
            last_end = end(call);
        }
    }
    length
}

/// Seconds from the report of nex, such as those at `/timing/wall`.
///
/// # Errors
/// When the output is not a report, or has no such number.
pub(super) fn seconds(report: &str, pointer: &str) -> anyhow::Result<f64> {
    let report: serde_json::Value =
        serde_json::from_str(report).context("the output of nex is not JSON")?;
    let number = report.pointer(pointer).and_then(serde_json::Value::as_f64);
    number.with_context(|| format!("the report of nex has no {pointer}"))
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
    fn calls_in_a_chain_do_not_overlap() {
        check(&[], 0);
        check(&[(0.0, 10.0), (1.0, 10.0), (2.0, 10.0)], 1);
        check(&[(0.0, 10.0), (10.0, 5.0), (16.0, 1.0)], 3);
        // The first call overlaps both others, so a chain with it would be shorter.
        check(&[(0.0, 30.0), (1.0, 10.0), (12.0, 5.0)], 2);
        check(&[(12.0, 5.0), (0.0, 30.0), (1.0, 10.0)], 2);
    }

    #[test]
    fn seconds_are_read_from_the_report() {
        let report = r#"{"timing": {"longest_chain": 3.21, "wall": 3.4}}"#;
        assert_eq!(seconds(report, "/timing/wall").expect("a number"), 3.4);
        assert!(seconds(report, "/timing/height").is_err());
        assert!(seconds("done", "/timing/wall").is_err());
    }

    #[test]
    fn the_cpu_time_of_an_ended_child_counts() {
        let before = cpu_of_children().expect("a usage");
        let script = "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done";
        let busy = Command::new("sh").args(["-c", script]).status();
        assert!(busy.expect("a shell").success());
        assert!(cpu_of_children().expect("a usage") > before);
    }

    #[test]
    fn the_peak_is_parsed_from_the_status_file() {
        assert_eq!(peak_rss("VmPeak:\t  9 kB\nVmHWM:\t  123 kB\n"), Some(123));
        let own = fs::read_to_string("/proc/self/status").expect("a status");
        assert!(peak_rss(&own).is_some_and(|kib| kib > 100));
    }
}
