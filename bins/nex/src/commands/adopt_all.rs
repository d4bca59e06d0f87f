//! `nex adopt ENV --all`: takes over everything that has a name of the environment and no other owner in nex.

use super::change::Request;
use crate::context::Context;
use crate::exit::Exit;

pub(crate) async fn run(context: &Context, request: &Request<'_>) -> anyhow::Result<Exit> {
    let exit = Box::pin(request.run(context)).await?;
    if exit == Exit::Fine {
        let plan = context.command("plan", &[]);
        let note = format!("`{plan}` shows what still differs from the spec");
        context.output.note(&note);
    }
    Ok(exit)
}
