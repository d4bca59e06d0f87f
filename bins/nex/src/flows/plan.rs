//! `nex plan`: read, compare, show.

use std::path::Path;

use nex_plan::{Counts, Linted};
use serde::Serialize;

use super::planfile;
use crate::Exit;
use crate::output::Output;
use crate::session::Session;

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    linted: &'a Linted,
    counts: Counts,
}

/// Shows a plan as text or JSON.
pub(super) fn show(linted: &Linted, output: Output) -> anyhow::Result<()> {
    if output.json {
        let counts = linted.plan.counts();
        output.json(&Shown { linted, counts })
    } else {
        output.data(&linted.text(output.paint()));
        Ok(())
    }
}

pub(super) async fn run(
    session: &Session,
    check: bool,
    out: Option<&Path>,
) -> anyhow::Result<Exit> {
    let picture = session.picture().await?;
    show(&picture.linted, session.output)?;
    if let Some(path) = out {
        planfile::write(path, &session.spec, &picture)?;
        session
            .output
            .note(&format!("the plan stands in {}", path.display()));
    }
    Ok(match check && !picture.linted.plan.is_empty() {
        true => Exit::Changes,
        false => Exit::Fine,
    })
}
