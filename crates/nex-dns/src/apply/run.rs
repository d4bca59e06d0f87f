//! One apply under way: what was sent, what became of it, and what a new read says of the rest.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nex_plan::{Action, Change, Class, Event, Plan, ResourceId, Watch, chain};

use super::batch::{batches, in_the_way};
use super::{Failed, Outcome};
use crate::desired::Desired;
use crate::diff::{Do, RECORD, SETTING, Step, change, diff, kept_out};
use crate::io::{Failure as _, Write};
use crate::lint::conflicts;
use crate::setting::Setting;
use crate::zone::Zone;

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

/// An apply under way.
pub(super) struct Run<'a, W> {
    zone_id: String,
    writer: &'a W,
    watch: Watch<'a>,
    troubles: Vec<Trouble>,
    pub(super) outcome: Outcome,
}

impl<'a, W: Write> Run<'a, W> {
    pub(super) fn new(zone_id: &str, writer: &'a W, watch: Watch<'a>) -> Self {
        Self {
            zone_id: zone_id.to_owned(),
            writer,
            watch,
            troubles: vec![],
            outcome: Outcome::default(),
        }
    }

    /// One time through all that is left. Its results take the place of earlier ones.
    pub(super) async fn round(&mut self, steps: Vec<Step>, settings: &[Change], desired: &Desired) {
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
            matches!(&step.what, Do::Create(new) | Do::Update(_, new) if new.content.text().is_none())
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
            let Some(began) = self.start(&batch) else {
                continue;
            };
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
            let Some(began) = self.start(&batch) else {
                continue;
            };
            let result = self.writer.set(&self.zone_id, *setting, value).await;
            self.end(batch, vec![], began, result);
        }
    }

    /// `None` if it is not to begin any more.
    fn start(&mut self, batch: &Vec<(ResourceId, Action)>) -> Option<Instant> {
        if self.watch.stop.is_stopped() {
            self.outcome.stopped = true;
            for (resource, _) in batch {
                self.skip(resource.clone(), "it was stopped before".to_owned());
            }
            return None;
        }
        for (resource, action) in batch {
            self.watch.progress.event(Event::Started {
                resource: resource.clone(),
                action: *action,
            });
        }
        Some(Instant::now())
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
    pub(super) fn settle(&mut self, desired: &Desired, zone: &Zone) -> bool {
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

    /// Without a new read, what a batch did not confirm counts as failed.
    pub(super) fn unread(mut self, plan: &Plan) -> Outcome {
        for trouble in std::mem::take(&mut self.troubles) {
            let blamed = named(&trouble);
            for (resource, _) in trouble.batch.clone() {
                self.not_done(resource, &trouble, &blamed);
            }
        }
        let mut outcome = self.outcome;
        let is_left = |change: &Change| {
            let is_ours = [RECORD, SETTING].contains(&change.resource.kind.as_str());
            is_ours
                && !outcome
                    .done
                    .iter()
                    .any(|(done, _)| *done == change.resource)
        };
        let mut rest = plan.clone();
        rest.actions.retain(is_left);
        outcome.rest = rest;
        outcome
    }

    /// What the plan was to do and someone else's record keeps out by now.
    pub(super) fn kept_out(
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
        self.watch.progress.event(Event::Failed {
            resource: failed.resource.clone(),
            error: failed.error.clone(),
        });
        self.outcome.failed.push(failed);
    }

    fn done(&mut self, resource: ResourceId, action: Action, elapsed: Duration) {
        self.watch.progress.event(Event::Done {
            resource: resource.clone(),
            action,
            elapsed,
        });
        self.outcome.done.push((resource, action));
    }

    fn skip(&mut self, resource: ResourceId, because: String) {
        self.watch.progress.event(Event::Skipped {
            resource: resource.clone(),
            because: because.clone(),
        });
        self.outcome.skipped.push((resource, because));
    }
}

/// Which changes of a batch it failed for, by the answer or else by what stands in their way; none if neither tells.
fn blamed(trouble: &Trouble, desired: &Desired, zone: &Zone) -> Vec<ResourceId> {
    match &named(trouble)[..] {
        [] if trouble.class == Class::Exists => {
            trouble.resources(&in_the_way(&trouble.steps, desired, zone))
        }
        named => named.to_vec(),
    }
}

/// Which changes of a batch it failed for, by the answer alone.
fn named(trouble: &Trouble) -> Vec<ResourceId> {
    match trouble.batch.len() {
        1 => trouble.resources(&[0]),
        _ => trouble.resources(&trouble.named),
    }
}

impl Trouble {
    fn resources(&self, at: &[usize]) -> Vec<ResourceId> {
        let resource = |at: &usize| self.batch.get(*at).map(|(resource, _)| resource.clone());
        at.iter().filter_map(resource).collect()
    }
}
