//! What an apply did, for the person who ran it.

use std::time::Duration;

use nex_plan::{ApplyReport, Counts, Coverage};
use serde::Serialize;

use super::output::{Output, safe};
use super::progress::seconds;
use crate::exit::Exit;

/// The run that a report is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished<'a> {
    /// The results of the approved plan.
    pub(crate) report: &'a ApplyReport,
    /// Other owners' resources that stay as they are, because the operator allowed that by name.
    pub(crate) not_ours: &'a [String],
    /// How much of the environment the plan covered.
    pub(crate) coverage: Coverage,
    /// The time of the whole apply.
    pub(crate) wall: Duration,
    /// The command that continues where this run ended, such as `nex bootstrap staging`.
    pub(crate) command: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    environment: &'a str,
    done: Vec<String>,
    failed: Vec<FailedDocument<'a>>,
    not_begun: Vec<SkippedDocument>,
    stopped: bool,
    left: Counts,
    not_ours: &'a [String],
    timing: TimingDocument,
    /// Why `left` lists the planned steps that were not done instead of what a fresh read shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<&'a str>,
}

#[derive(Serialize)]
struct FailedDocument<'a> {
    resource: String,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct SkippedDocument {
    resource: String,
    because: String,
}

/// Seconds.
#[derive(Serialize)]
struct TimingDocument {
    longest_chain: f64,
    wall: f64,
}

impl Finished<'_> {
    /// Shows what was done, what failed and why, what is left, and how to continue.
    ///
    /// # Errors
    /// If the report has no JSON form, which is a defect.
    pub(crate) fn show(&self, output: Output) -> anyhow::Result<Exit> {
        let timing = self.report.timing;
        output.detail(&format!(
            "longest chain: {}, wall: {}",
            seconds(timing.longest_chain),
            seconds(timing.wall)
        ));
        if output.json {
            output.json(&self.document())?;
        } else {
            output.data(&self.text())?;
        }
        if let Some(why) = &self.report.unread {
            let hint = format!(
                "run `{}` again: nex reads first, then continues",
                self.command
            );
            let error = anyhow::anyhow!("the result of the run could not be read: {why}");
            output.error(&error, Some(&hint));
        }
        Ok(self.exit())
    }

    fn exit(&self) -> Exit {
        let report = self.report;
        if report.unread.is_some() {
            Exit::Partly
        } else if report.is_complete() && report.remaining.is_empty() {
            Exit::Fine
        } else if report.done.is_empty() {
            Exit::Failed
        } else {
            Exit::Partly
        }
    }

    fn document(&self) -> Document<'_> {
        let report = self.report;
        let failed = report.failed.iter().map(|failed| FailedDocument {
            resource: failed.id.to_string(),
            error: &failed.error,
            hint: failed.hint.as_deref(),
        });
        let skipped = report.skipped.iter().map(|skipped| SkippedDocument {
            resource: skipped.id.to_string(),
            because: skipped.reason.to_string(),
        });
        let done = report.done.iter();
        Document {
            environment: &report.remaining.environment,
            done: done
                .map(|done| format!("{} {}", done.action, done.id))
                .collect(),
            failed: failed.collect(),
            not_begun: skipped.collect(),
            stopped: report.stopped,
            left: report.remaining.counts(),
            not_ours: self.not_ours,
            timing: TimingDocument {
                longest_chain: report.timing.longest_chain.as_secs_f64(),
                wall: report.timing.wall.as_secs_f64(),
            },
            unread: report.unread.as_deref(),
        }
    }

    fn text(&self) -> String {
        let report = self.report;
        let environment = &report.remaining.environment;
        let mut lines = vec![];
        for failed in &report.failed {
            lines.push(format!(
                "failed to {} {} in {environment}\n  because {}",
                failed.action, failed.id, failed.error
            ));
            lines.extend(failed.hint.iter().map(|hint| format!("  hint: {hint}")));
        }
        for skipped in &report.skipped {
            lines.push(format!(
                "not begun: {}\n  because {}",
                skipped.id, skipped.reason
            ));
        }
        let not_ours = self.not_ours.iter();
        lines.extend(not_ours.map(|resource| format!("left to its owner: {resource}")));
        lines.push(format!(
            "{environment}: {} done, {} failed, {} not begun, in {}",
            report.done.len(),
            report.failed.len(),
            report.skipped.len(),
            seconds(self.wall)
        ));
        lines.extend(self.remaining());
        safe(&lines.join("\n"))
    }

    /// What is left to do, if a fresh read shows it.
    fn remaining(&self) -> Option<String> {
        let report = self.report;
        if report.unread.is_some() {
            return None;
        }
        let environment = &report.remaining.environment;
        let left = report.remaining.entries.len();
        let again = format!("run `{}` again to continue", self.command);
        Some(if left == 0 && self.coverage == Coverage::Part {
            format!("{environment}: read back, nothing is left to do for the named resources")
        } else if left == 0 {
            format!("{environment}: read back, nothing is left to do")
        } else if report.stopped {
            format!("{environment}: stopped; {left} changes are left: {again}")
        } else {
            format!("{environment}: {left} changes are left: fix the cause and {again}")
        })
    }
}

