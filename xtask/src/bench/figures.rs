//! The figures of a plan and of a bootstrap, from several runs of each.

use anyhow::Context;

use super::measure::{Run, seconds};

/// How often each command runs for each delay.
pub(super) const RUNS: usize = 5;

/// A plan without changes: the maximum of its runs, except for the times.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) delay_ms: u64,
    pub(super) calls: usize,
    /// The length of the longest chain of calls that wait for each other.
    pub(super) depth: usize,
    /// The shortest time of the process in seconds.
    pub(super) best: f64,
    /// The median time of the process in seconds.
    pub(super) median: f64,
    pub(super) peak_mb: f64,
}

/// A bootstrap of an empty account: the run with the median time.
#[derive(Clone, Debug)]
pub(super) struct Bootstrap {
    pub(super) delay_ms: u64,
    pub(super) calls: usize,
    /// The length of the longest chain of calls that wait for each other.
    pub(super) depth: usize,
    /// The time of the process in seconds.
    pub(super) wall: f64,
    /// The time from the start of the first step to the end of the last one, in seconds.
    pub(super) apply_seconds: f64,
    /// The time of the longest chain of dependent steps, in seconds.
    pub(super) chain_seconds: f64,
    pub(super) peak_mb: f64,
}

impl Plan {
    /// The figures of these runs.
    ///
    /// # Errors
    /// When no command was measured.
    pub(super) fn of(delay_ms: u64, mut runs: Vec<Run>) -> anyhow::Result<Self> {
        runs.sort_by_key(|run| run.wall);
        let best = runs.first().context("no command was measured")?;
        let median = &runs[runs.len() / 2];
        let max = |of: fn(&Run) -> usize| runs.iter().map(of).max().unwrap_or_default();
        let peak_kib = runs.iter().map(|run| run.peak_kib).max();
        Ok(Self {
            delay_ms,
            calls: max(|run| run.calls),
            depth: max(|run| run.chain),
            best: best.wall.as_secs_f64(),
            median: median.wall.as_secs_f64(),
            peak_mb: megabytes(peak_kib.unwrap_or_default()),
        })
    }
}

impl Bootstrap {
    /// The figures of the run with the median time.
    ///
    /// # Errors
    /// When no command was measured, or when the report of nex has no times.
    pub(super) fn of(delay_ms: u64, mut runs: Vec<Run>) -> anyhow::Result<Self> {
        runs.sort_by_key(|run| run.wall);
        let run = runs
            .get(runs.len() / 2)
            .context("no command was measured")?;
        Ok(Self {
            delay_ms,
            calls: run.calls,
            depth: run.chain,
            wall: run.wall.as_secs_f64(),
            apply_seconds: seconds(&run.stdout, "/timing/wall")?,
            chain_seconds: seconds(&run.stdout, "/timing/longest_chain")?,
            peak_mb: megabytes(run.peak_kib),
        })
    }

    /// How many times longer the apply takes than its longest chain of dependent steps.
    pub(super) fn ratio(&self) -> f64 {
        self.apply_seconds / self.chain_seconds
    }
}

pub(super) fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run(seconds: u64, calls: usize) -> Run {
        Run {
            wall: Duration::from_secs(seconds),
            cpu: Duration::from_millis(100),
            peak_kib: 1000 * seconds,
            calls,
            chain: 3,
            stdout: format!(r#"{{"timing": {{"longest_chain": 1.0, "wall": {seconds}.5}}}}"#),
        }
    }

    #[test]
    fn a_plan_has_the_median_time_and_the_maximum_of_the_rest() {
        let plan = Plan::of(25, vec![run(3, 9), run(1, 30), run(2, 20)]).expect("figures");
        assert_eq!((plan.best, plan.median, plan.calls), (1.0, 2.0, 30));
        assert_eq!(plan.peak_mb, 3.072);
        assert!(Plan::of(0, Vec::new()).is_err());
    }

    #[test]
    fn a_bootstrap_is_the_run_with_the_median_time() {
        let runs = vec![run(3, 9), run(1, 30), run(2, 20)];
        let bootstrap = Bootstrap::of(0, runs).expect("figures");
        assert_eq!((bootstrap.wall, bootstrap.calls), (2.0, 20));
        assert_eq!(bootstrap.ratio(), 2.5);
        assert!(Bootstrap::of(0, Vec::new()).is_err());
    }
}
