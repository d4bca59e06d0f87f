//! What an apply does when all goes well, and when it does not.

use expect_test::expect;
use futures_util::FutureExt as _;
use nex_dns::spec::ZonePlan;
use nex_dns::step::ZoneStep;
use nex_dns::zone::Zone;
use nex_dns::{Goal, Spec, ZoneError, ZoneSnapshot};
use nex_plan::{
    ApplyReport, Approved, CancelToken, CloudError as _, Event, NoProgress, Progress, RunContext,
};

use crate::approval::approve;
use crate::fake::{Fake, Fault};
use crate::zones::{NO_SERVER, SPEC, existing, ours, snapshot, spec, zone};

fn approved(spec: &Spec, zone: &Zone) -> Approved<ZoneStep> {
    approve(snapshot(spec, zone).plan(&SPEC))
}

fn try_run(
    plan: &Approved<ZoneStep>,
    spec: &Spec,
    goal: &Goal,
    fake: &Fake,
) -> Result<ApplyReport, ZoneError> {
    let manager = fake.manager(spec);
    let applied = manager.apply(plan, goal, RunContext::detached());
    applied.now_or_never().expect("no wait")
}

fn run(plan: &Approved<ZoneStep>, spec: &Spec, fake: &Fake) -> ApplyReport {
    try_run(plan, spec, &SPEC, fake).expect("a report")
}

fn text(report: &ApplyReport) -> String {
    let mut text = String::new();
    for done in &report.done {
        text.push_str(&format!("done: {} {}\n", done.action, done.id));
    }
    for failed in &report.failed {
        text.push_str(&format!("failed: {}: {}\n", failed.id, failed.error));
    }
    for skipped in &report.skipped {
        text.push_str(&format!("skipped: {}: {}\n", skipped.id, skipped.reason));
    }
    text
}

/// Whether all was done and nothing is left.
fn is_whole(report: &ApplyReport) -> bool {
    report.is_complete() && report.remaining.is_empty()
}

const THREE: &str = r#"records = [
    { type = "A", name = "a" }, { type = "A", name = "b" }, { type = "CNAME", name = "c", content = "example.org" },
]"#;

const SETTINGS: &str = r#"
    [settings]
    ssl = "strict"
    ssl_automatic_mode = "custom"
    min_tls_version = "1.2"
    tls_client_auth = true
    always_use_https = true
"#;

#[test]
fn records_and_settings_are_done_and_read_back() {
    let spec = spec(&format!("{THREE}{SETTINGS}"));
    let fake = Fake::new(zone(vec![]));
    let report = run(&approved(&spec, &zone(vec![])), &spec, &fake);
    assert!(is_whole(&report));
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
    .assert_eq(&text(&report));
    assert_eq!(fake.state().writes, 6, "one batch, five settings");
}

#[test]
fn a_dry_run_constructs_no_writer_and_an_empty_plan_makes_no_call() {
    let spec = spec(THREE);
    let fake = Fake::new(zone(vec![]));
    let read = || fake.manager(&spec).read().now_or_never().expect("no wait");
    let plan = |snapshot: ZoneSnapshot| approve(snapshot.plan(&SPEC));
    let approved = plan(read().expect("a zone"));
    assert_eq!(fake.state().writers, 0);
    assert!(is_whole(&run(&approved, &spec, &fake)));
    assert_eq!(fake.state().writers, 1);
    let empty = plan(read().expect("a zone"));
    let reads = fake.state().reads;
    assert!(is_whole(&run(&empty, &spec, &fake)));
    assert_eq!(fake.state().reads, reads);
    assert_eq!(fake.state().writers, 1);
}

