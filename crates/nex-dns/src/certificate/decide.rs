//! Whether a certificate is needed, by what the secret holds and what Cloudflare's list shows: no I/O.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::{Action, Change, FieldChange, Level, ResourceId, Value, Verdict};
use time::{Duration, OffsetDateTime};

use super::LiveCertificate;
use super::bundle::{Bundle, Issued, Terms};
use crate::spec::Certificate;

/// The kind of a certificate in a plan; its name is its secret's.
pub const CERTIFICATE: &str = "origin-certificate";

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The one that is stored serves.
    Keep,
    /// The one that is stored serves; a key that nobody needs any more waits beside it.
    Retire,
    /// A new key, a request, a certificate.
    Begin,
    /// A key waits, but no certificate for it lives.
    Resume,
    /// A key waits, and its certificate lives already: it only has to be stored.
    Complete(LiveCertificate),
}

/// What comes next, and why the certificate that is stored does not serve.
pub(crate) fn decide(
    wanted: &Certificate,
    bundle: &Bundle,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> (Next, Vec<String>) {
    let reasons = match &bundle.issued {
        Some(issued) => reasons(wanted, issued, live, now),
        None => vec!["the secret holds none".to_owned()],
    };
    let next = match &bundle.pending {
        None if reasons.is_empty() => Next::Keep,
        Some(_) if reasons.is_empty() => Next::Retire,
        Some(pending) if pending.terms == Terms::of(wanted) => {
            let of_key = |one: &&LiveCertificate| {
                one.public_key.as_ref() == Some(&pending.public_key)
                    && !ends_soon(wanted, one.expires, now)
            };
            match live.iter().find(of_key) {
                Some(one) => Next::Complete(one.clone()),
                // Its certificate lives too short; a new one gets a new key.
                None if live
                    .iter()
                    .any(|one| one.public_key.as_ref() == Some(&pending.public_key)) =>
                {
                    Next::Begin
                }
                None => Next::Resume,
            }
        }
        _ => Next::Begin,
    };
    (next, reasons)
}

fn ends_soon(wanted: &Certificate, expires: OffsetDateTime, now: OffsetDateTime) -> bool {
    expires - now < Duration::days(i64::from(wanted.renew_before_days))
}

fn reasons(
    wanted: &Certificate,
    issued: &Issued,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<String> {
    let Terms {
        hostnames,
        key_type,
        validity_days,
    } = Terms::of(wanted);
    let mut reasons = vec![];
    if issued.terms.hostnames != hostnames {
        reasons.push("hostnames: a certificate's names never change".to_owned());
    }
    if issued.terms.key_type != key_type {
        reasons.push("key_type: it needs another key".to_owned());
    }
    if issued.terms.validity_days != validity_days {
        reasons.push("validity_days: a certificate's end never changes".to_owned());
    }
    if ends_soon(wanted, issued.expires, now) {
        reasons.push(format!(
            "it ends on {}, within {} days",
            issued.expires.date(),
            wanted.renew_before_days
        ));
    }
    if !live.iter().any(|one| one.id == issued.id) {
        reasons.push("it was revoked, or is of another zone or account".to_owned());
    }
    reasons
}

/// The ids of the certificates in use: for [`Ask::certificates`](crate::Ask::certificates).
pub fn in_use(held: &BTreeMap<String, Bundle>) -> BTreeSet<String> {
    let issued = held.values().filter_map(|bundle| bundle.issued.as_ref());
    issued.map(|issued| issued.id.clone()).collect()
}

/// The changes of a spec's certificates. `held` is what their secrets hold, by the secrets' names.
pub fn changes(
    wanted: &[Certificate],
    held: &BTreeMap<String, Bundle>,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<Change> {
    let none = Bundle::default();
    let change = |certificate: &Certificate| {
        let bundle = held.get(&certificate.secret).unwrap_or(&none);
        let (next, mut reasons) = decide(certificate, bundle, live, now);
        let action = action(&next, bundle)?;
        if next == Next::Retire {
            return Some(retirement(certificate, bundle));
        }
        match next {
            Next::Complete(one) => {
                reasons.push(format!("{} is issued already and gets stored", one.id))
            }
            Next::Resume => reasons.push("a key for it is stored already".to_owned()),
            Next::Keep | Next::Retire | Next::Begin => {}
        }
        let lives = |issued: &Issued| live.iter().any(|one| one.id == issued.id);
        if bundle.issued.as_ref().is_some_and(lives) {
            reasons.push("the old one stays valid until it is revoked by name".to_owned());
        }
        Some(Change {
            action,
            resource: ResourceId::new(CERTIFICATE, &certificate.secret),
            fields: fields(
                bundle.issued.as_ref().map(|issued| &issued.terms),
                &Terms::of(certificate),
            ),
            reasons,
        })
    };
    let mut changes: Vec<Change> = wanted.iter().filter_map(change).collect();
    changes.sort_by(|a, b| a.resource.cmp(&b.resource));
    changes
}

/// What is done to the certificate, as a plan says it.
pub(crate) fn action(next: &Next, bundle: &Bundle) -> Option<Action> {
    match (next, &bundle.issued) {
        (Next::Keep, _) => None,
        (Next::Retire, _) => Some(Action::Update),
        (_, None) => Some(Action::Create),
        (_, Some(_)) => Some(Action::Replace),
    }
}

fn retirement(certificate: &Certificate, bundle: &Bundle) -> Change {
    let since = bundle
        .pending
        .as_ref()
        .map(|p| p.claimed.date().to_string());
    let old = since.map_or(Value::Absent, Value::from);
    Change {
        action: Action::Update,
        resource: ResourceId::new(CERTIFICATE, &certificate.secret),
        fields: vec![FieldChange::in_place("pending", old, Value::Absent)],
        reasons: vec!["a key waits in the secret that nobody needs any more".to_owned()],
    }
}

fn fields(old: Option<&Terms>, new: &Terms) -> Vec<FieldChange> {
    let values = |terms: &Terms| {
        let kind = format!("{:?}", terms.key_type).to_lowercase();
        let names = Value::set(&terms.hostnames);
        [names, kind.into(), terms.validity_days.into()]
    };
    let old = old.map_or([Value::Absent, Value::Absent, Value::Absent], values);
    let names = ["hostnames", "key_type", "validity_days"].into_iter();
    let all = names.zip(old.into_iter().zip(values(new)));
    let differing = all.filter(|(_, (old, new))| old != new);
    differing
        .map(|(name, (old, new))| FieldChange::in_place(name, old, new))
        .collect()
}

/// Live certificates of ours that no secret uses any more: they stay until they are revoked by name.
pub fn lint(
    wanted: &[Certificate],
    held: &BTreeMap<String, Bundle>,
    live: &[LiveCertificate],
    now: OffsetDateTime,
) -> Vec<Verdict> {
    let mut verdicts = vec![];
    for certificate in wanted {
        let Some(bundle) = held.get(&certificate.secret) else {
            continue;
        };
        let (next, _) = decide(certificate, bundle, live, now);
        for one in unused(bundle, live) {
            if next == Next::Complete(one.clone()) {
                continue;
            }
            verdicts.push(Verdict::new(
                Level::Info,
                "certificate-unused",
                format!("{CERTIFICATE} {}", certificate.secret),
                format!(
                    "{} is valid until {} and not the one in the secret",
                    one.id,
                    one.expires.date()
                ),
                "revoke it once every server has the one in the secret",
            ));
        }
    }
    verdicts
}

/// Which of a secret's certificates are revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that the secret uses no more: once every server has the one in use.
    Unused,
    /// All: before the secret itself goes.
    All,
}

/// What a revocation would do: a delete of each certificate, by its id.
pub fn revocations(
    held: &BTreeMap<String, Bundle>,
    live: &[LiveCertificate],
    which: Which,
) -> Vec<Change> {
    let change = |secret: &String, one: &LiveCertificate| Change {
        action: Action::Delete,
        resource: ResourceId::new(CERTIFICATE, &one.id),
        fields: vec![
            FieldChange::in_place("hostnames", Value::set(&one.hostnames), Value::Absent),
            FieldChange::in_place("expires", one.expires.date().to_string(), Value::Absent),
        ],
        reasons: vec![match which {
            Which::Unused => format!("the secret {secret} holds another one"),
            Which::All => format!("the secret {secret} goes"),
        }],
    };
    let mut changes: Vec<Change> = held
        .iter()
        .flat_map(|(secret, bundle)| {
            let revoked = revoked(bundle, live, which);
            revoked.map(|one| change(secret, one)).collect::<Vec<_>>()
        })
        .collect();
    changes.sort_by(|a, b| a.resource.cmp(&b.resource));
    changes
}

/// The live certificates of a secret that a revocation takes.
pub(crate) fn revoked<'a>(
    bundle: &'a Bundle,
    live: &'a [LiveCertificate],
    which: Which,
) -> impl Iterator<Item = &'a LiveCertificate> {
    let waits = bundle.pending.as_ref().map(|pending| &pending.public_key);
    let in_use = bundle.issued.as_ref().map(|issued| &issued.id);
    let unused = unused(bundle, live).filter(move |one| match which {
        // The next run stores a certificate whose key waits.
        Which::Unused => one.public_key.as_ref() != waits,
        Which::All => true,
    });
    let used = live
        .iter()
        .filter(move |one| which == Which::All && Some(&one.id) == in_use);
    unused.chain(used)
}

/// The live certificates that were asked for under this secret, without the one in use.
fn unused<'a>(
    bundle: &'a Bundle,
    live: &'a [LiveCertificate],
) -> impl Iterator<Item = &'a LiveCertificate> {
    let in_use = bundle.issued.as_ref().map(|issued| &issued.id);
    live.iter().filter(move |one| {
        Some(&one.id) != in_use
            && one
                .public_key
                .as_deref()
                .is_some_and(|key| bundle.knows(key))
    })
}
