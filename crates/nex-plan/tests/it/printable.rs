//! No text of a provider reaches the terminal as anything but text.

use std::collections::BTreeMap;

use nex_plan::{
    Action, Change, Detail, Digest, FieldChange, Finding, Plan, Remedy, Renderer, ResourceId,
    Severity, Subject, UpdateBehavior, Value,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// Text with many characters that a terminal executes.
fn text() -> impl Strategy<Value = String> {
    let executed = prop::sample::select(vec!['\u{1b}', '\n', '\r', '\u{7f}', '\u{9b}', '\0', 'a']);
    vec(prop_oneof![executed, any::<char>()], 0..6).prop_map(String::from_iter)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Absent),
        Just(Value::Hidden),
        text().prop_map(Value::Text),
        text().prop_map(Value::Later),
        text().prop_map(|sha256| Value::Digest(Digest { bytes: 1, sha256 })),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::List),
            btree_map(text(), inner, 0..3).prop_map(|map: BTreeMap<String, Value>| Value::Map(map)),
        ]
    })
}

fn field() -> impl Strategy<Value = FieldChange> {
    (text(), value(), value()).prop_map(|(field, old, new)| FieldChange {
        effect: UpdateBehavior::SomeInterruption,
        ..FieldChange::new(field, old, new)
    })
}

fn change(action: Action) -> impl Strategy<Value = Change> {
    (text(), text(), vec(field(), 0..4), vec(text(), 0..3)).prop_map(
        move |(kind, name, fields, reasons)| Change {
            action,
            id: ResourceId::new(kind, name),
            fields,
            reasons,
        },
    )
}

fn plan() -> impl Strategy<Value = Plan<Change>> {
    let changes = (
        change(Action::Create),
        change(Action::Update),
        change(Action::Replace),
        change(Action::Delete),
    );
    (text(), changes).prop_map(|(environment, (create, update, replace, delete))| {
        let mut plan = Plan::new(environment);
        for change in [create, update, replace, delete] {
            plan.push(change);
        }
        plan
    })
}

fn finding() -> impl Strategy<Value = Finding> {
    let remedy = prop_oneof![
        Just(Remedy::Allow),
        text().prop_map(Remedy::Text),
        text().prop_map(|id| Remedy::Adopt { kind: "role", id }),
        (text(), value()).prop_map(|(field, value)| Remedy::Edit { field, value }),
    ];
    (text(), text(), remedy).prop_map(|(subject, message, remedy)| {
        Finding::new(
            Severity::Deny,
            "code",
            Subject::Other(subject),
            message,
            remedy,
        )
    })
}

fn renderers() -> [Renderer<'static>; 2] {
    let compact = Renderer {
        detail: Detail::Compact(&[]),
        ..Renderer::plain()
    };
    [Renderer::plain(), compact]
}

proptest! {
    #[test]
    fn a_plan_has_no_control_character_and_no_line_of_a_provider(plan in plan()) {
        let environment = nex_plan::printable(&plan.environment);
        for renderer in renderers() {
            let text = renderer.plan(&plan);
            let executed = |c: char| c.is_control() && c != '\n';
            prop_assert!(!text.contains(executed), "{text:?}");
            let starts = ["+ ", "~ ", "± ", "- ", "    ", environment.as_str()];
            for line in text.lines() {
                prop_assert!(
                    line.is_empty() || starts.iter().any(|start| line.starts_with(start)),
                    "{line:?} in {text:?}"
                );
            }
        }
    }

    #[test]
    fn a_finding_has_two_lines_without_control_characters(finding in finding()) {
        for renderer in renderers() {
            let text = renderer.finding(&finding);
            let lines: Vec<&str> = text.split('\n').collect();
            prop_assert_eq!(lines.len(), 2);
            prop_assert!(lines.iter().all(|line| !line.contains(char::is_control)), "{:?}", text);
        }
    }
}
