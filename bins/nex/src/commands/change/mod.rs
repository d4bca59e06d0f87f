//! The flow of every command that changes something: plan, ask, lock, apply, read back.

mod locked;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use locked::Locked;
use nex_infra::aws::Writer;
use nex_infra::model::Kind;
use nex_plan::{Action, Allowance, Approved, Done, Planned};
use tokio::signal::unix::{SignalKind, signal};

use crate::apply::Applied;
use crate::apply::lock::{Held, Patience};
use crate::context::Context;
use crate::exit::Exit;
use crate::plan::file::PlanFile;
use crate::plan::{Options, Proposal, Step, Target};
use crate::ui::plans::PlanView;
use crate::ui::report::Finished;
use crate::ui::{adoptions, prompt};

/// A change that an operator asks for.
pub(crate) struct Request<'a> {
    /// What the plan must achieve.
    pub(crate) target: Target,
    /// What the plan is made with; a kept plan has its own options.
    pub(crate) options: Options,
    /// The findings that the operator allows by name.
    pub(crate) allow: BTreeSet<Allowance>,
    /// How the operator agrees to the plan.
    pub(crate) consent: Consent<'a>,
    /// What to do when another run is at work.
    pub(crate) patience: Patience,
    /// Whether every field of the plan is shown.
    pub(crate) full: bool,
    /// The words of the command before its environment, such as `dns apply`.
    pub(crate) verb: &'static str,
}

/// How the operator agrees to a plan.
pub(crate) enum Consent<'a> {
    /// With an option, before seeing the plan.
    Given,
    /// With a yes at the prompt.
    Yes,
    /// With the environment's name: from `typed`, or typed at the prompt.
    Name { typed: Option<String> },
    /// With a plan that is kept in a file.
    File(&'a Path),
}

/// Who reads a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// The reader of stdout.
    Program,
    /// The operator at the prompt, on stderr.
    Operator,
}

/// The answer to a question.
enum Answer {
    /// The plan goes ahead; `waited` if the environment may have changed while the operator looked at the plan.
    Agreed { waited: bool },
    /// Nothing is done.
    Declined(Exit),
}

/// What a run holds and has done before its apply, however often it plans again.
#[derive(Default)]
struct Underway {
    lock: Option<Held>,
    /// The bucket that was made for the lock.
    bucket: Option<Done>,
}

/// A plan that the operator agrees to.
pub(crate) struct Agreed {
    pub(crate) proposal: Proposal,
    pub(crate) approved: Approved<Step>,
    /// What the plan was made with; a newer image alone does not void the consent.
    options: Options,
    /// Whether the environment may have changed while the operator looked at the plan.
    waited: bool,
}

