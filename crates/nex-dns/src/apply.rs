//! Does what an approved plan says of records and settings, and reads back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nex_plan::{Action, Approved, Change, Class, Event, Plan, Progress, ResourceId, Value, chain};

use crate::batch::{batches, in_the_way};
use crate::desired::Desired;
use crate::diff::{Do, SETTING, Step, change, diff, kept_out, steps};
use crate::io::{Failure, Read, Write};
use crate::lint::conflicts;
use crate::setting::Setting;
use crate::zone::Zone;

/// How often a plan is made anew after lost answers.
const ROUNDS: usize = 3;

/// What became of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was done.
    pub done: Vec<(ResourceId, Action)>,
    /// What failed.
    pub failed: Vec<Failed>,
    /// What was not done because of something else, such as what failed in the same batch; and why.
    pub skipped: Vec<(ResourceId, String)>,
    /// What is left to do, by a new read.
    pub rest: Plan,
    /// The zone as it is now.
    pub zone: Zone,
}

impl Outcome {
    /// Whether all was done.
    pub fn is_whole(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && self.rest.is_empty()
    }
}

/// How one change failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The record or setting.
    pub resource: ResourceId,
    /// The error with its causes.
    pub error: String,
    /// What the error means.
    pub class: Class,
    /// What would mend it.
    pub hint: Option<String>,
}

/// Why an apply did not begin, or could not tell how it ended.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError<E: std::error::Error + 'static> {
    /// The zone could not be read.
    #[error("failed to read the zone {0}")]
    Read(String, #[source] E),
    /// The zone is not as it was when the plan was made. Nothing was done.
    #[error("the zone {zone} has changed since the plan was made: {resource} differs")]
    Moved {
        /// The zone.
        zone: String,
        /// What the plan says nothing of, or something else.
        resource: ResourceId,
    },
}

impl<E: Failure> ApplyError<E> {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ApplyError::Read(_, error) => error.hint(),
            ApplyError::Moved { .. } => Some("plan again and look it through".to_owned()),
        }
    }
}

/// Does the records and settings of `plan`; what else is in it is passed over.
///
/// The zone is read anew first. Where it is not as the plan has it, nothing is done; what the plan did not know yet,
/// such as the server's address, may be known by now in `desired`. After lost answers a new read tells what is left,
/// and only what the plan named is done.
///
/// # Errors
/// [`ApplyError`]; what fails on the way is in the [`Outcome`].
pub async fn apply<R, W>(
    plan: &Approved,
    desired: &Desired,
    reader: &R,
    writer: &W,
    progress: &dyn Progress,
) -> Result<Outcome, ApplyError<R::Error>>
where
    R: Read,
    W: Write<Error = R::Error>,
{
    let read = async || {
        let zone = reader.zone(&desired.ask()).await;
        zone.map_err(|error| ApplyError::Read(desired.zone.clone(), error))
    };
    let approved: BTreeMap<&ResourceId, &Change> = plan
        .plan()
        .actions
        .iter()
        .map(|change| (&change.resource, change))
        .collect();
    let mut zone = read().await?;
    if let Some(resource) = moved(&approved, &diff(desired, &zone)) {
        let zone = desired.zone.clone();
        return Err(ApplyError::Moved { zone, resource });
    }
    let mut run = Run {
        zone_id: zone.id.clone(),
        writer,
        progress,
        troubles: vec![],
        outcome: Outcome::default(),
    };
    for _ in 0..ROUNDS {
        let asked = |resource: &ResourceId| approved.contains_key(resource);
        let mut steps = steps(desired, &zone);
        steps.retain(|step| asked(&step.resource));
        let mut settings = diff(desired, &zone).actions;
        settings.retain(|change| change.resource.kind == SETTING && asked(&change.resource));
        if steps.is_empty() && settings.is_empty() {
            break;
        }
        run.round(steps, &settings, desired).await;
        zone = read().await?;
        if !run.settle(desired, &zone) {
            break;
        }
    }
    run.kept_out(&approved, desired, &zone);
    let mut outcome = run.outcome;
    outcome.rest = diff(desired, &zone);
    outcome.zone = zone;
    Ok(outcome)
}

