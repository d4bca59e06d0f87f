//! Executes an approved plan for a zone: certificates, then records and settings, then revocations.

mod batch;
mod certificates;
mod records;

use nex_plan::{
    Action, ApplyReport, Approved, Change, CloudError, Done, ErrorKind, Event, Failed, Planned,
    ResourceId, RunContext, SkipReason, chain,
};
use std::collections::BTreeSet;
use std::time::Duration;

use crate::certificate::SecretReader;
use crate::change::ZoneStep;
use crate::manager::ZoneManager;
use crate::ports::ZoneReader;
use crate::snapshot::Goal;
use records::Trouble;

/// A running apply.
pub(crate) struct Run<'a, R: ZoneReader, S> {
    manager: &'a ZoneManager<R, S>,
    writer: R::Writer,
    goal: &'a Goal,
    context: RunContext<'a>,
    approved: &'a Approved<ZoneStep>,
    /// The calls for records and settings that failed, or may have failed, since the last read.
    troubles: Vec<Trouble>,
    /// The changes of records and settings that were left after the last read.
    left: Option<Vec<Planned<Change>>>,
    report: ApplyReport,
}

impl<'a, R: ZoneReader, S: SecretReader> Run<'a, R, S> {
    pub(crate) fn new(
        manager: &'a ZoneManager<R, S>,
        goal: &'a Goal,
        context: RunContext<'a>,
        approved: &'a Approved<ZoneStep>,
    ) -> Self {
        Self {
            manager,
            writer: manager.reader().writer(),
            goal,
            context,
            approved,
            troubles: vec![],
            left: None,
            report: ApplyReport::of(approved.plan()),
        }
    }

    /// The report, with what is left to do of `resolved`.
    pub(crate) fn finish(mut self, resolved: &Approved<ZoneStep>) -> ApplyReport {
        let done: BTreeSet<&ResourceId> = self.report.done.iter().map(|done| &done.id).collect();
        let entries = resolved.plan().entries.iter();
        let open = entries.filter(|entry| !done.contains(&entry.id()));
        let mut remaining: Vec<Planned<Change>> = open
            .filter(|entry| self.left.is_none() || !is_record_or_setting(entry))
            .map(|entry| Planned::Ready(entry.change()))
            .collect();
        remaining.extend(self.left.take().into_iter().flatten());
        self.report.remaining.entries = remaining;
        self.report
    }

    fn is_cancelled(&self) -> bool {
        self.context.cancel.is_cancelled()
    }

    fn started(&self, id: ResourceId, action: Action) {
        let event = Event::Started { id, action };
        self.context.progress.event(event);
    }

    fn done(&mut self, id: ResourceId, action: Action, elapsed: Duration) {
        self.context.progress.event(Event::Done {
            id: id.clone(),
            action,
            elapsed,
        });
        self.report.done.push(Done {
            id,
            action,
            elapsed,
        });
    }

    fn failed(&mut self, failed: Failed) {
        self.context.progress.event(Event::Failed {
            id: failed.id.clone(),
            error: failed.error.clone(),
        });
        self.report.failed.push(failed);
    }

    fn skip(&mut self, entry: &Planned<ZoneStep>, reason: SkipReason) {
        self.report.skip_one(entry, reason, self.context.progress);
    }

    /// Records the end of a step that consisted of one call.
    fn ended(
        &mut self,
        entry: &Planned<ZoneStep>,
        elapsed: Duration,
        result: Result<(), impl CloudError>,
    ) {
        let (id, action) = (entry.id(), entry.action());
        match result {
            Ok(()) => self.done(id, action, elapsed),
            Err(error) if error.kind() == ErrorKind::Cancelled => {
                self.skip(entry, SkipReason::Interrupted(TURN.to_owned()));
            }
            Err(error) => self.failed(Failed {
                id,
                action,
                error: chain(&error),
                kind: error.kind(),
                hint: error.hint().map(Into::into),
            }),
        }
    }
}

/// What a call waits for when the run is cancelled.
const TURN: &str = "the rate limit or the next try";

/// Whether an entry is about a record or a setting, which are read back.
pub(crate) fn is_record_or_setting(entry: &Planned<ZoneStep>) -> bool {
    match entry {
        Planned::Ready(ZoneStep::Record(_) | ZoneStep::Setting(_)) | Planned::Deferred(_) => true,
        Planned::Ready(ZoneStep::Certificate(_) | ZoneStep::Revocation(_)) => false,
    }
}
