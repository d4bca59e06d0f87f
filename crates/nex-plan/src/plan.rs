//! A plan: typed steps in a fixed order.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Action, Change, PlanEntry, ResourceId, Step};

/// What would be done to an environment, in a fixed order, with at most one entry a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<S: Step> {
    /// The environment's name.
    pub environment: String,
    /// What would be done.
    pub entries: Vec<Planned<S>>,
}

/// One entry of a plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Planned<S: Step> {
    /// A step that can be applied.
    Ready(S),
    /// A step with values that only other steps can make known.
    Deferred(S::Deferred),
}

/// How many resources each action affects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Created.
    pub create: usize,
    /// Updated.
    pub update: usize,
    /// Replaced by new ones.
    pub replace: usize,
    /// Deleted.
    pub delete: usize,
}

impl<S: Step> Planned<S> {
    /// The resource.
    pub fn id(&self) -> ResourceId {
        match self {
            Planned::Ready(step) => step.id(),
            Planned::Deferred(deferred) => deferred.id(),
        }
    }

    /// What happens to the resource.
    pub fn action(&self) -> Action {
        match self {
            Planned::Ready(step) => step.action(),
            Planned::Deferred(deferred) => deferred.action(),
        }
    }

    /// The view of the entry.
    pub fn change(&self) -> Change {
        match self {
            Planned::Ready(step) => step.change(),
            Planned::Deferred(deferred) => deferred.change(),
        }
    }

    /// The names of the most telling fields of the resource.
    pub(crate) fn headline(&self) -> &'static [&'static str] {
        match self {
            Planned::Ready(step) => step.headline(),
            Planned::Deferred(deferred) => deferred.headline(),
        }
    }

    /// The provider's own id of the resource that is changed or deleted.
    pub(crate) fn target(&self) -> Option<&str> {
        match self {
            Planned::Ready(step) => step.target(),
            Planned::Deferred(deferred) => deferred.target(),
        }
    }

    /// The same entry, with its step in an enum over several providers.
    pub(crate) fn widen<T>(self) -> Planned<T>
    where
        T: Step<Deferred: From<S::Deferred>> + From<S>,
    {
        match self {
            Planned::Ready(step) => Planned::Ready(step.into()),
            Planned::Deferred(deferred) => Planned::Deferred(deferred.into()),
        }
    }
}

impl<S: Step> Plan<S> {
    /// A plan without entries.
    pub fn new(environment: impl Into<String>) -> Self {
        Self {
            environment: environment.into(),
            entries: vec![],
        }
    }

    /// Adds a step.
    pub fn push(&mut self, step: S) {
        self.entries.push(Planned::Ready(step));
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The steps that can be applied.
    pub fn steps(&self) -> impl Iterator<Item = &S> {
        self.entries.iter().filter_map(|entry| match entry {
            Planned::Ready(step) => Some(step),
            Planned::Deferred(_) => None,
        })
    }

    /// The entries by their resources.
    pub(crate) fn by_id(&self) -> BTreeMap<ResourceId, &Planned<S>> {
        self.entries.iter().map(|e| (e.id(), e)).collect()
    }

    /// The entry of a resource.
    pub fn entry(&self, id: &ResourceId) -> Option<&Planned<S>> {
        self.entries.iter().find(|entry| entry.id() == *id)
    }

    /// How many resources each action affects.
    pub fn counts(&self) -> Counts {
        let count = |action| self.entries.iter().filter(|e| e.action() == action).count();
        Counts {
            create: count(Action::Create),
            update: count(Action::Update),
            replace: count(Action::Replace),
            delete: count(Action::Delete),
        }
    }

    /// The view of the plan, for people, for a file and for JSON.
    pub fn view(&self) -> Plan<Change> {
        let entry = |entry: &Planned<S>| match entry {
            Planned::Ready(step) => Planned::Ready(step.change()),
            Planned::Deferred(deferred) => Planned::Deferred(deferred.change()),
        };
        Plan {
            environment: self.environment.clone(),
            entries: self.entries.iter().map(entry).collect(),
        }
    }

    /// The same plan, with its steps in an enum over several providers.
    pub fn widen<T>(self) -> Plan<T>
    where
        T: Step<Deferred: From<S::Deferred>> + From<S>,
    {
        Plan {
            environment: self.environment,
            entries: self.entries.into_iter().map(Planned::widen).collect(),
        }
    }
}
