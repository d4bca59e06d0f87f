//! Executes the steps of an approved plan once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nex_plan::{
    ApplyReport, Approved, CancelToken, CloudError, Done, ErrorKind, Event, Failed, PlanEntry as _,
    Planned, Progress, RunContext, SkipReason, chain,
};
use tokio::task::{Id, JoinSet};

use crate::lint::STATEFUL_DELETED;
use crate::model::{Key, Observed};
use crate::ports::{CloudWriter, Contents, Ids};
use crate::step::{Operation, Step};

/// How many steps run at once. EC2's bucket for mutating calls holds 50 and gets 5 a second, so this limit is safe.
const SIDE_BY_SIDE: usize = 24;

/// Executes the steps of `approved`. The plan was made from `observed`.
pub(super) async fn apply<W: CloudWriter>(
    approved: &Approved<Step>,
    observed: &Observed,
    writer: Arc<W>,
    context: RunContext<'_>,
) -> ApplyReport {
    let waiting = approved.plan().steps();
    let mut run = Run {
        waiting: waiting.map(|s| (s.key.clone(), s.clone())).collect(),
        running: JoinSet::new(),
        started: HashMap::new(),
        chains: BTreeMap::new(),
        ids: Arc::new(Ids::of(observed)),
        writer,
        approved,
        progress: context.progress,
        report: ApplyReport::of(approved.plan()),
    };
    let began = Instant::now();
    loop {
        run.start_ready(context.cancel);
        match run.running.join_next_with_id().await {
            Some(Ok((task, ended))) => run.end(task, ended),
            Some(Err(error)) => run.broke_off(error.id()),
            None => break,
        }
    }
    run.report.timing.wall = began.elapsed();
    run.finish(context.cancel)
}

/// How a step ended.
struct Ended {
    elapsed: Duration,
    result: Result<(), StepError>,
}

/// Why a step failed.
struct StepError {
    text: String,
    kind: ErrorKind,
    hint: Option<String>,
}

impl<E: CloudError> From<E> for StepError {
    fn from(error: E) -> Self {
        Self {
            text: chain(&error),
            kind: error.kind(),
            hint: error.hint().map(Into::into),
        }
    }
}

struct Run<'a, W> {
    waiting: BTreeMap<Key, Step>,
    running: JoinSet<Ended>,
    /// The steps that have started and have not ended.
    started: HashMap<Id, Step>,
    /// For each step that succeeded, the time of the longest chain of steps up to its end.
    chains: BTreeMap<Key, Duration>,
    ids: Arc<Ids>,
    writer: Arc<W>,
    approved: &'a Approved<Step>,
    progress: &'a dyn Progress,
    report: ApplyReport,
}

impl<W: CloudWriter> Run<'_, W> {
    fn start_ready(&mut self, cancel: &CancelToken) {
        while !cancel.is_cancelled() && self.running.len() < SIDE_BY_SIDE {
            let is_ready = |step: &Step| step.needs.iter().all(|key| self.chains.contains_key(key));
            let ready = self.waiting.iter().find(|(_, step)| is_ready(step));
            let Some(key) = ready.map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some(step) = self.waiting.remove(&key) {
                self.start(step, cancel.clone());
            }
        }
    }

    fn start(&mut self, step: Step, cancel: CancelToken) {
        self.progress.event(Event::Started {
            id: step.id(),
            action: step.action(),
        });
        let task = Task {
            step: step.clone(),
            contents: self.contents(&step),
            ids: Arc::clone(&self.ids),
            cancel,
        };
        let writer = Arc::clone(&self.writer);
        let handle = self.running.spawn(async move {
            let began = Instant::now();
            let result = task.execute(&*writer).await.map_err(StepError::from);
            Ended {
                elapsed: began.elapsed(),
                result,
            }
        });
        self.started.insert(handle.id(), step);
    }

    /// The contents of a resource are deleted only if the operator named the resource.
    fn contents(&self, step: &Step) -> Contents {
        if self.approved.allows(STATEFUL_DELETED, &step.id()) {
            Contents::Purge
        } else {
            Contents::Keep
        }
    }

    fn end(&mut self, task: Id, ended: Ended) {
        let Some(step) = self.started.remove(&task) else {
            return;
        };
        match ended.result {
            Ok(()) => self.succeed(step, ended.elapsed),
            Err(error) if error.kind == ErrorKind::Cancelled => {
                self.skip(step, SkipReason::Interrupted(error.text));
            }
            Err(error) => self.fail(&step, error),
        }
    }

    fn broke_off(&mut self, task: Id) {
        if let Some(step) = self.started.remove(&task) {
            let error = StepError {
                text: "the step panicked: a defect of nex".to_owned(),
                kind: ErrorKind::Other,
                hint: None,
            };
            self.fail(&step, error);
        }
    }

    fn succeed(&mut self, step: Step, elapsed: Duration) {
        let before = step.needs.iter().filter_map(|key| self.chains.get(key));
        let chain = before.max().copied().unwrap_or_default() + elapsed;
        let (id, action) = (step.id(), step.action());
        self.chains.insert(step.key, chain);
        self.progress.event(Event::Done {
            id: id.clone(),
            action,
            elapsed,
        });
        self.report.done.push(Done {
            id,
            action,
            elapsed,
        });
    }

    fn fail(&mut self, step: &Step, error: StepError) {
        let StepError { text, kind, hint } = error;
        self.progress.event(Event::Failed {
            id: step.id(),
            error: text.clone(),
        });
        self.report.failed.push(Failed {
            id: step.id(),
            action: step.action(),
            error: text,
            kind,
            hint,
        });
    }

    fn skip(&mut self, step: Step, reason: SkipReason) {
        let entry = Planned::Ready(step);
        self.report.skip_one(&entry, reason, self.progress);
    }

    fn finish(mut self, cancel: &CancelToken) -> ApplyReport {
        for (_, step) in std::mem::take(&mut self.waiting) {
            let mut needs = step.needs.iter();
            let reason = match needs.find(|key| !self.chains.contains_key(key)) {
                Some(missing) if !cancel.is_cancelled() => SkipReason::Needs(missing.resource_id()),
                _ => SkipReason::Stopped,
            };
            self.skip(step, reason);
        }
        let longest = self.chains.values().max();
        self.report.timing.longest_chain = longest.copied().unwrap_or_default();
        self.report
    }
}

/// One step with everything that its execution needs.
struct Task {
    step: Step,
    contents: Contents,
    ids: Arc<Ids>,
    cancel: CancelToken,
}

impl Task {
    async fn execute<W: CloudWriter>(&self, writer: &W) -> Result<(), W::Error> {
        let Self {
            step,
            contents,
            ids,
            cancel,
        } = self;
        match &step.operation {
            Operation::Create(new) => {
                let id = writer.create(new, ids, cancel).await?;
                ids.set(step.key.clone(), id);
                Ok(())
            }
            Operation::Update { id, old, new } => writer.update(id, old, new, ids, cancel).await,
            Operation::Replace { id, old, new } => {
                writer.delete(id, old, *contents, ids, cancel).await?;
                let id = writer.create(new, ids, cancel).await?;
                ids.set(step.key.clone(), id);
                Ok(())
            }
            Operation::Delete { id, old } => writer.delete(id, old, *contents, ids, cancel).await,
            Operation::Adopt { id, old, tags } => writer.retag(id, old, tags).await,
        }
    }
}
