//! `nex bootstrap`: plan, ask, apply, read back, and what comes next.

use super::change::{Outcome, Request};
use super::outputs::Outputs;
use crate::context::Context;
use crate::exit::Exit;

pub(crate) async fn run(context: &Context, request: &Request<'_>) -> anyhow::Result<Exit> {
    let Outcome { exit, built } = Box::pin(request.outcome(context)).await?;
    if let Some(snapshot) = built.filter(|_| exit == Exit::Fine) {
        if let Some(why) = &snapshot.facts.fleet_trouble {
            let note = format!("warning: no runner is in service yet: {why}");
            context.output.note(&note);
        }
        let outputs = Outputs::of(context, &snapshot)?;
        context.output.note(&format!("\n{}", outputs.text()));
        context
            .output
            .note(&outputs.next_steps(&context.command("outputs", &[])));
        if context.is_sandbox() {
            let note = "The sandbox has no GitLab. The aws commands reach the sandbox after: \
                        eval \"$(cargo xtask sandbox env)\"";
            context.output.note(note);
        }
    }
    Ok(exit)
}
