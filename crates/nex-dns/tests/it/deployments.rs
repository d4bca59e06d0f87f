//! Two deployments share a zone: neither changes a record of the other.

use std::collections::BTreeMap;

use nex_dns::import::import;
use nex_dns::step::ZoneStep;
use nex_dns::zone::{ObservedRecord, Zone};
use nex_dns::{Goal, RecordId, Spec, ZoneSnapshot, mark};
use nex_plan::{Linted, Planned};
use time::OffsetDateTime;

use crate::zones::{SPEC, existing, spec, zone};

/// A record that another prefix's deployment made for an environment of the same name.
fn theirs() -> ObservedRecord {
    ObservedRecord {
        comment: Some(format!("web; {}", mark("other-staging"))),
        ..existing("1", "A", "web.example.com", "192.0.2.1")
    }
}

fn plan(deployment: &str, spec: &Spec, zone: &Zone, goal: &Goal) -> Linted<ZoneStep> {
    snapshot(deployment, spec, zone).plan(goal)
}

fn snapshot(deployment: &str, spec: &Spec, zone: &Zone) -> ZoneSnapshot {
    let (zone, now) = (zone.clone(), OffsetDateTime::UNIX_EPOCH);
    ZoneSnapshot::new(spec, deployment, zone, BTreeMap::new(), now).expect("a valid spec")
}

#[test]
fn only_the_deployment_of_the_mark_changes_or_deletes_a_record() {
    let zone = zone(vec![theirs()]);
    let empty = spec("");
    let nothing = Goal::Nothing { revoke: None };
    for goal in [SPEC, nothing] {
        for (deployment, deletes) in [("nex-staging", 0), ("staging", 0), ("other-staging", 1)] {
            let linted = plan(deployment, &empty, &zone, &goal);
            assert_eq!(linted.plan().counts().delete, deletes, "{deployment}");
        }
    }
    let asked = spec("records = [{ type = 'A', name = 'web' }]");
    let linted = plan("nex-staging", &asked, &zone, &SPEC);
    assert!(linted.plan().is_empty());
    let refusal = &linted.findings()[0].message;
    assert!(refusal.contains("belongs to the deployment other-staging"));
}

#[test]
fn adopting_takes_a_record_from_another_deployment() {
    let mut zone = zone(vec![theirs()]);
    let asked =
        spec("records = [{ type = 'A', name = 'web', content = '192.0.2.1', comment = 'web' }]");
    let adoption = snapshot("nex-staging", &asked, &zone).adoption(&RecordId::new("1"), None);
    let adoption = adoption.expect("a record");
    let changes = adoption.plan.plan().entries.iter().map(Planned::change);
    let fields: Vec<_> = changes.flat_map(|change| change.fields).collect();
    assert_eq!(fields.len(), 1);
    let comment = "web; managed by nex (nex-staging)";
    assert_eq!(fields[0].new, comment.into());
    assert_eq!(adoption.then, None);

    zone.records[0].comment = Some(comment.to_owned());
    assert!(plan("nex-staging", &asked, &zone, &SPEC).plan().is_empty());
    assert!(
        plan("other-staging", &spec(""), &zone, &SPEC)
            .plan()
            .is_empty()
    );
}

#[test]
fn an_import_offers_no_record_of_another_deployment_for_adoption() {
    let there = zone(vec![
        theirs(),
        existing("2", "A", "ftp.example.com", "192.0.2.2"),
    ]);
    let imported = import(&Spec::new("example.com"), "nex-staging", &there);
    assert_eq!(imported.to_adopt, [RecordId::new("2")]);
}
