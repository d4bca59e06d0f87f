//! Executes an approved plan, stage by stage, and collects the results of its steps.

pub(crate) mod lock;
pub(crate) mod stage;

use std::sync::Arc;

use anyhow::bail;
use nex_dns::Goal;
use nex_infra::aws::{Reader, Writer};
use nex_infra::{ConvergeOptions, Converged, converge};
use nex_plan::{
    ApplyReport, Approved, CloudError, Done, ErrorKind, Event, Failed, MovedError, Planned,
    ResourceId, RunContext, SkipReason, chain,
};
use strum::VariantArray as _;

use crate::commands::change::Agreed;
use crate::context::{Context, Zone, secrets};
use crate::plan::{AwsState, Proposal, Step, Target};
use crate::wiring;
use lock::Held;
use stage::{Stage, is_certificate, stage, starts_server};

/// A running apply.
struct Run<'a> {
    context: &'a Context,
    target: &'a Target,
    approved: &'a Approved<Step>,
    /// `None` for a plan of the zone alone.
    aws: Option<Aws>,
    /// `None` if nex manages no zone.
    zone: Option<&'a Zone>,
    goal: Goal,
    report: ApplyReport,
}

/// AWS during an apply.
struct Aws {
    state: AwsState,
    reader: Reader,
    writer: Arc<Writer>,
}

impl Aws {
    /// Executes the steps of `part` that are at AWS, and reads back.
    async fn converge(
        &mut self,
        part: &Approved<Step>,
        context: RunContext<'_>,
    ) -> Result<ApplyReport, MovedError> {
        let Aws {
            state,
            reader,
            writer,
        } = self;
        let Converged { report, snapshot } = converge(
            part.part(),
            &state.desired,
            state.snapshot.clone(),
            reader,
            Arc::clone(writer),
            context,
            ConvergeOptions::default(),
        )
        .await?;
        if let Some(snapshot) = snapshot {
            state.snapshot = snapshot;
        }
        Ok(report)
    }
}

/// What an apply did, and what is left to do.
pub(crate) struct Applied {
    pub(crate) report: ApplyReport,
    /// AWS as it was read after the last change; `None` if the apply did not read AWS.
    pub(crate) aws: Option<nex_infra::Snapshot>,
}

impl Context {
    /// Executes `approved`, the approval of `proposal`'s plan.
    ///
    /// # Errors
    /// Only before anything is changed: a secret that the plan needs can't be fetched, or a client can't connect.
    pub(crate) async fn apply(
        &self,
        target: &Target,
        proposal: &Proposal,
        approved: &Approved<Step>,
        writer: Option<Arc<Writer>>,
        lock: &mut Option<Held>,
    ) -> anyhow::Result<Applied> {
        let aws = match proposal.aws.as_ref().zip(writer) {
            Some((state, writer)) => Some(Aws {
                state: state.clone(),
                reader: self.reader().await?,
                writer,
            }),
            None => None,
        };
        let zone = match self.spec.dns {
            Some(_) => Some(self.zone().await?),
            None => None,
        };
        let run = Run {
            context: self,
            target,
            approved,
            aws,
            zone,
            goal: proposal.goal.clone(),
            report: ApplyReport::of(approved.plan()),
        };
        Ok(Box::pin(run.all(lock)).await)
    }

    /// Creates the bucket of the lock, if the plan has that step.
    ///
    /// # Errors
    /// If the bucket could not be made.
    pub(crate) async fn make_lock_bucket(
        &self,
        agreed: &Agreed,
        writer: &Arc<Writer>,
    ) -> anyhow::Result<Option<Done>> {
        let buckets = self.buckets();
        let is_bucket = |entry: &Planned<Step>| stage(entry, buckets.as_ref()) == Stage::LockBucket;
        let part = agreed.approved.only(is_bucket);
        let Some(state) = agreed.proposal.aws.as_ref().filter(|_| !part.is_empty()) else {
            return Ok(None);
        };
        let mut aws = Aws {
            state: state.clone(),
            reader: self.reader().await?,
            writer: Arc::clone(writer),
        };
        let report = aws.converge(&part, self.run_context()).await;
        let ApplyReport {
            mut done, failed, ..
        } = report?;
        match failed.first() {
            Some(failed) => bail!("failed to make the bucket of the lock: {}", failed.error),
            None => Ok(done.pop()),
        }
    }

    /// A writer with the values of the secrets that the plan fills.
    ///
    /// # Errors
    /// If a secret can't be fetched.
    pub(crate) async fn writer(&self, approved: &Approved<Step>) -> anyhow::Result<Arc<Writer>> {
        let references = wiring::supplied_secrets(&self.spec);
        let part: Approved<nex_infra::Step> = approved.part();
        let supplied = secrets::supplied(self, part.plan(), &references).await?;
        let aws = Arc::clone(self.aws().await?);
        Ok(Arc::new(Writer::new(
            aws,
            self.names.deployment(),
            supplied,
        )))
    }

