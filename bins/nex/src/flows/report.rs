//! What an apply did, for the person who ran it.

use std::time::Duration;

use nex_infra::aws::Error;
use nex_infra::{Outcome, Report, Unread};
use nex_plan::{Counts, Plan};
use serde::Serialize;

use crate::Exit;
use crate::output::Output;
use crate::progress::seconds;

/// How an apply ended.
pub(super) type Ended = Result<Outcome, Unread<Error>>;

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
}

/// Says what was done, what failed and why, what is left, and how to go on.
pub(super) fn show(
    ended: Ended,
    wall: Duration,
    verb: &str,
    output: Output,
) -> anyhow::Result<Exit> {
    let Outcome { report, rest, .. } = &match ended {
        Ok(outcome) => outcome,
        Err(unread) => return Ok(show_unread(unread, verb, output)),
    };
    output.detail(&format!(
        "longest chain: {}, wall: {}",
        seconds(report.longest_chain),
        seconds(report.wall)
    ));
    match output.json {
        true => output.json(&summary(report, rest))?,
        false => output.data(&text(report, rest, wall, verb)),
    }
    Ok(match (rest.is_empty(), report.done.is_empty()) {
        (true, _) if report.is_whole() => Exit::Fine,
        (_, false) => Exit::Partly,
        (_, true) => Exit::Failed,
    })
}

/// What was done is said all the same: nobody else knows it.
fn show_unread(unread: Unread<Error>, verb: &str, output: Output) -> Exit {
    for done in &unread.report.done {
        output.data(&format!("{} {}: done", done.action, done.key.resource_id()));
    }
    for failed in &unread.report.failed {
        output.data(&format!(
            "{} {}: {}",
            failed.action,
            failed.key.resource_id(),
            failed.error
        ));
    }
    let hint = format!("run `nex {verb}` again: it reads anew and goes on");
    output.error(&anyhow::Error::new(unread), Some(&hint));
    Exit::Partly
}

fn summary<'a>(report: &'a Report, rest: &'a Plan) -> Summary<'a> {
    Summary {
        environment: &rest.environment,
        done: report
            .done
            .iter()
            .map(|d| format!("{} {}", d.action, d.key.resource_id()))
            .collect(),
        failed: report
            .failed
            .iter()
            .map(|f| Failure {
                resource: f.key.resource_id().to_string(),
                error: &f.error,
            })
            .collect(),
        not_begun: report
            .skipped
            .iter()
            .map(|(key, _)| key.resource_id().to_string())
            .collect(),
        stopped: report.stopped,
        left: rest.counts(),
    }
}

fn text(report: &Report, rest: &Plan, wall: Duration, verb: &str) -> String {
    let environment = &rest.environment;
    let mut lines = vec![];
    for failed in &report.failed {
        lines.push(format!(
            "failed to {} {} in {environment}\n  because {}",
            failed.action,
            failed.key.resource_id(),
            failed.error
        ));
    }
    let counts = format!(
        "{environment}: {} done, {} failed, {} not begun, in {}",
        report.done.len(),
        report.failed.len(),
        report.skipped.len(),
        seconds(wall)
    );
    lines.push(counts);
    let left = rest.actions.len();
    lines.push(match (left, report.stopped) {
        (0, _) => format!("{environment}: read back, nothing is left to do"),
        (_, true) => format!("{environment}: stopped; {left} changes are left: run `nex {verb} {environment}` again to go on"),
        _ => format!("{environment}: {left} changes are left: mend the cause and run `nex {verb} {environment}` again to go on"),
    });
    lines.join("\n")
}
