//! The limits that the measured figures must not exceed.

use super::figures::{Bootstrap, Plan};

/// The maximum number of calls of a plan without changes, for any number of resources.
pub(super) const CALLS: usize = 45;
/// The maximum length of a chain of calls that wait for each other, in a plan without changes.
pub(super) const DEPTH: usize = 4;
/// The maximum time of a plan without changes and without delays, in seconds.
pub(super) const WALL_SECONDS: f64 = 0.5;
/// The maximum memory of a plan without changes, in MB.
pub(super) const PEAK_MB: f64 = 40.0;
/// How many times longer a bootstrap may take than its longest chain of dependent steps.
pub(super) const RATIO: f64 = 1.3;

/// A figure of a plan with its limit.
struct Limited {
    value: f64,
    limit: f64,
    unit: &'static str,
}

/// Describes every figure that exceeds its limit.
pub(super) fn exceeded(plans: &[Plan], bootstraps: &[Bootstrap]) -> Vec<String> {
    let plans = plans.iter().flat_map(|plan| {
        let over = limited(plan)
            .into_iter()
            .filter(|one| one.value > one.limit);
        over.map(|Limited { value, limit, unit }| {
            let delay = plan.delay_ms;
            format!("plan at {delay} ms: {value} {unit}, the limit is {limit}")
        })
    });
    let bootstraps = bootstraps
        .iter()
        .filter(|bootstrap| bootstrap.ratio() > RATIO)
        .map(|bootstrap| {
            let (delay, ratio) = (bootstrap.delay_ms, bootstrap.ratio());
            format!(
                "bootstrap at {delay} ms: {ratio:.2} times its longest chain, the limit is {RATIO}"
            )
        });
    plans.chain(bootstraps).collect()
}

fn limited(plan: &Plan) -> Vec<Limited> {
    let calls = Limited {
        value: plan.calls as f64,
        limit: CALLS as f64,
        unit: "calls",
    };
    let depth = Limited {
        value: plan.depth as f64,
        limit: DEPTH as f64,
        unit: "calls deep",
    };
    let wall = Limited {
        value: plan.median,
        limit: WALL_SECONDS,
        unit: "s",
    };
    let peak = Limited {
        value: plan.peak_mb,
        limit: PEAK_MB,
        unit: "MB",
    };
    if plan.delay_ms == 0 {
        // Without a delay, a call ends before the next one starts, even if that does not wait.
        vec![calls, wall, peak]
    } else {
        vec![calls, depth]
    }
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
    fn a_limit_may_be_reached_but_not_exceeded() {
        let none = [""; 0];
        assert_eq!(exceeded(&[plan(0), plan(25)], &[bootstrap(1.0)]), none);
        assert_eq!(exceeded(&[], &[bootstrap(0.9)]).len(), 1);
        let mut slow = plan(0);
        (slow.calls, slow.depth) = (CALLS + 1, DEPTH + 1);
        (slow.median, slow.peak_mb) = (0.51, 40.1);
        assert_eq!(exceeded(&[slow], &[]).len(), 3);
        let mut far = plan(25);
        far.median = 2.0;
        assert_eq!(exceeded(&[far.clone()], &[]), none);
        far.depth = DEPTH + 1;
        assert_eq!(exceeded(&[far], &[]).len(), 1);
    }
}