impl Request<'_> {
    /// Plans, asks, applies and reads back.
    ///
    /// # Errors
    /// If the environment can't be read, or the operator can't be asked. What fails during the apply is in its report.
    pub(crate) async fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        Ok(Box::pin(self.outcome(context)).await?.exit)
    }

    /// The same as [`Request::run`], and returns AWS as it is after the apply.
    ///
    /// # Errors
    /// As [`Request::run`].
    pub(crate) async fn outcome(&self, context: &Context) -> anyhow::Result<Outcome> {
        let mut underway = Underway::default();
        let outcome = Box::pin(self.locked(context, &mut underway)).await;
        if let Some(lock) = underway.lock {
            lock.release(context).await;
        }
        outcome
    }

    async fn locked(&self, context: &Context, underway: &mut Underway) -> anyhow::Result<Outcome> {
        let kept = match self.consent {
            Consent::File(path) => Some(PlanFile::read(path, &context.spec.name)?),
            Consent::Given | Consent::Yes | Consent::Name { .. } => None,
        };
        loop {
            let agreed = match Box::pin(self.agreed(context, kept.as_ref())).await? {
                Ok(agreed) => agreed,
                Err(exit) => return Ok(Outcome::nothing(exit)),
            };
            let change = Box::pin(cancellable(context, self.change(context, agreed, underway)));
            if let Some(outcome) = change.await? {
                return Ok(outcome);
            }
            context
                .output
                .note("the other run has ended: planning again");
        }
    }

    /// Locks the deployment and applies the plan. `None` if another run was at work in between.
    async fn change(
        &self,
        context: &Context,
        agreed: Agreed,
        underway: &mut Underway,
    ) -> anyhow::Result<Option<Outcome>> {
        let refused = Ok(Some(Outcome::nothing(Exit::Refused)));
        // A secret that can't be fetched stops the run before its first change.
        let writer = match agreed.proposal.aws {
            Some(_) => Some(context.writer(&agreed.approved).await?),
            None => None,
        };
        let mut stale = agreed.waited;
        if let (None, Some(writer)) = (&underway.lock, &writer) {
            match Box::pin(self.lock(context, &agreed, writer)).await? {
                Locked::Busy(who) => {
                    return Ok(Some(Outcome::nothing(context.refuse_busy(&who))));
                }
                Locked::Moved => return refused,
                Locked::Ready {
                    held,
                    bucket,
                    waited,
                } => {
                    underway.lock = held;
                    underway.bucket = bucket.or(underway.bucket.take());
                    stale = true;
                    if waited {
                        return Ok(None);
                    }
                }
            }
        }
        let agreed = if stale {
            let fresh =
                Box::pin(self.still_agreed(context, &agreed, underway.bucket.as_ref())).await?;
            // Only the fresh plan is needed from here on.
            drop(agreed);
            match fresh {
                Some(fresh) => fresh,
                None => return refused,
            }
        } else {
            agreed
        };
        let made = underway.bucket.take();
        let outcome = self.apply(context, &agreed, writer, made, &mut underway.lock);
        Ok(Some(Box::pin(outcome).await?))
    }

    /// The plan that the operator agrees to, or how the run ends without it.
    async fn agreed(
        &self,
        context: &Context,
        kept: Option<&PlanFile>,
    ) -> anyhow::Result<Result<Agreed, Exit>> {
        let output = context.output;
        let options = kept.map_or(&self.options, |kept| &kept.options);
        let proposal = context.propose(&self.target, options).await?;
        if let Some(Err(outdated)) = kept.map(|kept| kept.compare(&proposal.linted)) {
            let hint = "check the plan above, and write a new file by `nex plan --out`";
            self.show(context, &proposal, Audience::Program)?;
            output.refused(&format!("refused: {outdated}"), Some(hint));
            return Ok(Err(Exit::Refused));
        }
        output.note(&proposal.head(context));
        let Some(approved) = self.gate(context, &proposal)? else {
            return Ok(Err(Exit::Refused));
        };
        if approved.is_empty() {
            return Ok(Err(Exit::Fine));
        }
        match self.ask(context)? {
            Answer::Declined(exit) => {
                if output.json && self.asks() {
                    self.show(context, &proposal, Audience::Program)?;
                }
                Ok(Err(exit))
            }
            Answer::Agreed { waited } => Ok(Ok(Agreed {
                options: options.with_images(proposal.images()),
                proposal,
                approved,
                waited,
            })),
        }
    }

    /// Shows the plan, and approves it if the operator allows every denial by name. With `--json`, stdout holds one
    /// document: the plan if nothing is done, otherwise the report.
    fn gate(
        &self,
        context: &Context,
        proposal: &Proposal,
    ) -> anyhow::Result<Option<Approved<Step>>> {
        let approved = proposal.linted.clone().approve(&self.allow);
        let is_applied = approved.as_ref().is_ok_and(|approved| !approved.is_empty());
        if !context.output.json || !is_applied {
            self.show(context, proposal, Audience::Program)?;
        } else if self.asks() {
            self.show(context, proposal, Audience::Operator)?;
        }
        match approved {
            Ok(approved) => Ok(Some(approved)),
            Err(refusal) => {
                let why = format!("{refusal}; nothing was changed");
                let hint = adoptions::hint(&refusal, &context.command("adopt", &["--all"]));
                context.output.refused(&why, hint.as_deref());
                Ok(None)
            }
        }
    }

    /// Shows the plan: as data, or to the operator who is asked while stdout is for the report.
    fn show(
        &self,
        context: &Context,
        proposal: &Proposal,
        audience: Audience,
    ) -> anyhow::Result<()> {
        let adopt = |kind: &str, id: &str| context.command("adopt", &[kind, id]);
        let view = PlanView::new(&adopt, &self.target, self.full);
        let view = view.with_edge_networks(&proposal.edge_networks);
        let view = view.with_allowed(&self.allow);
        match (audience, &proposal.then) {
            (Audience::Program, None) => view.show(&proposal.linted, context.output),
            (Audience::Program, Some(then)) => {
                view.show_adoptions(&proposal.linted, then, context.output)
            }
            (Audience::Operator, None) => {
                view.render(|renderer| context.output.rendered(&renderer.linted(&proposal.linted)));
                Ok(())
            }
            (Audience::Operator, Some(then)) => {
                context
                    .output
                    .rendered(&view.adoptions(&proposal.linted, then));
                Ok(())
            }
        }
    }

    /// Whether the operator is asked before anything is changed.
    fn asks(&self) -> bool {
        matches!(self.consent, Consent::Yes | Consent::Name { typed: None })
    }

    fn question(&self) -> &'static str {
        match self.target {
            Target::Adopt => "adopt all of this?",
            Target::Build(_) | Target::Destroy(_) | Target::Revoke => "apply this plan?",
        }
    }

    fn ask(&self, context: &Context) -> anyhow::Result<Answer> {
        let output = context.output;
        let name = &context.spec.name;
        match &self.consent {
            Consent::Given | Consent::File(_) => Ok(Answer::Agreed { waited: false }),
            Consent::Yes => Ok(if prompt::confirm(self.question())? {
                Answer::Agreed { waited: true }
            } else {
                output.note("nothing was changed");
                Answer::Declined(Exit::Fine)
            }),
            Consent::Name { typed } => {
                let question =
                    format!("type the environment's name to delete all of this ({name}): ");
                let answer = match typed {
                    Some(typed) => typed.clone(),
                    None => prompt::ask(&question, "--confirm")?,
                };
                if answer == *name {
                    let waited = typed.is_none();
                    return Ok(Answer::Agreed { waited });
                }
                let why = format!("{answer:?} is not {name}: nothing was deleted");
                output.refused(&why, None);
                Ok(Answer::Declined(Exit::Refused))
            }
        }
    }

    async fn apply(
        &self,
        context: &Context,
        agreed: &Agreed,
        writer: Option<Arc<Writer>>,
        made: Option<Done>,
        lock: &mut Option<Held>,
    ) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let Agreed {
            proposal, approved, ..
        } = agreed;
        let applied = context.apply(&self.target, proposal, approved, writer, lock);
        let Applied { mut report, aws } = Box::pin(applied).await?;
        report.done.extend(made);
        context.report_calls();
        let not_ours = approved.left_to_others();
        let not_ours: Vec<String> = not_ours.map(|finding| finding.subject.name()).collect();
        let finished = Finished {
            report: &report,
            not_ours: &not_ours,
            coverage: proposal.linted.coverage(),
            wall: started.elapsed(),
            command: &context.command(self.verb, &[]),
        };
        Ok(Outcome {
            exit: finished.show(context.output)?,
            built: aws.filter(|_| builds_server(approved)),
        })
    }
}

