//! Certificates: when one is issued, what gets into its secret, and what a plan shows.

use std::collections::BTreeMap;

use expect_test::expect;
use futures_util::FutureExt as _;
use nex_dns::certificate::{CertificateSecret, NoSecrets, SecretReader as _, fingerprint_of_key};
use nex_dns::spec::{Certificate, KeyType};
use nex_dns::step::ZoneStep;
use nex_dns::{Goal, Spec, ZoneError, ZoneManager, ZoneSnapshot};
use nex_plan::{ApplyReport, Planned, Renderer, RunContext, chain};
use secrecy::{ExposeSecret as _, SecretString};
use time::{Duration, OffsetDateTime};

use crate::approval::approve;
use crate::fake::{Fake, Fault};
use crate::zones::{NO_SERVER, SPEC, ours, zone};

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-20 12:00 UTC);

/// A run that had nothing to do.
pub(crate) const NOTHING: [&str; 0] = [];

pub(crate) fn wanted(hostnames: &[&str]) -> Certificate {
    Certificate {
        hostnames: hostnames.iter().map(|&host| host.to_owned()).collect(),
        validity_days: 90,
        key_type: KeyType::Ecdsa,
        renew_before_days: 30,
        secret: "tls".to_owned(),
    }
}

fn spec(wanted: &Certificate) -> Spec {
    Spec {
        certificates: vec![wanted.clone()],
        ..Spec::new("example.com")
    }
}

pub(crate) fn fake() -> Fake {
    let fake = Fake::new(zone(vec![]));
    fake.state().now = NOW;
    fake
}

pub(crate) fn manager(fake: &Fake, wanted: &Certificate) -> ZoneManager<Fake, Fake> {
    fake.manager(&spec(wanted)).with_clock(|| NOW)
}

/// Reads, plans, approves and applies.
pub(crate) async fn converge(
    fake: &Fake,
    wanted: &Certificate,
    goal: &Goal,
) -> Result<ApplyReport, ZoneError> {
    let manager = manager(fake, wanted);
    let approved = approve(manager.read().await?.plan(goal));
    let context = RunContext::detached();
    manager.apply(&approved, goal, context).await
}

/// One run to its end: what it did.
pub(crate) fn run(fake: &Fake, wanted: &Certificate) -> Vec<String> {
    let report = converge(fake, wanted, &NO_SERVER).now_or_never();
    let report = report.expect("no wait").expect("a report");
    assert!(report.is_complete(), "{report:?}");
    let done = report.done.iter();
    done.map(|done| format!("{} {}", done.action, done.id))
        .collect()
}

/// What the secret holds.
pub(crate) fn secret(fake: &Fake) -> CertificateSecret {
    let held = fake.read("tls").now_or_never().expect("no wait");
    let held = held.expect("readable");
    held.map(|held| held.secret).unwrap_or_default()
}

/// The plan of the certificates, as of `now`.
pub(crate) fn plan(fake: &Fake, wanted: &Certificate, now: OffsetDateTime) -> String {
    let stored = fake.summary("tls").now_or_never().expect("no wait");
    let stored = stored.expect("readable").into_iter();
    let secrets: BTreeMap<String, _> = stored.map(|stored| ("tls".to_owned(), stored)).collect();
    let mut zone = zone(vec![]);
    zone.certificates = Some(fake.state().certificates.clone());
    let snapshot = ZoneSnapshot::new(&spec(wanted), "nex-staging", zone, secrets, now);
    let linted = snapshot.expect("a valid spec").plan(&NO_SERVER);
    Renderer::plain().linted(&linted)
}

/// Every live certificate was requested with a key that the secret knows.
pub(crate) fn none_is_unknown(fake: &Fake) {
    let gives_way = std::mem::take(&mut fake.state().gives_way);
    let secret = secret(fake);
    for one in &fake.state().certificates {
        let key = one.public_key.as_deref();
        assert!(
            key.is_some_and(|key| secret.summary().knows(key)),
            "{one:?}"
        );
    }
    fake.state().gives_way = gives_way;
}

