//! `nex adopt`: takes over an existing resource by giving it nex's tags, or a record nex's mark.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::bail;
use nex_dns::step::RECORD;
use nex_dns::{Goal, RecordId};
use nex_infra::aws::Writer;
use nex_infra::model::Kind;
use nex_infra::{AdoptionError, ConvergeOptions, adoption, converge};
use nex_plan::{Action, Allowance, ApplyReport, Approved, Plan, Planned, Step};

use super::change::cancellable;
use crate::apply::lock::{Locking, Patience};
use crate::context::Context;
use crate::exit::Exit;
use crate::plan::{AwsState, Scope, Target};
use crate::ui::plans::PlanView;
use crate::ui::prompt;
use crate::ui::report::Finished;

/// The resource to adopt.
pub(crate) struct Request<'a> {
    /// The kind, as plans name it.
    pub(crate) kind: &'a str,
    /// The provider's id, or the name.
    pub(crate) id: &'a str,
    /// Whether to skip the question.
    pub(crate) yes: bool,
    /// The findings that the operator allows by name.
    pub(crate) allow: BTreeSet<Allowance>,
    /// What to do when another run is at work.
    pub(crate) patience: Patience,
}

impl Request<'_> {
    pub(crate) async fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        if self.kind == RECORD {
            return self.record(context).await;
        }
        match self.kind.parse() {
            Ok(kind) => self.resource(context, kind).await,
            Err(_) => {
                let mut kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
                kinds.push(RECORD);
                bail!(
                    "{:?} is not a kind; the kinds: {}",
                    self.kind,
                    kinds.join(", ")
                )
            }
        }
    }

    /// A resource at AWS: its tags say who owns it.
    async fn resource(&self, context: &Context, kind: Kind) -> anyhow::Result<Exit> {
        let name = &context.spec.name;
        let state = context.read_for_adoption(kind, self.id).await?;
        let observed = &state.snapshot.observed;
        let adoption = match adoption(name, &state.desired, observed, kind, self.id) {
            Ok(adoption) => adoption,
            Err(AdoptionError::AlreadyOwned(id)) => {
                context.output.note(&format!("nex manages {id} already"));
                return Ok(Exit::Fine);
            }
            Err(error) => return Err(error.into()),
        };
        let approved = adoption.plan.approve(&self.allow)?;
        let id = subject(&approved);
        let note = format!(
            "adopting {} sets nex's tags and changes nothing else; the next bootstrap fixes the differences",
            self.id
        );
        if !self.agreed(context, adoption.then, &note)? {
            return Ok(Exit::Fine);
        }
        let command = context.command("adopt", &[self.kind, self.id]);
        let lock = match context.lock(&command, self.patience).await? {
            Locking::Held { lock, .. } => Some(lock),
            Locking::NoBucket => None,
            Locking::Busy(who) => return Ok(context.refuse_busy(&who)),
        };
        let exit = Box::pin(self.tag(context, kind, approved, &id)).await;
        if let Some(lock) = lock {
            lock.release(context).await;
        }
        exit
    }

    async fn tag(
        &self,
        context: &Context,
        kind: Kind,
        approved: Approved<nex_infra::Step>,
        id: &str,
    ) -> anyhow::Result<Exit> {
        // The resource may have changed while the operator looked.
        let state = context.read_for_adoption(kind, self.id).await?;
        let reader = context.reader().await?.adopting(kind, self.id);
        let aws = Arc::clone(context.aws().await?);
        let writer = Writer::new(aws, context.names.deployment(), Default::default());
        let started = Instant::now();
        let report = cancellable(context, async {
            let AwsState { snapshot, desired } = state;
            let (writer, run) = (Arc::new(writer), context.run_context());
            let options = ConvergeOptions::default();
            let converged = converge(approved, &desired, snapshot, &reader, writer, run, options);
            Ok(Box::pin(converged).await?.report)
        });
        self.finish(context, &report.await?, started, id)
    }

    /// A record: its comment carries the mark.
    async fn record(&self, context: &Context) -> anyhow::Result<Exit> {
        let output = context.output;
        let manager = context.zone().await?;
        let address = context.server_address().await?;
        let snapshot = manager.read().await?;
        let zone = snapshot.zone();
        let record = RecordId::new(self.id);
        let Some(adoption) = snapshot.adoption(&record, address) else {
            bail!(
                "the zone {} has no record with the id {} of a type that nex manages (`nex dns import` lists the ids)",
                zone.name,
                self.id
            );
        };
        let approved = adoption.plan.approve(&self.allow)?;
        if approved.is_empty() {
            output.note(&format!("nex manages the record {} already", self.id));
            return Ok(Exit::Fine);
        }
        let id = subject(&approved);
        let is_deleted = adoption
            .then
            .as_ref()
            .is_some_and(|then| then.action() == Action::Delete);
        let then = if is_deleted {
            "the spec does not ask for the record: the next bootstrap would delete it"
        } else {
            "the next bootstrap fixes the differences"
        };
        let note = format!(
            "adopting puts nex's mark into the comment of {id} and changes nothing else; {then}"
        );
        if !self.agreed(context, adoption.then, &note)? {
            return Ok(Exit::Fine);
        }
        let records = BTreeSet::from([record]);
        let goal = Goal::Adopt { records };
        let started = Instant::now();
        let report = cancellable(context, async {
            Ok(Box::pin(manager.apply(&approved, &goal, context.run_context())).await?)
        });
        self.finish(context, &report.await?, started, &id)
    }

    /// Shows what the next plan would do to the resource, and asks.
    fn agreed<S: Step>(
        &self,
        context: &Context,
        then: Option<Planned<S>>,
        note: &str,
    ) -> anyhow::Result<bool> {
        let mut plan = Plan::new(&context.spec.name);
        plan.entries
            .extend(then.map(|then| Planned::Ready(then.change())));
        let target = Target::Build(Scope::All);
        let adopt = |kind: &str, id: &str| context.command("adopt", &[kind, id]);
        PlanView::new(&adopt, &target, false).render(|renderer| {
            let text = renderer.plan(&plan);
            // With --json, stdout is for the report.
            if context.output.json {
                context.output.rendered(&text);
                Ok(())
            } else {
                context.output.data(&text)
            }
        })?;
        context.output.note(note);
        if self.yes || prompt::confirm("adopt it?")? {
            return Ok(true);
        }
        context.output.note("nothing was changed");
        Ok(false)
    }

    fn finish(
        &self,
        context: &Context,
        report: &ApplyReport,
        started: Instant,
        id: &str,
    ) -> anyhow::Result<Exit> {
        if report.is_complete() {
            context.output.note(&format!("nex manages {id} now"));
        }
        if report.is_complete() && !context.output.json {
            return Ok(Exit::Fine);
        }
        let finished = Finished {
            report,
            not_ours: &[],
            coverage: nex_plan::Coverage::Whole,
            wall: started.elapsed(),
            command: &context.command("adopt", &[self.kind, self.id]),
        };
        let exit = finished.show(context.output)?;
        // What is left is the next bootstrap's.
        Ok(if report.is_complete() {
            Exit::Fine
        } else {
            exit
        })
    }
}

/// The resource of a plan with one step.
fn subject<S: Step>(approved: &Approved<S>) -> String {
    let ids = approved
        .plan()
        .entries
        .iter()
        .map(|entry| entry.id().to_string());
    ids.collect::<Vec<_>>().join(", ")
}
