//! Changes records and settings in batches, and reads back until the result of every change is known.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use nex_plan::{
    Action, Approved, CloudError as _, ErrorKind, Failed, Planned, ResourceId, SkipReason, chain,
};

use super::batch::{batches, conflicting};
use super::{Run, TURN, is_record_or_setting};
use crate::certificate::SecretReader;
use crate::change::{RecordStep, SettingStep, ZoneStep};
use crate::diff::{self, KeptOut};
use crate::ids::ZoneId;
use crate::lint;
use crate::manager::Part;
use crate::ports::{ZoneReader, ZoneWriter};
use crate::snapshot::ZoneSnapshot;

/// How many times the rest of a plan is tried after lost answers and conflicts.
const ROUNDS: usize = 3;

/// One call that changes records or a setting.
pub(super) enum Call {
    Records(Vec<RecordStep>),
    Setting(SettingStep),
}

/// A call that failed, or may have failed.
pub(super) struct Trouble {
    call: Call,
    /// The steps of the call that the answer itself names.
    blamed: Vec<usize>,
    error: String,
    kind: ErrorKind,
    hint: Option<String>,
}

impl Call {
    fn entries(&self) -> Vec<Planned<ZoneStep>> {
        match self {
            Call::Records(steps) => {
                let steps = steps.iter().cloned();
                steps
                    .map(|step| Planned::Ready(ZoneStep::Record(step)))
                    .collect()
            }
            Call::Setting(step) => vec![Planned::Ready(ZoneStep::Setting(step.clone()))],
        }
    }
}

