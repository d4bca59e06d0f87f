//! Compares a plan with a fresh one, to find out whether the plan still holds.

use std::fmt;

use crate::{Action, Change, Plan, Planned, ResourceId, Step, Value};

/// A difference between a plan and a fresh plan of the same environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The resource.
    pub id: ResourceId,
    /// How the fresh plan differs.
    pub how: Movement,
}

/// How a fresh plan differs from the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Movement {
    /// The resource needs a change now, and the plan does not list the resource.
    Appeared(Action),
    /// The plan lists another action for the resource.
    Action {
        /// The action in the plan.
        planned: Action,
        /// The action now.
        now: Action,
    },
    /// These fields differ, by name.
    Fields(Vec<String>),
    /// These fields need no change any more, by name: someone else changed them.
    FieldsSettled(Vec<String>),
    /// Another resource has the name now.
    Target,
    /// The plan lists the resource, and nothing is left to do: someone else made the change.
    Settled,
}

impl Moved {
    /// Whether the difference makes the plan wrong. A change that is already done does not.
    pub fn is_conflict(&self) -> bool {
        !matches!(self.how, Movement::Settled | Movement::FieldsSettled(_))
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match &self.how {
            Movement::Appeared(action) => {
                write!(
                    f,
                    "{action} {id} is needed now, and the plan does not list it"
                )
            }
            Movement::Action { planned, now } => {
                write!(f, "{id}: the plan says {planned}, {now} is needed now")
            }
            Movement::Fields(fields) => write!(f, "{id}: {} differs now", fields.join(", ")),
            Movement::FieldsSettled(fields) => {
                write!(f, "{id}: {} no longer needs a change", fields.join(", "))
            }
            Movement::Target => write!(f, "{id} is another resource now"),
            Movement::Settled => write!(f, "{id} no longer needs a change"),
        }
    }
}

impl<S: Step> Plan<S> {
    /// How the plan `now` differs from this one, in the order of `now`; empty if this plan still holds.
    ///
    /// A value that this plan shows as known later may be known by now. Resources that neither plan changes are not
    /// compared: if a fleet scales, or another team changes a record, the plan still holds.
    pub fn moved<T: Step>(&self, now: &Plan<T>) -> Vec<Moved> {
        let planned = self.by_id();
        let needed = now.by_id();
        let differs = |entry: &Planned<T>| {
            let id = entry.id();
            let how = match planned.get(&id) {
                None => Some(Movement::Appeared(entry.action())),
                Some(then) if is_other_target(then, entry) => Some(Movement::Target),
                Some(then) => difference(&then.change(), &entry.change()),
            };
            how.map(|how| Moved { id, how })
        };
        let gone = |entry: &Planned<S>| {
            let id = entry.id();
            let how = Movement::Settled;
            (!needed.contains_key(&id)).then_some(Moved { id, how })
        };
        let moved = now.entries.iter().filter_map(differs);
        moved.chain(self.entries.iter().filter_map(gone)).collect()
    }
}

fn is_other_target<S: Step, T: Step>(then: &Planned<S>, now: &Planned<T>) -> bool {
    then.target()
        .zip(now.target())
        .is_some_and(|(then, now)| then != now)
}

fn difference(then: &Change, now: &Change) -> Option<Movement> {
    if then.action != now.action {
        return Some(Movement::Action {
            planned: then.action,
            now: now.action,
        });
    }
    let differs = |field: &&crate::FieldChange| {
        let then = then.fields.iter().find(|then| then.field == field.field);
        !then.is_some_and(|then| then.old == field.old && becomes(&then.new, &field.new))
    };
    let differing = now.fields.iter().filter(differs);
    let names: Vec<String> = differing.map(|field| field.field.to_string()).collect();
    if !names.is_empty() {
        return Some(Movement::Fields(names));
    }
    let is_needed = |name: &str| now.fields.iter().any(|field| field.field == name);
    let settled = then.fields.iter().map(|field| &*field.field);
    let settled: Vec<String> = settled
        .filter(|name| !is_needed(name))
        .map(str::to_owned)
        .collect();
    if !settled.is_empty() {
        return Some(Movement::FieldsSettled(settled));
    }
    (then.fields.len() > now.fields.len()).then_some(Movement::Settled)
}

/// Whether a planned value matches the value of the fresh plan.
pub(crate) fn becomes(planned: &Value, now: &Value) -> bool {
    planned == now || matches!(planned, Value::Later(_))
}
