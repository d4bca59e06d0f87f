//! The work of a plan grows with the number of records, and not with its square.
//!
//! In a debug build each plan here takes about a second. A comparison of all records with all others takes minutes, so
//! the limit also holds on a busy machine.

use std::time::{Duration, Instant};

use nex_dns::import::import;
use nex_dns::spec::{Hosts, RecordType};
use nex_dns::zone::{ObservedRecord, Zone};
use nex_dns::{RecordId, Spec, ZoneStep};
use nex_plan::Linted;

use crate::zones::{SPEC, existing, ours, record, snapshot, spec, zone};

const RECORDS: usize = 4_000;

const LIMIT: Duration = Duration::from_secs(10);

fn name(n: usize) -> String {
    format!("n{n}.example.com")
}

fn address(n: usize) -> String {
    format!("10.0.{}.{}", n / 256, n % 256)
}

/// As many records as the test is about, with their ids.
fn many(of: impl Fn(&str, usize) -> ObservedRecord) -> Vec<ObservedRecord> {
    (0..RECORDS).map(|n| of(&n.to_string(), n)).collect()
}

/// An address for each name.
fn asked(name: impl Fn(usize) -> String) -> Spec {
    let mut spec = spec("");
    let asked = |n| record(RecordType::A, &name(n), &address(n));
    spec.records = (0..RECORDS).map(asked).collect();
    spec
}

fn plan_in_time(
    spec: &Spec,
    own: Vec<ObservedRecord>,
    others: Vec<ObservedRecord>,
) -> Linted<ZoneStep> {
    let others = others.into_iter().map(|other| ObservedRecord {
        id: RecordId::new(format!("other{}", other.id)),
        ..other
    });
    let zone: Zone = zone(own.into_iter().chain(others).collect());
    let started = Instant::now();
    let linted = snapshot(spec, &zone).plan(&SPEC);
    spec.warnings(Hosts::default());
    import(&Spec::new("example.com"), "nex-staging", &zone);
    let elapsed = started.elapsed();
    assert!(elapsed < LIMIT, "{elapsed:?}");
    linted
}

#[test]
fn beside_as_many_records_of_others() {
    let own = many(|id, n| ours(id, "A", &name(n), &address(n)));
    let others = many(|id, n| existing(id, "A", &format!("www.{}", name(n)), &address(n)));
    let linted = plan_in_time(&asked(name), own, others);
    assert!(linted.plan().is_empty());
    assert_eq!(linted.findings(), []);
}

#[test]
fn with_a_conflict_at_each_name() {
    let others = many(|id, n| existing(id, "CNAME", &name(n), "example.org"));
    let linted = plan_in_time(&asked(name), vec![], others);
    assert!(linted.plan().is_empty());
    assert_eq!(linted.denials().count(), RECORDS);
}

#[test]
fn with_all_records_at_one_name() {
    let at_one = |_: usize| name(0);
    let own = many(|id, n| ours(id, "A", &name(0), &address(n + 1)));
    let others = many(|id, n| existing(id, "TXT", &name(0), &n.to_string()));
    let linted = plan_in_time(&asked(at_one), own, others);
    assert_eq!(linted.plan().counts().update, 1);
    assert_eq!(linted.findings().len(), RECORDS, "each text stays beside");

    let others = many(|id, n| existing(id, "A", &name(0), &address(n)));
    let linted = plan_in_time(&asked(at_one), vec![], others);
    assert_eq!(linted.denials().count(), RECORDS, "each once");
}
