//! Executes the steps of an approved plan: independent steps side by side, dependent ones in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nex_plan::{
    Action, ApplyReport, Approved, CloudError, Done, ErrorKind, Event, Failed, PlanEntry as _,
    Planned, ResourceId, RunContext, SkipReason, chain,
};
use tokio::task::JoinSet;

use crate::model::{Key, Observed};
use crate::ports::{CloudWriter, Contents, Ids};
use crate::step::{Existing, Operation, Step};

/// Steps at once. EC2's bucket of mutating calls holds 50 and refills 5 a second: this stays below the bucket's size.
const SIDE_BY_SIDE: usize = 24;

/// Executes `approved`. `observed` gives the ids of the resources that exist. What the report has as remaining is what was
/// not reported as done; nothing is read back.
pub async fn apply<W: CloudWriter>(
    approved: &Approved<Step>,
    observed: &Observed,
    writer: Arc<W>,
    context: RunContext<'_>,
) -> ApplyReport {
    let plan = approved.plan();
    let steps = plan.steps().map(|step| (step.key.clone(), step.clone()));
    let purged = plan.steps().filter(|step| approved.allows(&step.id()));
    let mut run = Run {
        waiting: steps.collect(),
        purged: purged.map(|step| step.key.clone()).collect(),
        running: JoinSet::new(),
        started: BTreeMap::new(),
        chains: BTreeMap::new(),
        ids: Arc::new(Ids::of(observed)),
        writer,
        context,
        report: ApplyReport::of(plan),
    };
    let started = Instant::now();
    loop {
        run.start();
        match run.running.join_next().await {
            Some(Ok(ended)) => run.end(ended),
            // A step that panics stays among the started ones, and the report of the others is not lost.
            Some(Err(_)) => {}
            None => break,
        }
    }
    run.report.timing.wall = started.elapsed();
    run.finish()
}

struct Ended {
    step: Step,
    elapsed: Duration,
    result: Result<(), StepError>,
}

struct StepError {
    error: String,
    kind: ErrorKind,
    hint: Option<String>,
}

impl<E: CloudError> From<E> for StepError {
    fn from(error: E) -> Self {
        Self {
            error: chain(&error),
            kind: error.kind(),
            hint: error.hint().map(Into::into),
        }
    }
}

struct Run<'a, W> {
    waiting: BTreeMap<Key, Step>,
    /// The resources whose contents the operator allowed to delete.
    purged: BTreeSet<Key>,
    running: JoinSet<Ended>,
    /// The steps that have started and not ended.
    started: BTreeMap<Key, Action>,
    /// The time of the longest chain of steps up to and with each step that succeeded.
    chains: BTreeMap<Key, Duration>,
    ids: Arc<Ids>,
    writer: Arc<W>,
    context: RunContext<'a>,
    report: ApplyReport,
}

impl<W: CloudWriter> Run<'_, W> {
    fn start(&mut self) {
        while !self.context.cancel.is_cancelled() && self.running.len() < SIDE_BY_SIDE {
            let ready = self.waiting.iter().find(|(_, step)| {
                let mut needs = step.needs.iter();
                needs.all(|key| self.chains.contains_key(key))
            });
            let Some(key) = ready.map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some(step) = self.waiting.remove(&key) {
                self.spawn(step);
            }
        }
    }

    fn spawn(&mut self, step: Step) {
        self.context.progress.event(Event::Started {
            id: step.id(),
            action: step.action(),
        });
        self.started.insert(step.key.clone(), step.action());
        let writer = Arc::clone(&self.writer);
        let ids = Arc::clone(&self.ids);
        let cancel = self.context.cancel.clone();
        let contents = if self.purged.contains(&step.key) {
            Contents::Purge
        } else {
            Contents::Keep
        };
        self.running.spawn(async move {
            let started = Instant::now();
            let result = execute(&*writer, &step, contents, &ids, &cancel).await;
            Ended {
                elapsed: started.elapsed(),
                result: result.map_err(StepError::from),
                step,
            }
        });
    }

    fn end(&mut self, ended: Ended) {
        let Ended {
            step,
            elapsed,
            result,
        } = ended;
        self.started.remove(&step.key);
        match result {
            Ok(()) => self.succeed(&step, elapsed),
            Err(error) if error.kind == ErrorKind::Cancelled => {
                let reason = SkipReason::Interrupted(error.error);
                self.skip(&step, reason);
                self.report.stopped = true;
            }
            Err(error) => self.fail(step.id(), step.action(), error),
        }
    }

    fn succeed(&mut self, step: &Step, elapsed: Duration) {
        let before = step.needs.iter().filter_map(|key| self.chains.get(key));
        let chain = before.max().copied().unwrap_or_default() + elapsed;
        self.chains.insert(step.key.clone(), chain);
        let (id, action) = (step.id(), step.action());
        self.context.progress.event(Event::Done {
            id: id.clone(),
            action,
            elapsed,
        });
        self.report.remaining.entries.retain(|e| e.id() != id);
        self.report.done.push(Done {
            id,
            action,
            elapsed,
        });
    }

    fn fail(&mut self, id: ResourceId, action: Action, error: StepError) {
        let StepError { error, kind, hint } = error;
        self.context.progress.event(Event::Failed {
            id: id.clone(),
            error: error.clone(),
        });
        self.report.failed.push(Failed {
            id,
            action,
            error,
            kind,
            hint,
        });
    }

    fn skip(&mut self, step: &Step, reason: SkipReason) {
        let entry = Planned::Ready(step.clone());
        self.report.skip_one(&entry, reason, self.context.progress);
    }

    fn finish(mut self) -> ApplyReport {
        for (key, action) in std::mem::take(&mut self.started) {
            let error = StepError {
                error: "the step panicked: a defect of nex".to_owned(),
                kind: ErrorKind::Other,
                hint: None,
            };
            self.fail(key.resource_id(), action, error);
        }
        let is_stopped = self.context.cancel.is_cancelled() && !self.waiting.is_empty();
        for (_, step) in std::mem::take(&mut self.waiting) {
            let missing = step
                .needs
                .iter()
                .find(|key| !self.chains.contains_key(*key));
            let reason = match missing {
                Some(missing) if !is_stopped => SkipReason::Needs(missing.resource_id()),
                _ => SkipReason::Stopped,
            };
            self.skip(&step, reason);
        }
        self.report.timing.longest_chain = self.chains.values().max().copied().unwrap_or_default();
        self.report
    }
}

async fn execute<W: CloudWriter>(
    writer: &W,
    step: &Step,
    contents: Contents,
    ids: &Ids,
    cancel: &nex_plan::CancelToken,
) -> Result<(), W::Error> {
    match &step.operation {
        Operation::Create(new) => {
            let id = writer.create(new, ids, cancel).await?;
            ids.set(step.key.clone(), id);
        }
        Operation::Update(existing) => {
            let Existing { id, old, new } = &**existing;
            writer.update(id, old, new, ids, cancel).await?;
        }
        Operation::Replace(existing) => {
            let Existing { id, old, new } = &**existing;
            writer.delete(id, old, contents, ids, cancel).await?;
            let id = writer.create(new, ids, cancel).await?;
            ids.set(step.key.clone(), id);
        }
        Operation::Delete { id, old } => writer.delete(id, old, contents, ids, cancel).await?,
        Operation::Adopt { id, old, tags } => writer.retag(id, old, tags).await?,
    }
    Ok(())
}
