//! Does what an approved plan says of records and settings, and reads back.

mod batch;
mod run;

use std::collections::BTreeMap;

use nex_plan::{Action, Approved, Change, Class, FieldChange, Plan, ResourceId, Value, Watch};

use crate::desired::Desired;
use crate::diff::{SETTING, diff, steps};
use crate::io::{Failure, Read, Write};
use run::Run;

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
    /// Whether it was asked to stop before all was begun.
    pub stopped: bool,
    /// What is left to do, by a new read.
    pub rest: Plan,
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
    /// The zone could not be read back.
    #[error("what was done in the zone {zone} could not be read back")]
    Unread {
        /// The zone.
        zone: String,
        /// What was done; what is left is as the plan had it.
        outcome: Box<Outcome>,
        /// Why the read failed.
        source: E,
    },
}

impl<E: Failure> ApplyError<E> {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ApplyError::Read(_, error) | ApplyError::Unread { source: error, .. } => error.hint(),
            ApplyError::Moved { .. } => Some("plan again and look it through".to_owned()),
        }
    }
}

/// Does the records and settings of `plan`; what else is in it is passed over.
///
/// The zone is read anew first. Where it is not as the plan has it, nothing is done; what the plan did not know yet,
/// such as the server's address, may be known by now in `desired`. After lost answers a new read tells what is left,
/// and only what the plan named is done. Asked to stop, it lets the call that runs end and reads back.
///
/// # Errors
/// [`ApplyError`]; what fails on the way is in the [`Outcome`].
pub async fn apply<R, W>(
    plan: &Approved,
    desired: &Desired,
    reader: &R,
    writer: &W,
    watch: Watch<'_>,
) -> Result<Outcome, ApplyError<R::Error>>
where
    R: Read,
    W: Write<Error = R::Error>,
{
    let ask = desired.ask();
    let read = || reader.zone(&ask);
    let approved: BTreeMap<&ResourceId, &Change> = plan
        .plan()
        .actions
        .iter()
        .map(|change| (&change.resource, change))
        .collect();
    let mut zone = match read().await {
        Ok(zone) => zone,
        Err(error) => return Err(ApplyError::Read(desired.zone.clone(), error)),
    };
    if let Some(resource) = moved(&approved, &diff(desired, &zone)) {
        let zone = desired.zone.clone();
        return Err(ApplyError::Moved { zone, resource });
    }
    let mut run = Run::new(&zone.id, writer, watch);
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
        zone = match read().await {
            Ok(zone) => zone,
            Err(source) => {
                return Err(ApplyError::Unread {
                    zone: desired.zone.clone(),
                    outcome: Box::new(run.unread(plan.plan())),
                    source,
                });
            }
        };
        if !run.settle(desired, &zone) || run.outcome.stopped {
            break;
        }
    }
    run.kept_out(&approved, desired, &zone);
    let mut outcome = run.outcome;
    outcome.rest = diff(desired, &zone);
    Ok(outcome)
}

/// The first change that the plan does not have, or has otherwise. What it has and is not needed any more is fine.
fn moved(approved: &BTreeMap<&ResourceId, &Change>, now: &Plan) -> Option<ResourceId> {
    let same_field = |then: &Change, field: &FieldChange| {
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
