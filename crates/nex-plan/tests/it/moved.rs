//! Whether a plan still holds, and what it says when it does not.

use nex_plan::{Action, KeptPlan, Moved, Plan, Renderer};

use crate::toy::{Toy, plan, toy};

fn lines(moved: &[Moved]) -> Vec<String> {
    moved.iter().map(Moved::to_string).collect()
}

#[test]
fn each_difference_is_named() {
    let then = plan([
        toy("a", Action::Update),
        toy("b", Action::Create),
        toy("c", Action::Delete),
        toy("d", Action::Create),
    ]);
    let mut a = toy("a", Action::Update);
    a.old = 3.into();
    let mut c = toy("c", Action::Delete);
    c.target = Some("c-2");
    let now = plan([
        a,
        toy("b", Action::Replace),
        c.clone(),
        toy("e", Action::Create),
    ]);
    assert_eq!(
        lines(&then.moved(&now)),
        [
            "toy a: size differs now",
            "toy b: the plan says create, replace is needed now",
            "create toy e is needed now, and the plan does not list it",
            "toy d no longer needs a change",
        ]
    );
    let mut other = c.clone();
    other.target = Some("c-1");
    let moved = plan([other]).moved(&plan([c]));
    assert_eq!(lines(&moved), ["toy c is another resource now"]);
}

#[test]
fn a_change_that_is_already_done_is_not_a_conflict() {
    let moved = plan([toy("a", Action::Create)]).moved(&plan([]));
    assert_eq!(moved.len(), 1);
    assert!(!moved[0].is_conflict());
}

/// A plan that was written to a file is compared action by action.
#[test]
fn a_kept_plan_is_compared_with_what_is_needed_now() {
    let now = plan([toy("a", Action::Update), toy("b", Action::Create)]);
    let document = Renderer::plain().document(&now.clone().lint(&()));
    let json = serde_json::to_value(document).expect("JSON");
    let kept = |json: &serde_json::Value| {
        let kept: KeptPlan = serde_json::from_value(json.clone()).expect("a kept plan");
        kept.plan()
    };
    assert_eq!(kept(&json).moved(&now), []);

    let mut edited = json.clone();
    edited["actions"][0]["fields"][0]["new"] = 9.into();
    assert_eq!(
        lines(&kept(&edited).moved(&now)),
        ["toy a: size differs now"]
    );

    let mut longer = json.clone();
    let extra = longer["actions"][0]["fields"][0].clone();
    let fields = longer["actions"][0]["fields"].as_array_mut();
    fields.expect("fields").push(extra);
    assert_eq!(
        lines(&kept(&longer).moved(&now)),
        ["toy a no longer needs a change"]
    );

    let mut shorter = json;
    let actions = shorter["actions"].as_array_mut().expect("actions");
    actions.remove(0);
    assert_eq!(
        lines(&kept(&shorter).moved(&now)),
        ["update toy a is needed now, and the plan does not list it"]
    );
}

#[test]
fn nothing_moves_where_nothing_is_planned() {
    let nothing: Plan<Toy> = plan([]);
    assert_eq!(nothing.moved(&nothing), []);
}
