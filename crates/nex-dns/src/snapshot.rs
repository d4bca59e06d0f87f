//! A zone as it was read, and the plans that it leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use nex_plan::{Finding, Lint, Linted, Plan, PlanEntry as _, Planned, Problems, ResourceId};
use time::OffsetDateTime;

use crate::adoption::{self, Candidates};
use crate::certificate::{
    self, LiveCertificate, RevokeScope, Stored, revocations, unknown_findings, unrelated_findings,
    unused_findings,
};
use crate::change::{CERTIFICATE, RECORD, SETTING, ZoneStep};
use crate::desired::Desired;
use crate::ids::RecordId;
use crate::spec::Spec;
use crate::zone::Zone;
use crate::{diff, lint};

/// What a plan must achieve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The zone matches its spec. `address` is the server's, for the records without content.
    Spec {
        /// The server's address, once it is known.
        address: Option<Ipv4Addr>,
    },
    /// The deployment has no records in the zone; the settings stay as they are.
    Nothing {
        /// Which certificates are revoked; `None` for none.
        revoke: Option<RevokeScope>,
    },
    /// Certificates that no secret uses any more are revoked.
    Revoke,
    /// The records with these ids carry the deployment's mark, in place of any other deployment's; nothing else of them
    /// changes.
    Adopt {
        /// The records' ids at Cloudflare.
        records: BTreeSet<RecordId>,
    },
}

/// A zone, and what is known about its certificates' secrets, as they were read at one moment.
#[derive(Clone, Debug)]
pub struct ZoneSnapshot {
    spec: Spec,
    deployment: String,
    zone: Zone,
    secrets: BTreeMap<String, Stored>,
    now: OffsetDateTime,
}

/// The adoption of a record, and what the next plan would then do.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The plan that puts the deployment's mark on the record.
    pub plan: Linted<ZoneStep>,
    /// What the next plan then does to the record; `None` if the record already matches the spec.
    pub then: Option<Planned<ZoneStep>>,
}

/// The adoption of every record that stands in the way of the spec's.
#[derive(Clone, Debug)]
pub struct Adoptions {
    /// The plan that puts the deployment's mark on the records. Its findings name what stays with its owner, and why.
    pub plan: Linted<ZoneStep>,
    /// The goal of that plan.
    pub goal: Goal,
    /// What the next plan then does to these records, and in their place.
    pub then: Vec<Planned<ZoneStep>>,
}

impl ZoneSnapshot {
    /// A snapshot of `zone`, read with the query that [`zone_query`](crate::zone::zone_query) returns, and of what
    /// is known about the certificates' secrets, by name. The records of `deployment` carry its mark
    /// ([`mark`](crate::mark)). `now` decides which certificates expire soon.
    ///
    /// # Errors
    /// The problems of the spec, as [`Spec::validate`].
    pub fn new(
        spec: &Spec,
        deployment: &str,
        zone: Zone,
        secrets: BTreeMap<String, Stored>,
        now: OffsetDateTime,
    ) -> Result<Self, Problems> {
        spec.validate(deployment).into_result()?;
        Ok(Self::of_valid(spec, deployment, zone, secrets, now))
    }

