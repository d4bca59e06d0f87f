//! Revocations: a certificate stays valid until it is revoked by name, and only what was approved is revoked.

use expect_test::expect;
use futures_util::FutureExt as _;
use nex_dns::certificate::RevokeScope;
use nex_dns::spec::Certificate;
use nex_dns::step::ZoneStep;
use nex_dns::{CertificateId, Goal};
use nex_plan::{ApplyReport, Approved, CancelToken, NoProgress, Renderer, RunContext, SkipReason};
use secrecy::ExposeSecret as _;

use crate::approval::approve;
use crate::certificates::{NOTHING, converge, fake, manager, plan, run, secret, wanted};
use crate::fake::{Fake, Fault};
use crate::zones::{NO_SERVER, ours};

/// All certificates are revoked, as before the secret itself is deleted.
const ALL: Goal = Goal::Nothing {
    revoke: Some(RevokeScope::All),
};

const NOW: time::OffsetDateTime = time::macros::datetime!(2026-11-20 12:00 UTC);

fn approved(fake: &Fake, wanted: &Certificate, goal: &Goal) -> Approved<ZoneStep> {
    let snapshot = manager(fake, wanted).read().now_or_never();
    approve(snapshot.expect("no wait").expect("a zone").plan(goal))
}

fn apply(
    fake: &Fake,
    wanted: &Certificate,
    goal: &Goal,
    approved: &Approved<ZoneStep>,
    cancel: &CancelToken,
) -> ApplyReport {
    let context = RunContext {
        progress: &NoProgress,
        cancel,
    };
    let manager = manager(fake, wanted);
    let report = manager.apply(approved, goal, context).now_or_never();
    report.expect("no wait").expect("a report")
}

/// Plans a revocation and applies it.
fn revoked(fake: &Fake, wanted: &Certificate, goal: &Goal) -> ApplyReport {
    let approved = approved(fake, wanted, goal);
    apply(fake, wanted, goal, &approved, &CancelToken::default())
}

/// The ids of the certificates that were revoked.
fn done(report: &ApplyReport) -> Vec<&str> {
    let done = report.done.iter();
    done.map(|done| done.id.name.as_str()).collect()
}

