//! `nex destroy`: everything that nex manages, in reverse order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use nex_infra::aws::Writer;
use nex_infra::model::{Desired, Kind};
use nex_infra::{Read as _, Run, SETTLE, World, converge};
use nex_plan::{Level, Linted, Verdict};

use super::bootstrap::with_stop;
use super::{plan, prompt, report};
use crate::output::Output;
use crate::session::Session;
use crate::{Exit, progress};

pub(super) async fn run(
    session: &Session,
    confirm: Option<String>,
    allow: BTreeSet<String>,
) -> anyhow::Result<Exit> {
    let output = session.output;
    let name = &session.spec.name;
    let world = session.reader.world().await;
    let world = world.with_context(|| format!("failed to read {name}"))?;
    let linted = teardown(session, &world).await?;
    if !output.json {
        plan::show(
            &linted,
            Output {
                json: false,
                ..output
            },
        )?;
    }
    let approved = match linted.approve(&allow) {
        Ok(approved) => approved,
        Err(refused) => {
            output.note(&format!("{refused}; nothing was deleted"));
            return Ok(Exit::Refused);
        }
    };
    if approved.plan().is_empty() {
        return Ok(Exit::Fine);
    }
    let typed = match confirm {
        Some(typed) => typed,
        None => prompt(&format!(
            "type the environment's name to delete all this ({name}): "
        ))?,
    };
    if typed != *name {
        output.note(&format!("{typed:?} is not {name}: nothing was deleted"));
        return Ok(Exit::Refused);
    }
    let began = Instant::now();
    let writer = Writer::new(Arc::clone(&session.aws), name, Default::default());
    let ended = with_stop(output, |stop| {
        let progress = progress::renderer(output);
        async move {
            let run = Run {
                progress: &*progress,
                stop: &stop,
                settle: SETTLE,
            };
            let nothing = Desired::new();
            converge(
                approved,
                &nothing,
                &world,
                &session.reader,
                Arc::new(writer),
                run,
            )
            .await
        }
    })
    .await;
    report::show(ended, began.elapsed(), "destroy", output)
}

/// The plan that asks for nothing. An empty bucket holds no state.
async fn teardown(session: &Session, world: &World) -> anyhow::Result<Linted> {
    let nothing = Desired::new();
    let mut plan = nex_infra::diff(&session.spec.name, &nothing, &world.observed);
    for change in &mut plan.actions {
        change.reasons = vec![];
    }
    let mut verdicts: Vec<Verdict> = vec![];
    for mut verdict in nex_infra::lint(&plan, &nothing, &world.observed) {
        if verdict.level == Level::Refusal {
            verdict.hint = format!("let it go by --allow '{}'", verdict.subject);
        }
        let bucket = verdict.subject.strip_prefix(Kind::S3Bucket.as_str());
        let is_empty = match bucket.map(str::trim) {
            Some(bucket) => {
                let empty = session.reader.is_empty_bucket(bucket).await;
                empty.with_context(|| format!("failed to look into {bucket}"))?
            }
            None => false,
        };
        if !is_empty {
            verdicts.push(verdict);
        }
    }
    Ok(plan.linted(verdicts))
}
