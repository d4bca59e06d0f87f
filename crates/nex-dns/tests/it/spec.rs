//! The section as a user writes it.

use expect_test::expect;
use nex_dns::Spec;
use nex_dns::spec::{Certificate, Hosts};
use nex_plan::{Finding, Severity};

fn spec(text: &str) -> Spec {
    toml::from_str(text).expect("the right types")
}

fn problems(text: &str) -> String {
    let lines = spec(text)
        .validate("nex-staging")
        .into_iter()
        .map(|p| format!("{p}\n"));
    lines.collect()
}

const REFERENCE: &str = r#"
    zone = "paywithnex.com"

    [[records]]
    type = "A"
    name = "gitlab"
    proxied = true

    [[records]]
    type = "A"
    name = "registry"
    proxied = true

    [[records]]
    type = "A"
    name = "ssh-gitlab"

    [[certificates]]
    hostnames = ["*.paywithnex.com"]
    secret = "nex/gitlab/tls"

    [settings]
    ssl = "strict"
    ssl_automatic_mode = "custom"
"#;

const HOSTS: Hosts<'_> = Hosts {
    registry_host: Some("registry.paywithnex.com"),
    ssh_host: Some("ssh-gitlab.paywithnex.com"),
};

#[test]
fn the_reference_is_short_and_right() {
    let reference = spec(REFERENCE);
    assert_eq!(problems(REFERENCE), "");
    assert_eq!(problems("zone = 'example.com'"), "");
    let names: Vec<_> = reference.names().into_iter().collect();
    let expected =
        ["gitlab", "registry", "ssh-gitlab"].map(|name| format!("{name}.paywithnex.com"));
    assert_eq!(names, expected);
    assert_eq!(reference.token.to_string(), "env:CLOUDFLARE_API_TOKEN");
    let Certificate {
        validity_days,
        renew_before_days,
        ..
    } = reference.certificates[0];
    assert_eq!((validity_days, renew_before_days), (5475, 30));
}

fn warnings(spec: &Spec) -> String {
    let lines = spec.warnings(HOSTS).into_iter().map(|v| {
        format!(
            "{} {} {}\n  {}\n  hint: {}\n",
            v.severity, v.code, v.subject, v.message, v.remedy
        )
    });
    lines.collect()
}

