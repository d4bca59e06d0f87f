//! Does what an approved plan says: independent steps side by side, dependent ones in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nex_plan::{Action, Approved, Change, Class, Event, Progress, Stop, Watch, chain};
use tokio::task::JoinSet;

use crate::io::{Failure, Ids, Write};
use crate::model::{Desired, Key, Kind, Observed, Resource};

/// Steps at once. EC2's bucket of mutating calls holds 50 and refills 5 a second: this stays below it.
const SIDE_BY_SIDE: usize = 24;

/// How one step ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The resource.
    pub key: Key,
    /// What was done to it.
    pub action: Action,
    /// How long it took.
    pub elapsed: Duration,
}

/// How one step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The resource.
    pub key: Key,
    /// What was tried.
    pub action: Action,
    /// The error with its causes.
    pub error: String,
    /// What the error means.
    pub class: Class,
}

/// What became of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Steps that ended well, in the order of their ends.
    pub done: Vec<Done>,
    /// Steps that failed.
    pub failed: Vec<Failed>,
    /// Steps that were not begun, and why.
    pub skipped: Vec<(Key, String)>,
    /// Whether it was asked to stop.
    pub stopped: bool,
    /// The time of the longest chain of steps that wait for each other.
    pub longest_chain: Duration,
    /// The time from the first step's begin to the last one's end.
    pub wall: Duration,
}

impl Report {
    /// Whether all was done.
    pub fn is_whole(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty()
    }
}

/// One step: a change, with what it is about.
#[derive(Clone, Debug)]
struct Step {
    action: Action,
    old: Option<(String, Resource)>,
    new: Option<Resource>,
    after: BTreeSet<Key>,
}

/// Does `plan`. `desired` and `observed` are those that the plan was made of.
pub async fn apply<W: Write>(
    plan: &Approved,
    desired: &Desired,
    observed: &Observed,
    writer: Arc<W>,
    Watch { progress, stop }: Watch<'_>,
) -> Report {
    let mut run = Run {
        waiting: steps(&plan.plan().actions, desired, observed),
        running: JoinSet::new(),
        begun: BTreeMap::new(),
        chains: BTreeMap::new(),
        ids: Arc::new(Ids::of(observed)),
        writer,
        progress,
        report: Report::default(),
    };
    let began = Instant::now();
    loop {
        run.begin(stop);
        match run.running.join_next().await {
            Some(Ok(ended)) => run.end(ended),
            // A step that panics stays among those that have begun, and the report of the others is not lost.
            Some(Err(_)) => {}
            None => break,
        }
    }
    run.report.wall = began.elapsed();
    run.finish(stop)
}

fn key_of(change: &Change) -> Option<Key> {
    let kind = Kind::parse(&change.resource.kind)?;
    Some(Key::new(kind, &change.resource.name))
}

fn steps(actions: &[Change], desired: &Desired, observed: &Observed) -> BTreeMap<Key, Step> {
    let keys: BTreeMap<Key, Action> = actions
        .iter()
        .filter_map(|change| Some((key_of(change)?, change.action)))
        .collect();
    // What an earlier stage was to make and did not: nothing that needs it begins.
    let lacks = |key: &Key| desired.contains_key(key) && !observed.contains_key(key);
    let goes = |key: &Key| keys.get(key) == Some(&Action::Delete);
    let step = |(key, action): (&Key, &Action)| {
        let old = observed.get(key);
        let new = desired.get(key).filter(|_| *action != Action::Delete);
        let after = match action {
            Action::Delete => keys
                .keys()
                .filter(|other| goes(other) && goes_before(other, key, observed))
                .cloned()
                .collect(),
            _ => new
                .map(Resource::needs)
                .unwrap_or_default()
                .into_iter()
                .filter(|needed| (keys.contains_key(needed) || lacks(needed)) && needed != key)
                .collect(),
        };
        let step = Step {
            action: *action,
            old: old.map(|e| (e.id.clone(), e.resource.clone())),
            new: new.cloned(),
            after,
        };
        (key.clone(), step)
    };
    keys.iter().map(step).collect()
}

/// What needs another thing goes before it; but a volume is free only when its instance is gone.
fn goes_before(first: &Key, second: &Key, observed: &Observed) -> bool {
    let needs = |a: &Key, b: &Key| {
        let resource = observed.get(a).map(|e| &e.resource);
        resource.is_some_and(|r| r.needs().contains(b))
    };
    match (first.kind, second.kind) {
        (Kind::Instance, Kind::Volume) => needs(second, first),
        (Kind::Volume, Kind::Instance) => false,
        _ => needs(first, second),
    }
}