    pub(crate) fn run_context(&self) -> RunContext<'_> {
        RunContext {
            progress: &*self.progress,
            cancel: &self.cancel,
        }
    }
}

impl Run<'_> {
    async fn all(mut self, lock: &mut Option<Held>) -> Applied {
        let buckets = self.context.buckets();
        for &now in Stage::VARIANTS {
            let is_now = |entry: &Planned<Step>| stage(entry, buckets.as_ref()) == now;
            let part = self.approved.only(is_now);
            if part.is_empty() {
                continue;
            }
            match self.blocked(now) {
                Some(reason) => self.skip(&part, &reason),
                None => match now {
                    Stage::LockBucket | Stage::Foundations => self.aws(&part).await,
                    Stage::Zone => self.zone(&part).await,
                    Stage::Server => self.server(&part).await,
                    Stage::LastBucket => {
                        // The bucket is empty only without the lock.
                        if let Some(lock) = lock.take() {
                            lock.release(self.context).await;
                        }
                        self.aws(&part).await;
                    }
                },
            }
        }
        Applied {
            report: self.report,
            aws: self.aws.map(|aws| aws.state.snapshot),
        }
    }

    /// Why a stage does not start. A failed step stops only the steps that need it.
    fn blocked(&self, now: Stage) -> Option<SkipReason> {
        if self.report.stopped || self.context.cancel.is_cancelled() {
            Some(SkipReason::Stopped)
        } else if self.report.unread.is_some() {
            Some(SkipReason::Unread)
        } else if now == Stage::Server
            && matches!(self.target, Target::Destroy(_))
            && !self.report.is_complete()
        {
            // A name that outlives its address may come to point at someone else's server.
            Some(SkipReason::Stage(
                "the clean-up at Cloudflare did not finish",
            ))
        } else {
            None
        }
    }

    fn skip(&mut self, part: &Approved<Step>, reason: &SkipReason) {
        let progress = &*self.context.progress;
        self.report.skip(part.plan(), reason, progress);
    }

    async fn aws(&mut self, part: &Approved<Step>) {
        // Only a plan of the zone alone lacks AWS, and has no steps at AWS.
        let Some(aws) = &mut self.aws else {
            return;
        };
        match aws.converge(part, self.context.run_context()).await {
            Ok(report) => self.report.absorb(part.plan(), report),
            Err(moved) => self.fail(part, &Failure::of_moved(&moved)),
        }
    }

    async fn zone(&mut self, part: &Approved<Step>) {
        // Without a zone, no plan has a step of the zone.
        let Some(zone) = self.zone else {
            return;
        };
        if let (Goal::Spec { address }, Some(aws)) = (&mut self.goal, &self.aws) {
            *address = aws.state.snapshot.address();
        }
        let context = self.context.run_context();
        match zone.apply(&part.part(), &self.goal, context).await {
            Ok(report) => self.report.absorb(part.plan(), report),
            Err(error) => self.fail(part, &Failure::of(&error)),
        }
    }

    /// Starts the server. Without a certificate, the server would wait at its first start, so nex does not start it.
    async fn server(&mut self, part: &Approved<Step>) {
        let Some(missing) = self.missing_certificate() else {
            return self.aws(part).await;
        };
        let blocked = part.only(starts_server);
        self.skip(&blocked, &SkipReason::Needs(missing));
        let rest = part.only(|entry| !starts_server(entry));
        if !rest.is_empty() {
            self.aws(&rest).await;
        }
    }

    /// The first planned certificate that was not issued.
    fn missing_certificate(&self) -> Option<ResourceId> {
        let certificates = self.approved.only(is_certificate);
        let is_missing = |id: &ResourceId| {
            let failed = self.report.failed.iter().any(|f| f.id == *id);
            failed || self.report.skipped.iter().any(|s| s.id == *id)
        };
        let ids = certificates.plan().entries.iter().map(Planned::id);
        ids.into_iter().find(is_missing)
    }

    /// Records that one error prevented all steps of `part`.
    fn fail(&mut self, part: &Approved<Step>, failure: &Failure) {
        for entry in &part.plan().entries {
            let id = entry.id();
            self.context.progress.event(Event::Failed {
                id: id.clone(),
                error: failure.error.clone(),
            });
            self.report.failed.push(Failed {
                id,
                action: entry.action(),
                error: failure.error.clone(),
                kind: failure.kind,
                hint: failure.hint.clone(),
            });
        }
    }
}

/// The error that stopped a part before its first step.
struct Failure {
    error: String,
    kind: ErrorKind,
    hint: Option<String>,
}

impl Failure {
    fn of(error: &impl CloudError) -> Self {
        Self {
            error: chain(error),
            kind: error.kind(),
            hint: error.hint().map(Into::into),
        }
    }

    fn of_moved(moved: &MovedError) -> Self {
        Self {
            error: format!("the environment has changed since the plan was made: {moved}"),
            kind: ErrorKind::Other,
            hint: Some("plan again and check the new plan".to_owned()),
        }
    }
}
