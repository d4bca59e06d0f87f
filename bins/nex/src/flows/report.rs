//! What an apply did, for the person who ran it.

use std::time::Duration;

use nex_plan::Counts;
use serde::Serialize;

use super::tally::Tally;
use crate::Exit;
use crate::output::Output;
use crate::progress::seconds;

#[derive(Serialize)]
struct Summary<'a> {
    environment: &'a str,
    done: Vec<String>,
    failed: Vec<Failure<'a>>,
    not_begun: Vec<NotBegun<'a>>,
    stopped: bool,
    left: Counts,
    /// What is as others made it, because it was let through by name.
    not_ours: &'a [String],
    /// Why `left` is as it was planned, and not as it was read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<&'a str>,
}

#[derive(Serialize)]
struct Failure<'a> {
    resource: String,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct NotBegun<'a> {
    resource: String,
    because: &'a str,
}

/// Says what was done, what failed and why, what is left, and how to go on.
pub(super) fn show(
    tally: &Tally,
    wall: Duration,
    verb: &str,
    output: Output,
) -> anyhow::Result<Exit> {
    output.detail(&format!(
        "longest chain: {}, wall: {}",
        seconds(tally.longest_chain),
        seconds(tally.wall)
    ));
    match output.json {
        true => output.json(&summary(tally))?,
        false => output.data(&text(tally, wall, verb)),
    }
    if let Some(why) = &tally.unread {
        let hint = format!("run `nex {verb}` again: it reads anew and goes on");
        output.error(&anyhow::anyhow!("{why}"), Some(&hint));
        return Ok(Exit::Partly);
    }
    Ok(match (tally.rest.is_empty(), tally.done.is_empty()) {
        (true, _) if tally.is_whole() => Exit::Fine,
        (_, false) => Exit::Partly,
        (_, true) => Exit::Failed,
    })
}

fn summary(tally: &Tally) -> Summary<'_> {
    let failed = tally.failed.iter().map(|f| Failure {
        resource: f.resource.to_string(),
        error: &f.error,
        hint: f.hint.as_deref(),
    });
    let not_begun = tally.skipped.iter().map(|(resource, because)| NotBegun {
        resource: resource.to_string(),
        because,
    });
    let done = tally.done.iter();
    Summary {
        environment: &tally.rest.environment,
        done: done
            .map(|(resource, action)| format!("{action} {resource}"))
            .collect(),
        failed: failed.collect(),
        not_begun: not_begun.collect(),
        stopped: tally.stopped,
        left: tally.rest.counts(),
        not_ours: &tally.not_ours,
        unread: tally.unread.as_deref(),
    }
}

fn text(tally: &Tally, wall: Duration, verb: &str) -> String {
    let environment = &tally.rest.environment;
    let mut lines = vec![];
    for failed in &tally.failed {
        lines.push(format!(
            "failed to {} {} in {environment}\n  because {}",
            failed.action, failed.resource, failed.error
        ));
        lines.extend(failed.hint.iter().map(|hint| format!("  hint: {hint}")));
    }
    for (resource, because) in &tally.skipped {
        lines.push(format!("not begun: {resource}\n  because {because}"));
    }
    let not_ours = tally.not_ours.iter();
    lines.extend(not_ours.map(|of_others| format!("left as others made it: {of_others}")));
    let counts = format!(
        "{environment}: {} done, {} failed, {} not begun, in {}",
        tally.done.len(),
        tally.failed.len(),
        tally.skipped.len(),
        seconds(wall)
    );
    lines.push(counts);
    lines.extend(rest(tally, verb));
    lines.join("\n")
}

/// What is left to do, where that is known.
fn rest(tally: &Tally, verb: &str) -> Option<String> {
    let environment = &tally.rest.environment;
    let left = tally.rest.actions.len();
    let again = format!("run `nex {verb} {environment}` again to go on");
    if tally.unread.is_some() {
        return None;
    }
    Some(match (left, tally.stopped) {
        (0, _) => format!("{environment}: read back, nothing is left to do"),
        (_, true) => format!("{environment}: stopped; {left} changes are left: {again}"),
        _ => format!("{environment}: {left} changes are left: mend the cause and {again}"),
    })
}
