//! The record of every call.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::call::Call;

/// One call as the gateway saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Its number, from 1 in the order of arrival.
    pub number: u64,
    /// The service as in the signature.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// Whether it changes something.
    pub mutating: bool,
    /// When it came: milliseconds since the gateway started or the calls were last forgotten.
    pub start_ms: f64,
    /// How long it took; none while it is under way.
    pub duration_ms: Option<f64>,
    /// The HTTP status that the client got; none when it got no answer.
    pub status: Option<u16>,
    /// The fault that fired: `fail_before`, `fail_after` or `throttle`.
    pub fault: Option<String>,
}

/// All calls since the start or the last reset.
#[derive(Debug)]
pub(crate) struct Journal {
    epoch: u64,
    since: Instant,
    calls: Vec<CallRecord>,
}

/// Which record a call belongs to; a reset in between makes it belong to none.
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

    /// Writes down that a call came, with the fault that will befall it.
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

    /// Writes down how it ended.
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

/// Milliseconds from one moment to another, to the microsecond.
fn millis(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_micros() as f64 / 1000.0
}
