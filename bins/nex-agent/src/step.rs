//! Runs the steps of a set-up.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nex_host::{Cause, Contents, Digest, Outcome, Reason};
use serde::Serialize;

use crate::failure::Failure;
use crate::host::Host;
use crate::journal::Journal;

/// One step of a set-up. Running it again does no harm.
#[derive(Clone)]
pub struct Step {
    /// The step's name, as the status shows it.
    pub name: &'static str,
    /// How long the step may take. Then its programs are killed, and it has failed.
    pub deadline: Duration,
    /// The names of the earlier steps without which this one can't work.
    pub needs: &'static [&'static str],
    /// The part of the bundle that the step depends on. The step runs again when this part changes.
    pub inputs: fn(&Contents) -> Digest,
    /// When the step runs again after it was done.
    pub again: Again,
    /// Does the work.
    pub run: for<'a> fn(&'a Host<'a>) -> BoxFuture<'a, Result<(), Failure>>,
}

/// When a step that is done runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// When its part of the bundle changes.
    OnChange,
    /// At every run of the agent, because something outside of the bundle may change.
    EveryRun,
}

/// The digest of a part of a bundle.
pub fn inputs(part: &impl Serialize) -> Digest {
    let json = serde_json::to_vec(part).expect("text, numbers and lists serialize to JSON");
    Digest::of(&json)
}

/// Gets told about every change of a step.
pub trait Observer: Send {
    /// The journal has changed.
    fn changed<'a>(&'a mut self, journal: &'a Journal) -> BoxFuture<'a, Result<(), Failure>>;
}

/// Runs every step that is not done yet, or has to run again, one after the other. A step whose needs are not
/// done waits; every other step runs, whatever happened to those before it.
///
/// # Errors
/// Only what `observer` returns: a failed step is an entry of the journal.
pub async fn converge(
    steps: &[Step],
    host: &Host<'_>,
    journal: &mut Journal,
    observer: &mut dyn Observer,
) -> Result<(), Failure> {
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    journal.keep_only(&names);
    for step in steps {
        let inputs = (step.inputs)(host.contents);
        if step.again == Again::OnChange && journal.is_done_with(step.name, inputs) {
            continue;
        }
        if step.needs.iter().all(|need| journal.is_done(need)) {
            let started_at = (host.clock)();
            journal.set(step.name, inputs, Outcome::Running { started_at });
            observer.changed(journal).await?;
            let result = bounded(step, host, journal, observer).await?;
            let ended_at = (host.clock)();
            let outcome = match &result {
                Ok(()) => Outcome::Done {
                    started_at,
                    ended_at,
                },
                Err(failure) => {
                    host.log
                        .line(&format!("the step {} failed: {failure}", step.name));
                    Outcome::Failed {
                        started_at,
                        ended_at,
                        reason: Reason::from(failure),
                    }
                }
            };
            journal.set(step.name, inputs, outcome);
        } else {
            journal.set(step.name, inputs, Outcome::Waiting);
        }
        observer.changed(journal).await?;
    }
    Ok(())
}

/// Runs a step within its deadline, and lets the observer write a status now and then.
async fn bounded(
    step: &Step,
    host: &Host<'_>,
    journal: &Journal,
    observer: &mut dyn Observer,
) -> Result<Result<(), Failure>, Failure> {
    host.log.line(&format!("the step {} starts", step.name));
    let mut work = pin!(tokio::time::timeout(step.deadline, (step.run)(host)));
    loop {
        tokio::select! {
            result = &mut work => return Ok(result.unwrap_or_else(|_| Err(late(step)))),
            () = tokio::time::sleep(host.heartbeat) => observer.changed(journal).await?,
        }
    }
}

fn late(step: &Step) -> Failure {
    let seconds = step.deadline.as_secs();
    let text = format!("the step took longer than {seconds} s");
    Failure::new(Cause::TimedOut, text)
}
