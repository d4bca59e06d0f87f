//! Certificates: issued before the records that need them, revoked after everything else.

use std::time::{Duration, Instant};

use nex_plan::{Approved, Planned, SkipReason};

use super::Run;
use crate::certificate::{Issuer, Revocation, SecretReader};
use crate::change::ZoneStep;
use crate::ports::{ZoneReader, ZoneWriter as _};
use crate::snapshot::ZoneSnapshot;

impl<R: ZoneReader, S: SecretReader> Run<'_, R, S> {
    /// Issues the certificates of `resolved` and stores them in their secrets.
    pub(crate) async fn certificates(
        &mut self,
        resolved: &Approved<ZoneStep>,
        snapshot: &ZoneSnapshot,
    ) {
        let mut secret_writer = None;
        for entry in &resolved.plan().entries {
            let Planned::Ready(ZoneStep::Certificate(step)) = entry else {
                continue;
            };
            if self.is_cancelled() {
                self.skip(entry, SkipReason::Stopped);
                continue;
            }
            self.started(entry.id(), entry.action());
            let started = Instant::now();
            let issuer = Issuer {
                wanted: &step.wanted,
                zone_id: &snapshot.zone().id,
                reader: self.manager.reader(),
                writer: &self.writer,
                secrets: self.manager.secrets(),
                secret_writer: secret_writer.get_or_insert_with(|| self.manager.secrets().writer()),
                now: snapshot.now(),
            };
            let stored = snapshot.secret(&step.wanted.secret);
            let result = issuer.ensure(stored, snapshot.live()).await;
            self.ended(entry, started.elapsed(), result);
        }
    }

    /// Revokes the approved certificates, except for those that are in use by now.
    pub(crate) async fn revocations(
        &mut self,
        resolved: &Approved<ZoneStep>,
        snapshot: &ZoneSnapshot,
    ) {
        for entry in &self.approved.plan().entries {
            let Planned::Ready(ZoneStep::Revocation(step)) = entry else {
                continue;
            };
            if self.report.unread.is_some() {
                self.skip(entry, SkipReason::Unread);
            } else if !snapshot.live().iter().any(|one| one.id == step.id) {
                self.done(entry.id(), entry.action(), Duration::ZERO);
            } else if resolved.plan().entry(&entry.id()).is_none() {
                self.skip(entry, SkipReason::InUse);
            } else if self.is_cancelled() {
                self.skip(entry, SkipReason::Stopped);
            } else {
                self.revoke(entry, step).await;
            }
        }
    }

    async fn revoke(&mut self, entry: &Planned<ZoneStep>, step: &Revocation) {
        self.started(entry.id(), entry.action());
        let started = Instant::now();
        let result = self.writer.revoke(&step.id).await;
        self.ended(entry, started.elapsed(), result);
    }
}
