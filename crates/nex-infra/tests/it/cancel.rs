//! A cancelled run: waits end, nothing new starts, and the report tells the two apart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nex_infra::model::{Kind, Observed};
use nex_infra::{Capacity, CloudReader, ConvergeOptions, Snapshot, converge};
use nex_plan::{CancelToken, ErrorKind, Event, NoProgress, Progress, RunContext, SkipReason};

use crate::engine::{NO_DELAY, approved, block_on, run, skipped, snapshot};
use crate::fake::{Broken, Fake, Fault, broken};
use crate::support::{spec, wanted};

/// Cancels the run shortly after the instance's step has started, so that the cloud has received the call.
struct CancelSoon(CancelToken);

impl Progress for CancelSoon {
    fn event(&self, event: Event) {
        if matches!(&event, Event::Started { id, .. } if id.kind == "instance") {
            let cancel = self.0.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                cancel.cancel();
            });
        }
    }
}

#[test]
fn a_cancelled_run_ends_its_waits_and_starts_nothing_new() {
    let desired = wanted(&spec());
    let fake = Arc::new(Fake::new(Observed::new(), None));
    // The group's hook and policy wait for the group, the association for the instance.
    fake.state()
        .hangs
        .extend([Kind::AutoScalingGroup, Kind::SnapshotPolicy, Kind::Instance]);
    let cancel = CancelToken::default();
    let progress = CancelSoon(cancel.clone());
    let context = RunContext {
        progress: &progress,
        cancel: &cancel,
    };
    let began = Instant::now();
    let approved = approved(&desired, &Observed::new());
    let converged = block_on(run(&fake, approved, &desired, context)).expect("nothing has moved");
    assert!(began.elapsed() < Duration::from_secs(60));
    let report = &converged.report;
    assert!(report.stopped && report.failed.is_empty(), "{report:#?}");
    // The read shows that the resources exist, so these steps are done.
    let done: Vec<String> = report.done.iter().map(|d| d.id.to_string()).collect();
    assert!(
        done.contains(&"instance nex-staging-gitlab".to_owned()),
        "{done:?}"
    );
    let stopped = skipped(&converged);
    assert_eq!(stopped.len(), 4, "{stopped:?}");
    assert!(
        stopped
            .iter()
            .all(|(_, reason)| **reason == SkipReason::Stopped)
    );
    // The launch has created the volume.
    assert_eq!(report.remaining.entries.len(), stopped.len() - 1);
}

/// Does not show new resources, as EC2 may do for some seconds.
struct Blind;

impl CloudReader for Blind {
    type Error = Broken;

    async fn snapshot(&self) -> Result<Snapshot, Broken> {
        Ok(snapshot(Observed::new()))
    }

    async fn capacity(&self) -> Result<Capacity, Broken> {
        Err(broken(ErrorKind::Other, "not asked for"))
    }
}

#[test]
fn a_step_that_was_interrupted_says_what_it_waited_for() {
    let desired = wanted(&spec());
    let fake = Arc::new(Fake::new(Observed::new(), None));
    fake.state().hangs.insert(Kind::Instance);
    let cancel = CancelToken::default();
    let progress = CancelSoon(cancel.clone());
    let context = RunContext {
        progress: &progress,
        cancel: &cancel,
    };
    let approved = approved(&desired, &Observed::new());
    let before = snapshot(Observed::new());
    let writer = Arc::clone(&fake);
    let converged = block_on(converge(
        approved, &desired, before, &Blind, writer, context, NO_DELAY,
    ));
    let converged = converged.expect("nothing has moved");
    let interrupted = skipped(&converged)
        .into_iter()
        .find(|(id, _)| id.starts_with("instance "));
    let what = "instance nex-staging-gitlab was not yet running".to_owned();
    assert_eq!(interrupted.unwrap().1, &SkipReason::Interrupted(what));
}

#[test]
fn the_delay_before_a_read_ends_when_the_run_is_cancelled() {
    let desired = wanted(&spec());
    let fault = Fault {
        at: 0,
        acts: false,
        kind: ErrorKind::Indeterminate,
        dies: true,
    };
    let fake = Arc::new(Fake::new(Observed::new(), Some(fault)));
    let cancel = CancelToken::default();
    let context = RunContext {
        progress: &NoProgress,
        cancel: &cancel,
    };
    let options = ConvergeOptions {
        consistency_delay: Duration::from_secs(600),
        ..ConvergeOptions::default()
    };
    let began = Instant::now();
    let converged = block_on(async {
        let later = cancel.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            later.cancel();
        });
        let approved = approved(&desired, &Observed::new());
        let before = snapshot(Observed::new());
        let writer = Arc::clone(&fake);
        converge(approved, &desired, before, &*fake, writer, context, options).await
    });
    assert!(began.elapsed() < Duration::from_secs(60));
    assert!(
        !converged
            .expect("nothing has moved")
            .report
            .failed
            .is_empty()
    );
}
