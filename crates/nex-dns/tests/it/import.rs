//! A zone that is there, as a spec.

use expect_test::expect;
use nex_dns::import::import;
use nex_dns::{Desired, Setting, Spec, diff, lint};

use crate::zones::{existing, ours, zone};

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
    let imported = import(&named, &there);
    let text = imported.to_toml("dns").expect("TOML");
    expect![[r##"
        # passed over, and never touched: MX example.com
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
    let mut desired = Desired::of(&read.dns, "staging", None).expect("a sound spec");
    desired
        .settings
        .retain(|setting, _| there.settings.contains_key(setting));
    desired.adopt = imported.to_adopt;
    let changed: Vec<_> = diff(&desired, &there)
        .actions
        .into_iter()
        .flat_map(|c| c.fields)
        .map(|f| f.field)
        .collect();
    assert_eq!(changed, ["comment", "comment"], "only the mark is new");
    assert!(
        lint(&desired, &there)
            .iter()
            .all(|v| v.code == "stands-beside")
    );
}
