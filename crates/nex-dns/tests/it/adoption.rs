//! Taking over a record that someone made by hand.

use expect_test::expect;
use nex_dns::zone::ObservedRecord;
use nex_dns::{Goal, RecordId, mark};
use nex_plan::{Planned, Renderer};

use crate::zones::{existing, snapshot, spec, zone};

#[test]
fn adopting_sets_the_mark_and_says_what_the_next_plan_does() {
    let spec = spec(r#"records = [{ type = "A", name = "gitlab" }, { type = "A", name = "web" }]"#);
    let mut here = existing("1", "A", "gitlab.example.com", "203.0.113.7");
    here.comment = Some("by hand".to_owned());
    let snapshot = snapshot(
        &spec,
        &zone(vec![
            here,
            existing("2", "CNAME", "web.example.com", "example.org"),
            existing("3", "MX", "example.com", "mx.example.org"),
        ]),
    );
    let adopt = |id: &str| {
        let server = Some(std::net::Ipv4Addr::new(203, 0, 113, 7));
        match snapshot.adoption(&RecordId::new(id), server) {
            Some(adoption) => {
                let then = adoption.then.as_ref().map(Planned::change);
                let then = then.map(|change| format!("then: {} {}\n", change.action, change.id));
                Renderer::plain().linted(&adoption.plan) + &then.unwrap_or_default()
            }
            None => "nothing to adopt\n".to_owned(),
        }
    };
    expect![[r#"
        ~ update  dns-record gitlab.example.com A
            comment: "by hand" -> "by hand; managed by nex (nex-staging)"

        nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        then: update dns-record gitlab.example.com A
    "#]]
    .assert_eq(&adopt("1"));
    expect![[r#"
        ~ update  dns-record web.example.com CNAME
            comment: (none) -> "managed by nex (nex-staging)"

        nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        then: delete dns-record web.example.com CNAME
    "#]]
    .assert_eq(&adopt("2"));
    // A spec can't contain MX records, and no record has the id 4.
    for id in ["3", "4"] {
        assert_eq!(adopt(id), "nothing to adopt\n");
    }
}

#[test]
fn adopting_a_record_whose_comment_has_no_room_for_the_mark_is_refused() {
    let mut told = existing("1", "A", "a.example.com", "192.0.2.1");
    told.comment = Some("x".repeat(80));
    let records = [RecordId::new("1")].into();
    let linted = snapshot(&spec(""), &zone(vec![told])).plan(&Goal::Adopt { records });
    expect![[r#"
        refused[comment-too-long] dns-record a.example.com A: with nex's mark the comment has 110 characters: Cloudflare allows 100 on this plan
          hint: shorten the record's own comment at Cloudflare by 10 characters
    "#]]
    .assert_eq(&(Renderer::plain().finding(&linted.findings()[0]) + "\n"));
    assert!(linted.approve(&[].into()).is_err());
}

/// The adoption of everything in the zone, as an operator sees it, then what the next plan does.
fn all(records: Vec<ObservedRecord>, text: &str, older: Option<&str>) -> String {
    let server = Some(std::net::Ipv4Addr::new(203, 0, 113, 7));
    let adoptions = snapshot(&spec(text), &zone(records)).adoptions(server, older);
    let then = adoptions.then.iter().map(Planned::change);
    let then = then.map(|change| format!("then: {} {}\n", change.action, change.id));
    Renderer::plain().linted(&adoptions.plan) + &then.collect::<String>()
}

fn marked(record: ObservedRecord, deployment: &str) -> ObservedRecord {
    ObservedRecord {
        comment: Some(mark(deployment)),
        ..record
    }
}

const TWO: &str = r#"records = [{ type = "A", name = "gitlab" }, { type = "TXT", name = "txt", content = "here" }]"#;

#[test]
fn everything_in_the_way_of_the_spec_is_adopted_and_nothing_else() {
    let records = vec![
        existing("1", "A", "gitlab.example.com", "192.0.2.1"),
        existing("2", "TXT", "txt.example.com", "\"here\""),
        existing("3", "TXT", "txt.example.com", "\"of others\""),
        existing("4", "A", "ftp.example.com", "192.0.2.2"),
        existing("5", "MX", "gitlab.example.com", "mx.example.org"),
    ];
    expect![[r#"
        ~ update  dns-record gitlab.example.com A
            comment: (none) -> "managed by nex (nex-staging)"

        ~ update  dns-record txt.example.com TXT
            comment: (none) -> "managed by nex (nex-staging)"

        nex-staging: 0 to create, 2 to update, 0 to replace, 0 to delete
        then: update dns-record gitlab.example.com A
    "#]]
    .assert_eq(&all(records, TWO, None));
    expect![[r#"
        no changes: nex-staging matches its spec
    "#]]
    .assert_eq(&all(vec![], TWO, None));
}

#[test]
fn a_record_of_another_type_in_the_way_is_adopted_to_be_replaced() {
    let records = vec![existing("1", "CNAME", "gitlab.example.com", "example.org")];
    expect![[r#"
        ~ update  dns-record gitlab.example.com CNAME
            comment: (none) -> "managed by nex (nex-staging)"

        nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        then: create dns-record gitlab.example.com A
        then: delete dns-record gitlab.example.com CNAME
    "#]]
    .assert_eq(&all(records, TWO, None));
}

#[test]
fn a_record_of_another_deployment_stays_and_the_deployment_s_own_older_mark_does_not() {
    let record = existing("1", "A", "gitlab.example.com", "203.0.113.7");
    let theirs = || vec![marked(record.clone(), "other-staging")];
    expect![[r#"
        warning[other-deployment] dns-record gitlab.example.com A: gitlab.example.com A 203.0.113.7 (id 1) belongs to the deployment other-staging: nex leaves the record as it is
          hint: choose another name, or adopt the record by its id
        no changes: nex-staging matches its spec
    "#]].assert_eq(&all(theirs(), TWO, Some("staging")));
    let older = || vec![marked(record.clone(), "staging")];
    expect![[r#"
        ~ update  dns-record gitlab.example.com A
            comment: "managed by nex (staging)" -> "managed by nex (nex-staging)"

        nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&all(older(), TWO, Some("staging")));
    assert!(all(older(), TWO, None).contains("belongs to the deployment staging"));
}

#[test]
fn of_more_records_than_the_spec_asks_for_none_is_adopted() {
    let first = existing("1", "A", "gitlab.example.com", "192.0.2.1");
    let second = existing("2", "A", "gitlab.example.com", "192.0.2.2");
    expect![[r#"
        refused[ambiguous] dns-record gitlab.example.com A: 2 records have this name, the spec asks for 1, and nex does not choose between them: 1 (192.0.2.1), 2 (192.0.2.2)
          hint: find out which of them serves; adopt that one by its id, and delete the others
        no changes, but nex-staging does not match its spec: 1 refused
    "#]].assert_eq(&all(vec![first.clone(), second.clone()], TWO, None));
    let own = marked(second.clone(), "nex-staging");
    assert!(all(vec![first.clone(), own], TWO, None).contains("refused[ambiguous]"));
    let both = r#"records = [{ type = "A", name = "gitlab", content = "192.0.2.1" }, { type = "A", name = "gitlab", content = "192.0.2.3" }]"#;
    expect![[r#"
        ~ update  dns-record gitlab.example.com A 192.0.2.1
            comment: (none) -> "managed by nex (nex-staging)"

        ~ update  dns-record gitlab.example.com A 192.0.2.2
            comment: (none) -> "managed by nex (nex-staging)"

        nex-staging: 0 to create, 2 to update, 0 to replace, 0 to delete
        then: update dns-record gitlab.example.com A 192.0.2.3
    "#]]
    .assert_eq(&all(vec![first, second], both, None));
}

#[test]
fn what_nobody_can_own_is_named() {
    let mut worker = existing("1", "AAAA", "gitlab.example.com", "100::");
    worker.read_only = true;
    let delegated = existing("2", "NS", "txt.example.com", "ns.example.org");
    expect![[r#"
        warning[not-adoptable] dns-record gitlab.example.com AAAA: gitlab.example.com AAAA 100:: (id 1) is read-only, so nobody can change it: nex leaves the record as it is
          hint: choose another name, or remove the record in the product of Cloudflare's that keeps it, such as Workers
        warning[not-adoptable] dns-record txt.example.com NS: txt.example.com NS ns.example.org (id 2) was not made by nex: nex leaves the record as it is
          hint: choose another name: nex adopts A, AAAA, CNAME and TXT records only
        no changes: nex-staging matches its spec
    "#]].assert_eq(&all(vec![worker, delegated], TWO, None));
}