impl<R: ZoneReader, S: SecretReader> Run<'_, R, S> {
    /// Changes the records and settings of `resolved`, and reads the zone back.
    pub(crate) async fn records(&mut self, resolved: &Approved<ZoneStep>, snapshot: &ZoneSnapshot) {
        let asked = self.approved.only(is_record_or_setting);
        if asked.is_empty() {
            return;
        }
        let mut snapshot = snapshot.clone();
        let mut rest = resolved.only(is_record_or_setting);
        for _ in 0..ROUNDS {
            if rest.is_empty() {
                break;
            }
            self.round(&rest, &snapshot).await;
            snapshot = match self.manager.read_part(Part::RECORDS).await {
                Ok(snapshot) => snapshot,
                Err(error) => {
                    self.report.unread = Some(chain(&error));
                    self.settle_unread();
                    return;
                }
            };
            if !self.settle(&snapshot) || self.report.stopped {
                break;
            }
            let now = snapshot.steps(self.goal);
            rest = asked.narrow(now).only(is_record_or_setting);
        }
        self.kept_out(&asked, &snapshot);
        let mut left = snapshot.steps(self.goal).view();
        left.entries
            .retain(|entry| self.approved.is_about(&entry.id()));
        self.left = Some(left.entries);
    }

    /// Tries each change of `rest` once. The results replace those of earlier rounds.
    async fn round(&mut self, rest: &Approved<ZoneStep>, snapshot: &ZoneSnapshot) {
        let tried: BTreeSet<ResourceId> = rest.plan().entries.iter().map(Planned::id).collect();
        self.report
            .failed
            .retain(|failed| !tried.contains(&failed.id));
        self.report.skipped.retain(|skip| !tried.contains(&skip.id));
        let mut records = vec![];
        let mut settings = vec![];
        for entry in &rest.plan().entries {
            match entry {
                Planned::Ready(ZoneStep::Record(step)) => records.push(step.clone()),
                Planned::Ready(ZoneStep::Setting(step)) => {
                    settings.push(Call::Setting(step.clone()));
                }
                Planned::Deferred(_) => {
                    self.skip(entry, SkipReason::NotKnown("the server's address"));
                }
                Planned::Ready(ZoneStep::Certificate(_) | ZoneStep::Revocation(_)) => {}
            }
        }
        let batches = batches(records, self.manager.spec().plan).into_iter();
        let zone_id = &snapshot.zone().id;
        for call in batches.map(Call::Records).chain(settings) {
            self.call(zone_id, call).await;
        }
    }

    async fn call(&mut self, zone_id: &ZoneId, call: Call) {
        if self.is_cancelled() {
            for entry in call.entries() {
                self.skip(&entry, SkipReason::Stopped);
            }
            return;
        }
        for entry in call.entries() {
            self.started(entry.id(), entry.action());
        }
        let started = Instant::now();
        let result = match &call {
            Call::Records(steps) => self.writer.records(zone_id, steps).await,
            Call::Setting(step) => self.writer.set(zone_id, step.setting, &step.new).await,
        };
        match result {
            Ok(()) => {
                for entry in call.entries() {
                    self.done(entry.id(), entry.action(), started.elapsed());
                }
            }
            Err(error) => self.troubles.push(Trouble {
                blamed: match &call {
                    Call::Records(steps) => R::Writer::blamed(&error, steps),
                    Call::Setting(_) => vec![0],
                },
                error: chain(&error),
                kind: error.kind(),
                hint: error.hint().map(Into::into),
                call,
            }),
        }
    }

    /// Compares each unconfirmed change with the zone as it is now. The change was done, or it failed, or it was not
    /// done only because another change of the same call failed. Returns whether another round may do the rest.
    fn settle(&mut self, snapshot: &ZoneSnapshot) -> bool {
        let troubles = std::mem::take(&mut self.troubles);
        let mut kinds = troubles.iter().map(|trouble| trouble.kind);
        let again = !troubles.is_empty() && kinds.all(ErrorKind::is_resolved_by_reading);
        let desired = snapshot.desired(self.goal);
        let mut left: BTreeSet<ResourceId> = entry_ids(&snapshot.steps(self.goal).entries);
        let kept_out = diff::records(&desired, snapshot.zone()).kept_out;
        left.extend(kept_out.iter().map(|kept_out| kept_out.entry.id()));
        for trouble in troubles {
            let blamed = match &trouble.call {
                Call::Records(steps) if trouble.blamed.is_empty() => match trouble.kind {
                    ErrorKind::AlreadyExists => conflicting(steps, &desired, snapshot.zone()),
                    _ => vec![],
                },
                Call::Records(_) | Call::Setting(_) => trouble.blamed.clone(),
            };
            self.settle_one(&trouble, &blamed, &left);
        }
        again
    }

    fn settle_one(&mut self, trouble: &Trouble, blamed: &[usize], left: &BTreeSet<ResourceId>) {
        let entries = trouble.call.entries();
        let blamed: Vec<ResourceId> = match entries.len() {
            1 => entry_ids(&entries).into_iter().collect(),
            _ => blamed
                .iter()
                .filter_map(|at| Some(entries.get(*at)?.id()))
                .collect(),
        };
        let is_blamed: BTreeSet<&ResourceId> = blamed.iter().collect();
        for entry in &entries {
            let (id, action) = (entry.id(), entry.action());
            if !left.contains(&id) {
                self.done(id, action, Duration::ZERO);
            } else if trouble.kind == ErrorKind::Cancelled {
                self.skip(entry, SkipReason::Interrupted(TURN.to_owned()));
            } else if blamed.is_empty() {
                let error = format!(
                    "one of {} changes of a batch, and none of them was made: {}",
                    entries.len(),
                    trouble.error
                );
                self.failed(trouble.failure(id, action, error));
            } else if is_blamed.contains(&id) {
                self.failed(trouble.failure(id, action, trouble.error.clone()));
            } else {
                self.skip(entry, SkipReason::SameCall(blamed.clone()));
            }
        }
    }

    /// Without a fresh read, an unconfirmed call counts as failed.
    fn settle_unread(&mut self) {
        for trouble in std::mem::take(&mut self.troubles) {
            let left = entry_ids(&trouble.call.entries());
            let blamed = trouble.blamed.clone();
            self.settle_one(&trouble, &blamed, &left);
        }
    }

    /// Reports the approved changes that another owner's new record prevents.
    fn kept_out(&mut self, asked: &Approved<ZoneStep>, snapshot: &ZoneSnapshot) {
        let desired = snapshot.desired(self.goal);
        let asked = entry_ids(&asked.plan().entries);
        let known = self.report.failed.iter().map(|failed| failed.id.clone());
        let known: BTreeSet<ResourceId> = known.collect();
        for KeptOut { entry, by } in diff::records(&desired, snapshot.zone()).kept_out {
            let id = entry.id();
            if known.contains(&id) || !asked.contains(&id) {
                continue;
            }
            self.failed(Failed {
                action: entry.action(),
                error: lint::conflict_message(&by),
                kind: ErrorKind::AlreadyExists,
                hint: Some(lint::conflict_remedy(&by).to_string()),
                id,
            });
        }
    }
}

impl Trouble {
    fn failure(&self, id: ResourceId, action: Action, error: String) -> Failed {
        Failed {
            id,
            action,
            error,
            kind: self.kind,
            hint: self.hint.clone(),
        }
    }
}

fn entry_ids(entries: &[Planned<ZoneStep>]) -> BTreeSet<ResourceId> {
    entries.iter().map(Planned::id).collect()
}
