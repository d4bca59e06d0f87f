//! Plans and findings as a user sees them.

use expect_test::{Expect, expect};
use nex_dns::spec::RecordType;
use nex_dns::zone::Zone;
use nex_dns::{Goal, Setting, Spec, ZoneSnapshot, mark};
use nex_plan::Renderer;

use crate::zones::{NO_SERVER, SPEC, existing, ours, record, snapshot, spec, zone};

fn check(spec: &Spec, zone: &Zone, expected: Expect) {
    check_goal(spec, zone, &SPEC, expected);
}

fn check_goal(spec: &Spec, zone: &Zone, goal: &Goal, expected: Expect) {
    let linted = snapshot(spec, zone).plan(goal);
    expected.assert_eq(&Renderer::plain().linted(&linted));
}

const REFERENCE: &str = r#"
    records = [
        { type = "A", name = "gitlab", proxied = true },
        { type = "A", name = "registry", proxied = true, comment = "images" },
        { type = "A", name = "ssh-gitlab" },
    ]
"#;

const SETTINGS: &str = r#"
    [settings]
    ssl = "strict"
    ssl_automatic_mode = "custom"
    min_tls_version = "1.2"
    always_use_https = true
"#;

#[test]
fn a_new_zone_gets_all() {
    let mut zone = zone(vec![]);
    zone.settings = [
        (Setting::Ssl, "full".to_owned()),
        (Setting::MinTlsVersion, "1.2".to_owned()),
    ]
    .into();
    check(
        &spec(&format!("{REFERENCE}\n{SETTINGS}")),
        &zone,
        expect![[r#"
        + create  dns-record gitlab.example.com A
            content: "203.0.113.7"
            ttl: 1
            proxied: true
            comment: "managed by nex (nex-staging)"

        + create  dns-record registry.example.com A
            content: "203.0.113.7"
            ttl: 1
            proxied: true
            comment: "images; managed by nex (nex-staging)"

        + create  dns-record ssh-gitlab.example.com A
            content: "203.0.113.7"
            ttl: 1
            proxied: false
            comment: "managed by nex (nex-staging)"

        ~ update  zone-setting ssl_automatic_mode
            value: (none) -> "custom"

        ~ update  zone-setting ssl
            value: "full" -> "strict"

        ~ update  zone-setting always_use_https
            value: (none) -> "on"

        nex-staging: 3 to create, 3 to update, 0 to replace, 0 to delete
    "#]],
    );
}

#[test]
fn before_the_server_its_address_is_known_later() {
    let spec = spec("records = [{ type = 'A', name = 'gitlab', proxied = true }]");
    check_goal(
        &spec,
        &zone(vec![]),
        &NO_SERVER,
        expect![[r#"
            + create  dns-record gitlab.example.com A
                content: (known after the server has its address)
                ttl: 1
                proxied: true
                comment: "managed by nex (nex-staging)"

            nex-staging: 1 to create, 0 to update, 0 to replace, 0 to delete
        "#]],
    );
    let moved = zone(vec![ours("r1", "A", "gitlab.example.com", "198.51.100.1")]);
    check_goal(
        &spec,
        &moved,
        &NO_SERVER,
        expect![[r#"
            ~ update  dns-record gitlab.example.com A
                content: "198.51.100.1" -> (known after the server has its address)
                proxied: false -> true

            nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        "#]],
    );
}

#[test]
fn what_is_there_already_is_compared_in_canonical_form() {
    let spec = spec(
        r#"records = [
            { type = "A", name = "GitLab", content = "192.0.2.1", proxied = true },
            { type = "AAAA", name = "v6.example.com.", content = "2001:0DB8:0:0::1", ttl = 300 },
            { type = "CNAME", name = "bücher", content = "Example.ORG." },
            { type = "TXT", name = "@", content = "v=spf1 -all" },
        ]"#,
    );
    let mut proxied = ours("1", "A", "gitlab.example.com", "192.0.2.1");
    (proxied.proxied, proxied.ttl) = (true, 300);
    let mut v6 = ours("2", "AAAA", "V6.example.com", "2001:db8::1");
    v6.ttl = 300;
    let zone = zone(vec![
        proxied,
        v6,
        ours("3", "CNAME", "xn--bcher-kva.example.com", "example.org"),
        ours("4", "TXT", "example.com", r#""v=spf1" " -all""#),
    ]);
    check(
        &spec,
        &zone,
        expect![[r#"
            no changes: nex-staging matches its spec
        "#]],
    );
}

#[test]
fn fields_change_where_they_stand_and_a_type_by_delete_and_create() {
    let spec = spec(
        r#"records = [
            { type = "A", name = "a", proxied = true, comment = "web" },
            { type = "CNAME", name = "b", content = "a.example.com" },
            { type = "A", name = "many", content = "192.0.2.1" },
            { type = "A", name = "many", content = "192.0.2.3", ttl = 60 },
        ]"#,
    );
    let mut a = ours("1", "A", "a.example.com", "198.51.100.1");
    a.ttl = 300;
    let zone = zone(vec![
        a,
        ours("2", "A", "b.example.com", "198.51.100.1"),
        ours("3", "A", "many.example.com", "192.0.2.2"),
        ours("4", "A", "many.example.com", "192.0.2.1"),
        ours("5", "TXT", "old.example.com", "\"x\""),
    ]);
    check(
        &spec,
        &zone,
        expect![[r#"
        ~ update  dns-record a.example.com A
            content: "198.51.100.1" -> "203.0.113.7"
            ttl: 300 -> 1
            proxied: false -> true
            comment: "managed by nex (nex-staging)" -> "web; managed by nex (nex-staging)"

        - delete  dns-record b.example.com A
            because the spec no longer asks for it
            content: "198.51.100.1"
            ttl: 1
            proxied: false
            comment: "managed by nex (nex-staging)"

        + create  dns-record b.example.com CNAME
            content: "a.example.com"
            ttl: 1
            proxied: false
            comment: "managed by nex (nex-staging)"

        ~ update  dns-record many.example.com A 192.0.2.3
            content: "192.0.2.2" -> "192.0.2.3"
            ttl: 1 -> 60

        - delete  dns-record old.example.com TXT
            because the spec no longer asks for it
            content: "\"x\""
            ttl: 1
            proxied: false
            comment: "managed by nex (nex-staging)"

        nex-staging: 1 to create, 2 to update, 0 to replace, 2 to delete
    "#]],
    );
}

#[test]
fn records_of_others_are_left_and_those_in_the_way_are_reported() {
    let spec = spec(
        r#"records = [
            { type = "A", name = "gitlab" },
            { type = "A", name = "@" },
            { type = "TXT", name = "@", content = "one" },
            { type = "TXT", name = "same", content = "x" },
            { type = "A", name = "cut" },
            { type = "A", name = "prod" },
        ]"#,
    );
    let mut prod = ours("6", "A", "prod.example.com", "192.0.2.9");
    prod.comment = Some(format!("mine; {}", mark("nex-prod")));
    let mut theirs = ours("9", "MX", "mail.example.com", "mx.example.org");
    theirs.comment = Some(mark("nex-staging"));
    let zone = zone(vec![
        existing("1", "CNAME", "gitlab.example.com", "gitlab.example.org"),
        existing("2", "MX", "example.com", "mx.example.org"),
        existing("3", "TXT", "example.com", "\"another\""),
        existing("4", "TXT", "same.example.com", "x"),
        existing("5", "NS", "cut.example.com", "ns.example.org"),
        prod,
        existing("7", "A", "www.example.com", "192.0.2.1"),
        existing("8", "HTTPS", "www.example.com", "1 . alpn=h2"),
        theirs,
    ]);
    check(
        &spec,
        &zone,
        expect![[r#"
            + create  dns-record example.com A
                content: "203.0.113.7"
                ttl: 1
                proxied: false
                comment: "managed by nex (nex-staging)"

            + create  dns-record example.com TXT
                content: "\"one\""
                ttl: 1
                proxied: false
                comment: "managed by nex (nex-staging)"

            refused[not-ours] dns-record cut.example.com A: cut.example.com NS ns.example.org (id 5) was not made by nex: nex leaves the record as it is
              hint: choose another name: nex adopts A, AAAA, CNAME and TXT records only
            refused[not-ours] dns-record gitlab.example.com A: gitlab.example.com CNAME gitlab.example.org (id 1) was not made by nex: nex leaves the record as it is
              hint: adopt the dns-record 1
            refused[not-ours] dns-record prod.example.com A: prod.example.com A 192.0.2.9 (id 6) belongs to the deployment nex-prod: nex leaves the record as it is
              hint: adopt the dns-record 6
            refused[not-ours] dns-record same.example.com TXT: same.example.com TXT x (id 4) was not made by nex: nex leaves the record as it is
              hint: adopt the dns-record 4
            info[stands-beside] dns-record example.com MX: mx.example.org (id 2) is not nex's and stays beside its records
              hint: nothing to do
            info[stands-beside] dns-record example.com TXT: "another" (id 3) is not nex's and stays beside its records
              hint: nothing to do
            nex-staging: 2 to create, 0 to update, 0 to replace, 0 to delete
        "#]],
    );
}

#[test]
fn the_apex_and_large_changes_are_refused_until_they_are_named() {
    let asked = spec(r#"records = [{ type = "A", name = "@" }]"#);
    let mut there = vec![ours("0", "A", "example.com", "192.0.2.1")];
    there.extend((1..10).map(numbered));
    let linted = snapshot(&asked, &zone(there)).plan(&SPEC);
    let subjects: Vec<_> = linted.findings().iter().map(|f| f.subject.name()).collect();
    assert_eq!(subjects, ["dns-record example.com A", "zone example.com"]);
    assert!(linted.clone().approve(&[].into()).is_err());
    let named = linted.findings().iter().map(|f| f.allowance()).collect();
    assert!(linted.approve(&named).is_ok());
    // With nine records the share does not count, and three of ten are within it.
    for (owned, kept) in [(9, 0), (10, 7)] {
        let mut spec = spec("");
        let keep = |n| record(RecordType::A, &format!("n{n}"), "192.0.2.1");
        spec.records = (0..kept).map(keep).collect();
        let there = zone((0..owned).map(numbered).collect());
        let linted = snapshot(&spec, &there).plan(&SPEC);
        assert_eq!(linted.plan().counts().delete, owned - kept);
        assert_eq!(linted.findings(), [], "{owned} {kept}");
    }
}

fn numbered(n: usize) -> nex_dns::zone::ObservedRecord {
    let name = format!("n{n}.example.com");
    ours(&n.to_string(), "A", &name, "192.0.2.1")
}

#[test]
fn a_comment_must_leave_room_for_the_mark() {
    let comment = "x".repeat(80);
    let spec = spec(&format!(
        "records = [{{ type = 'A', name = 'a', comment = '{comment}' }}]"
    ));
    let now = time::OffsetDateTime::UNIX_EPOCH;
    let made = ZoneSnapshot::new(&spec, "nex-staging", zone(vec![]), Default::default(), now);
    let problems = made.expect_err("the comment is too long");
    expect!["records[0].comment: the comment has 80 characters, and nex's mark needs 30; allowed: up to 70 on this plan"]
        .assert_eq(&problems.to_string());
}

#[test]
fn nothing_is_what_destroy_asks_for() {
    let spec = spec(REFERENCE);
    let zone = zone(vec![
        ours("1", "A", "gitlab.example.com", "192.0.2.1"),
        existing("2", "A", "www.example.com", "192.0.2.1"),
    ]);
    let nothing = Goal::Nothing { revoke: None };
    check_goal(
        &spec,
        &zone,
        &nothing,
        expect![[r#"
        - delete  dns-record gitlab.example.com A
            content: "192.0.2.1"
            ttl: 1
            proxied: false
            comment: "managed by nex (nex-staging)"

        nex-staging: 0 to create, 0 to update, 0 to replace, 1 to delete
    "#]],
    );
}

#[test]
fn nothing_is_changed_into_a_twin_of_anothers_record() {
    let spec =
        spec(r#"records = [{ type = "TXT", name = "x", content = "new", comment = "why" }]"#);
    let zone = zone(vec![
        ours("1", "TXT", "x.example.com", "old"),
        existing("2", "TXT", "x.example.com", "new"),
    ]);
    check(
        &spec,
        &zone,
        expect![[r#"
            refused[not-ours] dns-record x.example.com TXT: x.example.com TXT new (id 2) was not made by nex: nex leaves the record as it is
              hint: adopt the dns-record 2
            no changes, but nex-staging does not match its spec: 1 refused
        "#]],
    );
}

#[test]
fn a_record_below_a_delegation_is_created_with_a_warning() {
    let spec = spec(r#"records = [{ type = "A", name = "gitlab.dev" }]"#);
    let mut marked = ours("1", "NS", "dev.example.com", "ns.example.org");
    for own in [false, true] {
        marked.comment = own.then(|| mark("nex-staging"));
        let there = zone(vec![
            marked.clone(),
            existing("2", "NS", "example.com", "ns.example.net"),
        ]);
        let linted = snapshot(&spec, &there).plan(&SPEC);
        assert_eq!(linted.plan().counts().create, 1);
        let findings = linted.findings().iter();
        let text: Vec<String> = findings.map(|f| Renderer::plain().finding(f)).collect();
        expect![[r#"
            warning[not-served] dns-record gitlab.dev.example.com A: dev.example.com NS ns.example.org (id 1) delegates all names below it, so no resolver returns this record
              hint: choose a name that is not below it, or delete its NS records
        "#]]
        .assert_eq(&(text.join("\n") + "\n"));
    }
}
