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
    not_begun: Vec<String>,
    stopped: bool,
    left: Counts,
}

#[derive(Serialize)]
struct Failure<'a> {
    resource: String,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// Says what was done, what failed and why, what is left, and how to go on.
pub(super) fn show(
    tally: &Tally,
    wall: Duration,
    verb: &str,
    output: Output,
) -> anyhow::Result<Exit> {
    if let Some(why) = &tally.unread {
        return Ok(show_unread(tally, why, verb, output));
    }
    output.detail(&format!(
        "longest chain: {}, wall: {}",
        seconds(tally.longest_chain),
        seconds(tally.wall)
    ));
    match output.json {
        true => output.json(&summary(tally))?,
        false => output.data(&text(tally, wall, verb)),
    }
    Ok(match (tally.rest.is_empty(), tally.done.is_empty()) {
        (true, _) if tally.is_whole() => Exit::Fine,
        (_, false) => Exit::Partly,
        (_, true) => Exit::Failed,
    })
}

/// What was done is said all the same: nobody else knows it.
fn show_unread(tally: &Tally, why: &str, verb: &str, output: Output) -> Exit {
    for (resource, action) in &tally.done {
        output.data(&format!("{action} {resource}: done"));
    }
    for failed in &tally.failed {
        output.data(&format!(
            "{} {}: {}",
            failed.action, failed.resource, failed.error
        ));
    }
    let hint = format!("run `nex {verb}` again: it reads anew and goes on");
    output.error(&anyhow::anyhow!("{why}"), Some(&hint));
    Exit::Partly
}

fn summary(tally: &Tally) -> Summary<'_> {
    Summary {
        environment: &tally.rest.environment,
        done: tally
            .done
            .iter()
            .map(|(resource, action)| format!("{action} {resource}"))
            .collect(),
        failed: tally
            .failed
            .iter()
            .map(|f| Failure {
                resource: f.resource.to_string(),
                error: &f.error,
                hint: f.hint.as_deref(),
            })
            .collect(),
        not_begun: tally
            .skipped
            .iter()
            .map(|(resource, _)| resource.to_string())
            .collect(),
        stopped: tally.stopped,
        left: tally.rest.counts(),
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
    let counts = format!(
        "{environment}: {} done, {} failed, {} not begun, in {}",
        tally.done.len(),
        tally.failed.len(),
        tally.skipped.len(),
        seconds(wall)
    );
    lines.push(counts);
    let left = tally.rest.actions.len();
    lines.push(match (left, tally.stopped) {
        (0, _) => format!("{environment}: read back, nothing is left to do"),
        (_, true) => format!("{environment}: stopped; {left} changes are left: run `nex {verb} {environment}` again to go on"),
        _ => format!("{environment}: {left} changes are left: mend the cause and run `nex {verb} {environment}` again to go on"),
    });
    lines.join("\n")
}
