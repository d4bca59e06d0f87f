//! A provider with one kind of resource.

use nex_plan::{
    Action, Approved, FieldChange, Finding, Lint, Plan, PlanEntry, Planned, Remedy, ResourceId,
    Severity, Step, Value,
};

/// A change of one resource with one field, `size`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Toy {
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    pub(crate) old: Value,
    pub(crate) new: Value,
    pub(crate) target: Option<&'static str>,
}

/// A toy of unknown size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Later(pub(crate) Toy);

impl PlanEntry for Toy {
    fn id(&self) -> ResourceId {
        ResourceId::new("toy", self.name)
    }

    fn action(&self) -> Action {
        self.action
    }

    fn fields(&self) -> Vec<FieldChange> {
        let field = FieldChange::new("size", self.old.clone(), self.new.clone());
        if self.old == self.new {
            vec![]
        } else {
            vec![field]
        }
    }

    fn target(&self) -> Option<&str> {
        self.target
    }
}

impl PlanEntry for Later {
    fn id(&self) -> ResourceId {
        self.0.id()
    }

    fn action(&self) -> Action {
        self.0.action
    }

    fn fields(&self) -> Vec<FieldChange> {
        let later = Value::Later("the first step".into());
        vec![FieldChange::new("size", self.0.old.clone(), later)]
    }
}

impl Step for Toy {
    type Deferred = Later;
}

impl Lint for Toy {
    type Context<'a> = ();

    /// Each deletion is refused, and each update is warned of.
    fn lint(plan: &Plan<Self>, (): &()) -> Vec<Finding> {
        let finding = |entry: &Planned<Self>| {
            let (severity, code) = match entry.action() {
                Action::Delete => (Severity::Deny, "deletes"),
                Action::Update => (Severity::Warning, "updates"),
                Action::Create | Action::Replace => return None,
            };
            let finding = Finding::new(severity, code, entry.id(), "a toy", Remedy::Allow);
            Some(finding)
        };
        plan.entries.iter().filter_map(finding).collect()
    }
}

pub(crate) fn toy(name: &'static str, action: Action) -> Toy {
    let (old, new) = match action {
        Action::Create => (Value::Absent, 1.into()),
        Action::Update | Action::Replace => (2.into(), 1.into()),
        Action::Delete => (2.into(), Value::Absent),
    };
    Toy {
        name,
        action,
        old,
        new,
        target: None,
    }
}

pub(crate) fn plan(steps: impl IntoIterator<Item = Toy>) -> Plan<Toy> {
    let mut plan = Plan::new("staging");
    for step in steps {
        plan.push(step);
    }
    plan
}

/// The plan with everything allowed by name.
pub(crate) fn approved(plan: Plan<Toy>) -> Approved<Toy> {
    let linted = plan.lint(&());
    let allow = linted.denials().map(Finding::allowance).collect();
    linted.approve(&allow).expect("all is allowed")
}