#[test]
fn the_reference_has_one_warning_its_registry() {
    expect![[r#"
        warning registry-body-limit records[1].proxied
          registry.paywithnex.com is a container registry behind the proxy, which refuses bodies above 100 MB on this plan (413): larger image layers never push
          hint: proxied = false and a publicly trusted certificate for the registry; or another way in for runners
    "#]].assert_eq(&warnings(&spec(REFERENCE)));
}

#[test]
fn settings_that_are_not_named_may_be_anything() {
    let mut spec = spec(REFERENCE);
    spec.settings.ssl_automatic_mode = None;
    let codes = |spec: &Spec| -> Vec<String> {
        let found = spec.warnings(Hosts::default()).into_iter();
        found.map(|v| format!("{} {}", v.code, v.subject)).collect()
    };
    assert_eq!(
        codes(&spec),
        ["ssl-changes-itself settings.ssl_automatic_mode"]
    );
    spec.settings.ssl = None;
    assert_eq!(codes(&spec), ["origin-unverified settings.ssl"]);
    assert!(spec.settings.values().is_empty());
    for record in &mut spec.records {
        record.proxied = false;
    }
    assert!(
        codes(&spec).is_empty(),
        "nobody reaches the origin by Cloudflare"
    );
}

#[test]
fn a_wildcard_answers_for_a_host_without_a_record_of_its_own() {
    let text = r#"
        zone = "example.com"
        records = [
            { type = "A", name = "*", proxied = true },
            { type = "A", name = "ssh.git" },
            { type = "A", name = "*.git" },
        ]
        settings = { ssl = "strict", ssl_automatic_mode = "custom" }
    "#;
    let spec = spec(text);
    let warnings = |host: &str| {
        spec.warnings(Hosts {
            ssh_host: Some(host),
            registry_host: None,
        })
    };
    let refused = |host: &str| {
        let found: Vec<String> = warnings(host)
            .into_iter()
            .map(|v| v.subject.name())
            .collect();
        found.join(" ")
    };
    assert_eq!(refused("ssh.example.com"), "records[0].proxied");
    assert_eq!(refused("a.b.example.com"), "records[0].proxied");
    assert_eq!(refused("ssh.git.example.com"), "");
    assert_eq!(refused("other.git.example.com"), "");
    assert_eq!(
        refused("example.com"),
        "",
        "`*` is below the zone's own name"
    );
    assert!(spec.answering("elsewhere.org").is_empty());
    let finding: Finding = warnings("ssh.example.com").remove(0);
    let hint = finding.remedy.to_string();
    assert!(
        hint.contains("a record of the host's own"),
        "the others that `*` answers for keep the proxy: {hint}"
    );
}

#[test]
fn the_other_warnings() {
    let mut spec = spec(REFERENCE);
    spec.records[1].proxied = false;
    spec.records[2].proxied = true;
    spec.settings = toml::from_str("ssl = 'full'\nssl_automatic_mode = 'auto'").expect("settings");
    expect![[r#"
        refused ssh-proxied records[2].proxied
          ssh-gitlab.paywithnex.com serves SSH, and the proxy carries HTTP and HTTPS only: no connection would get through
          hint: proxied = false
        warning origin-certificate-untrusted records[1].proxied
          registry.paywithnex.com is DNS only, so clients see the origin's own certificate: an Origin CA certificate is trusted by Cloudflare's proxies only
          hint: a publicly trusted certificate for this host; or proxied = true
        warning origin-unverified settings.ssl
          `full` accepts any certificate, so anyone on the network path can pose as the origin
          hint: ssl = "strict" with an Origin CA certificate
        warning ssl-changes-itself settings.ssl_automatic_mode
          `auto` lets Cloudflare change settings.ssl by itself
          hint: ssl_automatic_mode = "custom"
    "#]].assert_eq(&warnings(&spec));
    let refusals = spec
        .warnings(HOSTS)
        .into_iter()
        .filter(|v| v.severity == Severity::Deny);
    assert_eq!(refusals.count(), 1);
    assert_eq!(
        spec.warnings(Hosts::default()).len(),
        2,
        "only the settings are known"
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = r#"
        zone = "example.com"
        records = [
            { type = "A", name = "a", proxied = true, ttl = 300 },
            { type = "A", name = "a.b", proxied = true },
            { type = "A", name = "c", ttl = 59 },
            { type = "A", name = "c.example.com.", content = "2001:db8::1" },
            { type = "AAAA", name = "c", content = "1.2.3.4" },
            { type = "AAAA", name = "d" },
            { type = "CNAME", name = "e", content = "E.example.com" },
            { type = "CNAME", name = "f", content = "1.2.3.4" },
            { type = "CNAME", name = "c", content = "example.org" },
            { type = "TXT", name = "@", content = "", proxied = true },
            { type = "A", name = "C" },
            { type = "A", name = "x y" },
            { type = "A", name = "gitlab.example.org." },
            { type = "AAAA", name = "g", content = "2001:db8::1" },
            { type = "AAAA", name = "g", content = "2001:0db8:0::1" },
            { type = "TXT", name = "h", content = "v=spf1 -all" },
            { type = "TXT", name = "h", content = '"v=spf1" " -all"' },
        ]
        [[certificates]]
        hostnames = ["*.example.com", "gitlab.example.org", "*.EXAMPLE.com", "www"]
        validity_days = 31
        renew_before_days = 31
        secret = "a secret"
        [[certificates]]
        hostnames = []
        secret = "a secret"
        [limits]
        max_changed_percent = 101
        min_records = 0
    "#;
    expect![[r#"
        records[0].ttl: a proxied record has no ttl of its own, and this one has 300 s; allowed: leave ttl out, or proxied = false
        records[1].name: a.b.example.com is proxied and more than one level below example.com: the edge certificate does not cover it; allowed: a name one level deep, or proxied = false
        records[2].ttl: 59 s is out of range; allowed: 1 for automatic, or 60 to 86400
        records[3].content: `2001:db8::1` does not fit the type; allowed: an IPv4 address, or nothing for the server's address
        records[4].content: `1.2.3.4` does not fit the type; allowed: an IPv6 address
        records[5].content: the content is missing; allowed: an IPv6 address
        records[6].content: `E.example.com` does not fit the type; allowed: the full name of another host
        records[7].content: `1.2.3.4` does not fit the type; allowed: the full name of another host
        records[9].proxied: a TXT record is never proxied; allowed: proxied = false
        records[9].content: `` does not fit the type; allowed: a text of 1 to 2048 bytes
        records[11].name: `x y` is not a valid name; allowed: a name in example.com, short or full, `@` or `*`
        records[12].name: `gitlab.example.org.` is not in the zone example.com; allowed: a name in example.com, short or full, `@` or `*`
        records[8].type: c.example.com has a CNAME beside another CNAME or an address; allowed: beside the CNAME only TXT records, or no CNAME
        records[10].name: c.example.com has the same record at records[2]; allowed: each record once
        records[14].name: g.example.com has the same record at records[13]; allowed: each record once
        records[16].name: h.example.com has the same record at records[15]; allowed: each record once
        certificates[0].hostnames[1]: `gitlab.example.org` is not in the zone: Cloudflare signs names of its own zones only; allowed: example.com, or a full name below it, once
        certificates[0].hostnames[2]: `*.EXAMPLE.com` is listed twice; allowed: example.com, or a full name below it, once
        certificates[0].hostnames[3]: `www` is not in the zone: Cloudflare signs names of its own zones only; allowed: example.com, or a full name below it, once
        certificates[0].validity_days: Cloudflare does not offer a validity of 31 days; allowed: 7, 30, 90, 365, 730, 1095 or 5475
        certificates[0].renew_before_days: a certificate of 31 days can't be renewed 31 days before its expiry; allowed: 1 or more, fewer than validity_days
        certificates[0].secret: `a secret` is not a valid name of a secret; allowed: 1 to 512 letters, digits, and /_+=.@-
        certificates[1].hostnames: there are 0; allowed: 1 to 200 names
        certificates[1].secret: `a secret` is not a valid name of a secret; allowed: 1 to 512 letters, digits, and /_+=.@-
        certificates[1].secret: certificates[0] has the same secret: one would overwrite the other; allowed: a secret for each certificate
        limits.max_changed_percent: 101 is not a valid percentage; allowed: 1 to 100
        limits.min_records: 0 is not a valid number of records; allowed: 1 or more
    "#]].assert_eq(&problems(text));
    expect![[r#"
        zone: `com` is not a valid name; allowed: a name such as example.com
    "#]]
    .assert_eq(&problems("zone = 'com'"));
}

#[test]
fn round_robin_and_mixed_addresses_are_allowed() {
    let text = r#"
        zone = "example.com"
        records = [
            { type = "A", name = "a", content = "192.0.2.1", ttl = 60 },
            { type = "A", name = "a", content = "192.0.2.2", ttl = 86400 },
            { type = "AAAA", name = "a", content = "2001:db8::1", proxied = true },
            { type = "TXT", name = "a", content = "some text" },
            { type = "CNAME", name = "*", content = "a.example.com.", proxied = true },
        ]
    "#;
    assert_eq!(problems(text), "");
    let warnings = warnings(&spec(text));
    for at in [0, 1] {
        assert!(warnings.contains(&format!("warning half-proxied records[{at}].proxied")));
    }
    assert_eq!(warnings.matches("half-proxied").count(), 2, "{warnings}");
}

#[test]
fn the_schema_has_no_alternatives_and_unknown_fields_are_refused() {
    let schema = schemars::schema_for!(Spec).to_value().to_string();
    for word in ["oneOf", "anyOf", "allOf"] {
        assert!(!schema.contains(word), "{word}");
    }
    for list in [
        r#"["free","pro","business","enterprise"]"#,
        "[7,30,90,365,730,1095,5475]",
    ] {
        assert!(schema.contains(list), "{list}");
    }
    let error = toml::from_str::<Spec>("zone = 'a.b'\nrecord = []").expect_err("no such field");
    assert!(error.to_string().contains("record"), "{error}");
}

#[test]
fn a_text_may_stand_beside_a_cname() {
    let text = r#"
        zone = "example.com"
        records = [
            { type = "CNAME", name = "@", content = "site.example.net", proxied = true },
            { type = "TXT", name = "@", content = "v=spf1 -all" },
        ]
    "#;
    assert_eq!(problems(text), "");
}

#[test]
fn an_address_that_only_a_network_knows_is_not_proxied() {
    let record = |kind: &str, content: &str, proxied: bool| {
        problems(&format!(
            "zone = 'example.com'\nrecords = [{{ type = '{kind}', name = 'a', content = '{content}', proxied = {proxied} }}]"
        ))
    };
    for (kind, content) in [
        ("A", "10.0.0.1"),
        ("A", "192.168.1.1"),
        ("A", "127.0.0.1"),
        ("A", "169.254.169.254"),
        ("AAAA", "fd00::1"),
        ("AAAA", "fe80::1"),
    ] {
        let found = record(kind, content, true);
        assert!(
            found.starts_with("records[0].content: "),
            "{content}: {found}"
        );
        assert_eq!(record(kind, content, false), "");
    }
    // Both are in use for names that only Cloudflare's rules answer.
    assert_eq!(record("A", "192.0.2.1", true), "");
    assert_eq!(record("AAAA", "100::", true), "");
}
