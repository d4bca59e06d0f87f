//! Nothing gets past the gate that was not approved.

use std::collections::BTreeSet;
use std::convert::Infallible;

use nex_plan::{
    Action, Allowance, Approved, Composite, FieldChange, Finding, Lint, Plan, PlanEntry, Planned,
    ResourceId, Severity, Step, Value,
};
use proptest::prelude::*;

use crate::toy::{Later, Toy, approved, plan, toy};

#[test]
fn a_denial_stands_until_its_subject_is_allowed_by_name() {
    let linted = plan([toy("a", Action::Delete), toy("b", Action::Delete)]).lint(&());
    let allow = |names: &[&str]| -> BTreeSet<Allowance> {
        names
            .iter()
            .map(|n| n.parse().expect("an allowance"))
            .collect()
    };
    let refused = linted
        .clone()
        .approve(&allow(&["deletes:toy a"]))
        .expect_err("one is left");
    assert_eq!(refused.to_string(), "refused for safety: deletes:toy b");
    // Another danger of the same subject is not covered.
    let other = linted
        .clone()
        .approve(&allow(&["deletes:toy a", "replaces:toy b"]));
    assert!(other.is_err());
    let approved = linted.approve(&allow(&["deletes:toy a", "deletes:toy b", "deletes:toy c"]));
    let approved = approved.expect("all is allowed");
    assert_eq!(approved.allowed().len(), 2);
    assert!(approved.allows("deletes", &ResourceId::new("toy", "a")));
    assert!(!approved.allows("replaces", &ResourceId::new("toy", "a")));
    assert!(!approved.allows("deletes", &ResourceId::new("toy", "c")));
}

#[test]
fn warnings_stop_nothing_and_the_most_severe_finding_comes_first() {
    let linted = plan([toy("a", Action::Update), toy("b", Action::Delete)]).lint(&());
    let severities: Vec<Severity> = linted.findings().iter().map(|f| f.severity).collect();
    assert_eq!(severities, [Severity::Deny, Severity::Warning]);
    let warned = plan([toy("a", Action::Update)]).lint(&());
    assert!(warned.approve(&BTreeSet::new()).is_ok());
}

#[test]
fn a_limited_plan_is_about_the_named_resources_alone() {
    let steps = || {
        [
            toy("a", Action::Create),
            toy("b", Action::Delete),
            toy("c", Action::Create),
        ]
    };
    let a = BTreeSet::from([ResourceId::new("toy", "a")]);
    let limited = plan(steps()).lint(&()).only(a);
    // The danger of another resource is not asked about.
    let approved = limited.approve(&BTreeSet::new()).expect("nothing stops it");
    let ids: Vec<String> = approved.plan().steps().map(|step| step.id().name).collect();
    assert_eq!(ids, ["a"]);
    assert!(!approved.is_about(&ResourceId::new("toy", "b")));
    // What the others need does not make the plan wrong, and is not done either.
    let resolved = approved.resolve(plan(steps())).expect("it still holds");
    assert_eq!(resolved.plan().entries.len(), 1);
    let changed = approved.resolve(plan([toy("a", Action::Update)]));
    assert!(changed.is_err());
}

fn deferred(steps: impl IntoIterator<Item = Toy>) -> Plan<Toy> {
    let mut plan = plan([]);
    plan.entries
        .extend(steps.into_iter().map(|step| Planned::Deferred(Later(step))));
    plan
}

#[test]
fn a_deferred_step_resolves_to_what_was_listed_and_to_nothing_else() {
    let approval = approved(deferred([toy("a", Action::Create)]));
    let resolved = approval.resolve(plan([toy("a", Action::Create)]));
    assert_eq!(resolved.expect("it was listed").plan().steps().count(), 1);

    for (other, why) in [
        (
            toy("b", Action::Create),
            "create toy b is needed now, and the plan does not list it",
        ),
        (
            toy("a", Action::Update),
            "toy a: the plan says create, update is needed now",
        ),
        (
            toy("a", Action::Delete),
            "toy a: the plan says create, delete is needed now",
        ),
    ] {
        let error = approval.resolve(plan([other])).expect_err(why);
        assert_eq!(error.to_string(), why);
    }
}

#[test]
fn an_update_that_was_deferred_keeps_the_values_that_were_shown() {
    let approval = approved(deferred([toy("a", Action::Update)]));
    assert!(approval.resolve(plan([toy("a", Action::Update)])).is_ok());
    let mut other = toy("a", Action::Update);
    other.old = 3.into();
    let error = approval.resolve(plan([other])).expect_err("the old value");
    assert_eq!(error.to_string(), "toy a: size differs now");
}

#[test]
fn what_someone_else_did_already_is_left_out() {
    let approval = approved(plan([toy("a", Action::Create), toy("b", Action::Create)]));
    let left = approval.resolve(plan([toy("b", Action::Create)]));
    let names: Vec<String> = left
        .expect("less")
        .plan()
        .steps()
        .map(|s| s.id().name)
        .collect();
    assert_eq!(names, ["b"]);
}

/// The step of a second provider.
#[derive(Clone, Debug, PartialEq)]
struct Other(Toy);

impl PlanEntry for Other {
    fn id(&self) -> ResourceId {
        ResourceId::new("other", self.0.name)
    }
    fn action(&self) -> Action {
        self.0.action
    }
    fn fields(&self) -> Vec<FieldChange> {
        self.0.fields()
    }
}

