//! What an apply does when all goes well, and when it does not.

use std::collections::BTreeSet;

use expect_test::expect;
use futures_util::FutureExt as _;
use nex_dns::{ApplyError, Desired, Outcome, Setting, Spec, Zone, apply, diff};
use nex_plan::{Approved, Event, Progress, Stop, Watch};

use crate::fake::{Fake, FakeError, Fault};
use crate::zones::{desired, existing, ours, zone};

fn approved(desired: &Desired, zone: &Zone) -> Approved {
    let linted = diff(desired, zone).linted(vec![]);
    linted.approve(&BTreeSet::new()).expect("no verdicts")
}

fn run(plan: &Approved, desired: &Desired, fake: &Fake) -> Result<Outcome, ApplyError<FakeError>> {
    apply(plan, desired, fake, fake, Watch::nobody())
        .now_or_never()
        .expect("no wait")
}

fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for (resource, action) in &outcome.done {
        text.push_str(&format!("done: {action} {resource}\n"));
    }
    for failed in &outcome.failed {
        text.push_str(&format!("failed: {}: {}\n", failed.resource, failed.error));
    }
    for (resource, because) in &outcome.skipped {
        text.push_str(&format!("skipped: {resource}: {because}\n"));
    }
    text
}

const THREE: &str = r#"records = [
    { type = "A", name = "a" }, { type = "A", name = "b" }, { type = "CNAME", name = "c", content = "example.org" },
]"#;

