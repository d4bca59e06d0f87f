//! The gate between a plan and its apply: the lint of the steps' own crate, then the approval.
//!
//! The types allow no other order. Only [`Plan::lint`] makes a [`Linted`] plan, and it runs the rules of the crate that
//! owns the steps ([`Lint`]). Only [`Linted::approve`] makes an [`Approved`] plan, and an approval can only be
//! narrowed.
//!
//! ```compile_fail,E0451
//! use nex_plan::{Approved, Change, Plan};
//!
//! // An approval can't be made without the gate.
//! let plan: Plan<Change> = Plan::new("staging");
//! let approved = Approved { plan, allowed: vec![] };
//! ```
//!
//! ```compile_fail,E0451
//! use nex_plan::{Change, Linted, Plan};
//!
//! // A plan without findings can't be made without the gate either.
//! let plan: Plan<Change> = Plan::new("staging");
//! let linted = Linted { plan, findings: vec![] };
//! ```
//!
//! ```compile_fail,E0277
//! use nex_plan::{Change, Lint, Linted};
//!
//! // A plan that other rules linted does not become a plan of a provider.
//! fn forge<S: Lint + Into<Change>>(linted: Linted<S>) -> Linted<Change>
//! where
//!     Change: From<S> + From<S::Deferred>,
//! {
//!     linted.widen()
//! }
//! ```
//!
//! ```compile_fail,E0117
//! use nex_plan::{Change, Finding, Lint, Plan};
//!
//! // Only the crate that owns a step type can define the rules for its steps.
//! impl Lint for Change {
//!     type Context<'a> = ();
//!     fn lint(_: &Plan<Self>, _: &()) -> Vec<Finding> {
//!         vec![]
//!     }
//! }
//! ```

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};

use crate::moved::becomes;
use crate::{
    Action, Allowance, Composite, Finding, Moved, NOT_OURS, Plan, Planned, ResourceId, Severity,
    Step, Subject, sort_findings,
};

/// A step type with rules about plans. The crate that owns the step type defines the rules.
pub trait Lint: Step {
    /// What the rules look at besides the plan.
    type Context<'a>;

    /// Runs the rules and returns their findings.
    fn lint(plan: &Plan<Self>, context: &Self::Context<'_>) -> Vec<Finding>;
}

impl<S: Lint> Plan<S> {
    /// Runs the rules of the steps' crate.
    pub fn lint(self, context: &S::Context<'_>) -> Linted<S> {
        let mut findings = S::lint(&self, context);
        sort_findings(&mut findings);
        let ids = self.entries.iter().map(Planned::id);
        Linted {
            linted_as: ids.map(|id| (id, TypeId::of::<S>())).collect(),
            plan: self,
            findings,
            limit: None,
        }
    }
}

/// How much of an environment a plan covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Everything.
    Whole,
    /// [Some resources](Linted::only).
    Part,
}

/// The type of the step whose rules looked at each entry: only that type's crate executes the entry.
type LintedAs = BTreeMap<ResourceId, TypeId>;

/// A plan with the findings of the lint.
#[derive(Clone, Debug, PartialEq)]
pub struct Linted<S: Step> {
    plan: Plan<S>,
    findings: Vec<Finding>,
    linted_as: LintedAs,
    limit: Limit,
}

/// The resources that a plan is limited to; `None` for a plan of everything.
type Limit = Option<BTreeSet<ResourceId>>;

impl<S: Step> Linted<S> {
    /// The plan.
    pub fn plan(&self) -> &Plan<S> {
        &self.plan
    }

    /// The findings, the most severe first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings that stop the plan.
    pub fn denials(&self) -> impl Iterator<Item = &Finding> {
        let is_denial = |finding: &&Finding| finding.severity == Severity::Deny;
        self.findings.iter().filter(is_denial)
    }

    /// How much of the environment the plan covers.
    pub fn coverage(&self) -> Coverage {
        match self.limit {
            Some(_) => Coverage::Part,
            None => Coverage::Whole,
        }
    }

