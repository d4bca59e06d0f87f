//! Decides which certificates are revoked. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::{Action, FieldChange, Finding, PlanEntry, ResourceId, Severity, Value, printable};

use super::LiveCertificate;
use super::decide::unused;
use super::secret::CertificateTerms;
use super::summary::{SecretSummary, Stored};
use crate::change::CERTIFICATE;
use crate::ids::CertificateId;
use crate::name;
use crate::spec::Certificate;

/// Which certificates of a secret are revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeScope {
    /// The certificates that the secret no longer uses. Every server must already have the one in use.
    Unused,
    /// All certificates, before the secret itself is deleted.
    All,
}

/// A certificate that is to be revoked.
#[derive(Clone, Debug, PartialEq)]
pub struct Revocation {
    /// The certificate's id at Cloudflare.
    pub id: CertificateId,
    /// The secret under which the certificate was requested.
    pub secret: String,
    /// The names that the certificate covers.
    pub hostnames: BTreeSet<String>,
    /// The day on which the certificate expires.
    pub expires: time::Date,
    /// Which certificates of the secret are revoked.
    pub scope: RevokeScope,
}

impl PlanEntry for Revocation {
    fn id(&self) -> ResourceId {
        ResourceId::new(CERTIFICATE, self.id.as_str())
    }

    fn action(&self) -> Action {
        Action::Delete
    }

    fn fields(&self) -> Vec<FieldChange> {
        let expires = self.expires.to_string();
        vec![
            FieldChange::new("hostnames", Value::set(&self.hostnames), Value::Absent),
            FieldChange::new("expires", expires, Value::Absent),
        ]
    }

    fn reasons(&self) -> Vec<String> {
        let secret = &self.secret;
        vec![match self.scope {
            RevokeScope::Unused => format!("the secret {secret} holds another certificate"),
            RevokeScope::All => format!("the secret {secret} is about to be deleted"),
        }]
    }
}

/// The revocations of a scope, by the certificates' ids. `wanted` are the certificates of the spec, `secrets` what is known
/// about their secrets.
pub(crate) fn revocations(
    wanted: &[Certificate],
    secrets: &BTreeMap<String, Stored>,
    live: &[LiveCertificate],
    scope: RevokeScope,
) -> Vec<Revocation> {
    let mut found = vec![];
    for (wanted, held) in known(wanted, secrets) {
        let revoked = revoked(held, live, scope).filter(|one| is_related(wanted, held, live, one));
        found.extend(revoked.map(|one| Revocation {
            id: one.id.clone(),
            secret: wanted.secret.clone(),
            hostnames: one.hostnames.clone(),
            expires: one.expires.date(),
            scope,
        }));
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

/// The certificates that a revocation of `scope` leaves out though a secret lists their keys.
pub(crate) fn unrelated_findings(
    wanted: &[Certificate],
    secrets: &BTreeMap<String, Stored>,
    live: &[LiveCertificate],
    scope: RevokeScope,
) -> Vec<Finding> {
    let mut findings = vec![];
    for (wanted, held) in known(wanted, secrets) {
        let left_out =
            revoked(held, live, scope).filter(|one| !is_related(wanted, held, live, one));
        findings.extend(left_out.map(|one| unrelated(wanted, one)));
    }
    findings
}

/// The certificates of the spec, each with the summary of its secret.
fn known<'a>(
    wanted: &'a [Certificate],
    secrets: &'a BTreeMap<String, Stored>,
) -> impl Iterator<Item = (&'a Certificate, &'a SecretSummary)> {
    let known = |one: &'a Certificate| Some((one, secrets.get(&one.secret)?.summary()?));
    wanted.iter().filter_map(known)
}

/// Whether a certificate may be revoked for this secret. Anyone who can write the secret can make it name any certificate,
/// also as the one in use. A certificate must therefore have a name in common with the spec, or with the stored
/// certificate if that one has. The names are those that Cloudflare lists: no one can forge them in the secret.
pub(super) fn is_related(
    wanted: &Certificate,
    held: &SecretSummary,
    live: &[LiveCertificate],
    one: &LiveCertificate,
) -> bool {
    let asked = CertificateTerms::of(wanted).hostnames;
    let in_use = held.issued.as_ref();
    let mut stored = live.iter().filter(|one| Some(&one.id) == in_use);
    share_a_name(&asked, &one.hostnames)
        || stored.any(|stored| {
            share_a_name(&asked, &stored.hostnames)
                && share_a_name(&stored.hostnames, &one.hostnames)
        })
}

/// Whether a name of one set is, or covers, a name of the other one.
fn share_a_name(ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> bool {
    let covers = |a: &String, b: &String| name::covers(a, b) || name::covers(b, a);
    ours.iter()
        .any(|ours| theirs.iter().any(|theirs| covers(ours, theirs)))
}

pub(super) fn unrelated(wanted: &Certificate, one: &LiveCertificate) -> Finding {
    let hostnames: Vec<&str> = one.hostnames.iter().map(String::as_str).collect();
    Finding::new(
        Severity::Warning,
        "certificate-unrelated",
        ResourceId::new(CERTIFICATE, &wanted.secret),
        printable(format!(
            "the secret names {} for {}: nex does not revoke it, because neither the spec nor the certificate in the \
             secret has any of these names",
            one.id,
            hostnames.join(", ")
        )),
        "find out who uses the certificate; revoke it at dash.cloudflare.com, SSL/TLS, Origin Server, if nobody does",
    )
}

fn revoked<'a>(
    held: &'a SecretSummary,
    live: &'a [LiveCertificate],
    scope: RevokeScope,
) -> impl Iterator<Item = &'a LiveCertificate> {
    let in_use = held.issued.as_ref();
    let unused = unused(held, live).filter(move |one| match scope {
        // The next run stores the certificate of a pending key.
        RevokeScope::Unused => one.public_key != held.pending,
        RevokeScope::All => true,
    });
    let used = live
        .iter()
        .filter(move |one| scope == RevokeScope::All && Some(&one.id) == in_use);
    unused.chain(used)
}
