//! Counts the calls that a run makes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// When a call started and ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The start.
    pub started: Instant,
    /// The end.
    pub ended: Instant,
}

/// Collects the calls of all clients that share the log; each try counts as a call. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<Vec<Span>>>);

impl CallLog {
    /// Records a call that started at `started` and ended now.
    pub fn record(&self, started: Instant) {
        let ended = Instant::now();
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(Span { started, ended });
    }

    /// The figures of the calls so far.
    pub fn stats(&self) -> CallStats {
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        CallStats::of(spans.clone())
    }
}

/// The figures of a number of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallStats {
    /// The number of calls.
    pub count: usize,
    /// The time from the first start to the last end.
    pub wall: Duration,
    /// The length of the longest chain of calls in which each starts after the previous one ended.
    pub depth: usize,
}

impl CallStats {
    fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| span.ended);
        let first = spans.iter().map(|span| span.started).min();
        let last = spans.last().map(|span| span.ended);
        let mut depth = 0;
        let mut free_from: Option<Instant> = None;
        for span in &spans {
            if free_from.is_none_or(|free| span.started >= free) {
                depth += 1;
                free_from = Some(span.ended);
            }
        }
        Self {
            count: spans.len(),
            wall: first.zip(last).map_or(Duration::ZERO, |(a, b)| b - a),
            depth,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_is_the_longest_row_of_calls_that_do_not_overlap() {
        let origin = Instant::now();
        let at = |ms| origin + Duration::from_millis(ms);
        let stats = |calls: &[(u64, u64)]| {
            let span = |&(started, ended): &(u64, u64)| Span {
                started: at(started),
                ended: at(ended),
            };
            CallStats::of(calls.iter().map(span).collect())
        };
        assert_eq!(stats(&[]), CallStats::default());
        assert_eq!(stats(&[(0, 10), (1, 10), (2, 9)]).depth, 1);
        // The long call hides neither of the two beside it.
        let three = stats(&[(0, 30), (1, 10), (12, 20)]);
        assert_eq!((three.count, three.depth), (3, 2));
        assert_eq!(three.wall, Duration::from_millis(30));
    }
}
