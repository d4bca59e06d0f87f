//! What holds for every zone and every spec.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use nex_dns::{Desired, Existing, RecordType, Setting, Zone, apply, content, diff, mark};
use nex_plan::Watch;
use proptest::prelude::*;

use crate::fake::{Fake, Fault};
use crate::zones::{desired, existing, zone};

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
fn sound(lines: Vec<String>) -> Vec<String> {
    let parse = |lines: &[String]| {
        toml::from_str::<nex_dns::Spec>(&format!(
            "zone = 'example.com'\nrecords = [{}]",
            lines.join(",")
        ))
        .expect("a spec")
    };
    let mut kept: Vec<String> = vec![];
    for line in lines {
        kept.push(line);
        if !parse(&kept).problems("staging").is_empty() {
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
        owner in prop::sample::select(vec!["staging", "staging", "prod", ""]),
        ttl in prop_oneof![Just(1u32), Just(60u32)],
        proxied in any::<bool>(),
    ) -> Existing {
        let comment = match owner {
            "" => None,
            owner => Some(mark(owner)),
        };
        Existing { ttl, proxied: proxied && matches!(kind, "A" | "AAAA" | "CNAME"), comment, ..existing("", kind, name, content) }
    }
}

/// A zone as Cloudflare lets it be: nothing twice, no CNAME beside an address.
fn possible(records: Vec<Existing>) -> Zone {
    let mut kept: Vec<Existing> = vec![];
    for (at, mut record) in records.into_iter().enumerate() {
        record.id = format!("r{at}");
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
        .filter(|r| r.environment() != Some("staging") || r.known().is_none());
    theirs.map(|record| format!("{record:?}")).collect()
}

fn desired_of(lines: &[String]) -> Desired {
    desired(&format!("records = [{}]", lines.join(",")))
}

proptest! {
    #[test]
    fn apply_then_plan_is_empty_and_what_is_not_ours_stays_as_it_was(
        wanted in prop::collection::vec(wanted(), 0..8),
        there in prop::collection::vec(there(), 0..10),
    ) {
        let desired = desired_of(&sound(wanted));
        let before = possible(there);
        let plan = diff(&desired, &before);
        let fake = Fake::new(before.clone());
        let approved = plan.linted(vec![]).approve(&BTreeSet::new()).expect("no verdict");
        let outcome = apply(&approved, &desired, &fake, &fake, Watch::nobody()).now_or_never().expect("no wait");
        let outcome = outcome.expect("an outcome");
        prop_assert!(outcome.is_whole(), "{:?} {:?} {:?}", outcome.failed, outcome.skipped, outcome.rest);
        let after = fake.state().zone.clone();
        prop_assert!(diff(&desired, &after).is_empty());
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
        let mut desired = desired_of(&sound(wanted));
        desired.settings = Setting::ALL.map(|setting| (setting, "on".to_owned())).into();
        let before = possible(there);
        let fake = Fake::new(before.clone());
        fake.state().fault = Some((at, fault));
        for _ in 0..2 {
            let zone = fake.state().zone.clone();
            let approved = diff(&desired, &zone).linted(vec![]).approve(&BTreeSet::new()).expect("no verdict");
            let _ = apply(&approved, &desired, &fake, &fake, Watch::nobody()).now_or_never();
            fake.state().fault = None;
        }
        let after = fake.state().zone.clone();
        prop_assert!(diff(&desired, &after).is_empty());
        prop_assert_eq!(foreign(&before), foreign(&after));
    }

    #[test]
    fn order_never_matters(
        wanted in prop::collection::vec(wanted(), 0..8),
        there in prop::collection::vec(there(), 0..10),
        turns in 0usize..8,
    ) {
        let mut lines = sound(wanted);
        let mut zone = possible(there);
        let plan = diff(&desired_of(&lines), &zone);
        let turn = turns % lines.len().max(1);
        lines.rotate_left(turn);
        zone.records.reverse();
        prop_assert_eq!(plan, diff(&desired_of(&lines), &zone));
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
        let once = content(kind, &text);
        prop_assert_eq!(content(kind, &once), once);
    }
}
