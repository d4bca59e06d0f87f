//! `nex bootstrap`: plan, ask, apply, read back.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use nex_infra::aws::Writer;
use nex_infra::{Run, SETTLE};
use nex_plan::{Approved, Stop, Watch};

use super::tally::Tally;
use super::{ask, plan, planfile, report, stages};
use crate::output::Output;
use crate::picture::Picture;
use crate::session::Session;
use crate::{Exit, compose, secrets};

/// How to go about it.
pub(super) struct How<'a> {
    pub(super) yes: bool,
    pub(super) plan: Option<&'a Path>,
    pub(super) allow: BTreeSet<String>,
}

pub(super) async fn run(session: &Session, how: How<'_>) -> anyhow::Result<Exit> {
    let output = session.output;
    let picture = session.picture().await?;
    if let Some(file) = how.plan
        && !planfile::still_holds(file, &session.spec, &picture)?
    {
        let hint = "look at the plan above, and make the file anew by `nex plan --out`";
        let why = "refused: the world or the spec has moved since this plan was made";
        plan::show(&picture.linted, output)?;
        output.refused(why, Some(hint));
        return Ok(Exit::Refused);
    }
    let Some(approved) = plan::gate(&picture.linted, &how.allow, output)? else {
        return Ok(Exit::Refused);
    };
    if approved.plan().is_empty() {
        return Ok(Exit::Fine);
    }
    if !how.yes && how.plan.is_none() {
        if !ask("do this?")? {
            output.note("nothing was changed");
            return Ok(Exit::Fine);
        }
        if session.picture().await?.fingerprint(&session.spec) != picture.fingerprint(&session.spec)
        {
            let why = "refused: the world has moved while you looked; run it again";
            output.refused(why, None);
            return Ok(Exit::Refused);
        }
    }
    let began = Instant::now();
    let tally = apply(session, picture, approved).await?;
    report::show(&tally, began.elapsed(), "bootstrap", output)
}

async fn apply(session: &Session, picture: Picture, approved: Approved) -> anyhow::Result<Tally> {
    let given = compose::given_secrets(&session.spec);
    let given = secrets::needed(approved.plan(), &given, session.sandbox).await?;
    let writer = Writer::new(Arc::clone(&session.aws), &session.spec.name, given);
    with_stop(session.output, async |stop| {
        let run = Run {
            watch: Watch {
                progress: &*session.progress,
                stop: &stop,
            },
            settle: SETTLE,
        };
        stages::build(session, picture, &approved, Arc::new(writer), run).await
    })
    .await
}

/// Runs with Ctrl-C letting running calls end; a second one ends at once.
pub(super) async fn with_stop<T>(output: Output, work: impl AsyncFnOnce(Stop) -> T) -> T {
    let stop = Stop::default();
    let listener = tokio::spawn({
        let stop = stop.clone();
        async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.stop();
                output.note("stopping: calls that run may end first; Ctrl-C again ends at once");
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                // 128 + SIGINT, as shells have it.
                std::process::exit(130);
            }
        }
    });
    let result = work(stop).await;
    listener.abort();
    result
}
