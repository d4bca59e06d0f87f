//! Counts what goes over the wire.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Layer, Storable, StoreReplace};

/// Calls made so far, tries counted singly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// How many.
    pub count: usize,
    /// The time that they took, one after another.
    pub busy: Duration,
    /// From the first one's start to the last one's end.
    pub wall: Duration,
    /// The longest row of calls of which each began after the one before had ended.
    pub depth: usize,
}

/// Collects the calls of all clients that share it.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<Vec<(Instant, Instant)>>>);

impl CallLog {
    /// From when to when each call so far took.
    pub fn spans(&self) -> Vec<(Instant, Instant)> {
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.clone()
    }
}

impl Calls {
    /// Counts calls by when each began and ended, whoever made them.
    pub fn of(mut spans: Vec<(Instant, Instant)>) -> Self {
        spans.sort_by_key(|(_, end)| *end);
        let first = spans.iter().map(|(start, _)| *start).min();
        let last = spans.last().map(|(_, end)| *end);
        let mut depth = 0;
        let mut free_from: Option<Instant> = None;
        for (start, end) in &spans {
            if free_from.is_none_or(|free| *start >= free) {
                depth += 1;
                free_from = Some(*end);
            }
        }
        Self {
            count: spans.len(),
            busy: spans.iter().map(|(start, end)| *end - *start).sum(),
            wall: first.zip(last).map_or(Duration::ZERO, |(a, b)| b - a),
            depth,
        }
    }
}

#[derive(Debug)]
struct Began(Instant);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Intercept for CallLog {
    fn name(&self) -> &'static str {
        "CallLog"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut layer = Layer::new("CallLog");
        layer.store_put(Began(Instant::now()));
        bag.push_layer(layer);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Began(began)) = bag.load::<Began>() {
            let span = (*began, Instant::now());
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(span);
        }
        Ok(())
    }
}
