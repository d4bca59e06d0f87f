//! The lock between the operator's consent and the apply, and the plan once more under the lock.

use std::sync::Arc;

use anyhow::bail;
use nex_infra::aws::Writer;
use nex_plan::{Approved, Done, Moved, ResourceId};

use super::{Agreed, Request};
use crate::apply::lock::{Held, Locking};
use crate::context::Context;
use crate::plan::{Proposal, Step};

/// The deployment's lock before an apply.
pub(super) enum Locked {
    /// Another run is at work.
    Busy(String),
    /// The environment is not as the plan shows it; the operator knows how.
    Moved,
    /// This run may go on. `held` is `None` if the deployment has no bucket, and so nothing that two runs could change.
    Ready {
        held: Option<Held>,
        /// The bucket that was made for the lock.
        bucket: Option<Done>,
        waited: bool,
    },
}

impl Request<'_> {
    /// Locks the deployment. The bucket of the lock is the first step of a first run.
    pub(super) async fn lock(
        &self,
        context: &Context,
        agreed: &Agreed,
        writer: &Arc<Writer>,
    ) -> anyhow::Result<Locked> {
        let command = context.command(self.verb, &[]);
        let mut bucket = None;
        loop {
            match context.lock(&command, self.patience).await? {
                Locking::Busy(who) => return Ok(Locked::Busy(who)),
                Locking::Held { lock, waited } => {
                    return Ok(Locked::Ready {
                        held: Some(lock),
                        bucket,
                        waited,
                    });
                }
                Locking::NoBucket if bucket.is_some() => {
                    bail!("the bucket of the lock was deleted right after nex created it")
                }
                Locking::NoBucket => {}
            }
            if agreed.waited && self.still_agreed(context, agreed, None).await?.is_none() {
                return Ok(Locked::Moved);
            }
            bucket = context.make_lock_bucket(agreed, writer).await?;
            if bucket.is_none() {
                return Ok(Locked::Ready {
                    held: None,
                    bucket,
                    waited: false,
                });
            }
        }
    }

    /// The plan on the environment as it is by now, if it is still the plan that was agreed to. `made` was done since.
    pub(super) async fn still_agreed(
        &self,
        context: &Context,
        agreed: &Agreed,
        made: Option<&Done>,
    ) -> anyhow::Result<Option<Agreed>> {
        let fresh = context.propose(&self.target, &agreed.options).await?;
        match self.approve_again(agreed, &fresh, made) {
            Ok(approved) => Ok(Some(Agreed {
                proposal: fresh,
                approved,
                options: agreed.options.clone(),
                waited: false,
            })),
            Err(why) => {
                let hint = "run the command again, and check the new plan";
                let when = if agreed.waited {
                    "while you looked at the plan"
                } else {
                    "after the plan was made"
                };
                let why = format!("refused: the environment changed {when}: {why}");
                context.output.refused(&why, Some(hint));
                Ok(None)
            }
        }
    }

    /// Approves the fresh plan if it equals the plan that the operator saw. Otherwise returns what differs.
    fn approve_again(
        &self,
        seen: &Agreed,
        fresh: &Proposal,
        made: Option<&Done>,
    ) -> Result<Approved<Step>, String> {
        let mut moved = seen.approved.plan().moved(fresh.linted.plan());
        // A read may show any state of what this run has just made. If the operator did not stop to read the plan, changes
        // that another run has already made are fine.
        let is_made = |id: &ResourceId| made.is_some_and(|made| made.id == *id);
        moved.retain(|moved| !is_made(&moved.id) && (seen.waited || moved.is_conflict()));
        if !moved.is_empty() {
            let differences: Vec<String> = moved.iter().map(Moved::to_string).collect();
            return Err(differences.join("; "));
        }
        // A bucket that was empty may hold objects by now.
        let approved = fresh.linted.clone().approve(&self.allow);
        approved.map_err(|refusal| refusal.to_string())
    }
}