#[cfg(test)]
mod tests {
    use nex_plan::{
        Action, Change, Done, ErrorKind, Failed, FieldChange, Plan, ResourceId, SkipReason, Skipped,
    };

    use super::*;

    fn id(name: &str) -> ResourceId {
        ResourceId::new("log-group", name)
    }

    fn plan(names: &[&str]) -> Plan<Change> {
        let mut plan = Plan::new("staging");
        for name in names {
            plan.push(Change {
                action: Action::Create,
                id: id(name),
                fields: vec![FieldChange::new("retention_days", 7, 14)],
                reasons: vec![],
            });
        }
        plan
    }

    fn report() -> ApplyReport {
        let mut report = ApplyReport::of(&plan(&["a", "b", "c"]));
        report.done.push(Done {
            id: id("a"),
            action: Action::Create,
            elapsed: Duration::from_secs(1),
        });
        report.failed.push(Failed {
            id: id("b"),
            action: Action::Create,
            error: "CreateLogGroup b: AccessDenied".to_owned(),
            kind: ErrorKind::Denied,
            hint: Some("ask for the permission".to_owned()),
        });
        report.skipped.push(Skipped {
            id: id("c"),
            action: Action::Create,
            reason: SkipReason::Needs(id("b")),
        });
        report.remaining = plan(&["b", "c"]);
        report
    }

    fn finished(report: &ApplyReport) -> Finished<'_> {
        Finished {
            report,
            coverage: Coverage::Whole,
            not_ours: &[],
            wall: Duration::from_millis(1500),
            command: "nex bootstrap staging",
        }
    }

    #[test]
    fn a_report_says_what_failed_why_and_how_to_go_on() {
        expect_test::expect![[r#"
            failed to create log-group b in staging
              because CreateLogGroup b: AccessDenied
              hint: ask for the permission
            not begun: log-group c
              because it needs log-group b
            staging: 1 done, 1 failed, 1 not begun, in 1.50 s
            staging: 2 changes are left: fix the cause and run `nex bootstrap staging` again to continue"#]]
        .assert_eq(&finished(&report()).text());
    }

    #[test]
    fn the_exit_code_tells_nothing_done_from_partly_done_and_from_done() {
        let mut report = report();
        assert_eq!(finished(&report).exit(), Exit::Partly);
        report.done.clear();
        assert_eq!(finished(&report).exit(), Exit::Failed);
        report.failed.clear();
        report.skipped.clear();
        assert_eq!(finished(&report).exit(), Exit::Failed);
        report.remaining.entries.clear();
        assert_eq!(finished(&report).exit(), Exit::Fine);
        report.unread = Some("no answer".to_owned());
        assert_eq!(finished(&report).exit(), Exit::Partly);
    }

    #[test]
    fn the_json_of_a_report_has_the_same_facts() {
        let report = report();
        let json = serde_json::to_value(finished(&report).document()).expect("a JSON form");
        assert_eq!(json["done"], serde_json::json!(["create log-group a"]));
        assert_eq!(json["failed"][0]["hint"], "ask for the permission");
        assert_eq!(json["not_begun"][0]["because"], "it needs log-group b");
        assert_eq!(json["left"]["create"], 2);
        assert_eq!(json["stopped"], false);
    }

    #[test]
    fn no_text_of_a_provider_reaches_the_terminal_as_anything_but_text() {
        let controls: String = ('\0'..='\u{9f}').filter(|c| c.is_control()).collect();
        let mut report = report();
        report.failed[0].id = id(&controls);
        report.failed[0].error.clone_from(&controls);
        report.failed[0].hint = Some(controls.clone());
        report.skipped[0].id = id(&controls);
        report.skipped[0].reason = SkipReason::Needs(id(&controls));
        let finished = Finished {
            not_ours: &[controls],
            ..finished(&report)
        };
        let executed = |c: char| c.is_control() && c != '\n';
        assert!(!finished.text().contains(executed), "{:?}", finished.text());
    }
}
