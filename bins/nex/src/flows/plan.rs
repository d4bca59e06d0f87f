//! `nex plan`: read, compare, show.

use std::collections::BTreeSet;
use std::path::Path;

use nex_plan::{Approved, Counts, Linted};
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

/// Shows a plan, and lets it through if what refuses it is among `allow`. With --json, stdout holds one document: the plan
/// where nothing is done, else the report.
pub(super) fn gate(
    linted: &Linted,
    allow: &BTreeSet<String>,
    output: Output,
) -> anyhow::Result<Option<Approved>> {
    let approved = linted.clone().approve(allow);
    let is_done = approved.as_ref().is_ok_and(|a| !a.plan().is_empty());
    if !output.json || !is_done {
        show(linted, output)?;
    }
    match approved {
        Ok(approved) => Ok(Some(approved)),
        Err(refused) => {
            output.refused(&format!("{refused}; nothing was changed"), None);
            Ok(None)
        }
    }
}

/// How `--check` ends.
pub(super) fn checked(linted: &Linted) -> Exit {
    match (linted.refusals().count(), linted.plan.is_empty()) {
        (0, true) => Exit::Fine,
        (0, false) => Exit::Changes,
        _ => Exit::Refused,
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
    Ok(match check {
        true => checked(&picture.linted),
        false => Exit::Fine,
    })
}