#[test]
fn a_new_certificate_is_issued_once_and_only_the_request_leaves() {
    let (fake, wanted) = (fake(), wanted(&["*.example.com"]));
    expect![[r#"
        + create  origin-certificate tls
            because the secret holds no certificate
            hostnames:
              "*.example.com"
            key_type: "ecdsa"
            validity_days: 90

        nex-staging: 1 to create, 0 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&plan(&fake, &wanted, NOW));
    assert_eq!(run(&fake, &wanted), ["create origin-certificate tls"]);
    let issued = secret(&fake).issued.expect("stored");
    assert_eq!(issued.id.as_str(), "new1");
    let key = fingerprint_of_key(&issued.key);
    assert_eq!(key.as_ref(), Some(&issued.public_key));
    assert_eq!(fake.state().certificates[0].public_key, key);
    assert!(!format!("{issued:?}").contains("PRIVATE KEY"));
    let json = secret(&fake).to_json();
    let json: serde_json::Value = serde_json::from_str(json.expose_secret()).expect("JSON");
    assert_eq!(json["id"], "new1");
    let holds =
        |field: &str, text: &str| json[field].as_str().is_some_and(|pem| pem.contains(text));
    assert!(holds("certificate", "BEGIN CERTIFICATE"));
    assert!(holds("key", "BEGIN PRIVATE KEY"));
    assert_eq!(run(&fake, &wanted), NOTHING);
    expect![[r#"
        no changes: nex-staging matches its spec
    "#]]
    .assert_eq(&plan(&fake, &wanted, NOW));
}

#[test]
fn a_value_of_others_is_read_by_the_apply_and_kept_if_it_is_fine() {
    let (fake, wanted) = (fake(), wanted(&["example.com"]));
    run(&fake, &wanted);
    let version = fake.state().secret.as_ref().map(|(version, _)| *version);
    fake.state().by_others = version;
    expect![[r#"
        ~ update  origin-certificate tls
            because another program or a person stored the value: the apply reads it, keeps a certificate that matches the spec, and otherwise requests a new one
            summary: (none) -> "beside the value"

        nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
    "#]].assert_eq(&plan(&fake, &wanted, NOW));
    let refused = manager(&fake, &wanted).read().now_or_never();
    let refused = refused.expect("no wait").expect("a zone");
    let refused = Renderer::plain().linted(&refused.plan(&Goal::Revoke));
    expect![[r#"
        refused[certificate-unknown] origin-certificate tls: another program or a person stored the secret's value: nex does not know which certificates belong to it, and revokes none of them
          hint: apply the zone first: that reads the value
        no changes, but nex-staging does not match its spec: 1 refused
    "#]].assert_eq(&refused);
    assert_eq!(run(&fake, &wanted), ["update origin-certificate tls"]);
    assert_eq!(fake.state().issued, 1);
    assert_eq!(run(&fake, &wanted), NOTHING);
}

#[test]
fn only_an_apply_that_issues_reads_a_value() {
    let (fake, wanted) = (fake(), wanted(&["example.com"]));
    run(&fake, &wanted);
    fake.state().values_read = 0;
    let manager = manager(&fake, &wanted);
    for goal in [NO_SERVER, Goal::Revoke] {
        let snapshot = manager.read().now_or_never().expect("no wait");
        snapshot.expect("a zone").plan(&goal);
    }
    assert_eq!(run(&fake, &wanted), NOTHING);
    assert_eq!(fake.state().values_read, 0);
}

#[test]
fn an_rsa_key_does_too() {
    let fake = fake();
    let mut wanted = wanted(&["example.com"]);
    wanted.key_type = KeyType::Rsa;
    assert_eq!(run(&fake, &wanted), ["create origin-certificate tls"]);
    none_is_unknown(&fake);
}

#[test]
fn a_certificate_is_reissued_only_for_a_reason() {
    let fake = fake();
    let first = wanted(&["*.example.com", "example.com"]);
    run(&fake, &first);
    // Names are a set, in whatever form.
    let same = wanted(&["EXAMPLE.com", "*.example.com."]);
    assert_eq!(run(&fake, &same), NOTHING);
    let day = |days| NOW + Duration::days(days);
    assert!(plan(&fake, &first, day(60)).starts_with("no changes"));
    expect![[r#"
        ± replace origin-certificate tls
            because it expires on 2027-02-18, within 30 days
            because the old one stays valid until it is revoked by name

        nex-staging: 0 to create, 0 to update, 1 to replace, 0 to delete
    "#]]
    .assert_eq(&plan(&fake, &first, day(61)));
    let mut other = wanted(&["example.com"]);
    (other.validity_days, other.key_type) = (365, KeyType::Rsa);
    expect![[r#"
        ± replace origin-certificate tls
            because hostnames: a certificate's names never change
            because key_type: another type needs another key
            because validity_days: a certificate's expiry never changes
            because the old one stays valid until it is revoked by name
            hostnames:
              - "*.example.com"
            key_type: "ecdsa" -> "rsa"
            validity_days: 90 -> 365

        nex-staging: 0 to create, 0 to update, 1 to replace, 0 to delete
    "#]]
    .assert_eq(&plan(&fake, &other, NOW));
    fake.state().certificates.clear();
    expect![[r#"
        + create  origin-certificate tls
            because it was revoked, or belongs to another zone or account
            hostnames:
              "*.example.com"
              "example.com"
            key_type: "ecdsa"
            validity_days: 90

        nex-staging: 1 to create, 0 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&plan(&fake, &first, NOW));
}

#[test]
fn certificates_records_and_settings_are_applied_at_once_or_in_stages() {
    let wanted = wanted(&["example.com"]);
    let spec = Spec {
        certificates: vec![wanted],
        ..crate::zones::spec(
            "records = [{ type = 'A', name = 'a' }]\nsettings = { ssl = 'strict' }",
        )
    };
    let apply = |fake: &Fake, only: fn(&Planned<ZoneStep>) -> bool| -> Vec<String> {
        let manager = fake.manager(&spec).with_clock(|| NOW);
        let snapshot = manager.read().now_or_never().expect("no wait");
        let approved = approve(snapshot.expect("a zone").plan(&SPEC)).only(only);
        let report = manager.apply(&approved, &SPEC, RunContext::detached());
        let report = report.now_or_never().expect("no wait").expect("a report");
        assert!(report.is_complete(), "{report:?}");
        let done = report.done.iter();
        done.map(|done| done.id.to_string()).collect()
    };
    let all = [
        "origin-certificate tls",
        "dns-record a.example.com A",
        "zone-setting ssl",
    ];
    assert_eq!(apply(&fake(), |_| true), all);
    let is_certificate =
        |entry: &Planned<ZoneStep>| matches!(entry, Planned::Ready(ZoneStep::Certificate(_)));
    // The records of the zone do not matter to a stage that has only the certificate.
    for there in [vec![], vec![ours("1", "A", "a.example.com", "192.0.2.1")]] {
        let fake = fake();
        fake.state().zone.records = there;
        assert_eq!(apply(&fake, is_certificate), all[..1]);
        assert_eq!(apply(&fake, |_| true), all[1..]);
        assert_eq!(apply(&fake, |_| true), NOTHING);
    }
}

#[test]
fn a_spec_with_certificates_needs_a_place_for_their_keys() {
    let spec = spec(&wanted(&["example.com"]));
    let manager = ZoneManager::new(fake(), NoSecrets, spec, "nex-staging").expect("a valid spec");
    let error = manager.read().now_or_never().expect("no wait");
    let error = error.expect_err("no place for a key");
    expect!["failed to read the secrets of the certificates of example.com: the program has no place to store a certificate's key"]
        .assert_eq(&chain(&error));
}

#[test]
fn a_lost_answer_of_the_issue_is_found_in_the_list() {
    let fake = fake();
    fake.state().fault = Some((1, Fault::Lose));
    let done = run(&fake, &wanted(&["example.com"]));
    assert_eq!(done, ["create origin-certificate tls"]);
    assert_eq!(fake.state().issued, 1);
}

#[test]
fn a_value_that_nex_did_not_write_is_foreign() {
    for text in [
        "",
        "hunter2",
        "[]",
        r#"{"certificate": "x", "key": "hunter2"}"#,
    ] {
        let error = CertificateSecret::parse(&SecretString::from(text)).expect_err(text);
        assert!(!error.to_string().contains("hunter2"));
    }
    let empty = CertificateSecret::parse(&SecretString::from("{}"));
    assert!(empty.is_ok_and(|secret| secret.issued.is_none()));
}

#[test]
fn a_date_in_the_secret_that_is_too_far_away_is_no_panic() {
    let fake = fake();
    // The run ends after the key is stored, and before the certificate is requested.
    fake.state().fault = Some((1, Fault::CrashBefore));
    let crashed = converge(&fake, &wanted(&["example.com"]), &NO_SERVER).now_or_never();
    assert!(crashed.is_none());
    let stored = fake.state().secret.clone();
    let (version, text) = stored.expect("a pending key");
    let edited = |field: &str, value: serde_json::Value| {
        let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        json["pending"][field] = value;
        json.to_string()
    };
    let too_long = edited("validity_days", 4_000_000_000_u32.into());
    assert!(CertificateSecret::parse(&SecretString::from(too_long)).is_err());

    let last_day = edited("claimed", "9999-12-31T00:00:00Z".into());
    fake.state().secret = Some((version, last_day));
    let done = run(&fake, &wanted(&["www.example.com"]));
    assert_eq!(done, ["create origin-certificate tls"]);
    assert_eq!(secret(&fake).superseded.len(), 1);
}
