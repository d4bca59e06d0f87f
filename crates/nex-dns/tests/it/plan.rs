//! Plans and verdicts as a user sees them.

use expect_test::{Expect, expect};
use nex_dns::{Desired, Setting, Spec, Zone, diff, lint, mark};
use nex_plan::Paint;

use crate::zones::{desired, existing, ours, zone};

fn check(desired: &Desired, zone: &Zone, expected: Expect) {
    expected.assert_eq(&text(desired, zone));
}

fn text(desired: &Desired, zone: &Zone) -> String {
    diff(desired, zone)
        .linted(lint(desired, zone))
        .text(Paint::Plain)
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
        &desired(&format!("{REFERENCE}\n{SETTINGS}")),
        &zone,
        expect![[r#"
        + create  dns-record gitlab.example.com A
            content: "203.0.113.7"
            ttl: 1
            proxied: true
            comment: "managed by nex (staging)"

        + create  dns-record registry.example.com A
            content: "203.0.113.7"
            ttl: 1
            proxied: true
            comment: "images; managed by nex (staging)"

        + create  dns-record ssh-gitlab.example.com A
            content: "203.0.113.7"
            ttl: 1
            proxied: false
            comment: "managed by nex (staging)"

        ~ update  zone-setting ssl_automatic_mode
            value: (none) -> "custom"

        ~ update  zone-setting ssl
            value: "full" -> "strict"

        ~ update  zone-setting always_use_https
            value: (none) -> "on"

        staging: 3 to create, 3 to update, 0 to replace, 0 to delete
    "#]],
    );
}

#[test]
fn before_the_server_its_address_is_known_later() {
    let spec: Spec = toml::from_str(
        "zone = 'example.com'\nrecords = [{ type = 'A', name = 'gitlab', proxied = true }]",
    )
    .expect("a spec");
    let desired = Desired::of(&spec, "staging", None).expect("a sound spec");
    check(
        &desired,
        &zone(vec![]),
        expect![[r#"
            + create  dns-record gitlab.example.com A
                content: (known after the server has its address)
                ttl: 1
                proxied: true
                comment: "managed by nex (staging)"

            staging: 1 to create, 0 to update, 0 to replace, 0 to delete
        "#]],
    );
    let moved = zone(vec![ours("r1", "A", "gitlab.example.com", "198.51.100.1")]);
    check(
        &desired,
        &moved,
        expect![[r#"
            ~ update  dns-record gitlab.example.com A
                content: "198.51.100.1" -> (known after the server has its address)
                proxied: false -> true

            staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        "#]],
    );
}

#[test]
fn what_is_there_already_is_compared_in_canonical_form() {
    let desired = desired(
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
    assert!(
        diff(&desired, &zone).is_empty(),
        "{}",
        text(&desired, &zone)
    );
}

#[test]
fn fields_change_where_they_stand_and_a_type_by_delete_and_create() {
    let desired = desired(
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
        &desired,
        &zone,
        expect![[r#"
        ~ update  dns-record a.example.com A
            content: "198.51.100.1" -> "203.0.113.7"
            ttl: 300 -> 1
            proxied: false -> true
            comment: "managed by nex (staging)" -> "web; managed by nex (staging)"

        - delete  dns-record b.example.com A
            because the spec no longer asks for it
            content: "198.51.100.1"
            ttl: 1
            proxied: false
            comment: "managed by nex (staging)"

        + create  dns-record b.example.com CNAME
            content: "a.example.com"
            ttl: 1
            proxied: false
            comment: "managed by nex (staging)"

        ~ update  dns-record many.example.com A 192.0.2.3
            content: "192.0.2.2" -> "192.0.2.3"
            ttl: 1 -> 60

        - delete  dns-record old.example.com TXT
            because the spec no longer asks for it
            content: "\"x\""
            ttl: 1
            proxied: false
            comment: "managed by nex (staging)"

        staging: 1 to create, 2 to update, 0 to replace, 2 to delete
    "#]],
    );
}

#[test]
fn what_is_not_ours_is_left_and_what_stands_in_the_way_is_said() {
    let desired = desired(
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
    prod.comment = Some(format!("mine; {}", mark("prod")));
    let mut theirs = ours("9", "MX", "mail.example.com", "mx.example.org");
    theirs.comment = Some(mark("staging"));
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
        &desired,
        &zone,
        expect![[r#"
            + create  dns-record example.com A
                content: "203.0.113.7"
                ttl: 1
                proxied: false
                comment: "managed by nex (staging)"

            + create  dns-record example.com TXT
                content: "\"one\""
                ttl: 1
                proxied: false
                comment: "managed by nex (staging)"

            refused[not-ours] dns-record cut.example.com A: cut.example.com NS ns.example.org (id 5) was not made by nex: it is left as it is
              hint: choose another name: nex adopts A, AAAA, CNAME and TXT records only
            refused[not-ours] dns-record gitlab.example.com A: gitlab.example.com CNAME gitlab.example.org (id 1) was not made by nex: it is left as it is
              hint: take it over by: nex adopt ENV dns-record 1; or choose another name
            refused[not-ours] dns-record prod.example.com A: prod.example.com A 192.0.2.9 (id 6) is of nex's environment prod: it is left as it is
              hint: take it over by: nex adopt ENV dns-record 6; or choose another name
            refused[not-ours] dns-record same.example.com TXT: same.example.com TXT x (id 4) was not made by nex: it is left as it is
              hint: take it over by: nex adopt ENV dns-record 4; or choose another name
            info[stands-beside] dns-record example.com MX: mx.example.org (id 2) is not nex's and stays beside its records
              hint: nothing to do
            info[stands-beside] dns-record example.com TXT: "another" (id 3) is not nex's and stays beside its records
              hint: nothing to do
            staging: 2 to create, 0 to update, 0 to replace, 0 to delete
        "#]],
    );
}

#[test]
fn adopting_takes_over_what_stands_in_the_way_and_nothing_else() {
    let mut desired =
        desired(r#"records = [{ type = "A", name = "gitlab" }, { type = "A", name = "web" }]"#);
    desired.adopt = ["1", "2", "3", "4"].map(str::to_owned).into();
    let zone = zone(vec![
        existing("1", "A", "gitlab.example.com", "203.0.113.7"),
        existing("2", "CNAME", "web.example.com", "example.org"),
        existing("3", "A", "other.example.com", "192.0.2.1"),
    ]);
    check(
        &desired,
        &zone,
        expect![[r#"
        ~ update  dns-record gitlab.example.com A
            comment: (none) -> "managed by nex (staging)"

        + create  dns-record web.example.com A
            content: "203.0.113.7"
            ttl: 1
            proxied: false
            comment: "managed by nex (staging)"

        - delete  dns-record web.example.com CNAME
            because the spec no longer asks for it
            content: "example.org"
            ttl: 1
            proxied: false

        refused[nothing-to-adopt] dns-record 3: no record with this id stands where the spec has one
          hint: adopt by an id that the plan shows
        refused[nothing-to-adopt] dns-record 4: no record with this id stands where the spec has one
          hint: adopt by an id that the plan shows
        staging: 1 to create, 1 to update, 0 to replace, 1 to delete
    "#]],
    );
}

#[test]
fn the_apex_and_large_changes_are_refused_until_they_are_named() {
    let desired = desired(r#"records = [{ type = "A", name = "@" }]"#);
    let mut there = vec![ours("0", "A", "example.com", "192.0.2.1")];
    for n in 1..10 {
        there.push(ours(
            &n.to_string(),
            "A",
            &format!("n{n}.example.com"),
            "192.0.2.1",
        ));
    }
    let linted = diff(&desired, &zone(there.clone())).linted(lint(&desired, &zone(there.clone())));
    let subjects: Vec<_> = linted.verdicts.iter().map(|v| v.subject.clone()).collect();
    assert_eq!(subjects, ["dns-record example.com A", "zone example.com"]);
    assert!(linted.clone().approve(&[].into()).is_err());
    assert!(linted.approve(&subjects.into_iter().collect()).is_ok());
    // With nine, or with three of ten, the share does not count.
    for (owned, asked) in [(9, 0), (10, 7)] {
        let mut desired = desired.clone();
        desired.records.clear();
        let there = zone(there.iter().skip(1).cycle().take(owned).cloned().collect());
        let keep = (1..=asked)
            .map(|n| format!(r#"{{ type = "A", name = "n{n}", content = "192.0.2.1" }}"#));
        let keep = crate::zones::desired(&format!(
            "records = [{}]",
            keep.collect::<Vec<_>>().join(",")
        ));
        desired.records = keep.records;
        let there = Zone {
            records: (0..owned)
                .map(|n| {
                    ours(
                        &n.to_string(),
                        "A",
                        &format!("n{n}.example.com"),
                        "192.0.2.1",
                    )
                })
                .collect(),
            ..there
        };
        assert_eq!(lint(&desired, &there), [], "{owned} {asked}");
    }
}

#[test]
fn a_comment_must_leave_room_for_the_mark() {
    let comment = "x".repeat(80);
    let spec: Spec = toml::from_str(&format!(
        "zone = 'example.com'\nrecords = [{{ type = 'A', name = 'a', comment = '{comment}' }}]"
    ))
    .expect("a spec");
    let problems = Desired::of(&spec, "staging", None).expect_err("too long");
    let text: String = problems.into_iter().map(|p| format!("{p}\n")).collect();
    expect![[r#"
        records[0].comment: it has 80 characters, and nex's mark takes 26; allowed: up to 74 on this plan
    "#]].assert_eq(&text);
}

#[test]
fn nothing_is_what_destroy_asks_for() {
    let desired = desired(REFERENCE).nothing();
    let zone = zone(vec![
        ours("1", "A", "gitlab.example.com", "192.0.2.1"),
        existing("2", "A", "www.example.com", "192.0.2.1"),
    ]);
    check(
        &desired,
        &zone,
        expect![[r#"
        - delete  dns-record gitlab.example.com A
            because the spec no longer asks for it
            content: "192.0.2.1"
            ttl: 1
            proxied: false
            comment: "managed by nex (staging)"

        staging: 0 to create, 0 to update, 0 to replace, 1 to delete
    "#]],
    );
}

#[test]
fn nothing_is_changed_into_a_twin_of_what_is_not_ours() {
    let desired =
        desired(r#"records = [{ type = "TXT", name = "x", content = "new", comment = "why" }]"#);
    let zone = zone(vec![
        ours("1", "TXT", "x.example.com", "old"),
        existing("2", "TXT", "x.example.com", "new"),
    ]);
    check(
        &desired,
        &zone,
        expect![[r#"
            refused[not-ours] dns-record x.example.com TXT: x.example.com TXT new (id 2) was not made by nex: it is left as it is
              hint: take it over by: nex adopt ENV dns-record 2; or choose another name
            no changes, but staging is not as its spec says: 1 refused
        "#]],
    );
}
