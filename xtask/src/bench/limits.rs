//! What must be reached.

use super::{Bootstrap, Plan};

/// The calls of a plan without changes, however many resources there are.
pub(super) const CALLS: usize = 35;
/// The calls of a plan that wait for one another.
pub(super) const DEPTH: usize = 4;
/// How long a plan without changes may take where calls take no time, in seconds.
pub(super) const WALL_SECONDS: f64 = 0.5;
/// The memory that a plan without changes may take, in MB.
pub(super) const PEAK_MB: f64 = 40.0;
/// How much longer than its longest chain of dependent steps a bootstrap may take.
pub(super) const RATIO: f64 = 1.3;

/// What is not kept, in words.
pub(super) fn broken(plans: &[Plan], bootstraps: &[Bootstrap]) -> Vec<String> {
    let plans = plans.iter().flat_map(|plan| {
        let no_delay = plan.delay_ms == 0;
        let figures = [
            (true, "calls", plan.calls as f64, CALLS as f64),
            // Calls that take no time end before the next begins, whether or not it waits for them.
            (!no_delay, "calls deep", plan.depth as f64, DEPTH as f64),
            (no_delay, "s", plan.median, WALL_SECONDS),
            (no_delay, "MB", plan.peak_mb, PEAK_MB),
        ];
        let over = figures
            .into_iter()
            .filter(|&(holds, _, is, limit)| holds && is > limit);
        over.map(|(_, unit, is, limit)| {
            format!("plan at {} ms: {is} {unit}, not {limit}", plan.delay_ms)
        })
    });
    let bootstraps = bootstraps.iter().filter(|one| one.ratio() > RATIO);
    let bootstraps = bootstraps.map(|one| {
        let (delay, ratio) = (one.delay_ms, one.ratio());
        format!("bootstrap at {delay} ms: {ratio:.2} times its longest chain, not {RATIO}")
    });
    plans.chain(bootstraps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(delay_ms: u64) -> Plan {
        Plan {
            delay_ms,
            calls: CALLS,
            depth: DEPTH,
            best: 0.1,
            median: WALL_SECONDS,
            peak_mb: PEAK_MB,
        }
    }

    fn bootstrap(chain_seconds: f64) -> Bootstrap {
        Bootstrap {
            delay_ms: 25,
            calls: 100,
            depth: 20,
            wall: 1.4,
            apply_seconds: 1.3,
            chain_seconds,
            peak_mb: 30.0,
        }
    }

    #[test]
    fn a_limit_may_be_reached_but_not_passed() {
        let none = [""; 0];
        assert_eq!(broken(&[plan(0), plan(25)], &[bootstrap(1.0)]), none);
        assert_eq!(broken(&[], &[bootstrap(0.9)]).len(), 1);
        let mut slow = plan(0);
        (slow.calls, slow.depth) = (CALLS + 1, DEPTH + 1);
        (slow.median, slow.peak_mb) = (0.51, 40.1);
        assert_eq!(broken(&[slow], &[]).len(), 3);
        let mut far = plan(25);
        far.median = 2.0;
        assert_eq!(broken(&[far.clone()], &[]), none);
        far.depth = DEPTH + 1;
        assert_eq!(broken(&[far], &[]).len(), 1);
    }
}
