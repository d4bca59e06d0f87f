//! `nex bootstrap`: plan, ask, apply, read back, and what comes next.

use std::time::Duration;

use nex_infra::FleetState;

use super::change::{Outcome, Request};
use super::outputs::Outputs;
use crate::context::Context;
use crate::exit::Exit;

pub(crate) async fn run(context: &Context, request: &Request<'_>) -> anyhow::Result<Exit> {
    let Outcome { exit, built } = Box::pin(request.outcome(context)).await?;
    if let Some(snapshot) = built.filter(|_| exit == Exit::Fine) {
        let fleet = context.first_runner(snapshot.facts.fleet.clone()).await?;
        if let Some(warning) = warning(&fleet) {
            context.output.note(&warning);
        }
        let outputs = Outputs::of(context, &snapshot)?;
        context.output.note(&format!("\n{}", outputs.text()));
        context.output.note(&outputs.next_steps(context));
        if context.is_sandbox() {
            let note = "The sandbox has no GitLab. The aws commands reach the sandbox after: \
                        eval \"$(cargo xtask sandbox env)\"";
            context.output.note(note);
        }
    }
    Ok(exit)
}

/// What is wrong with the fleet, if anything.
fn warning(fleet: &FleetState) -> Option<String> {
    match fleet {
        FleetState::Empty | FleetState::InService => None,
        FleetState::Starting => Some(
            "warning: no runner is in service yet, and no start has failed; `nex plan` shows a failure".to_owned(),
        ),
        FleetState::Failing(why) => Some(format!("warning: no runner is in service yet: {why}")),
    }
}

/// How long the first runner may take. A Spot instance of the reference is in service within a minute; AWS reports a
/// start that fails within seconds, or after some minutes of waiting for capacity.
const FIRST_RUNNER: Duration = Duration::from_secs(180);

/// The pause between two looks at the fleet.
const PAUSE: Duration = Duration::from_secs(5);

impl Context {
    /// Waits for the first instance of a fleet that is about to start one.
    async fn first_runner(&self, fleet: FleetState) -> anyhow::Result<FleetState> {
        if fleet == FleetState::Starting {
            self.output
                .note("waiting for the first runner, up to 3 minutes");
        }
        let look = async || Ok(self.reader().await?.fleet().await?);
        tokio::select! {
            ended = started(fleet.clone(), look) => ended,
            () = self.cancel.cancelled() => Ok(fleet),
        }
    }
}

/// Looks at the fleet until an instance is in service, a start fails, or the limit is over.
async fn started(
    mut fleet: FleetState,
    look: impl AsyncFn() -> anyhow::Result<FleetState>,
) -> anyhow::Result<FleetState> {
    let mut left = FIRST_RUNNER;
    while fleet == FleetState::Starting && !left.is_zero() {
        tokio::time::sleep(PAUSE).await;
        left = left.saturating_sub(PAUSE);
        fleet = look().await?;
    }
    Ok(fleet)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    /// The state of a fleet that is starting until the `last` look, and the seconds that the wait took.
    async fn wait(last: u32, then: FleetState) -> (FleetState, u64) {
        let began = Instant::now();
        let looks = Cell::new(0);
        let look = async || {
            looks.set(looks.get() + 1);
            Ok(match looks.get() < last {
                true => FleetState::Starting,
                false => then.clone(),
            })
        };
        let fleet = started(FleetState::Starting, look).await.expect("a state");
        (fleet, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_ends_with_the_first_runner_or_failure_or_after_three_minutes() {
        let serves = FleetState::InService;
        assert_eq!(wait(3, serves.clone()).await, (serves.clone(), 15));
        let fails = FleetState::Failing("no capacity".to_owned());
        assert_eq!(wait(1, fails.clone()).await, (fails, 5));
        assert_eq!(wait(100, serves).await, (FleetState::Starting, 180));
    }
}
