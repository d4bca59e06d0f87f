//! Reads that lag behind the changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nex_infra::model::{Kind, Observed};
use nex_infra::{Capacity, CloudReader, ConvergeOptions, Converged, Snapshot, converge};
use nex_plan::RunContext;

use crate::engine::{approved, block_on, snapshot};
use crate::fake::{Broken, Fake};
use crate::support::{built, first};

/// Shows the past for a number of reads, then the present.
struct Lagging<'a> {
    fake: &'a Fake,
    past: Observed,
    reads: AtomicUsize,
}

impl CloudReader for Lagging<'_> {
    type Error = Broken;

    async fn snapshot(&self) -> Result<Snapshot, Broken> {
        let left = self.reads.fetch_sub(1, Ordering::Relaxed);
        if left > 0 {
            return Ok(snapshot(self.past.clone()));
        }
        self.reads.store(0, Ordering::Relaxed);
        self.fake.snapshot().await
    }

    async fn capacity(&self) -> Result<Capacity, Broken> {
        self.fake.capacity().await
    }
}

/// Creates one address, with reads that lag.
fn create_address(lagging_reads: usize, limit: Duration) -> Converged {
    let (desired, mut observed) = built();
    let address = first(&observed, Kind::ElasticIp);
    observed.retain(|key, _| *key != address && key.kind != Kind::ElasticIpAssociation);
    let fake = Arc::new(Fake::new(observed.clone(), None));
    let approved = approved(&desired, &observed);
    let reader = Lagging {
        fake: &fake,
        past: observed.clone(),
        reads: AtomicUsize::new(lagging_reads),
    };
    let options = ConvergeOptions {
        consistency_delay: Duration::ZERO,
        consistency_limit: limit,
    };
    let run = converge(
        approved,
        &desired,
        snapshot(observed),
        &reader,
        Arc::clone(&fake),
        RunContext::detached(),
        options,
    );
    block_on(run).expect("nothing has moved")
}

#[test]
fn a_read_is_repeated_until_it_shows_what_was_done() {
    let converged = create_address(1, Duration::from_secs(10));
    assert!(converged.report.is_complete(), "{:?}", converged.report);
    let observed = converged.snapshot.expect("a snapshot").observed;
    assert!(observed.keys().any(|key| key.kind == Kind::ElasticIp));
}

#[test]
fn what_stays_invisible_after_the_limit_is_left_over() {
    let converged = create_address(usize::MAX / 2, Duration::from_millis(10));
    assert!(!converged.report.remaining.entries.is_empty());
}
