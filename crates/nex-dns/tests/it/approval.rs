//! An apply executes what was approved, and nothing else.

use expect_test::expect;
use futures_util::FutureExt as _;
use nex_dns::certificate::RevokeScope;
use nex_dns::step::ZoneStep;
use nex_dns::zone::Zone;
use nex_dns::{Goal, RecordId, Spec};
use nex_plan::{Approved, Finding, Linted, RunContext};

use crate::fake::Fake;
use crate::zones::{NO_SERVER, SPEC, existing, ours, snapshot, spec, zone};

/// Approves a plan by allowing all that stops it by name.
pub(crate) fn approve(linted: Linted<ZoneStep>) -> Approved<ZoneStep> {
    let allow = linted.denials().map(Finding::allowance).collect();
    linted.approve(&allow).expect("every denial is allowed")
}

fn plan(spec: &Spec, zone: &Zone, goal: &Goal) -> Approved<ZoneStep> {
    approve(snapshot(spec, zone).plan(goal))
}

/// What an apply refuses to do, after checking that it did nothing.
fn refusal(plan: &Approved<ZoneStep>, spec: &Spec, goal: &Goal, zone: &Zone) -> String {
    let fake = Fake::new(zone.clone());
    let manager = fake.manager(spec);
    let applied = manager.apply(plan, goal, RunContext::detached());
    let refused = applied.now_or_never().expect("no wait");
    let writers = fake.state().writers;
    assert_eq!(writers, 0, "without a writer nothing is changed");
    refused.expect_err("a refusal").to_string()
}

#[test]
fn a_deferred_record_resolves_to_the_create_that_was_listed_and_to_no_other() {
    let asked = spec("records = [{ type = 'A', name = 'a' }]");
    let empty = zone(vec![]);
    let approved = plan(&asked, &empty, &NO_SERVER);
    assert_eq!(approved.plan().steps().count(), 0, "the create is deferred");

    let fake = Fake::new(empty.clone());
    let manager = fake.manager(&asked);
    let applied = manager.apply(&approved, &SPEC, RunContext::detached());
    let report = applied.now_or_never().expect("no wait").expect("a report");
    let done: Vec<String> = report.done.iter().map(|done| done.id.to_string()).collect();
    assert_eq!(done, ["dns-record a.example.com A"]);

    let two = spec("records = [{ type = 'A', name = 'a' }, { type = 'A', name = 'b' }]");
    expect!["the zone example.com has changed since the plan was made: create dns-record b.example.com A is needed now, and the plan does not list it"]
        .assert_eq(&refusal(&approved, &two, &SPEC, &empty));
    let other = spec("records = [{ type = 'A', name = 'a', proxied = true }]");
    expect!["the zone example.com has changed since the plan was made: dns-record a.example.com A: proxied differs now"]
        .assert_eq(&refusal(&approved, &other, &SPEC, &empty));
    // A create that was approved is not an approval to change a record that exists by now.
    let exists = zone(vec![ours("1", "A", "a.example.com", "192.0.2.1")]);
    expect!["the zone example.com has changed since the plan was made: dns-record a.example.com A: the plan says create, update is needed now"]
        .assert_eq(&refusal(&approved, &asked, &SPEC, &exists));
}

#[test]
fn a_plan_for_one_goal_can_not_apply_another() {
    let spec = spec("records = [{ type = 'A', name = 'a' }, { type = 'A', name = 'b' }]");
    let there = zone(vec![
        ours("1", "A", "a.example.com", "192.0.2.1"),
        existing("2", "A", "c.example.com", "192.0.2.1"),
    ]);
    let nothing = Goal::Nothing {
        revoke: Some(RevokeScope::All),
    };
    let adopt = Goal::Adopt {
        records: [RecordId::new("2")].into(),
    };
    let update_and_create = plan(&spec, &there, &SPEC);
    expect!["the zone example.com has changed since the plan was made: dns-record a.example.com A: the plan says update, delete is needed now"]
        .assert_eq(&refusal(&update_and_create, &spec, &nothing, &there));
    expect!["the zone example.com has changed since the plan was made: update dns-record c.example.com A is needed now, and the plan does not list it"]
        .assert_eq(&refusal(&update_and_create, &spec, &adopt, &there));
    let delete = plan(&spec, &there, &nothing);
    expect!["the zone example.com has changed since the plan was made: dns-record a.example.com A: the plan says delete, update is needed now; create dns-record b.example.com A is needed now, and the plan does not list it"]
        .assert_eq(&refusal(&delete, &spec, &SPEC, &there));
    let adoption = plan(&spec, &there, &adopt);
    assert!(refusal(&adoption, &spec, &nothing, &there).contains("delete"));
}

#[test]
fn another_record_under_the_same_name_is_not_the_one_that_was_approved() {
    let spec = spec("");
    let before = zone(vec![ours("1", "A", "old.example.com", "192.0.2.1")]);
    let delete = plan(&spec, &before, &SPEC);
    let mut now = before;
    now.records[0].id = RecordId::new("2");
    expect!["the zone example.com has changed since the plan was made: dns-record old.example.com A is another resource now"]
        .assert_eq(&refusal(&delete, &spec, &SPEC, &now));
}
