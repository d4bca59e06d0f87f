//! How much more a plan may cost because of what other teams have.

use super::{Figures, Growth};
use crate::bench::limits::DEPTH;

/// How many times as much CPU time a plan may take.
pub(super) const CPU_RATIO: f64 = 1.1;
/// How many more calls a plan may take to read by name what AWS can't filter: three roles with
/// their policies and profiles, and six log groups.
pub(super) const CALLS_BY_NAME: usize = 30;
/// How much longer the chain of calls may get by that.
pub(super) const DEPTH_BY_NAME: usize = 1;
/// How many more calls a plan may take for the records of others: one page.
pub(super) const CALLS_FOR_RECORDS: usize = 1;
/// The maximum CPU time of `nex dns plan` with many records of nex, in seconds.
pub(super) const ZONE_SECONDS: f64 = 0.5;

/// Describes every figure that exceeds its limit.
pub(super) fn exceeded(growth: &Growth) -> Vec<String> {
    let Growth {
        alone,
        account,
        names,
        records,
        own,
    } = growth;
    let mut exceeded = vec![];
    let mut check = |what: &str, value: f64, limit: f64, unit: &str| {
        if value > limit {
            exceeded.push(format!("{what}: {value} {unit}, the limit is {limit:.3}"));
        }
    };
    let mut calls = |what: &str, now: &Figures, limit: usize| {
        check(what, now.calls as f64, limit as f64, "calls");
    };
    calls("account", account, alone.calls);
    calls("names", names, alone.calls + CALLS_BY_NAME);
    calls("records", records, names.calls + CALLS_FOR_RECORDS);
    let mut depth = |what: &str, now: &Figures, limit: usize| {
        check(what, now.depth as f64, limit as f64, "calls deep");
    };
    // Two calls that wait for nothing may follow each other, or not: the measured chain varies by one.
    let base = alone.depth.max(DEPTH);
    depth("account", account, base);
    depth("names", names, base + DEPTH_BY_NAME);
    check("account", account.cpu, alone.cpu * CPU_RATIO, "s of CPU");
    check("own records", own.cpu, ZONE_SECONDS, "s of CPU");
    exceeded
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Figures = Figures {
        calls: 35,
        depth: 4,
        cpu: 0.1,
        peak_mb: 30.0,
    };

    fn growth(account: Figures, own: Figures) -> Growth {
        Growth {
            alone: ALONE,
            account,
            names: ALONE,
            records: ALONE,
            own,
        }
    }

    #[test]
    fn a_short_chain_by_chance_is_no_limit() {
        let mut growth = growth(ALONE, ALONE);
        growth.alone.depth = 3;
        assert_eq!(exceeded(&growth), Vec::<String>::new());
        growth.account.depth = 5;
        assert_eq!(exceeded(&growth).len(), 1);
    }

    #[test]
    fn a_limit_may_be_reached_but_not_exceeded() {
        let own = Figures {
            cpu: ZONE_SECONDS,
            ..ALONE
        };
        assert_eq!(exceeded(&growth(ALONE, own)), [""; 0]);
        let more = Figures {
            calls: 36,
            depth: 5,
            cpu: 0.12,
            ..ALONE
        };
        assert_eq!(exceeded(&growth(more, own)).len(), 3);
        assert_eq!(
            exceeded(&growth(ALONE, Figures { cpu: 0.6, ..own })).len(),
            1
        );
    }
}