/// The first change that the plan does not have, or has otherwise. What it has and is not needed any more is fine.
fn moved(approved: &BTreeMap<&ResourceId, &Change>, now: &Plan) -> Option<ResourceId> {
    let same_field = |then: &Change, field: &nex_plan::FieldChange| {
        let then = then.fields.iter().find(|f| f.field == field.field);
        then.is_some_and(|then| {
            then.old == field.old && (then.new == field.new || matches!(then.new, Value::Later(_)))
        })
    };
    let is_other = |change: &&Change| match approved.get(&change.resource) {
        Some(then) => {
            then.action != change.action
                || !change.fields.iter().all(|field| same_field(then, field))
        }
        None => true,
    };
    now.actions
        .iter()
        .find(is_other)
        .map(|change| change.resource.clone())
}

/// A batch or a setting that was not done, or may not have been.
struct Trouble {
    batch: Vec<(ResourceId, Action)>,
    steps: Vec<Step>,
    /// The changes that the answer itself names.
    named: Vec<usize>,
    error: String,
    class: Class,
    hint: Option<String>,
}

struct Run<'a, W> {
    zone_id: String,
    writer: &'a W,
    progress: &'a dyn Progress,
    troubles: Vec<Trouble>,
    outcome: Outcome,
}

impl<W: Write> Run<'_, W> {
    /// One time through all that is left. Its results take the place of earlier ones.
    async fn round(&mut self, steps: Vec<Step>, settings: &[Change], desired: &Desired) {
        let tried = |resource: &ResourceId| {
            let mut settings = settings.iter().map(|change| &change.resource);
            steps.iter().any(|step| step.resource == *resource) || settings.any(|r| r == resource)
        };
        self.outcome
            .failed
            .retain(|failed| !tried(&failed.resource));
        self.outcome
            .skipped
            .retain(|(resource, _)| !tried(resource));
        let (later, steps): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(|step| {
            matches!(&step.what, Do::Create(new) | Do::Update(_, new) if new.content.is_none())
        });
        for step in later {
            self.skip(
                step.resource,
                "the server's address is not known yet".to_owned(),
            );
        }
        for steps in batches(steps, desired.plan) {
            let batch = steps
                .iter()
                .map(|step| (step.resource.clone(), change(step).action))
                .collect();
            let began = self.start(&batch);
            let result = self.writer.records(&self.zone_id, &steps).await;
            self.end(batch, steps, began, result);
        }
        for change in settings {
            let setting = Setting::parse(&change.resource.name);
            let Some((setting, value)) = setting.and_then(|s| desired.settings.get_key_value(&s))
            else {
                continue;
            };
            let batch = vec![(change.resource.clone(), change.action)];
            let began = self.start(&batch);
            let result = self.writer.set(&self.zone_id, *setting, value).await;
            self.end(batch, vec![], began, result);
        }
    }

    fn start(&self, batch: &Vec<(ResourceId, Action)>) -> Instant {
        for (resource, action) in batch {
            self.progress.event(Event::Started {
                resource: resource.clone(),
                action: *action,
            });
        }
        Instant::now()
    }

    fn end(
        &mut self,
        batch: Vec<(ResourceId, Action)>,
        steps: Vec<Step>,
        began: Instant,
        result: Result<(), W::Error>,
    ) {
        match result {
            Ok(()) => {
                for (resource, action) in batch {
                    self.done(resource, action, began.elapsed());
                }
            }
            Err(error) => self.troubles.push(Trouble {
                named: error.about(&steps),
                error: chain(&error),
                class: error.class(),
                hint: error.hint(),
                batch,
                steps,
            }),
        }
    }

    /// Sorts what was not done by the zone as it is now: done after all, to blame, or only in the same batch. Gives
    /// whether another round may do the rest.
    fn settle(&mut self, desired: &Desired, zone: &Zone) -> bool {
        let by_reading =
            |t: &Trouble| matches!(t.class, Class::Lost | Class::Exists | Class::NotFound);
        let troubles = std::mem::take(&mut self.troubles);
        let again = !troubles.is_empty() && troubles.iter().all(by_reading);
        let left = diff(desired, zone).actions;
        let kept_out = kept_out(desired, zone);
        let is_left = |resource: &ResourceId| {
            left.iter().any(|change| change.resource == *resource)
                || kept_out.iter().any(|step| step.resource == *resource)
        };
        for trouble in troubles {
            let (waits, done): (Vec<_>, Vec<_>) = trouble
                .batch
                .iter()
                .cloned()
                .partition(|(resource, _)| is_left(resource));
            for (resource, action) in done {
                self.done(resource, action, Duration::ZERO);
            }
            let blamed = blamed(&trouble, desired, zone);
            for (resource, _) in waits {
                self.not_done(resource, &trouble, &blamed);
            }
        }
        again
    }

    /// What the plan was to do and someone else's record keeps out by now.
    fn kept_out(
        &mut self,
        approved: &BTreeMap<&ResourceId, &Change>,
        desired: &Desired,
        zone: &Zone,
    ) {
        let verdicts = conflicts(desired, zone);
        for Step { resource, .. } in kept_out(desired, zone) {
            let known = self
                .outcome
                .failed
                .iter()
                .any(|failed| failed.resource == resource);
            if known || !approved.contains_key(&resource) {
                continue;
            }
            let text = resource.to_string();
            let verdict = verdicts
                .iter()
                .find(|verdict| text.starts_with(&verdict.subject));
            self.fail(Failed {
                resource,
                error: verdict.map_or_else(String::new, |verdict| verdict.message.clone()),
                class: Class::Exists,
                hint: verdict.map(|verdict| verdict.hint.clone()),
            });
        }
    }

    fn not_done(&mut self, resource: ResourceId, trouble: &Trouble, blamed: &[ResourceId]) {
        let names: Vec<&str> = blamed
            .iter()
            .map(|resource| resource.name.as_str())
            .collect();
        let error = match blamed.len() {
            0 => format!(
                "one of {} changes of a batch, none of which was done: {}",
                trouble.batch.len(),
                trouble.error
            ),
            _ if blamed.contains(&resource) => trouble.error.clone(),
            _ => {
                let because = format!(
                    "nothing of its batch was done, because of {}",
                    names.join(", ")
                );
                return self.skip(resource, because);
            }
        };
        self.fail(Failed {
            resource,
            error,
            class: trouble.class,
            hint: trouble.hint.clone(),
        });
    }

    fn fail(&mut self, failed: Failed) {
        self.progress.event(Event::Failed {
            resource: failed.resource.clone(),
            error: failed.error.clone(),
        });
        self.outcome.failed.push(failed);
    }

    fn done(&mut self, resource: ResourceId, action: Action, elapsed: Duration) {
        self.progress.event(Event::Done {
            resource: resource.clone(),
            action,
            elapsed,
        });
        self.outcome.done.push((resource, action));
    }

    fn skip(&mut self, resource: ResourceId, because: String) {
        self.progress.event(Event::Skipped {
            resource: resource.clone(),
            because: because.clone(),
        });
        self.outcome.skipped.push((resource, because));
    }
}

/// Which changes of a batch it failed for, by the answer or else by what stands in their way; none if neither tells.
fn blamed(trouble: &Trouble, desired: &Desired, zone: &Zone) -> Vec<ResourceId> {
    let at = match (&trouble.named[..], trouble.batch.len()) {
        (_, 1) => vec![0],
        ([], _) if trouble.class == Class::Exists => in_the_way(&trouble.steps, desired, zone),
        (named, _) => named.to_vec(),
    };
    let resource = |at: usize| trouble.batch.get(at).map(|(resource, _)| resource.clone());
    at.into_iter().filter_map(resource).collect()
}