struct Ended {
    key: Key,
    action: Action,
    elapsed: Duration,
    after: BTreeSet<Key>,
    result: Result<(), (String, Class)>,
}

struct Run<'a, W> {
    waiting: BTreeMap<Key, Step>,
    running: JoinSet<Ended>,
    /// What has begun and not ended.
    begun: BTreeMap<Key, Action>,
    /// The time of the longest chain up to and with each step that ended.
    chains: BTreeMap<Key, Duration>,
    ids: Arc<Ids>,
    writer: Arc<W>,
    progress: &'a dyn Progress,
    report: Report,
}

impl<W: Write> Run<'_, W> {
    fn begin(&mut self, stop: &Stop) {
        while !stop.is_stopped() && self.running.len() < SIDE_BY_SIDE {
            let ready = self.waiting.iter().find(|(_, step)| {
                let mut after = step.after.iter();
                after.all(|key| self.chains.contains_key(key))
            });
            let Some(key) = ready.map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some(step) = self.waiting.remove(&key) {
                self.spawn(key, step);
            }
        }
    }

    fn spawn(&mut self, key: Key, step: Step) {
        self.progress.event(Event::Started {
            resource: key.resource_id(),
            action: step.action,
        });
        self.begun.insert(key.clone(), step.action);
        let writer = Arc::clone(&self.writer);
        let ids = Arc::clone(&self.ids);
        self.running.spawn(async move {
            let began = Instant::now();
            let result = perform(&*writer, &key, &step, &ids).await;
            Ended {
                key,
                action: step.action,
                elapsed: began.elapsed(),
                after: step.after,
                result: result.map_err(|error| (chain(&error), error.class())),
            }
        });
    }

    fn end(&mut self, ended: Ended) {
        self.begun.remove(&ended.key);
        let resource = ended.key.resource_id();
        match ended.result {
            Ok(()) => {
                let before = ended.after.iter().filter_map(|key| self.chains.get(key));
                let chain = before.max().copied().unwrap_or_default() + ended.elapsed;
                self.chains.insert(ended.key.clone(), chain);
                self.progress.event(Event::Done {
                    resource,
                    action: ended.action,
                    elapsed: ended.elapsed,
                });
                self.report.done.push(Done {
                    key: ended.key,
                    action: ended.action,
                    elapsed: ended.elapsed,
                });
            }
            Err((error, class)) => self.fail(ended.key, ended.action, error, class),
        }
    }

    fn fail(&mut self, key: Key, action: Action, error: String, class: Class) {
        self.progress.event(Event::Failed {
            resource: key.resource_id(),
            error: error.clone(),
        });
        self.report.failed.push(Failed {
            key,
            action,
            error,
            class,
        });
    }

    fn finish(mut self, stop: &Stop) -> Report {
        for (key, action) in std::mem::take(&mut self.begun) {
            let error = "the step broke off: a defect of nex".to_owned();
            self.fail(key, action, error, Class::Other);
        }
        self.report.stopped = stop.is_stopped() && !self.waiting.is_empty();
        for (key, step) in std::mem::take(&mut self.waiting) {
            let missing = step.after.iter().find(|k| !self.chains.contains_key(*k));
            let because = match missing {
                Some(missing) if !self.report.stopped => {
                    format!("it needs {}", missing.resource_id())
                }
                _ => "it was stopped before".to_owned(),
            };
            self.progress.event(Event::Skipped {
                resource: key.resource_id(),
                because: because.clone(),
            });
            self.report.skipped.push((key, because));
        }
        self.report.longest_chain = self.chains.values().max().copied().unwrap_or_default();
        self.report
    }
}

async fn perform<W: Write>(writer: &W, key: &Key, step: &Step, ids: &Ids) -> Result<(), W::Error> {
    match (step.action, &step.old, &step.new) {
        (Action::Create, _, Some(new)) => {
            let id = writer.create(new, ids).await?;
            ids.set(key.clone(), id);
        }
        (Action::Update, Some((id, old)), Some(new)) => writer.update(id, old, new, ids).await?,
        (Action::Replace, Some((id, old)), Some(new)) => {
            writer.delete(id, old, ids).await?;
            let id = writer.create(new, ids).await?;
            ids.set(key.clone(), id);
        }
        (Action::Delete, Some((id, old)), _) => writer.delete(id, old, ids).await?,
        // A plan speaks only of what it was made of.
        _ => {}
    }
    Ok(())
}
