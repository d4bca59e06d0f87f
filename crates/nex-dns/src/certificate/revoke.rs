//! Decides which certificates are revoked. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::{Action, FieldChange, PlanEntry, ResourceId, Value};

use super::LiveCertificate;
use super::decide::unused;
use super::summary::{SecretSummary, Stored};
use crate::change::CERTIFICATE;
use crate::ids::CertificateId;

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

/// The revocations of a scope, by the certificates' ids. `secrets` is what is known about the secrets.
pub(crate) fn revocations(
    secrets: &BTreeMap<String, Stored>,
    live: &[LiveCertificate],
    scope: RevokeScope,
) -> Vec<Revocation> {
    let mut found = vec![];
    for (name, stored) in secrets {
        let Some(held) = stored.summary() else {
            continue;
        };
        found.extend(revoked(held, live, scope).map(|one| Revocation {
            id: one.id.clone(),
            secret: name.clone(),
            hostnames: one.hostnames.clone(),
            expires: one.expires.date(),
            scope,
        }));
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
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