    /// The snapshot for a spec without problems.
    pub(crate) fn of_valid(
        spec: &Spec,
        deployment: &str,
        zone: Zone,
        secrets: BTreeMap<String, Stored>,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            deployment: deployment.to_owned(),
            spec: spec.clone(),
            zone,
            secrets,
            now,
        }
    }

    /// The zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether the spec or the zone has this resource, with a change or without.
    pub fn knows(&self, id: &ResourceId) -> bool {
        let desired = self.desired(&Goal::Spec { address: None });
        // A record among several of its name and type has more words.
        let is_record = |name: &str, kind: &str| {
            let mut words = id.name.split(' ');
            words.next() == Some(name) && words.next() == Some(kind)
        };
        match &*id.kind {
            RECORD => {
                let mut wanted = desired.records.iter();
                let mut existing = self.zone.records.iter();
                wanted.any(|one| is_record(&one.name, one.kind.into()))
                    || existing.any(|one| is_record(&one.name, &one.kind))
            }
            SETTING => desired
                .settings
                .keys()
                .any(|setting| setting.to_string() == id.name),
            CERTIFICATE => {
                let mut certificates = self.spec.certificates.iter();
                certificates.any(|one| one.secret == id.name)
            }
            _ => false,
        }
    }

    /// The plan that leads to `goal`, with its findings.
    pub fn plan(&self, goal: &Goal) -> Linted<ZoneStep> {
        let context = LintContext {
            snapshot: self,
            goal,
        };
        self.steps(goal).lint(&context)
    }

    /// What taking over the record with this id leads to, with the server at `address`; `None` if the zone has no such
    /// record that a deployment can own ([`ObservedRecord::ownable_type`](crate::zone::ObservedRecord::ownable_type)).
    pub fn adoption(&self, record: &RecordId, address: Option<Ipv4Addr>) -> Option<Adoption> {
        let desired = self.desired(&Goal::Spec { address });
        let records = BTreeSet::from([record.clone()]);
        let steps = adoption::steps(&desired, &self.zone, &records);
        if steps.is_empty() {
            return None;
        }
        let mut then = adoption::differences(&desired, &self.zone, &steps).into_iter();
        Some(Adoption {
            then: then.find(|entry| adoption::is_about(entry, record)),
            plan: self.plan(&Goal::Adopt { records }),
        })
    }

    /// What taking over every record that stands in the way of the spec's leads to, with the server at `address`.
    ///
    /// A record that carries another deployment's mark, or that no deployment can own, stays with its owner, with a
    /// warning. If the zone has more records of one name and type than the spec asks for, none of them is taken: that is a
    /// denial, and an operator who allows it leaves all of them as they are. `older` is what the marks of this same
    /// deployment named at an earlier time, and what no other deployment is named.
    pub fn adoptions(&self, address: Option<Ipv4Addr>, older: Option<&str>) -> Adoptions {
        let desired = self.desired(&Goal::Spec { address });
        let Candidates { records, findings } = adoption::candidates(&desired, &self.zone, older);
        let steps = adoption::steps(&desired, &self.zone, &records);
        let goal = Goal::Adopt { records };
        Adoptions {
            then: adoption::differences(&desired, &self.zone, &steps),
            plan: self.plan(&goal).with(findings),
            goal,
        }
    }

    /// The plan that leads to `goal`.
    pub(crate) fn steps(&self, goal: &Goal) -> Plan<ZoneStep> {
        let mut plan = Plan::new(&self.deployment);
        match goal {
            Goal::Spec { .. } => {
                let desired = self.desired(goal);
                let certificates = self.certificate_steps().into_iter();
                plan.entries.extend(certificates.map(Planned::Ready));
                plan.entries
                    .extend(diff::records(&desired, &self.zone).entries);
                plan.entries.extend(diff::settings(&desired, &self.zone));
            }
            Goal::Nothing { revoke } => {
                let records = diff::records(&self.desired(goal), &self.zone).entries;
                plan.entries
                    .extend(records.into_iter().map(without_reasons));
                let revoked = revoke.iter().flat_map(|scope| self.revocations(*scope));
                plan.entries.extend(revoked.map(Planned::Ready));
            }
            Goal::Revoke => {
                let revoked = self.revocations(RevokeScope::Unused).into_iter();
                plan.entries.extend(revoked.map(Planned::Ready));
            }
            Goal::Adopt { records } => {
                let steps = adoption::steps(&self.desired(goal), &self.zone, records).into_iter();
                let steps = steps.filter(|step| !step.fields().is_empty());
                plan.entries
                    .extend(steps.map(|step| Planned::Ready(ZoneStep::Record(step))));
            }
        }
        plan
    }

    /// The desired records and settings for `goal`.
    pub(crate) fn desired(&self, goal: &Goal) -> Desired {
        let of = |address| Desired::of(&self.spec, &self.deployment, address);
        match goal {
            Goal::Spec { address } => of(*address),
            Goal::Nothing { .. } | Goal::Revoke | Goal::Adopt { .. } => of(None).nothing(),
        }
    }

    #[cfg(feature = "engine")]
    pub(crate) fn secret(&self, name: &str) -> Option<&Stored> {
        self.secrets.get(name)
    }

    pub(crate) fn live(&self) -> &[LiveCertificate] {
        self.zone.certificates.as_deref().unwrap_or_default()
    }

    #[cfg(feature = "engine")]
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.now
    }

    fn certificate_steps(&self) -> Vec<ZoneStep> {
        // Without the list of live certificates, every stored one would look revoked.
        let Some(live) = &self.zone.certificates else {
            return vec![];
        };
        let steps = certificate::steps(&self.spec.certificates, &self.secrets, live, self.now);
        steps.into_iter().map(ZoneStep::Certificate).collect()
    }

    /// The certificates that a revocation leaves out, and the secrets that do not tell theirs.
    fn not_revoked(&self, scope: RevokeScope) -> Vec<Finding> {
        let wanted = &self.spec.certificates;
        let mut findings = unrelated_findings(wanted, &self.secrets, self.live(), scope);
        findings.extend(unknown_findings(&self.secrets));
        findings
    }

    fn revocations(&self, scope: RevokeScope) -> Vec<ZoneStep> {
        let wanted = &self.spec.certificates;
        let revoked = revocations(wanted, &self.secrets, self.live(), scope).into_iter();
        revoked.map(ZoneStep::Revocation).collect()
    }
}

/// The context of the rules about plans for a zone: the snapshot that the plan was made from.
#[derive(Clone, Copy, Debug)]
pub struct LintContext<'a> {
    snapshot: &'a ZoneSnapshot,
    goal: &'a Goal,
}

impl Lint for ZoneStep {
    type Context<'a> = LintContext<'a>;

    fn lint(plan: &Plan<Self>, context: &LintContext<'_>) -> Vec<Finding> {
        let LintContext { snapshot, goal } = context;
        match goal {
            Goal::Spec { .. } => {
                let desired = snapshot.desired(goal);
                let mut findings = lint::records(&desired, &snapshot.zone, &plan.entries);
                findings.extend(unused_findings(
                    &snapshot.spec.certificates,
                    &snapshot.secrets,
                    snapshot.live(),
                    snapshot.now,
                ));
                findings
            }
            Goal::Adopt { .. } => lint::adoption(&plan.entries, snapshot.spec.plan),
            Goal::Revoke => snapshot.not_revoked(RevokeScope::Unused),
            Goal::Nothing {
                revoke: Some(scope),
            } => snapshot.not_revoked(*scope),
            // The operator asks to remove all records.
            Goal::Nothing { revoke: None } => vec![],
        }
    }
}

/// Drops the reasons: if everything is deleted, no record needs a reason of its own.
fn without_reasons(mut entry: Planned<ZoneStep>) -> Planned<ZoneStep> {
    if let Planned::Ready(ZoneStep::Record(step)) = &mut entry {
        step.reasons.clear();
    }
    entry
}
