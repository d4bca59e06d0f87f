//! `nex destroy`: everything that nex manages, in reverse order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use nex_dns::certificate::Which;
use nex_infra::aws::Writer;
use nex_infra::model::{Desired, Kind};
use nex_infra::{Run, SETTLE, World, converge};
use nex_plan::{Approved, Change, Level, Linted, Verdict, Watch};

use super::bootstrap::with_stop;
use super::tally::{Tally, is_aws};
use super::{plan, prompt, report, zone};
use crate::Exit;
use crate::cloudflare::View;
use crate::picture::Reading;
use crate::session::Session;

pub(super) async fn run(
    session: &Session,
    confirm: Option<String>,
    allow: BTreeSet<String>,
) -> anyhow::Result<Exit> {
    let output = session.output;
    let name = &session.spec.name;
    let Reading { world, view, .. } = session.reading().await?;
    let linted = teardown(session, &world, &view).await?;
    let Some(approved) = plan::gate(&linted, &allow, output)? else {
        return Ok(Exit::Refused);
    };
    if approved.plan().is_empty() {
        return Ok(Exit::Fine);
    }
    let typed = match confirm {
        Some(typed) => typed,
        None => prompt(
            &format!("type the environment's name to delete all this ({name}): "),
            "--confirm",
        )?,
    };
    if typed != *name {
        output.refused(
            &format!("{typed:?} is not {name}: nothing was deleted"),
            None,
        );
        return Ok(Exit::Refused);
    }
    let began = Instant::now();
    let tally = with_stop(output, async |stop| {
        let watch = Watch {
            progress: &*session.progress,
            stop: &stop,
        };
        take_down(session, (&approved, &world, &view), watch).await
    })
    .await;
    report::show(&tally, began.elapsed(), "destroy", output)
}

/// A name that outlives its address may come to point at someone else's server, and a certificate that outlives its
/// secret is known to nobody: the zone's part goes first.
async fn take_down(
    session: &Session,
    (approved, world, view): (&Approved, &World, &View),
    watch: Watch<'_>,
) -> Tally {
    let Session {
        cloudflare, spec, ..
    } = session;
    let mut tally = Tally::of(approved);
    let desired = view.desired.clone().nothing();
    zone::records(cloudflare, &desired, approved, watch, &mut tally).await;
    if tally.unread.is_none() {
        let all = (approved, view, Which::All);
        zone::revoke(cloudflare, spec, all, watch, &mut tally).await;
    }
    let part = approved.only(is_aws);
    tally.stopped |= watch.stop.is_stopped();
    if tally.stopped || !tally.is_whole() {
        let why = match tally.stopped {
            true => "it was stopped before",
            false => "the zone is not rid yet of what belongs to it",
        };
        tally.skip(&part.plan().actions, why, watch.progress);
        return tally;
    }
    let writer = Writer::new(Arc::clone(&session.aws), &spec.name, Default::default());
    let run = Run {
        watch,
        settle: SETTLE,
    };
    let (reader, writer) = (&session.reader, Arc::new(writer));
    let ended = converge(part, &Desired::new(), world, reader, writer, run).await;
    tally.aws(ended);
    tally
}

/// The plan that asks for nothing. An empty bucket holds no state.
async fn teardown(session: &Session, world: &World, view: &View) -> anyhow::Result<Linted> {
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
    let desired = view.desired.clone().nothing();
    let records = nex_dns::diff(&desired, &view.zone).actions.into_iter();
    let secret_goes = |c: &Change| c.resource.kind == Kind::Secret.as_str();
    let revoked = match plan.actions.iter().any(secret_goes) {
        true => view.revocations(Which::All),
        false => vec![],
    };
    let records = records.map(|change| Change {
        reasons: vec![],
        ..change
    });
    plan.actions.extend(records.chain(revoked));
    Ok(plan.linted(verdicts))
}