impl Step for Other {
    type Deferred = Infallible;
}

impl Lint for Other {
    type Context<'a> = ();
    fn lint(_: &Plan<Self>, (): &()) -> Vec<Finding> {
        vec![]
    }
}

/// The steps of both providers.
#[derive(Clone, Debug, PartialEq)]
enum Both {
    Toy(Toy),
    Other(Other),
}

impl PlanEntry for Both {
    fn id(&self) -> ResourceId {
        match self {
            Both::Toy(step) => step.id(),
            Both::Other(step) => step.id(),
        }
    }
    fn action(&self) -> Action {
        match self {
            Both::Toy(step) => step.action(),
            Both::Other(step) => step.action(),
        }
    }
    fn fields(&self) -> Vec<FieldChange> {
        match self {
            Both::Toy(step) => step.fields(),
            Both::Other(step) => step.fields(),
        }
    }
}

impl Step for Both {
    type Deferred = Later;
}

impl Composite for Both {}

impl From<Toy> for Both {
    fn from(step: Toy) -> Self {
        Both::Toy(step)
    }
}

impl From<Other> for Both {
    fn from(step: Other) -> Self {
        Both::Other(step)
    }
}

impl From<Infallible> for Later {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A conversion that lies about what was approved.
impl TryFrom<Both> for Toy {
    type Error = ();

    fn try_from(step: Both) -> Result<Self, ()> {
        match step {
            Both::Toy(step) if step.name == "forged" => Ok(toy("other", Action::Delete)),
            Both::Toy(step) => Ok(step),
            Both::Other(_) => Err(()),
        }
    }
}

#[test]
fn a_provider_gets_its_own_steps_and_no_forged_ones() {
    let mut mine = plan([toy("a", Action::Create), toy("forged", Action::Create)]);
    let later = Later(toy("c", Action::Create));
    mine.entries.push(Planned::Deferred(later));
    let mut others = Plan::new("staging");
    others.push(Other(toy("a", Action::Create)));
    let wide = mine
        .lint(&())
        .widen::<Both>()
        .join(others.lint(&()).widen());
    let approved = wide.approve(&BTreeSet::new()).expect("no denial");
    assert_eq!(approved.plan().entries.len(), 4);
    let part: Approved<Toy> = approved.part();
    let names: Vec<String> = part.plan().entries.iter().map(|e| e.id().name).collect();
    assert_eq!(names, ["a", "c"]);
}

/// A step of someone else, who lets everything pass and claims that their steps are those of `Other`.
impl From<Toy> for Other {
    fn from(step: Toy) -> Self {
        Other(step)
    }
}

impl From<Other> for Toy {
    fn from(step: Other) -> Self {
        step.0
    }
}

impl TryFrom<Later> for Infallible {
    type Error = ();

    fn try_from(_: Later) -> Result<Self, ()> {
        Err(())
    }
}

#[test]
fn steps_that_other_rules_let_pass_are_not_a_providers_own() {
    let foreign = plan([toy("a", Action::Create)]).lint(&());
    let approved = foreign.approve(&BTreeSet::new()).expect("no denial");
    let part: Approved<Other> = approved.part();
    assert!(part.is_empty());
}

fn any_toy() -> impl Strategy<Value = Toy> {
    let action = prop::sample::select(vec![
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::Delete,
    ]);
    let name = prop::sample::select(vec!["a", "b", "c", "d"]);
    (name, action, 3i64..6).prop_map(|(name, action, size)| {
        let mut toy = toy(name, action);
        if toy.new != Value::Absent {
            toy.new = size.into();
        }
        toy
    })
}

fn any_plan() -> impl Strategy<Value = Plan<Toy>> {
    prop::collection::vec(any_toy(), 0..5).prop_map(|toys| {
        let mut seen = BTreeSet::new();
        plan(toys.into_iter().filter(|toy| seen.insert(toy.name)))
    })
}

proptest! {
    /// What is left of a plan after a part of it was done never goes beyond it.
    #[test]
    fn a_narrowed_plan_replaces_and_deletes_only_what_was_approved_as_such(
        then in any_plan(), now in any_plan(),
    ) {
        let approval = approved(then.clone());
        for step in approval.narrow(now).plan().steps() {
            let approved = then.entry(&step.id()).expect("it was approved");
            match step.action {
                Action::Create => prop_assert_ne!(approved.action(), Action::Delete),
                Action::Update => {
                    prop_assert_ne!(approved.action(), Action::Delete);
                    if approved.action() == Action::Update {
                        prop_assert_eq!(&approved.change().fields[0].new, &step.new);
                    }
                }
                destructive => prop_assert_eq!(destructive, approved.action()),
            }
        }
    }

    /// Whatever resolves is shown by the approved plan as it is.
    #[test]
    fn what_resolves_is_what_was_shown(then in any_plan(), now in any_plan()) {
        let approval = approved(then.clone());
        if let Ok(resolved) = approval.resolve(now) {
            for step in resolved.plan().steps() {
                prop_assert!(then.steps().any(|shown| shown == step));
            }
        }
    }

    #[test]
    fn a_plan_does_not_differ_from_itself(plan in any_plan()) {
        prop_assert_eq!(plan.moved(&plan), vec![]);
        prop_assert_eq!(plan.moved(&plan.view()), vec![]);
    }
}
