//! An existing zone as a spec.

use expect_test::expect;
use nex_dns::import::import;
use nex_dns::{Goal, RecordId, Setting, Spec, mark};
use nex_plan::{Planned, Renderer};

use crate::zones::{NO_SERVER, existing, ours, snapshot, spec, zone};

#[test]
fn a_zone_comes_out_as_a_spec_that_asks_for_what_is_there() {
    let mut web = existing("1", "A", "web.example.com", "192.0.2.1");
    (web.proxied, web.comment) = (true, Some("by \"hand\"".to_owned()));
    let mut there = zone(vec![
        existing("2", "TXT", "example.com", "v=spf1 -all"),
        web,
        existing("3", "MX", "example.com", "mx.example.org"),
        ours("4", "CNAME", "*.example.com", "web.example.com"),
    ]);
    there.settings = [
        (Setting::Ssl, "full".to_owned()),
        (Setting::AlwaysUseHttps, "off".to_owned()),
    ]
    .into();
    let named = Spec::new("example.com");
    let imported = import(&named, "nex-staging", &there);
    let text = imported.to_toml("dns").expect("TOML");
    expect![[r##"
        # skipped, and never touched: MX example.com
        [dns]
        zone = "example.com"
        plan = "free"
        token = "env:CLOUDFLARE_API_TOKEN"
        certificates = []

        [[dns.records]]
        type = "CNAME"
        name = "*"
        content = "web.example.com"
        ttl = 1
        proxied = false

        [[dns.records]]
        type = "TXT"
        name = "@"
        content = "v=spf1 -all"
        ttl = 1
        proxied = false

        [[dns.records]]
        type = "A"
        name = "web"
        content = "192.0.2.1"
        ttl = 1
        proxied = true
        comment = 'by "hand"'

        [dns.settings]
        ssl = "full"
        always_use_https = false

        [dns.limits]
        max_changed_percent = 30
        min_records = 10
    "##]]
    .assert_eq(&text);

    #[derive(serde::Deserialize)]
    struct File {
        dns: Spec,
    }
    let read: File = toml::from_str(&text).expect("TOML");
    assert_eq!(read.dns, imported.spec);
    assert_eq!(imported.to_adopt, ["1", "2"].map(RecordId::new));
    for id in &imported.to_adopt {
        let records = [id.clone()].into();
        let plan = snapshot(&read.dns, &there).plan(&Goal::Adopt { records });
        let changes = plan.plan().entries.iter().map(Planned::change);
        let changed: Vec<_> = changes.flat_map(|c| c.fields).map(|f| f.field).collect();
        assert_eq!(changed, ["comment"], "only the mark is new");
        let adoption = snapshot(&read.dns, &there).adoption(id, None);
        assert_eq!(adoption.expect("a record").then, None);
    }
    for record in &mut there.records {
        if imported.to_adopt.contains(&record.id) {
            let own = record.comment.iter().map(|text| format!("{text}; "));
            record.comment = Some(own.collect::<String>() + &mark("nex-staging"));
        }
    }
    let linted = snapshot(&read.dns, &there).plan(&NO_SERVER);
    assert!(linted.plan().is_empty(), "{linted:?}");
    let mut findings = linted.findings().iter();
    assert!(findings.all(|finding| finding.code == "stands-beside"));
}

#[test]
fn a_skipped_record_is_one_line_of_comment() {
    let odd = existing("1", "MX", "x\n[dns]\u{1b}[2J.example.com", "mx.example.org");
    let imported = import(&Spec::new("example.com"), "nex-staging", &zone(vec![odd]));
    let text = imported.to_toml("dns").expect("TOML");
    let expected = "# skipped, and never touched: MX x\\n[dns]\\u{1b}[2j.example.com\n[dns]\n";
    assert!(
        text.to_lowercase().starts_with(&expected.to_lowercase()),
        "{text}"
    );
}

#[test]
fn a_record_that_another_product_keeps_is_skipped_and_never_adopted() {
    let mut worker = existing("1", "AAAA", "app.example.com", "100::");
    worker.read_only = true;
    let there = zone(vec![worker]);
    let imported = import(&Spec::new("example.com"), "nex-staging", &there);
    assert_eq!(imported.spec.records, []);
    assert_eq!(imported.to_adopt, []);
    assert_eq!(imported.passed_over, ["AAAA app.example.com (read-only)"]);

    let asked = spec("records = [{ type = 'A', name = 'app' }]");
    let snapshot = snapshot(&asked, &there);
    assert!(snapshot.adoption(&RecordId::new("1"), None).is_none());
    let linted = snapshot.plan(&NO_SERVER);
    assert!(linted.plan().is_empty());
    expect![[r#"
        refused[not-ours] dns-record app.example.com A: app.example.com AAAA 100:: (id 1) is read-only, so nobody can change it: nex leaves the record as it is
          hint: choose another name, or remove the record in the product of Cloudflare's that keeps it, such as Workers
    "#]]
    .assert_eq(&(Renderer::plain().finding(&linted.findings()[0]) + "\n"));
}

#[test]
fn every_import_passes_the_check_and_plans_empty() {
    let mut deep = existing("1", "A", "a.b.example.com", "192.0.2.1");
    deep.proxied = true;
    let mut told = existing("2", "A", "told.example.com", "192.0.2.1");
    told.comment = Some("x".repeat(80));
    let there = zone(vec![
        deep,
        told,
        existing("3", "A", "gitlab.example.com.example.com", "192.0.2.1"),
        existing("4", "CNAME", "example.com", "site.example.net"),
        existing("5", "TXT", "example.com", "v=spf1 -all"),
        existing("6", "A", "*.example.com", "192.0.2.1"),
    ]);
    let imported = import(&Spec::new("example.com"), "nex-staging", &there);
    expect![[r#"
        A a.b.example.com (a.b.example.com is proxied and more than one level below example.com: the edge certificate does not cover it)
        A told.example.com (the comment has 80 characters, and nex's mark needs 30)
    "#]]
    .assert_eq(&(imported.passed_over.join("\n") + "\n"));
    let names: Vec<&str> = imported.spec.records.iter().map(|r| &*r.name).collect();
    assert_eq!(names, ["*", "@", "@", "gitlab.example.com.example.com"]);
    for id in &imported.to_adopt {
        let adoption = snapshot(&imported.spec, &there).adoption(id, None);
        assert_eq!(adoption.expect("a record").then, None, "{id}");
    }
}