/// How a change ended.
pub(crate) struct Outcome {
    pub(crate) exit: Exit,
    /// AWS after an apply that was to build the server; `None` otherwise.
    pub(crate) built: Option<nex_infra::Snapshot>,
}

impl Outcome {
    fn nothing(exit: Exit) -> Self {
        Self { exit, built: None }
    }
}

fn builds_server(approved: &Approved<Step>) -> bool {
    let entries = &approved.plan().entries;
    entries.iter().any(|entry| match entry {
        Planned::Ready(Step::Aws(step)) => {
            step.key.kind == Kind::Instance && entry.action() == Action::Create
        }
        Planned::Ready(Step::Zone(_)) | Planned::Deferred(_) => false,
    })
}

/// Runs `work`. After the first Ctrl-C, running calls continue to their end and waits end. The second one ends the
/// program.
pub(crate) async fn cancellable<T>(
    context: &Context,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    // Registered before the first call, so that no Ctrl-C ends the program in the middle of a change.
    let mut interrupts = signal(SignalKind::interrupt()).context("failed to listen for Ctrl-C")?;
    let screen = Arc::clone(&context.progress);
    let cancel = context.cancel.clone();
    let listener = tokio::spawn(async move {
        if interrupts.recv().await.is_some() {
            cancel.cancel();
            screen.note(
                "stopping: waiting for running calls to end; press Ctrl-C again to quit at once",
            );
        }
        if interrupts.recv().await.is_some() {
            // 128 + SIGINT, as in shells.
            std::process::exit(130);
        }
    });
    let result = work.await;
    listener.abort();
    result
}
