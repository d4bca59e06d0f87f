//! What must change for what is there to become what is asked: a pure comparison.

use nex_plan::{Action, Change, Effect, FieldChange, Plan, Value};

use crate::model::{Desired, Existing, Key, Kind, Observed, OnChange, Owner, Resource};

/// The plan that leads from `observed` to `desired`.
///
/// What carries a name of ours without our tags is in no plan: see [`crate::lint`], which reports it.
pub fn diff(environment: &str, desired: &Desired, observed: &Observed) -> Plan {
    let mut plan = Plan::new(environment);
    let keys: std::collections::BTreeSet<&Key> = desired.keys().chain(observed.keys()).collect();
    for key in keys {
        let change = match (desired.get(key), observed.get(key)) {
            (Some(new), None) => Some(create(new)),
            (Some(new), Some(old)) if old.owner == Owner::Nex => update(new, &old.resource),
            (None, Some(old)) if old.owner == Owner::Nex => delete(old),
            _ => None,
        };
        plan.actions.extend(change);
    }
    follow_template(&mut plan, observed);
    plan
}

fn create(new: &Resource) -> Change {
    let fields = new.fields().into_iter().map(|field| FieldChange {
        field: field.name.to_owned(),
        old: Value::Absent,
        new: field.value,
        effect: Effect::InPlace,
    });
    Change {
        action: Action::Create,
        resource: new.key().resource_id(),
        fields: fields.collect(),
        reasons: vec![],
    }
}

/// A volume that was left over when its server went is never deleted by a plan: only `destroy` names it.
fn delete(old: &Existing) -> Option<Change> {
    if matches!(&old.resource, Resource::Volume(v) if v.instance.is_none()) {
        return None;
    }
    Some(Change {
        action: Action::Delete,
        resource: old.resource.key().resource_id(),
        fields: vec![],
        reasons: vec!["the spec no longer asks for it".into()],
    })
}

fn update(new: &Resource, old: &Resource) -> Option<Change> {
    let mut fields = vec![];
    let mut reasons = vec![];
    for (new, old) in new.fields().into_iter().zip(old.fields()) {
        if new.value == old.value {
            continue;
        }
        let effect = match new.rule {
            OnChange::AtCreation(_) => continue,
            OnChange::Grows if shrinks(&old.value, &new.value) => continue,
            OnChange::InPlace | OnChange::Grows => Effect::InPlace,
            OnChange::Restart => Effect::Restart,
            OnChange::Replace(why) => {
                reasons.push(format!("{}: {why}", new.name));
                Effect::Replace
            }
        };
        fields.push(FieldChange {
            field: new.name.to_owned(),
            old: old.value,
            new: new.value,
            effect,
        });
    }
    let action = match reasons.is_empty() {
        true => Action::Update,
        false => Action::Replace,
    };
    (!fields.is_empty()).then(|| Change {
        action,
        resource: new.key().resource_id(),
        fields,
        reasons,
    })
}

/// Whether a number that may only grow would shrink.
pub(crate) fn shrinks(old: &Value, new: &Value) -> bool {
    matches!((old, new), (Value::Integer(old), Value::Integer(new)) if new < old)
}

/// A new template version reaches its group only when the group pins it.
fn follow_template(plan: &mut Plan, observed: &Observed) {
    let makes_version = |change: &Change| {
        change.resource.kind == Kind::LaunchTemplate.as_str()
            && change.action != Action::Delete
            && change.fields.iter().any(|f| f.field != "tags")
    };
    let templates: Vec<String> = plan
        .actions
        .iter()
        .filter(|c| makes_version(c))
        .map(|c| c.resource.name.clone())
        .collect();
    for (key, existing) in observed {
        let Resource::AutoScalingGroup(group) = &existing.resource else {
            continue;
        };
        if existing.owner != Owner::Nex || !templates.contains(&group.template) {
            continue;
        }
        let field = FieldChange::in_place(
            "launch_template_version",
            "newest",
            Value::Later(format!("the new version of {}", group.template)),
        );
        pin(plan, key, field);
    }
}

fn pin(plan: &mut Plan, key: &Key, field: FieldChange) {
    let id = key.resource_id();
    match plan.actions.iter_mut().find(|c| c.resource == id) {
        Some(change) if change.action == Action::Update => {
            change.fields.retain(|f| f.field != field.field);
            change.fields.push(field);
        }
        Some(_) => {}
        None => {
            plan.push(Change {
                action: Action::Update,
                resource: id,
                fields: vec![field],
                reasons: vec![],
            });
            plan.actions.sort_by_key(|change| {
                let kind = Kind::parse(&change.resource.kind);
                (kind, change.resource.name.clone())
            });
        }
    }
}