    /// The same plan with more findings.
    #[must_use]
    pub fn with(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.findings.extend(findings);
        sort_findings(&mut self.findings);
        self
    }

    /// The same plan under the name by which the caller knows the environment.
    #[must_use]
    pub fn named(mut self, environment: &str) -> Self {
        environment.clone_into(&mut self.plan.environment);
        self
    }

    /// The same plan, with its steps in an enum over several providers.
    pub fn widen<T>(self) -> Linted<T>
    where
        T: Composite<Deferred: From<S::Deferred>> + From<S>,
    {
        Linted {
            plan: self.plan.widen(),
            findings: self.findings,
            linted_as: self.linted_as,
            limit: self.limit,
        }
    }

    /// Both plans in one, this one first.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.plan.entries.extend(other.plan.entries);
        self.linted_as.extend(other.linted_as);
        self.limit = match (self.limit, other.limit) {
            (Some(limit), Some(others)) => Some(limit.into_iter().chain(others).collect()),
            (limit, others) => limit.or(others),
        };
        self.with(other.findings)
    }

    /// The same plan for these resources only. The apply then leaves all others as they are, whatever they need.
    ///
    /// Findings about other resources go; a finding about something else, such as a field of the spec, stays.
    #[must_use]
    pub fn only(mut self, resources: BTreeSet<ResourceId>) -> Self {
        self.plan
            .entries
            .retain(|entry| resources.contains(&entry.id()));
        self.findings.retain(|finding| match &finding.subject {
            Subject::Resource(id) => resources.contains(id),
            Subject::Field(_) | Subject::Other(_) => true,
        });
        self.limit = Some(resources);
        self
    }

    /// Approves the plan if `allow` covers each finding that stops the plan.
    ///
    /// # Errors
    /// [`RefusalError`] with the findings that are left.
    pub fn approve(self, allow: &BTreeSet<Allowance>) -> Result<Approved<S>, RefusalError> {
        let denials = self.findings.into_iter();
        let denials = denials.filter(|finding| finding.severity == Severity::Deny);
        let (allowed, left): (Vec<Finding>, Vec<Finding>) =
            denials.partition(|finding| allow.contains(&finding.allowance()));
        if left.is_empty() {
            Ok(Approved {
                plan: self.plan,
                allowed,
                linted_as: self.linted_as,
                limit: self.limit,
            })
        } else {
            Err(RefusalError(left))
        }
    }
}

/// The plan is not approved, because these findings stop it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused for safety: {}", .0.iter().map(|f| f.allowance().to_string()).collect::<Vec<_>>().join(", "))]
pub struct RefusalError(pub Vec<Finding>);

/// The fresh plan differs from the approved one: the environment has moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Moved::to_string).collect::<Vec<_>>().join("; "))]
pub struct MovedError(pub Vec<Moved>);

/// An approved plan: the input of an apply.
#[derive(Clone, Debug, PartialEq)]
pub struct Approved<S: Step> {
    plan: Plan<S>,
    allowed: Vec<Finding>,
    linted_as: LintedAs,
    limit: Limit,
}

impl<S: Step> Approved<S> {
    /// The plan.
    pub fn plan(&self) -> &Plan<S> {
        &self.plan
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty()
    }

    /// The findings that were allowed by name.
    pub fn allowed(&self) -> &[Finding] {
        &self.allowed
    }

    /// Whether the finding with this code about this resource was allowed by name.
    pub fn allows(&self, code: &str, id: &ResourceId) -> bool {
        let is_it = |f: &Finding| f.code == code && f.subject == id.clone().into();
        self.allowed.iter().any(is_it)
    }

    /// Whether the plan is about this resource. A plan that was not [limited](Linted::only) is about every resource.
    pub fn is_about(&self, id: &ResourceId) -> bool {
        self.limit.as_ref().is_none_or(|limit| limit.contains(id))
    }