#[test]
fn records_and_settings_are_done_and_read_back() {
    let mut desired = desired(THREE);
    desired.settings = Setting::ALL
        .map(|setting| (setting, "on".to_owned()))
        .into();
    let fake = Fake::new(zone(vec![]));
    let outcome = run(&approved(&desired, &zone(vec![])), &desired, &fake).expect("an outcome");
    assert!(outcome.is_whole());
    expect![[r#"
        done: create dns-record a.example.com A
        done: create dns-record b.example.com A
        done: create dns-record c.example.com CNAME
        done: update zone-setting ssl_automatic_mode
        done: update zone-setting ssl
        done: update zone-setting min_tls_version
        done: update zone-setting tls_client_auth
        done: update zone-setting always_use_https
    "#]]
    .assert_eq(&text(&outcome));
    assert_eq!(fake.state().writes, 6, "one batch, five settings");
}

#[test]
fn of_a_failed_batch_nothing_is_done_and_the_record_in_the_way_is_named() {
    let desired = desired(THREE);
    let fake = Fake::new(zone(vec![]));
    fake.state().appears = Some(existing("x", "A", "c.example.com", "192.0.2.1"));
    let outcome = run(&approved(&desired, &zone(vec![])), &desired, &fake).expect("an outcome");
    expect![[r#"
        done: create dns-record a.example.com A
        done: create dns-record b.example.com A
        failed: dns-record c.example.com CNAME: a record with that host already exists (81053)
    "#]]
    .assert_eq(&text(&outcome));
    assert!(!outcome.is_whole());
    assert!(
        fake.state()
            .zone
            .records
            .iter()
            .any(|r| r.id == "x" && r.content == "192.0.2.1")
    );
}

#[test]
fn a_lost_answer_is_looked_up_and_nothing_is_done_twice() {
    let desired = desired(THREE);
    let fake = Fake::new(zone(vec![]));
    fake.state().fault = Some((0, Fault::Lose));
    let outcome = run(&approved(&desired, &zone(vec![])), &desired, &fake).expect("an outcome");
    assert!(outcome.is_whole(), "{}", text(&outcome));
    assert_eq!((outcome.done.len(), fake.state().writes), (3, 1));
}

#[test]
fn a_zone_that_has_moved_is_left_alone() {
    let desired = desired(THREE);
    let before = zone(vec![ours("1", "A", "a.example.com", "192.0.2.1")]);
    let plan = approved(&desired, &before);
    let mut now = before.clone();
    now.records[0].content = "192.0.2.99".to_owned();
    let fake = Fake::new(now);
    let error = run(&plan, &desired, &fake).expect_err("it moved");
    expect!["the zone example.com has changed since the plan was made: dns-record a.example.com A differs"].assert_eq(&error.to_string());
    assert_eq!(fake.state().writes, 0);
    // What someone did already in the plan's sense is no reason to stop.
    let mut now = before;
    now.records[0].content = "203.0.113.7".to_owned();
    let fake = Fake::new(now);
    assert!(run(&plan, &desired, &fake).expect("an outcome").is_whole());
}

#[test]
fn a_record_that_came_between_plan_and_apply_is_no_success() {
    let desired = desired(THREE);
    let plan = approved(&desired, &zone(vec![]));
    let fake = Fake::new(zone(vec![existing("x", "A", "b.example.com", "192.0.2.1")]));
    let outcome = run(&plan, &desired, &fake).expect("an outcome");
    assert!(!outcome.is_whole());
    expect![[r#"
        done: create dns-record a.example.com A
        done: create dns-record c.example.com CNAME
        failed: dns-record b.example.com A: b.example.com A 192.0.2.1 (id x) was not made by nex: it is left as it is
    "#]].assert_eq(&text(&outcome));
}

#[test]
fn an_address_may_become_known_between_plan_and_apply() {
    let spec: Spec = toml::from_str("zone = 'example.com'\nrecords = [{ type = 'A', name = 'a' }]")
        .expect("a spec");
    let with = |address: Option<&str>| {
        let address = address.map(|text| text.parse().expect("an address"));
        Desired::of(&spec, "staging", address).expect("a sound spec")
    };
    let plan = approved(&with(None), &zone(vec![]));
    let fake = Fake::new(zone(vec![]));
    let outcome = run(&plan, &with(None), &fake).expect("an outcome");
    expect![[r#"
        skipped: dns-record a.example.com A: the server's address is not known yet
    "#]]
    .assert_eq(&text(&outcome));
    assert!(!outcome.is_whole());
    let outcome = run(&plan, &with(Some("192.0.2.5")), &fake).expect("an outcome");
    assert!(outcome.is_whole());
    assert_eq!(fake.state().zone.records[0].content, "192.0.2.5");
}

#[test]
fn one_of_several_addresses_at_a_name_may_become_known_too() {
    let spec: Spec = toml::from_str(
        r#"zone = "example.com"
        records = [{ type = "A", name = "a" }, { type = "A", name = "a", content = "192.0.2.9" }]"#,
    )
    .expect("a spec");
    let with = |address: Option<&str>| {
        let address = address.map(|text| text.parse().expect("an address"));
        Desired::of(&spec, "staging", address).expect("a sound spec")
    };
    let plan = approved(&with(None), &zone(vec![]));
    let fake = Fake::new(zone(vec![]));
    let outcome = run(&plan, &with(Some("192.0.2.5")), &fake).expect("an outcome");
    expect![[r#"
        done: create dns-record a.example.com A (the server)
        done: create dns-record a.example.com A 192.0.2.9
    "#]]
    .assert_eq(&text(&outcome));
    assert!(outcome.is_whole());
}

#[test]
fn what_was_done_is_told_though_the_zone_can_not_be_read_back() {
    let desired = desired(THREE);
    let plan = approved(&desired, &zone(vec![]));
    let fake = Fake::new(zone(vec![]));
    fake.state().reads_left = Some(1);
    let error = run(&plan, &desired, &fake).expect_err("unread");
    let ApplyError::Unread { zone, outcome, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(zone, "example.com");
    assert_eq!(outcome.done.len(), 3);
    assert!(outcome.rest.is_empty() && outcome.failed.is_empty());
    // With the answer lost as well, nothing is known to be done.
    let fake = Fake::new(crate::zones::zone(vec![]));
    fake.state().reads_left = Some(1);
    fake.state().fault = Some((0, Fault::Lose));
    let error = run(&plan, &desired, &fake).expect_err("unread");
    let ApplyError::Unread { outcome, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((outcome.done.len(), outcome.failed.len()), (0, 3));
    assert_eq!(outcome.rest.actions.len(), 3);
}

/// Stops the apply as soon as it has begun.
struct StopAtOnce<'a>(&'a Stop);

impl Progress for StopAtOnce<'_> {
    fn event(&self, _: Event) {
        self.0.stop();
    }
}

#[test]
fn asked_to_stop_it_ends_the_call_that_runs_and_begins_no_other() {
    let mut desired = desired(THREE);
    desired.settings = Setting::ALL
        .map(|setting| (setting, "on".to_owned()))
        .into();
    let plan = approved(&desired, &zone(vec![]));
    let fake = Fake::new(zone(vec![]));
    let stop = Stop::default();
    let watch = Watch {
        progress: &StopAtOnce(&stop),
        stop: &stop,
    };
    let outcome = apply(&plan, &desired, &fake, &fake, watch).now_or_never();
    let outcome = outcome.expect("no wait").expect("an outcome");
    assert!(outcome.stopped && !outcome.is_whole());
    assert_eq!((outcome.done.len(), outcome.skipped.len()), (3, 5));
    assert_eq!(outcome.rest.actions.len(), 5);
    assert_eq!(fake.state().writes, 1);
}

#[test]
fn a_plan_is_cut_at_the_zones_batch_size() {
    let lines = (0..450).map(|n| format!("{{ type = 'A', name = 'n{n}' }}"));
    let mut desired = desired(&format!(
        "records = [{}]",
        lines.collect::<Vec<_>>().join(",")
    ));
    for (plan, calls) in [(nex_dns::ZonePlan::Free, 3), (nex_dns::ZonePlan::Pro, 1)] {
        desired.plan = plan;
        let fake = Fake::new(zone(vec![]));
        let outcome = run(&approved(&desired, &zone(vec![])), &desired, &fake).expect("an outcome");
        assert!(outcome.is_whole());
        assert_eq!(fake.state().writes, calls);
    }
}

#[test]
fn a_name_that_changes_its_type_stays_in_one_batch() {
    let lines = (0..199).map(|n| format!("{{ type = 'A', name = 'n{n:03}' }}"));
    let lines = lines.chain(["{ type = 'CNAME', name = 'z', content = 'example.org' }".to_owned()]);
    let desired = desired(&format!(
        "records = [{}]",
        lines.collect::<Vec<_>>().join(",")
    ));
    let before = zone(vec![ours("1", "A", "z.example.com", "192.0.2.1")]);
    let fake = Fake::new(before.clone());
    // The first batch is done; the second, with both changes of `z`, never begins.
    fake.state().fault = Some((1, Fault::CrashBefore));
    let plan = approved(&desired, &before);
    assert!(
        apply(&plan, &desired, &fake, &fake, Watch::nobody())
            .now_or_never()
            .is_none()
    );
    let names = fake
        .state()
        .zone
        .records
        .iter()
        .filter(|r| r.name == "z.example.com")
        .count();
    assert_eq!(names, 1);
    assert!(run(&plan, &desired, &fake).is_ok_and(|outcome| outcome.is_whole()));
}