#[test]
fn the_old_one_stays_until_it_is_revoked_by_name() {
    let fake = fake();
    run(&fake, &wanted(&["example.com"]));
    let new = wanted(&["*.example.com", "example.com"]);
    assert_eq!(run(&fake, &new), ["replace origin-certificate tls"]);
    expect![[r#"
        info[certificate-unused] origin-certificate tls: new1 is valid until 2027-02-18, and the secret holds another certificate
          hint: revoke it once every server uses the certificate in the secret
        no changes: nex-staging matches its spec
    "#]].assert_eq(&plan(&fake, &new, NOW));
    assert_eq!(done(&revoked(&fake, &new, &Goal::Revoke)), ["new1"]);
    assert_eq!(run(&fake, &new), NOTHING);
    assert_eq!(done(&revoked(&fake, &new, &ALL)), ["new2"]);
    assert!(fake.state().certificates.is_empty());
}

#[test]
fn only_what_the_plan_named_is_revoked_and_what_came_into_use_is_spared() {
    let fake = fake();
    let (one, other) = (
        wanted(&["example.com"]),
        wanted(&["*.example.com", "example.com"]),
    );
    run(&fake, &one);
    let before = fake.state().secret.clone();
    run(&fake, &other);
    let plan = approved(&fake, &other, &Goal::Revoke);
    let ids: Vec<String> = plan.plan().steps().map(id).collect();
    assert_eq!(ids, ["new1"]);
    // A third one comes between the plan and the revocation.
    run(&fake, &one);
    let never = CancelToken::default();
    let report = apply(&fake, &one, &Goal::Revoke, &plan, &never);
    assert_eq!(done(&report), ["new1"]);
    let left: Vec<String> = fake
        .state()
        .certificates
        .iter()
        .map(|c| c.id.to_string())
        .collect();
    assert_eq!(
        left,
        ["new2", "new3"],
        "new2 is unused, too, and nobody approved its revocation"
    );
    // Someone puts the first secret back: what it holds is in use.
    fake.state().secret = before;
    fake.state().certificates[0].id = CertificateId::new("new1");
    let report = apply(&fake, &one, &Goal::Revoke, &plan, &never);
    assert_eq!(report.skipped.len(), 1, "{report:?}");
    expect!["the resource has come into use since the plan was made"]
        .assert_eq(&report.skipped[0].reason.to_string());
    assert_eq!(fake.state().certificates.len(), 2);
}

fn id(step: &ZoneStep) -> String {
    nex_plan::PlanEntry::id(step).name
}

#[test]
fn a_revocation_that_fails_half_way_reports_what_it_did() {
    let fake = fake();
    let hosts = ["c.example.com", "a.example.com", "b.example.com"];
    for count in [3, 2, 1] {
        run(&fake, &wanted(&hosts[..count]));
    }
    fake.state().fault = Some((1, Fault::Lose));
    let last = wanted(&["c.example.com"]);
    let report = revoked(&fake, &last, &ALL);
    assert_eq!(done(&report), ["new1", "new3"]);
    assert_eq!(report.failed.len(), 1);
    assert_eq!(report.failed[0].id.name, "new2");
    assert_eq!(report.remaining.entries.len(), 1);
    // The certificate in use was revoked: a new one is issued.
    assert_eq!(run(&fake, &last), ["create origin-certificate tls"]);
    let cancelled = CancelToken::default();
    cancelled.cancel();
    let plan = approved(&fake, &last, &ALL);
    let report = apply(&fake, &last, &ALL, &plan, &cancelled);
    assert!(report.stopped && report.done.is_empty());
    assert_eq!(report.skipped.len(), 1);
}

#[test]
fn a_pending_key_that_is_no_longer_needed_is_put_aside_and_its_certificate_is_known() {
    let fake = fake();
    let (first, second) = (
        wanted(&["example.com"]),
        wanted(&["*.example.com", "example.com"]),
    );
    run(&fake, &first);
    // A run for another spec ends between the issue and the store; then the spec is as before.
    fake.state().fault = Some((1, Fault::CrashAfter));
    let crashed = converge(&fake, &second, &NO_SERVER).now_or_never();
    assert!(crashed.is_none());
    expect![[r#"
        ~ update  origin-certificate tls
            because the secret holds a pending key that is no longer needed
            pending: "a key" -> (none)

        info[certificate-unused] origin-certificate tls: new2 is valid until 2027-02-18, and the secret holds another certificate
          hint: revoke it once every server uses the certificate in the secret
        nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
    "#]].assert_eq(&plan(&fake, &first, NOW));
    assert_eq!(run(&fake, &first), ["update origin-certificate tls"]);
    assert_eq!(run(&fake, &first), NOTHING);
    expect![[r#"
        info[certificate-unused] origin-certificate tls: new2 is valid until 2027-02-18, and the secret holds another certificate
          hint: revoke it once every server uses the certificate in the secret
        no changes: nex-staging matches its spec
    "#]].assert_eq(&plan(&fake, &first, NOW));
    assert_eq!(done(&revoked(&fake, &first, &Goal::Revoke)), ["new2"]);
}

#[test]
fn a_secret_forgets_the_keys_of_revoked_certificates() {
    let fake = fake();
    for number in 0..12 {
        let host = format!("{number}.example.com");
        let wanted = wanted(&["example.com", &host]);
        run(&fake, &wanted);
        let report = revoked(&fake, &wanted, &Goal::Revoke);
        assert!(report.is_complete(), "{report:?}");
    }
    let known = secret(&fake).summary().keys.len();
    assert!(known < 11, "{known} keys");
}

#[test]
fn a_destroy_deletes_the_records_first_and_revokes_nothing_unless_they_are_read_back() {
    let wanted = wanted(&["example.com"]);
    for reads_left in [None, Some(1)] {
        let fake = fake();
        run(&fake, &wanted);
        let record = ours("1", "A", "old.example.com", "192.0.2.1");
        fake.state().zone.records.push(record);
        let plan = approved(&fake, &wanted, &ALL);
        fake.state().reads_left = reads_left;
        let report = apply(&fake, &wanted, &ALL, &plan, &CancelToken::default());
        assert_eq!(report.done[0].id.name, "old.example.com A");
        if reads_left.is_none() {
            assert_eq!(report.done[1].id.name, "new1");
            assert!(report.is_complete() && report.remaining.is_empty());
        } else {
            assert_eq!(report.skipped[0].reason, SkipReason::Unread);
            assert_eq!(fake.state().certificates.len(), 1);
        }
    }
}

/// The lines of a linted plan.
fn shown(fake: &Fake, wanted: &Certificate, goal: &Goal) -> String {
    let snapshot = manager(fake, wanted).read().now_or_never();
    let snapshot = snapshot.expect("no wait").expect("a zone");
    Renderer::plain().linted(&snapshot.plan(goal))
}

#[test]
fn a_key_in_the_secret_is_no_reason_to_revoke_a_certificate_for_other_names() {
    let fake = fake();
    let (old, new) = (
        wanted(&["old.example.com", "gitlab.example.com"]),
        wanted(&["*.example.com"]),
    );
    run(&fake, &old);
    run(&fake, &new);
    // Someone who can write the secret adds the key of another team's certificate.
    let mut theirs = fake.state().certificates[0].clone();
    theirs.id = CertificateId::new("theirs");
    theirs.hostnames = ["example.com", "pay.shop.example.com"]
        .map(Into::into)
        .into();
    theirs.public_key = Some("their-key".to_owned());
    let expires = theirs.expires;
    fake.state().certificates.push(theirs);
    let mut held = secret(&fake);
    held.superseded.insert("their-key".to_owned(), expires);
    let text = held.to_json().expose_secret().to_owned();
    fake.state().secret = Some((9, text));
    let goals = [&NO_SERVER, &Goal::Revoke, &ALL];
    let shown = goals.map(|goal| shown(&fake, &new, goal));
    let mut about: Vec<&str> = shown
        .iter()
        .flat_map(|shown| shown.lines())
        .filter(|line| line.contains("theirs"))
        .collect();
    assert_eq!(about.len(), goals.len(), "{shown:?}");
    about.dedup();
    expect!["warning[certificate-unrelated] origin-certificate tls: the secret names theirs for example.com, pay.shop.example.com: nex does not revoke it, because neither the spec nor the certificate in the secret has any of these names"].assert_eq(&about.join("\n"));
    assert_eq!(done(&revoked(&fake, &new, &Goal::Revoke)), ["new1"]);
    assert_eq!(done(&revoked(&fake, &new, &ALL)), ["new2"]);
    let left = fake.state().certificates.len();
    assert_eq!(left, 1, "the other team's");
    // A spec that has one of the names may revoke it.
    let ours = wanted(&["example.com"]);
    assert_eq!(done(&revoked(&fake, &ours, &Goal::Revoke)), ["theirs"]);
}

#[test]
fn a_certificate_for_other_names_is_not_revoked_because_the_secret_says_that_it_is_in_use() {
    let (fake, wanted) = (fake(), wanted(&["gitlab.example.com"]));
    run(&fake, &wanted);
    let mut held = secret(&fake);
    let mut theirs = fake.state().certificates[0].clone();
    theirs.id = CertificateId::new("theirs");
    theirs.hostnames = ["pay.shop.example.com".to_owned()].into();
    theirs.public_key = Some("their-key".to_owned());
    fake.state().certificates.push(theirs.clone());
    // Someone who can write the secret names another team's certificate as the one in use.
    if let Some(issued) = &mut held.issued {
        let ours = std::mem::replace(&mut issued.public_key, "their-key".to_owned());
        held.superseded.insert(ours, issued.expires);
        issued.id = theirs.id.clone();
    }
    let text = held.to_json().expose_secret().to_owned();
    fake.state().secret = Some((9, text));
    assert_eq!(done(&revoked(&fake, &wanted, &ALL)), ["new1"]);
    assert_eq!(fake.state().certificates, [theirs]);
}
