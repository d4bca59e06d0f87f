//! Decides whether a new certificate is needed, from the secret and from Cloudflare's list. No I/O.

use std::collections::BTreeMap;

use nex_plan::{Action, FieldChange, Finding, PlanEntry, ResourceId, Severity, Value, printable};
use time::{Duration, OffsetDateTime};

use super::LiveCertificate;
use super::revoke::{is_related, unrelated};
#[cfg(feature = "engine")]
use super::secret::CertificateSecret;
use super::secret::CertificateTerms;
use super::summary::{SecretSummary, Stored};
use crate::change::CERTIFICATE;
use crate::ids::CertificateId;
use crate::spec::Certificate;

/// What happens next to a certificate, once its secret's value is read.
#[cfg(feature = "engine")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The stored certificate is fine.
    Keep,
    /// The stored certificate is fine. A pending key is no longer needed and is set aside.
    Retire,
    /// A new key, a request, a certificate.
    Begin,
    /// A key is pending, and no live certificate exists for the key.
    Resume,
    /// A key is pending, and its certificate is already issued: it only needs to be stored.
    Complete(LiveCertificate),
}

/// What happens next.
#[cfg(feature = "engine")]
pub(crate) fn decide(
    wanted: &Certificate,
    secret: &CertificateSecret,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Next {
    let issued = secret.issued.as_ref().map(|issued| &issued.id);
    let is_fine = reasons(wanted, issued, live, now).is_empty();
    match &secret.pending {
        None if is_fine => Next::Keep,
        Some(_) if is_fine => Next::Retire,
        Some(pending) if pending.terms == CertificateTerms::of(wanted) => {
            let of_key =
                |one: &&LiveCertificate| one.public_key.as_ref() == Some(&pending.public_key);
            let lasts = |one: &&LiveCertificate| !expires_soon(wanted, one.expires, now);
            match live.iter().filter(of_key).find(lasts) {
                Some(one) => Next::Complete(one.clone()),
                // The certificate for the key expires too soon; a new certificate gets a new key.
                None if live.iter().any(|one| of_key(&one)) => Next::Begin,
                None => Next::Resume,
            }
        }
        _ => Next::Begin,
    }
}

fn expires_soon(wanted: &Certificate, expires: OffsetDateTime, now: OffsetDateTime) -> bool {
    expires - now < Duration::days(i64::from(wanted.renew_before_days))
}

/// Why the certificate in the secret is not enough; empty if it is.
fn reasons(
    wanted: &Certificate,
    issued: Option<&CertificateId>,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<String> {
    let Some(id) = issued else {
        return vec!["the secret holds no certificate".to_owned()];
    };
    match live.iter().find(|one| one.id == *id) {
        Some(one) => shortcomings(wanted, one, now),
        None => vec!["it was revoked, or belongs to another zone or account".to_owned()],
    }
}

/// What a live certificate lacks to be the one that the spec asks for.
fn shortcomings(wanted: &Certificate, one: &LiveCertificate, now: OffsetDateTime) -> Vec<String> {
    let CertificateTerms {
        hostnames,
        key_type,
        validity_days,
    } = CertificateTerms::of(wanted);
    let mut reasons = vec![];
    if one.hostnames != hostnames {
        reasons.push("hostnames: a certificate's names never change".to_owned());
    }
    if one.key_type.is_some_and(|held| held != key_type) {
        reasons.push("key_type: another type needs another key".to_owned());
    }
    if one.validity_days.is_some_and(|held| held != validity_days) {
        reasons.push("validity_days: a certificate's expiry never changes".to_owned());
    }
    if expires_soon(wanted, one.expires, now) {
        reasons.push(format!(
            "it expires on {}, within {} days",
            one.expires.date(),
            wanted.renew_before_days
        ));
    }
    reasons
}

/// A certificate that is to get into its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct CertificateStep {
    /// The certificate as the spec asks for it.
    pub(crate) wanted: Certificate,
    action: Action,
    fields: Vec<FieldChange>,
    reasons: Vec<String>,
}

impl PlanEntry for CertificateStep {
    fn id(&self) -> ResourceId {
        ResourceId::new(CERTIFICATE, &self.wanted.secret)
    }

    fn action(&self) -> Action {
        self.action
    }

    fn fields(&self) -> Vec<FieldChange> {
        self.fields.clone()
    }

    fn reasons(&self) -> Vec<String> {
        self.reasons.clone()
    }
}

/// The steps for the certificates of a spec, by the names of their secrets. `secrets` is what is known about these
/// secrets.
pub(crate) fn steps(
    wanted: &[Certificate],
    secrets: &BTreeMap<String, Stored>,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<CertificateStep> {
    let step = |certificate: &Certificate| match secrets.get(&certificate.secret) {
        None => step(certificate, &SecretSummary::default(), live, now),
        Some(Stored::Known(summary)) => step(certificate, summary, live, now),
        Some(Stored::Unknown) => Some(inspection(certificate)),
    };
    let mut steps: Vec<CertificateStep> = wanted.iter().filter_map(step).collect();
    steps.sort_by(|a, b| a.wanted.secret.cmp(&b.wanted.secret));
    steps
}

fn step(
    wanted: &Certificate,
    held: &SecretSummary,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Option<CertificateStep> {
    let mut reasons = reasons(wanted, held.issued.as_ref(), live, now);
    if reasons.is_empty() {
        return held.pending.as_ref().map(|_| retirement(wanted));
    }
    if let Some(one) = completes(wanted, held, live, now) {
        reasons.push(format!(
            "{} is already issued and only needs to be stored",
            printable(one.id.as_str())
        ));
    }
    // A revoked certificate does not count. A secret that was restored after a destroy may hold one.
    let old = live
        .iter()
        .find(|one| Some(&one.id) == held.issued.as_ref());
    if old.is_some() {
        reasons.push("the old one stays valid until it is revoked by name".to_owned());
    }
    Some(CertificateStep {
        wanted: wanted.clone(),
        action: if old.is_some() {
            Action::Replace
        } else {
            Action::Create
        },
        fields: fields(old, &CertificateTerms::of(wanted)),
        reasons,
    })
}

/// The live certificate of the pending key, if it is the one that the spec asks for.
fn completes<'a>(
    wanted: &Certificate,
    held: &SecretSummary,
    live: &'a [LiveCertificate],
    now: OffsetDateTime,
) -> Option<&'a LiveCertificate> {
    let of_key =
        |one: &&LiveCertificate| one.public_key.is_some() && one.public_key == held.pending;
    let mut of_key = live.iter().filter(of_key);
    of_key.find(|one| shortcomings(wanted, one, now).is_empty())
}

/// The step for a secret whose value has no summary.
fn inspection(wanted: &Certificate) -> CertificateStep {
    CertificateStep {
        wanted: wanted.clone(),
        action: Action::Update,
        fields: vec![FieldChange::new("summary", Value::Absent, "beside the value")],
        reasons: vec![
            "another program or a person stored the value: the apply reads it, keeps a certificate that \
             matches the spec, and otherwise requests a new one"
                .to_owned(),
        ],
    }
}

fn retirement(wanted: &Certificate) -> CertificateStep {
    CertificateStep {
        wanted: wanted.clone(),
        action: Action::Update,
        fields: vec![FieldChange::new("pending", "a key", Value::Absent)],
        reasons: vec!["the secret holds a pending key that is no longer needed".to_owned()],
    }
}

fn fields(old: Option<&LiveCertificate>, new: &CertificateTerms) -> Vec<FieldChange> {
    let key_type = |one: &LiveCertificate| one.key_type.map(|key_type| key_type.to_string());
    let all = [
        FieldChange::new(
            "hostnames",
            old.map(|old| Value::set(&old.hostnames)),
            Value::set(&new.hostnames),
        ),
        FieldChange::new("key_type", old.and_then(key_type), new.key_type.to_string()),
        FieldChange::new(
            "validity_days",
            old.and_then(|old| old.validity_days),
            new.validity_days,
        ),
    ];
    all.into_iter().filter(|f| f.old != f.new).collect()
}

/// Live certificates that no secret uses any more: they stay until they are revoked by name.
pub(crate) fn unused_findings(
    wanted: &[Certificate],
    secrets: &BTreeMap<String, Stored>,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = vec![];
    for certificate in wanted {
        let stored = secrets.get(&certificate.secret);
        let Some(held) = stored.and_then(Stored::summary) else {
            continue;
        };
        let is_fine = reasons(certificate, held.issued.as_ref(), live, now).is_empty();
        let next = completes(certificate, held, live, now).filter(|_| !is_fine);
        for one in unused(held, live).filter(|one| Some(*one) != next) {
            if !is_related(certificate, held, live, one) {
                findings.push(unrelated(certificate, one));
                continue;
            }
            findings.push(Finding::new(
                Severity::Info,
                "certificate-unused",
                ResourceId::new(CERTIFICATE, &certificate.secret),
                format!(
                    "{} is valid until {}, and the secret holds another certificate",
                    one.id,
                    one.expires.date()
                ),
                "revoke it once every server uses the certificate in the secret",
            ));
        }
    }
    findings
}

/// Secrets whose certificates can't be revoked, because nothing tells which ones they are.
pub(crate) fn unknown_findings(secrets: &BTreeMap<String, Stored>) -> Vec<Finding> {
    let unknown = secrets
        .iter()
        .filter(|(_, stored)| **stored == Stored::Unknown);
    let finding = |(name, _): (&String, &Stored)| {
        Finding::new(
            Severity::Deny,
            "certificate-unknown",
            ResourceId::new(CERTIFICATE, name),
            "another program or a person stored the secret's value: nex does not know which certificates belong to it, \
             and revokes none of them",
            "apply the zone first: that reads the value",
        )
    };
    unknown.map(finding).collect()
}

/// The live certificates that were requested under a secret, without the one in use.
pub(crate) fn unused<'a>(
    held: &'a SecretSummary,
    live: &'a [LiveCertificate],
) -> impl Iterator<Item = &'a LiveCertificate> {
    live.iter().filter(move |one| {
        let key = one.public_key.as_deref();
        Some(&one.id) != held.issued.as_ref() && key.is_some_and(|key| held.knows(key))
    })
}