    /// Other owners' resources that stay as they are, because the operator allowed that by name.
    pub fn left_to_others(&self) -> impl Iterator<Item = &Finding> {
        let is_of_others = |f: &&Finding| f.code == NOT_OURS;
        self.allowed.iter().filter(is_of_others)
    }

    /// The entries for which `keep` holds, for an apply in stages.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&Planned<S>) -> bool) -> Self {
        let mut part = self.clone();
        part.plan.entries.retain(keep);
        part
    }

    /// The entries of one provider, whose own rules looked at them. A step that does not come back as itself is left out.
    pub fn part<T>(&self) -> Approved<T>
    where
        T: Step<Deferred: TryFrom<S::Deferred>> + TryFrom<S>,
        S: From<T>,
        S::Deferred: From<T::Deferred>,
    {
        let entry = |entry: &Planned<S>| {
            if self.linted_as.get(&entry.id()) != Some(&TypeId::of::<T>()) {
                return None;
            }
            let part = match entry.clone() {
                Planned::Ready(step) => Planned::Ready(T::try_from(step).ok()?),
                Planned::Deferred(deferred) => {
                    Planned::Deferred(T::Deferred::try_from(deferred).ok()?)
                }
            };
            (part.clone().widen::<S>() == *entry).then_some(part)
        };
        Approved {
            plan: Plan {
                environment: self.plan.environment.clone(),
                entries: self.plan.entries.iter().filter_map(entry).collect(),
            },
            allowed: self.allowed.clone(),
            linted_as: self.linted_as.clone(),
            limit: self.limit.clone(),
        }
    }

    /// The steps of the fresh plan `now`, if `now` is the plan that was approved.
    ///
    /// A deferred entry becomes a step with the same resource, the same action, and the values that the plan showed.
    /// Steps that are already done are left out, and so is what the plan [is not about](Approved::is_about).
    ///
    /// # Errors
    /// [`MovedError`] if `now` lists anything that was not approved.
    pub fn resolve(&self, mut now: Plan<S>) -> Result<Self, MovedError> {
        now.entries.retain(|entry| self.is_about(&entry.id()));
        let moved = self.plan.moved(&now).into_iter();
        let conflicts: Vec<Moved> = moved.filter(Moved::is_conflict).collect();
        if conflicts.is_empty() {
            Ok(Approved {
                plan: now,
                allowed: self.allowed.clone(),
                linted_as: self.linted_as.clone(),
                limit: self.limit.clone(),
            })
        } else {
            Err(MovedError(conflicts))
        }
    }

    /// What is left of the approved plan after a part of it was done: the steps of the fresh plan `now` that continue an
    /// approved one. A creation may go on as an update, a replacement as a creation or an update, and an update as the
    /// creation of a resource that is gone by now. Nothing is replaced or deleted that was not approved as such.
    #[must_use]
    pub fn narrow(&self, mut now: Plan<S>) -> Self {
        let approved = self.plan.by_id();
        now.entries.retain(|entry| {
            let approved = approved.get(&entry.id());
            approved.is_some_and(|approved| continues(approved, entry))
        });
        Approved {
            plan: now,
            allowed: self.allowed.clone(),
            linted_as: self.linted_as.clone(),
            limit: self.limit.clone(),
        }
    }
}

fn continues<S: Step>(approved: &Planned<S>, now: &Planned<S>) -> bool {
    match (approved.action(), now.action()) {
        (Action::Create, Action::Create | Action::Update) => true,
        (Action::Replace, Action::Create | Action::Update) => true,
        (Action::Replace, Action::Replace) | (Action::Delete, Action::Delete) => {
            approved.target() == now.target()
        }
        (Action::Update, Action::Create) => true,
        (Action::Update, Action::Update) => {
            let (approved, now) = (approved.change(), now.change());
            now.fields.iter().all(|field| {
                let then = approved.fields.iter().find(|f| f.field == field.field);
                then.is_some_and(|then| becomes(&then.new, &field.new))
            })
        }
        _ => false,
    }
}