#[test]
fn of_a_failed_batch_nothing_is_done_and_the_record_in_the_way_is_named() {
    let spec = spec(THREE);
    let fake = Fake::new(zone(vec![]));
    fake.state().appears = Some(existing("x", "A", "c.example.com", "192.0.2.1"));
    let report = run(&approved(&spec, &zone(vec![])), &spec, &fake);
    expect![[r#"
        done: create dns-record a.example.com A
        done: create dns-record b.example.com A
        failed: dns-record c.example.com CNAME: a record with that host already exists (81053)
    "#]]
    .assert_eq(&text(&report));
    assert!(!is_whole(&report));
    let state = fake.state();
    let mut records = state.zone.records.iter();
    assert!(records.any(|r| r.id.as_str() == "x" && r.content == "192.0.2.1"));
}

#[test]
fn a_name_that_was_handed_over_in_the_meantime_is_named_and_the_others_are_done() {
    let spec = spec(THREE);
    let fake = Fake::new(zone(vec![]));
    fake.state().appears = Some(existing("x", "NS", "b.example.com", "ns.example.org"));
    let report = run(&approved(&spec, &zone(vec![])), &spec, &fake);
    expect![[r#"
        done: create dns-record a.example.com A
        done: create dns-record c.example.com CNAME
        failed: dns-record b.example.com A: NS records with that host already exist (81056)
    "#]]
    .assert_eq(&text(&report));
}

#[test]
fn a_name_that_workers_took_in_the_meantime_is_named_and_the_others_are_done() {
    let spec = spec(THREE);
    let fake = Fake::new(zone(vec![]));
    let mut of_workers = existing("x", "AAAA", "b.example.com", "100::");
    of_workers.read_only = true;
    fake.state().appears = Some(of_workers);
    let report = run(&approved(&spec, &zone(vec![])), &spec, &fake);
    expect![[r#"
        done: create dns-record a.example.com A
        done: create dns-record c.example.com CNAME
        failed: dns-record b.example.com A: a record managed by Workers already exists (81062)
    "#]]
    .assert_eq(&text(&report));
}

#[test]
fn a_lost_answer_is_looked_up_and_nothing_is_done_twice() {
    let spec = spec(THREE);
    let fake = Fake::new(zone(vec![]));
    fake.state().fault = Some((0, Fault::Lose));
    let report = run(&approved(&spec, &zone(vec![])), &spec, &fake);
    assert!(is_whole(&report), "{}", text(&report));
    assert_eq!((report.done.len(), fake.state().writes), (3, 1));
}

#[test]
fn a_zone_that_has_moved_is_left_alone() {
    let spec = spec(THREE);
    let before = zone(vec![ours("1", "A", "a.example.com", "192.0.2.1")]);
    let plan = approved(&spec, &before);
    let mut now = before.clone();
    now.records[0].content = "192.0.2.99".to_owned();
    let fake = Fake::new(now);
    let error = try_run(&plan, &spec, &SPEC, &fake).expect_err("the zone has moved");
    expect!["the zone example.com has changed since the plan was made: dns-record a.example.com A: content differs now"].assert_eq(&error.to_string());
    assert_eq!(
        error.hint().as_deref(),
        Some("plan again and check the new plan")
    );
    assert_eq!(fake.state().writes, 0);
    // What someone did already in the plan's sense is no reason to stop.
    let mut now = before;
    now.records[0].content = "203.0.113.7".to_owned();
    let fake = Fake::new(now);
    assert!(is_whole(&run(&plan, &spec, &fake)));
}

#[test]
fn a_record_that_came_between_plan_and_apply_is_a_failure() {
    let spec = spec(THREE);
    let plan = approved(&spec, &zone(vec![]));
    let fake = Fake::new(zone(vec![existing("x", "A", "b.example.com", "192.0.2.1")]));
    let report = run(&plan, &spec, &fake);
    assert!(!is_whole(&report));
    expect![[r#"
        done: create dns-record a.example.com A
        done: create dns-record c.example.com CNAME
        failed: dns-record b.example.com A: b.example.com A 192.0.2.1 (id x) was not made by nex: nex leaves the record as it is
    "#]].assert_eq(&text(&report));
}

#[test]
fn an_address_may_become_known_between_plan_and_apply() {
    let spec = spec("records = [{ type = 'A', name = 'a' }]");
    let plan = approve(snapshot(&spec, &zone(vec![])).plan(&NO_SERVER));
    let fake = Fake::new(zone(vec![]));
    let report = try_run(&plan, &spec, &NO_SERVER, &fake).expect("a report");
    expect![[r#"
        skipped: dns-record a.example.com A: the server's address is not known yet
    "#]]
    .assert_eq(&text(&report));
    assert!(!is_whole(&report));
    let report = run(&plan, &spec, &fake);
    assert!(is_whole(&report));
    assert_eq!(fake.state().zone.records[0].content, "203.0.113.7");
}

#[test]
fn one_of_several_addresses_at_a_name_may_become_known_too() {
    let spec = spec(
        r#"records = [{ type = "A", name = "a" }, { type = "A", name = "a", content = "192.0.2.9" }]"#,
    );
    let plan = approve(snapshot(&spec, &zone(vec![])).plan(&NO_SERVER));
    let fake = Fake::new(zone(vec![]));
    let report = run(&plan, &spec, &fake);
    expect![[r#"
        done: create dns-record a.example.com A (the server)
        done: create dns-record a.example.com A 192.0.2.9
    "#]]
    .assert_eq(&text(&report));
    assert!(is_whole(&report));
}

#[test]
fn what_was_done_is_reported_even_if_the_zone_can_not_be_read_back() {
    let spec = spec(THREE);
    let plan = approved(&spec, &zone(vec![]));
    let fake = Fake::new(zone(vec![]));
    fake.state().reads_left = Some(1);
    let report = run(&plan, &spec, &fake);
    expect!["failed to read the zone example.com: nobody answers"]
        .assert_eq(report.unread.as_deref().unwrap_or_default());
    assert!(!report.is_complete());
    assert_eq!(report.done.len(), 3);
    assert!(report.remaining.is_empty() && report.failed.is_empty());
    // With the answer lost as well, nothing is known to be done.
    let fake = Fake::new(zone(vec![]));
    fake.state().reads_left = Some(1);
    fake.state().fault = Some((0, Fault::Lose));
    let report = run(&plan, &spec, &fake);
    assert!(report.unread.is_some());
    assert_eq!((report.done.len(), report.failed.len()), (0, 3));
    assert_eq!(report.remaining.entries.len(), 3);
}

/// Cancels the apply as soon as it has started.
struct CancelAtOnce<'a>(&'a CancelToken);

impl Progress for CancelAtOnce<'_> {
    fn event(&self, _: Event) {
        self.0.cancel();
    }
}

#[test]
fn a_cancelled_apply_ends_the_call_under_way_and_starts_no_other() {
    let spec = spec(&format!("{THREE}{SETTINGS}"));
    let plan = approved(&spec, &zone(vec![]));
    let fake = Fake::new(zone(vec![]));
    let cancel = CancelToken::default();
    let context = RunContext {
        progress: &CancelAtOnce(&cancel),
        cancel: &cancel,
    };
    let manager = fake.manager(&spec);
    let report = manager.apply(&plan, &SPEC, context).now_or_never();
    let report = report.expect("no wait").expect("a report");
    assert!(report.stopped && !is_whole(&report));
    assert_eq!((report.done.len(), report.skipped.len()), (3, 5));
    assert_eq!(report.remaining.entries.len(), 5);
    assert_eq!(fake.state().writes, 1);
}

#[test]
fn a_call_that_was_cancelled_while_it_waited_did_not_fail() {
    let spec = spec(&format!("{THREE}{SETTINGS}"));
    let fake = Fake::new(zone(vec![]));
    fake.state().fault = Some((0, Fault::Cancel));
    let cancel = CancelToken::default();
    let context = RunContext {
        progress: &NoProgress,
        cancel: &cancel,
    };
    let plan = approved(&spec, &zone(vec![]));
    let manager = fake.manager(&spec);
    let report = manager.apply(&plan, &SPEC, context).now_or_never();
    let report = report.expect("no wait").expect("a report");
    assert!(!report.is_complete() && report.failed.is_empty());
    expect![[r#"
        done: update zone-setting ssl_automatic_mode
        done: update zone-setting ssl
        done: update zone-setting min_tls_version
        done: update zone-setting tls_client_auth
        done: update zone-setting always_use_https
        skipped: dns-record a.example.com A: the run was cancelled during a wait: the rate limit or the next try
        skipped: dns-record b.example.com A: the run was cancelled during a wait: the rate limit or the next try
        skipped: dns-record c.example.com CNAME: the run was cancelled during a wait: the rate limit or the next try
    "#]].assert_eq(&text(&report));
    assert_eq!(report.remaining.entries.len(), 3);
}

fn addresses(count: usize) -> Vec<String> {
    let line = |n| format!("{{ type = 'A', name = 'n{n:03}' }}");
    (0..count).map(line).collect()
}

#[test]
fn a_plan_is_cut_at_the_zones_batch_size() {
    let mut spec = spec(&format!("records = [{}]", addresses(450).join(",")));
    for (plan, calls) in [(ZonePlan::Free, 3), (ZonePlan::Pro, 1)] {
        spec.plan = plan;
        let fake = Fake::new(zone(vec![]));
        let report = run(&approved(&spec, &zone(vec![])), &spec, &fake);
        assert!(is_whole(&report));
        assert_eq!(fake.state().writes, calls);
    }
}

#[test]
fn a_name_that_changes_its_type_stays_in_one_batch() {
    let mut lines = addresses(199);
    lines.push("{ type = 'CNAME', name = 'z', content = 'example.org' }".to_owned());
    let spec = spec(&format!("records = [{}]", lines.join(",")));
    let before = zone(vec![ours("1", "A", "z.example.com", "192.0.2.1")]);
    let fake = Fake::new(before.clone());
    // The first batch is done; the second, with both changes of `z`, never starts.
    fake.state().fault = Some((1, Fault::CrashBefore));
    let plan = approved(&spec, &before);
    let manager = fake.manager(&spec);
    let crashed = manager.apply(&plan, &SPEC, RunContext::detached());
    assert!(crashed.now_or_never().is_none());
    let is_z = |name: &str| name == "z.example.com";
    let state = fake.state();
    let names = state.zone.records.iter().filter(|r| is_z(&r.name)).count();
    drop(state);
    assert_eq!(names, 1);
    assert!(is_whole(&run(&plan, &spec, &fake)));
}

#[test]
fn what_others_wrote_into_the_zone_is_escaped_in_errors() {
    let spec = spec(THREE);
    let plan = approved(&spec, &zone(vec![]));
    let odd = "x\u{1b}[2J\n";
    let fake = Fake::new(zone(vec![existing(odd, "A", "b.example.com", odd)]));
    let report = run(&plan, &spec, &fake);
    assert!(!report.failed[0].error.contains(char::is_control));

    let before = zone(vec![ours("1", "A", "old.example.com", "192.0.2.1")]);
    let plan = approved(&spec, &before);
    let more = [before.records[0].clone(), ours("2", "A", odd, "192.0.2.1")];
    let fake = Fake::new(zone(more.into()));
    let error = try_run(&plan, &spec, &SPEC, &fake).expect_err("the zone has moved");
    assert!(!error.to_string().contains(char::is_control), "{error}");
}
