//! The journal of calls.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::call::Call;

/// A call in the gateway's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The number of the call, from 1 in the order of arrival.
    pub number: u64,
    /// The service: its name in the request signature, or `cloudflare`.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// Whether the operation changes something.
    pub mutating: bool,
    /// When the call arrived, in milliseconds since the start or the last reset.
    pub start_ms: f64,
    /// How long the call took, in milliseconds; `None` while the call is running.
    pub duration_ms: Option<f64>,
    /// The HTTP status of the answer; `None` if the client received no answer.
    pub status: Option<u16>,
    /// The fault that a rule injected: `fail_before`, `fail_after`, `throttle` or `refuse`.
    pub fault: Option<String>,
}

/// The calls since the start or the last reset.
#[derive(Debug)]
pub(crate) struct Journal {
    /// The number of resets.
    epoch: u64,
    since: Instant,
    calls: Vec<CallRecord>,
}

/// Refers to the record of a running call. A reset makes the ticket invalid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    epoch: u64,
    index: usize,
    start: Instant,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            epoch: 0,
            since: Instant::now(),
            calls: Vec::new(),
        }
    }

    /// Adds a call that has arrived, and the fault that a rule will inject.
    pub(crate) fn begin(&mut self, call: Call, fault: Option<&str>) -> Ticket {
        let start = Instant::now();
        self.calls.push(CallRecord {
            number: self.calls.len() as u64 + 1,
            service: call.service,
            operation: call.operation,
            mutating: call.mutating,
            start_ms: millis(self.since, start),
            duration_ms: None,
            status: None,
            fault: fault.map(str::to_owned),
        });
        Ticket {
            epoch: self.epoch,
            index: self.calls.len() - 1,
            start,
        }
    }

    /// Completes the record of a call, unless there was a reset in the meantime.
    pub(crate) fn end(&mut self, ticket: Ticket, status: Option<u16>) {
        if ticket.epoch == self.epoch {
            let record = &mut self.calls[ticket.index];
            record.duration_ms = Some(millis(ticket.start, Instant::now()));
            record.status = status;
        }
    }

    pub(crate) fn calls(&self) -> &[CallRecord] {
        &self.calls
    }

    pub(crate) fn reset(&mut self) {
        self.epoch += 1;
        self.since = Instant::now();
        self.calls.clear();
    }
}

/// The time between two instants in milliseconds, with a precision of a microsecond.
fn millis(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_micros() as f64 / 1000.0
}
