//! Certificates through crashes, lost answers and races: none that lives is ever unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use expect_test::expect;
use futures_util::FutureExt as _;
use futures_util::task::noop_waker;
use nex_dns::certificate::{
    self, Bundle, Issuance, IssueError, Revocation, Which, changes, ensure, fingerprint_of_key,
    revocations, revoke,
};
use nex_dns::{Certificate, KeyType, SecretSource as _};
use nex_plan::{Paint, Plan, Silent, Stop, Watch};
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};
use time::{Duration, OffsetDateTime};

use crate::fake::{Fake, FakeError, Fault};
use crate::zones::zone;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-20 12:00 UTC);

fn wanted(hostnames: &[&str]) -> Certificate {
    Certificate {
        hostnames: hostnames.iter().map(|&host| host.to_owned()).collect(),
        validity_days: 90,
        key_type: KeyType::Ecdsa,
        renew_before_days: 30,
        secret: "tls".to_owned(),
    }
}

fn fake() -> Fake {
    let fake = Fake::new(zone(vec![]));
    fake.state().now = NOW;
    fake
}

type Result<T> = std::result::Result<T, IssueError<FakeError, FakeError>>;

async fn at(fake: &Fake, wanted: &Certificate, now: OffsetDateTime) -> Result<Issuance> {
    ensure(wanted, "z1", (fake, fake, fake), now, &Silent).await
}

fn run(fake: &Fake, wanted: &Certificate) -> Result<Issuance> {
    at(fake, wanted, NOW).now_or_never().expect("no wait")
}

fn bundle(fake: &Fake) -> Bundle {
    let held = fake
        .read("tls")
        .now_or_never()
        .expect("no wait")
        .expect("readable");
    held.map(|held| held.bundle).unwrap_or_default()
}

fn plan(fake: &Fake, wanted: &Certificate, now: OffsetDateTime) -> String {
    let mut held = BTreeMap::new();
    if fake.state().secret.is_some() {
        held.insert("tls".to_owned(), bundle(fake));
    }
    let live = fake.state().zone.certificates.clone();
    let wanted = [wanted.clone()];
    let mut plan = Plan::new("staging");
    plan.actions = changes(&wanted, &held, &live, now);
    plan.linted(certificate::lint(&wanted, &held, &live, now))
        .text(Paint::Plain)
}

/// The ids that a plan of a revocation names.
fn named(fake: &Fake, which: Which) -> BTreeSet<String> {
    let held = BTreeMap::from([("tls".to_owned(), bundle(fake))]);
    let live = fake.state().zone.certificates.clone();
    let changes = revocations(&held, &live, which).into_iter();
    changes.map(|change| change.resource.name).collect()
}

fn revoke_now(
    fake: &Fake,
    wanted: &Certificate,
    which: Which,
    ids: &BTreeSet<String>,
    watch: Watch<'_>,
) -> Revocation<FakeError> {
    let of = ("z1", std::slice::from_ref(wanted));
    let revoked = revoke(ids, which, of, (fake, fake, fake), watch);
    revoked.now_or_never().expect("no wait").expect("readable")
}

/// Plans a revocation and does it.
fn revoked(fake: &Fake, wanted: &Certificate, which: Which) -> Revocation<FakeError> {
    revoke_now(fake, wanted, which, &named(fake, which), Watch::nobody())
}

/// Every live certificate was asked for with a key that the secret knows.
fn none_is_unknown(fake: &Fake) {
    let bundle = bundle(fake);
    for one in &fake.state().zone.certificates {
        assert!(
            one.public_key
                .as_deref()
                .is_some_and(|key| bundle.knows(key)),
            "{one:?}"
        );
    }
}

