//! What holds for every zone and every spec.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use nex_dns::record::canonical_content;
use nex_dns::spec::RecordType;
use nex_dns::zone::{ObservedRecord, Zone};
use nex_dns::{RecordId, Spec, mark};
use nex_plan::{Plan, RunContext};
use proptest::prelude::*;

use crate::approval::approve;
use crate::fake::{Fake, Fault};
use crate::zones::{SPEC, existing, snapshot, spec, zone};

const NAMES: [&str; 5] = ["a", "b", "@", "*", "bücher"];

/// A record's type and content; few of each, so that they meet.
fn kind_and_content() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        Just(("A", "192.0.2.1")),
        Just(("A", "192.0.2.2")),
        Just(("AAAA", "2001:db8::1")),
        Just(("CNAME", "target.example.org")),
        Just(("TXT", "one \"text\"")),
        Just(("TXT", "two")),
    ]
}

prop_compose! {
    fn wanted()(
        name in prop::sample::select(&NAMES[..]),
        (kind, content) in kind_and_content(),
        proxied in any::<bool>(),
        ttl in prop_oneof![Just(1u32), Just(300u32)],
    ) -> String {
        let proxied = proxied && kind != "TXT";
        let ttl = if proxied { 1 } else { ttl };
        format!("{{ type = '{kind}', name = '{name}', content = '{content}', proxied = {proxied}, ttl = {ttl} }}")
    }
}

/// What a spec may hold together: each record once, a CNAME alone.
fn valid(lines: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = vec![];
    for line in lines {
        kept.push(line);
        if !spec_of(&kept).validate("nex-staging").is_empty() {
            kept.pop();
        }
    }
    kept
}

prop_compose! {
    fn there()(
        name in prop::sample::select(vec!["a.example.com", "B.example.com", "example.com", "*.example.com", "xn--bcher-kva.example.com", "c.example.com"]),
        (kind, content) in prop_oneof![
            kind_and_content(),
            Just(("MX", "mx.example.org")),
            Just(("HTTPS", "1 . alpn=h2")),
        ],
        owner in prop::sample::select(vec!["nex-staging", "nex-staging", "nex-prod", ""]),
        ttl in prop_oneof![Just(1u32), Just(60u32)],
        proxied in any::<bool>(),
    ) -> ObservedRecord {
        let comment = match owner {
            "" => None,
            owner => Some(mark(owner)),
        };
        ObservedRecord { ttl, proxied: proxied && matches!(kind, "A" | "AAAA" | "CNAME"), comment, ..existing("", kind, name, content) }
    }
}

/// A zone as Cloudflare lets it be: nothing twice, no CNAME beside an address.
fn possible(records: Vec<ObservedRecord>) -> Zone {
    let mut kept: Vec<ObservedRecord> = vec![];
    for (at, mut record) in records.into_iter().enumerate() {
        record.id = RecordId::new(format!("r{at}"));
        let leads = |kind: &str| ["A", "AAAA", "CNAME"].contains(&kind);
        let meets = kept
            .iter()
            .filter(|other| other.name == record.name)
            .any(|other| {
                (other.kind == record.kind && other.content == record.content)
                    || (leads(&other.kind)
                        && leads(&record.kind)
                        && (other.kind == "CNAME" || record.kind == "CNAME"))
            });
        if !meets {
            kept.push(record);
        }
    }
    zone(kept)
}

fn foreign(zone: &Zone) -> BTreeSet<String> {
    let theirs = zone
        .records
        .iter()
        .filter(|r| r.deployment() != Some("nex-staging") || r.record_type().is_none());
    theirs.map(|record| format!("{record:?}")).collect()
}

fn spec_of(lines: &[String]) -> Spec {
    spec(&format!("records = [{}]", lines.join(",")))
}

fn plan(spec: &Spec, zone: &Zone) -> Plan<nex_dns::ZoneStep> {
    snapshot(spec, zone).plan(&SPEC).plan().clone()
}

const SETTINGS: &str = r#"
    ssl = "strict"
    ssl_automatic_mode = "custom"
    min_tls_version = "1.2"
    tls_client_auth = true
    always_use_https = true
"#;

proptest! {
    #[test]
    fn apply_then_plan_is_empty_and_records_of_others_stay_as_they_were(
        wanted in prop::collection::vec(wanted(), 0..8),
        there in prop::collection::vec(there(), 0..10),
    ) {
        let spec = spec_of(&valid(wanted));
        let before = possible(there);
        let fake = Fake::new(before.clone());
        let approved = approve(snapshot(&spec, &before).plan(&SPEC));
        let manager = fake.manager(&spec);
        let report = manager.apply(&approved, &SPEC, RunContext::detached()).now_or_never();
        let report = report.expect("no wait").expect("a report");
        prop_assert!(report.is_complete() && report.remaining.is_empty(), "{report:?}");
        let after = fake.state().zone.clone();
        prop_assert!(plan(&spec, &after).is_empty());
        prop_assert_eq!(foreign(&before), foreign(&after));
    }

    /// A crash or a lost answer at any write leaves nothing that the next run does not find.
    #[test]
    fn after_a_crash_the_next_run_ends_it(
        wanted in prop::collection::vec(wanted(), 0..8),
        there in prop::collection::vec(there(), 0..10),
        at in 0usize..3,
        fault in prop::sample::select(vec![Fault::CrashBefore, Fault::CrashAfter, Fault::Lose]),
    ) {
        let mut spec = spec_of(&valid(wanted));
        spec.settings = toml::from_str(SETTINGS).expect("settings");
        let before = possible(there);
        let fake = Fake::new(before.clone());
        fake.state().fault = Some((at, fault));
        for _ in 0..2 {
            let zone = fake.state().zone.clone();
            let approved = approve(snapshot(&spec, &zone).plan(&SPEC));
            let manager = fake.manager(&spec);
            let _ = manager.apply(&approved, &SPEC, RunContext::detached()).now_or_never();
            fake.state().fault = None;
        }
        let after = fake.state().zone.clone();
        prop_assert!(plan(&spec, &after).is_empty());
        prop_assert_eq!(foreign(&before), foreign(&after));
    }

    #[test]
    fn order_never_matters(
        wanted in prop::collection::vec(wanted(), 0..8),
        there in prop::collection::vec(there(), 0..10),
        turns in 0usize..8,
    ) {
        let mut lines = valid(wanted);
        let mut zone = possible(there);
        let before = plan(&spec_of(&lines), &zone);
        let turn = turns % lines.len().max(1);
        lines.rotate_left(turn);
        zone.records.reverse();
        prop_assert_eq!(before, plan(&spec_of(&lines), &zone));
    }

    #[test]
    fn canonical_content_is_its_own(
        kind in prop::sample::select(vec![RecordType::A, RecordType::Aaaa, RecordType::Cname, RecordType::Txt]),
        text in prop_oneof![
            "\\PC{0,20}",
            "(\"[a-z\\\\ ]{0,6}\" ?){1,3}",
            "[0-9.:a-fA-F]{1,20}",
            "[a-z ]{250,600}",
        ],
    ) {
        let once = canonical_content(kind, &text);
        prop_assert_eq!(canonical_content(kind, &once), once);
    }
}
