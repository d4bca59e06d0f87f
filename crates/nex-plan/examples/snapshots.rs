//! A provider of its own: a typed step with a rule, from the plan to its approval. The tool plans the deletion of old
//! snapshots, and its rule refuses to delete the last one.
//!
//! ```sh
//! cargo run -p nex-plan --example snapshots
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::convert::Infallible;

use nex_plan::{
    Action, Allowance, FieldChange, Finding, Lint, Plan, PlanEntry, Remedy, Renderer, ResourceId,
    Severity, Step, Value,
};

/// The deletion of one snapshot.
#[derive(Clone, Debug, PartialEq)]
struct DeleteSnapshot {
    name: &'static str,
    age_days: u32,
}

impl PlanEntry for DeleteSnapshot {
    fn id(&self) -> ResourceId {
        ResourceId::new("snapshot", self.name)
    }

    fn action(&self) -> Action {
        Action::Delete
    }

    fn fields(&self) -> Vec<FieldChange> {
        vec![FieldChange::new("age_days", self.age_days, Value::Absent)]
    }
}

impl Step for DeleteSnapshot {
    type Deferred = Infallible;
}

impl Lint for DeleteSnapshot {
    /// How many snapshots there are.
    type Context<'a> = usize;

    fn lint(plan: &Plan<Self>, total: &usize) -> Vec<Finding> {
        let last = plan
            .steps()
            .last()
            .filter(|_| plan.steps().count() == *total);
        let finding = |step: &DeleteSnapshot| {
            let message = "the last snapshot would be deleted";
            Finding::new(
                Severity::Deny,
                "last-snapshot",
                step.id(),
                message,
                Remedy::Allow,
            )
        };
        last.map(finding).into_iter().collect()
    }
}

fn main() {
    let mut plan = Plan::new("staging");
    for (name, age_days) in [("2026-11-01", 24), ("2026-11-02", 23)] {
        plan.push(DeleteSnapshot { name, age_days });
    }
    let linted = plan.lint(&2);
    print!("{}", Renderer::plain().linted(&linted));

    match linted.clone().approve(&BTreeSet::new()) {
        Ok(_) => println!("approved"),
        Err(refused) => println!("{refused}"),
    }
    let allow = BTreeSet::from([Allowance::new("last-snapshot", "snapshot 2026-11-02")]);
    let approved = linted.approve(&allow).is_ok();
    println!("once it is allowed by name, approved: {approved}");
}
