//! A plan, and the two gates that stand between it and an apply: the lint and the approval.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{Action, Change, Level, Verdict};

/// What would be done to an environment, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The environment's name.
    pub environment: String,
    /// What would be done; at most one change a resource.
    pub actions: Vec<Change>,
}

/// How many resources meet each action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Made.
    pub create: usize,
    /// Changed where they stand.
    pub update: usize,
    /// Replaced by new ones.
    pub replace: usize,
    /// Deleted.
    pub delete: usize,
}

impl Plan {
    /// A plan without changes.
    pub fn new(environment: impl Into<String>) -> Self {
        Self {
            environment: environment.into(),
            actions: vec![],
        }
    }

    /// Adds a change.
    pub fn push(&mut self, change: Change) {
        self.actions.push(change);
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// How many resources meet each action.
    pub fn counts(&self) -> Counts {
        let count = |action| self.actions.iter().filter(|c| c.action == action).count();
        Counts {
            create: count(Action::Create),
            update: count(Action::Update),
            replace: count(Action::Replace),
            delete: count(Action::Delete),
        }
    }

    /// Joins the lint's verdicts to the plan.
    pub fn linted(self, mut verdicts: Vec<Verdict>) -> Linted {
        verdicts.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.cmp(b)));
        Linted {
            plan: self,
            verdicts,
        }
    }
}

/// A plan with its verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Linted {
    /// The plan.
    #[serde(flatten)]
    pub plan: Plan,
    /// The verdicts, the gravest first.
    pub verdicts: Vec<Verdict>,
}

/// The plan is not done: these verdicts refuse it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused for safety: {}", .0.iter().map(|v| v.subject.as_str()).collect::<Vec<_>>().join(", "))]
pub struct Refused(pub Vec<Verdict>);

impl Linted {
    /// The verdicts that refuse the plan.
    pub fn refusals(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|v| v.level == Level::Refusal)
    }

    /// Lets the plan through if every refusal's subject is among `named`.
    pub fn approve(self, named: &BTreeSet<String>) -> Result<Approved, Refused> {
        let (allowed, standing): (Vec<Verdict>, Vec<Verdict>) = self
            .verdicts
            .into_iter()
            .filter(|v| v.level == Level::Refusal)
            .partition(|v| named.contains(&v.subject));
        match standing.is_empty() {
            true => Ok(Approved {
                plan: self.plan,
                allowed,
            }),
            false => Err(Refused(standing)),
        }
    }
}

/// A plan that no verdict refuses: what an apply takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    plan: Plan,
    allowed: Vec<Verdict>,
}

impl Approved {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The refusals that were let through by name.
    pub fn allowed(&self) -> &[Verdict] {
        &self.allowed
    }

    /// The changes of it that `keep` says, for an apply in stages.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&Change) -> bool) -> Self {
        let mut part = self.clone();
        part.plan.actions.retain(keep);
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_until_its_subject_is_named() {
        let verdict = Verdict::new(Level::Refusal, "stateful-replaced", "gitlab", "m", "h");
        let linted = Plan::new("staging").linted(vec![verdict]);
        let named = |name: &str| BTreeSet::from([name.to_owned()]);
        assert!(linted.clone().approve(&named("other")).is_err());
        assert!(linted.approve(&named("gitlab")).is_ok());
    }

    #[test]
    fn warnings_refuse_nothing_and_the_gravest_verdict_comes_first() {
        let info = Verdict::new(Level::Info, "a", "a", "m", "h");
        let warning = Verdict::warning("z", "z", "m", "h");
        let linted = Plan::new("staging").linted(vec![info, warning]);
        assert_eq!(linted.verdicts[0].code, "z");
        assert!(linted.approve(&BTreeSet::new()).is_ok());
    }
}
