//! Decides whether a new certificate is needed, from the secret and from Cloudflare's list. No I/O.

use std::collections::BTreeMap;

use nex_plan::{Action, FieldChange, Finding, PlanEntry, ResourceId, Severity, Value, printable};
use time::{Duration, OffsetDateTime};

use super::LiveCertificate;
use super::revoke::{is_related, unrelated};
use super::secret::{CertificateSecret, CertificateTerms, Issued};
use super::store::Versioned;
use crate::change::CERTIFICATE;
use crate::spec::Certificate;

/// What happens next to a certificate.
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

/// What happens next, and why the stored certificate is not enough.
pub(crate) fn decide(
    wanted: &Certificate,
    secret: &CertificateSecret,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> (Next, Vec<String>) {
    let reasons = match &secret.issued {
        Some(issued) => reasons(wanted, issued, live, now),
        None => vec!["the secret holds no certificate".to_owned()],
    };
    let next = match &secret.pending {
        None if reasons.is_empty() => Next::Keep,
        Some(_) if reasons.is_empty() => Next::Retire,
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
    };
    (next, reasons)
}

fn expires_soon(wanted: &Certificate, expires: OffsetDateTime, now: OffsetDateTime) -> bool {
    expires - now < Duration::days(i64::from(wanted.renew_before_days))
}

fn reasons(
    wanted: &Certificate,
    issued: &Issued,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<String> {
    let CertificateTerms {
        hostnames,
        key_type,
        validity_days,
    } = CertificateTerms::of(wanted);
    let mut reasons = vec![];
    if issued.terms.hostnames != hostnames {
        reasons.push("hostnames: a certificate's names never change".to_owned());
    }
    if issued.terms.key_type != key_type {
        reasons.push("key_type: another type needs another key".to_owned());
    }
    if issued.terms.validity_days != validity_days {
        reasons.push("validity_days: a certificate's expiry never changes".to_owned());
    }
    if expires_soon(wanted, issued.expires, now) {
        reasons.push(format!(
            "it expires on {}, within {} days",
            issued.expires.date(),
            wanted.renew_before_days
        ));
    }
    if !live.iter().any(|one| one.id == issued.id) {
        reasons.push("it was revoked, or belongs to another zone or account".to_owned());
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

/// The steps for the certificates of a spec, by the names of their secrets. `secrets` is what these secrets hold.
pub(crate) fn steps(
    wanted: &[Certificate],
    secrets: &BTreeMap<String, Versioned>,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<CertificateStep> {
    let empty = CertificateSecret::default();
    let step = |certificate: &Certificate| {
        let held = secrets.get(&certificate.secret);
        let secret = held.map_or(&empty, |held| &held.secret);
        step(certificate, secret, live, now)
    };
    let mut steps: Vec<CertificateStep> = wanted.iter().filter_map(step).collect();
    steps.sort_by(|a, b| a.wanted.secret.cmp(&b.wanted.secret));
    steps
}

fn step(
    wanted: &Certificate,
    secret: &CertificateSecret,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Option<CertificateStep> {
    let (next, mut reasons) = decide(wanted, secret, live, now);
    match &next {
        Next::Keep => return None,
        Next::Retire => return Some(retirement(wanted, secret)),
        Next::Complete(one) => {
            reasons.push(format!(
                "{} is already issued and only needs to be stored",
                printable(one.id.as_str())
            ));
        }
        Next::Resume => reasons.push("its key is already stored".to_owned()),
        Next::Begin => {}
    }
    // A revoked certificate does not count. A secret that was restored after a destroy may hold one.
    let is_live = |issued: &&Issued| live.iter().any(|one| one.id == issued.id);
    let old = secret.issued.as_ref().filter(is_live);
    if old.is_some() {
        reasons.push("the old one stays valid until it is revoked by name".to_owned());
    }
    let old = old.map(|issued| &issued.terms);
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

fn retirement(wanted: &Certificate, secret: &CertificateSecret) -> CertificateStep {
    let pending = secret.pending.as_ref();
    let since = pending.map(|pending| pending.claimed.date().to_string());
    CertificateStep {
        wanted: wanted.clone(),
        action: Action::Update,
        fields: vec![FieldChange::new("pending", since, Value::Absent)],
        reasons: vec!["the secret holds a pending key that is no longer needed".to_owned()],
    }
}

fn fields(old: Option<&CertificateTerms>, new: &CertificateTerms) -> Vec<FieldChange> {
    let key_type = |terms: &CertificateTerms| terms.key_type.to_string();
    let all = [
        FieldChange::new(
            "hostnames",
            old.map(|old| Value::set(&old.hostnames)),
            Value::set(&new.hostnames),
        ),
        FieldChange::new("key_type", old.map(key_type), key_type(new)),
        FieldChange::new(
            "validity_days",
            old.map(|old| old.validity_days),
            new.validity_days,
        ),
    ];
    all.into_iter().filter(|f| f.old != f.new).collect()
}

/// Live certificates that no secret uses any more: they stay until they are revoked by name.
pub(crate) fn unused_findings(
    wanted: &[Certificate],
    secrets: &BTreeMap<String, Versioned>,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = vec![];
    for certificate in wanted {
        let Some(Versioned { secret, .. }) = secrets.get(&certificate.secret) else {
            continue;
        };
        let (next, _) = decide(certificate, secret, live, now);
        let is_next = |one: &LiveCertificate| next == Next::Complete(one.clone());
        for one in unused(secret, live).filter(|one| !is_next(one)) {
            if !is_related(certificate, secret, live, one) {
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

/// The live certificates that were requested under a secret, without the one in use.
pub(crate) fn unused<'a>(
    secret: &'a CertificateSecret,
    live: &'a [LiveCertificate],
) -> impl Iterator<Item = &'a LiveCertificate> {
    let in_use = secret.issued.as_ref().map(|issued| &issued.id);
    live.iter().filter(move |one| {
        let key = one.public_key.as_deref();
        Some(&one.id) != in_use && key.is_some_and(|key| secret.knows(key))
    })
}