#[test]
fn a_new_certificate_is_issued_once_and_only_the_request_leaves() {
    let (fake, wanted) = (fake(), wanted(&["*.example.com"]));
    expect![[r#"
        + create  origin-certificate tls
            because the secret holds none
            hostnames:
              "*.example.com"
            key_type: "ecdsa"
            validity_days: 90

        staging: 1 to create, 0 to update, 0 to replace, 0 to delete
    "#]]
    .assert_eq(&plan(&fake, &wanted, NOW));
    assert_eq!(
        run(&fake, &wanted).expect("issued"),
        Issuance::Issued("new1".to_owned())
    );
    let issued = bundle(&fake).issued.expect("stored");
    assert_eq!(
        fingerprint_of_key(&issued.key).as_ref(),
        Some(&issued.public_key)
    );
    assert_eq!(
        fake.state().zone.certificates[0].public_key.as_ref(),
        Some(&issued.public_key)
    );
    assert!(!format!("{issued:?}").contains("PRIVATE KEY"));
    let json = bundle(&fake).to_json();
    let json: serde_json::Value = serde_json::from_str(json.expose_secret()).expect("JSON");
    assert!(
        json["certificate"]
            .as_str()
            .is_some_and(|pem| pem.contains("BEGIN CERTIFICATE"))
    );
    assert!(
        json["key"]
            .as_str()
            .is_some_and(|pem| pem.contains("BEGIN PRIVATE KEY"))
    );
    assert_eq!(run(&fake, &wanted).expect("kept"), Issuance::Kept);
    expect![[r#"
        no changes: staging is as its spec says
    "#]]
    .assert_eq(&plan(&fake, &wanted, NOW));
}

#[test]
fn an_rsa_key_does_too() {
    let fake = fake();
    let mut wanted = wanted(&["example.com"]);
    wanted.key_type = KeyType::Rsa;
    assert!(matches!(run(&fake, &wanted), Ok(Issuance::Issued(_))));
    none_is_unknown(&fake);
}

#[test]
fn it_is_reissued_only_for_a_reason() {
    let fake = fake();
    let first = wanted(&["*.example.com", "example.com"]);
    run(&fake, &first).expect("issued");
    // Names are a set, in whatever form.
    let same = wanted(&["EXAMPLE.com", "*.example.com.", "example.com"]);
    assert_eq!(run(&fake, &same).expect("kept"), Issuance::Kept);
    let day = |days| NOW + Duration::days(days);
    assert!(plan(&fake, &first, day(60)).starts_with("no changes"));
    expect![[r#"
        ± replace origin-certificate tls
            because it ends on 2027-02-18, within 30 days
            because the old one stays valid until it is revoked by name

        staging: 0 to create, 0 to update, 1 to replace, 0 to delete
    "#]]
    .assert_eq(&plan(&fake, &first, day(61)));
    let mut other = wanted(&["example.com"]);
    (other.validity_days, other.key_type) = (365, KeyType::Rsa);
    expect![[r#"
        ± replace origin-certificate tls
            because hostnames: a certificate's names never change
            because key_type: it needs another key
            because validity_days: a certificate's end never changes
            because the old one stays valid until it is revoked by name
            hostnames:
              - "*.example.com"
            key_type: "ecdsa" -> "rsa"
            validity_days: 90 -> 365

        staging: 0 to create, 0 to update, 1 to replace, 0 to delete
    "#]]
    .assert_eq(&plan(&fake, &other, NOW));
    fake.state().zone.certificates.clear();
    expect![[r#"
        ± replace origin-certificate tls
            because it was revoked, or is of another zone or account

        staging: 0 to create, 0 to update, 1 to replace, 0 to delete
    "#]]
    .assert_eq(&plan(&fake, &first, NOW));
}

#[test]
fn the_old_one_stays_until_it_is_revoked_by_name() {
    let fake = fake();
    run(&fake, &wanted(&["example.com"])).expect("issued");
    let new = wanted(&["*.example.com"]);
    run(&fake, &new).expect("reissued");
    expect![[r#"
        info[certificate-unused] origin-certificate tls: new1 is valid until 2027-02-18 and not the one in the secret
          hint: revoke it once every server has the one in the secret
        no changes: staging is as its spec says
    "#]].assert_eq(&plan(&fake, &new, NOW));
    assert_eq!(revoked(&fake, &new, Which::Unused).done, ["new1"]);
    assert_eq!(run(&fake, &new).expect("kept"), Issuance::Kept);
    assert_eq!(revoked(&fake, &new, Which::All).done, ["new2"]);
    assert!(fake.state().zone.certificates.is_empty());
}

#[test]
fn only_what_the_plan_named_is_revoked_and_what_came_into_use_is_spared() {
    let fake = fake();
    let (one, other) = (wanted(&["example.com"]), wanted(&["*.example.com"]));
    run(&fake, &one).expect("issued");
    let before = fake.state().secret.clone();
    run(&fake, &other).expect("reissued");
    let ids = named(&fake, Which::Unused);
    assert_eq!(ids, BTreeSet::from(["new1".to_owned()]));
    // A third one comes between the plan and the revocation.
    run(&fake, &one).expect("reissued");
    let ended = revoke_now(&fake, &one, Which::Unused, &ids, Watch::nobody());
    assert_eq!(ended.done, ["new1"]);
    let left: Vec<String> = fake
        .state()
        .zone
        .certificates
        .iter()
        .map(|c| c.id.clone())
        .collect();
    assert_eq!(
        left,
        ["new2", "new3"],
        "new2 is unused, too, and nobody agreed to it"
    );
    // Someone puts the first secret back: what it holds is in use.
    fake.state().secret = before;
    fake.state().zone.certificates[0].id = "new1".to_owned();
    let ended = revoke_now(&fake, &one, Which::Unused, &ids, Watch::nobody());
    assert_eq!(ended.skipped.len(), 1, "{ended:?}");
    assert_eq!(fake.state().zone.certificates.len(), 2);
}

#[test]
fn a_revocation_that_fails_half_way_tells_what_it_did() {
    let fake = fake();
    for hosts in [["a.example.com"], ["b.example.com"], ["c.example.com"]] {
        run(&fake, &wanted(&hosts)).expect("issued");
    }
    fake.state().fault = Some((1, Fault::Lose));
    let last = wanted(&["c.example.com"]);
    let ended = revoked(&fake, &last, Which::All);
    assert_eq!(ended.done, ["new1", "new3"]);
    assert_eq!(ended.failed.len(), 1);
    assert_eq!(ended.failed[0].0, "new2");
    let stop = Stop::default();
    stop.stop();
    run(&fake, &last).expect("issued anew");
    let watch = Watch {
        stop: &stop,
        ..Watch::nobody()
    };
    let ended = revoke_now(&fake, &last, Which::All, &named(&fake, Which::All), watch);
    assert!(ended.stopped && ended.done.is_empty());
    assert_eq!(ended.skipped.len(), 1);
}

#[test]
fn a_key_that_nobody_needs_any_more_is_put_away_and_its_certificate_is_known() {
    let fake = fake();
    let (first, second) = (wanted(&["example.com"]), wanted(&["*.example.com"]));
    run(&fake, &first).expect("issued");
    // A run for another spec ends between the issue and the store; then the spec is as before.
    fake.state().fault = Some((1, Fault::CrashAfter));
    assert!(at(&fake, &second, NOW).now_or_never().is_none());
    expect![[r#"
        ~ update  origin-certificate tls
            because a key waits in the secret that nobody needs any more
            pending: "2026-11-20" -> (none)

        info[certificate-unused] origin-certificate tls: new2 is valid until 2027-02-18 and not the one in the secret
          hint: revoke it once every server has the one in the secret
        staging: 0 to create, 1 to update, 0 to replace, 0 to delete
    "#]].assert_eq(&plan(&fake, &first, NOW));
    assert_eq!(run(&fake, &first).expect("put away"), Issuance::Retired);
    assert_eq!(run(&fake, &first).expect("kept"), Issuance::Kept);
    expect![[r#"
        info[certificate-unused] origin-certificate tls: new2 is valid until 2027-02-18 and not the one in the secret
          hint: revoke it once every server has the one in the secret
        no changes: staging is as its spec says
    "#]].assert_eq(&plan(&fake, &first, NOW));
    assert_eq!(revoked(&fake, &first, Which::Unused).done, ["new2"]);
}

#[test]
fn a_lost_answer_of_the_issue_is_found_in_the_list() {
    let fake = fake();
    fake.state().fault = Some((1, Fault::Lose));
    assert!(matches!(
        run(&fake, &wanted(&["example.com"])),
        Ok(Issuance::Issued(_))
    ));
    assert_eq!(fake.state().issued, 1);
}

#[test]
fn what_nex_did_not_write_is_no_bundle() {
    for text in [
        "",
        "hunter2",
        "[]",
        r#"{"certificate": "x", "key": "hunter2"}"#,
    ] {
        let error = Bundle::parse(&SecretString::from(text)).expect_err(text);
        assert!(!error.to_string().contains("hunter2"));
    }
    assert!(Bundle::parse(&SecretString::from("{}")).is_ok_and(|bundle| bundle.issued.is_none()));
}

/// Polls until the future ends or the program has crashed in it.
fn poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let waker = noop_waker();
    match future.as_mut().poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Crashes at any write of several runs, some after a change of the spec; then one run to its end.
    #[test]
    fn a_crash_never_leaves_a_certificate_that_nobody_knows(
        crashes in prop::collection::vec((0usize..4, any::<bool>(), any::<bool>()), 1..5),
    ) {
        let fake = fake();
        let specs = [wanted(&["example.com"]), wanted(&["*.example.com"])];
        let changes = crashes.iter().any(|(_, _, other)| *other);
        for (at_write, before, other) in crashes {
            let fault = if before { Fault::CrashBefore } else { Fault::CrashAfter };
            fake.state().fault = Some((at_write, fault));
            let _ = at(&fake, &specs[usize::from(other)], NOW).now_or_never();
            none_is_unknown(&fake);
        }
        fake.state().fault = None;
        run(&fake, &specs[0]).expect("a run to its end");
        none_is_unknown(&fake);
        let issued = bundle(&fake).issued.expect("stored");
        assert!(fake.state().zone.certificates.iter().any(|one| one.id == issued.id));
        if !changes {
            prop_assert_eq!(fake.state().issued, 1, "never a second one for the same spec");
        }
        prop_assert_eq!(run(&fake, &specs[0]).expect("kept"), Issuance::Kept);
        prop_assert!(revoked(&fake, &specs[0], Which::Unused).failed.is_empty());
        prop_assert_eq!(fake.state().zone.certificates.len(), 1);
    }

    /// Two runs at once, woven in any order, one of which may crash.
    #[test]
    fn two_runs_at_once_never_leave_a_certificate_that_nobody_knows(
        turns in prop::collection::vec(any::<bool>(), 0..40),
        crash in prop::option::of((0usize..5, any::<bool>())),
    ) {
        let fake = fake();
        let wanted = wanted(&["example.com"]);
        fake.state().gives_way = true;
        fake.state().fault = crash.map(|(at, before)| (at, if before { Fault::CrashBefore } else { Fault::CrashAfter }));
        {
            let (mut one, mut other) = (pin!(at(&fake, &wanted, NOW)), pin!(at(&fake, &wanted, NOW)));
            let mut ended = [false, false];
            for second in turns.into_iter().chain([false; 20]).chain([true; 20]) {
                if !std::mem::replace(&mut ended[usize::from(second)], true) {
                    let output = if second { poll(other.as_mut()) } else { poll(one.as_mut()) };
                    ended[usize::from(second)] = output.is_some();
                }
                none_is_unknown_now(&fake);
            }
        }
        fake.state().gives_way = false;
        fake.state().fault = None;
        run(&fake, &wanted).expect("a run to its end");
        prop_assert_eq!(run(&fake, &wanted).expect("kept"), Issuance::Kept);
        prop_assert!(revoked(&fake, &wanted, Which::Unused).failed.is_empty());
        prop_assert_eq!(fake.state().zone.certificates.len(), 1);
    }
}

fn none_is_unknown_now(fake: &Fake) {
    let gives_way = std::mem::take(&mut fake.state().gives_way);
    none_is_unknown(fake);
    fake.state().gives_way = gives_way;
}
