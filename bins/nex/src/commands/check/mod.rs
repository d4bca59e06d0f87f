//! `nex check`: the problems of an environment's file, then the warnings about it. `--deep` adds what others set in the
//! deployment and a plan does not read.

mod deep;

use nex_plan::{Finding, FindingDocument, Renderer, Severity};
use serde::Serialize;

use crate::context::Context;
use crate::environment::{self, Diagnostic, Invalid};
use crate::exit::Exit;
use crate::plan::{Scope, Target};
use crate::ui::output::Output;
use crate::ui::plans::PlanView;

#[derive(Serialize)]
struct Document {
    problems: Vec<Diagnostic>,
    hazards: Vec<FindingDocument>,
    /// What others set in the deployment; only with `--deep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<Vec<FindingDocument>>,
}

/// What was found.
struct Found {
    problems: Vec<Diagnostic>,
    /// About the file.
    findings: Vec<Finding>,
    /// About the deployment; `None` without `--deep`.
    deployment: Option<Vec<Finding>>,
}

/// Checks the file alone, without any network.
pub(crate) fn run(argument: &str, output: Output) -> anyhow::Result<Exit> {
    let found = file(argument, output)?;
    found.show(argument, output)
}

/// Checks the file, then the deployment. `open` connects to the clouds.
pub(crate) async fn run_deep(
    argument: &str,
    output: Output,
    open: impl FnOnce(&str) -> anyhow::Result<Context>,
) -> anyhow::Result<Exit> {
    let mut found = file(argument, output)?;
    if found.problems.is_empty() {
        let context = open(argument)?;
        found.deployment = Some(Box::pin(context.inspect()).await?);
    }
    found.show(argument, output)
}

/// What is wrong with the file. With `--json`, problems are data; otherwise they are the error of the run.
fn file(argument: &str, output: Output) -> anyhow::Result<Found> {
    let folder = std::env::current_dir()?;
    let (problems, findings) = match environment::load(argument, &folder) {
        Ok(loaded) => (vec![], environment::findings(&loaded.spec)),
        Err(Invalid::Wrong { found, .. }) if output.json => (found, vec![]),
        Err(error) => return Err(error.into()),
    };
    Ok(Found {
        problems,
        findings,
        deployment: None,
    })
}

impl Found {
    fn show(self, argument: &str, output: Output) -> anyhow::Result<Exit> {
        let exit = self.exit();
        let target = Target::Build(Scope::All);
        let adopt = |kind: &str, id: &str| format!("nex adopt {argument} {kind} {id}");
        PlanView::new(&adopt, &target, true).render(|renderer| {
            if output.json {
                return output.json(&self.document(&renderer));
            }
            for finding in &self.findings {
                output.data(&renderer.finding(finding))?;
            }
            output.data(&summary(argument, self.findings.len()))?;
            let Some(deployment) = &self.deployment else {
                return Ok(());
            };
            for finding in deployment {
                output.data(&renderer.finding(finding))?;
            }
            output.data(&deep::summary(argument, deployment.len()))
        })?;
        Ok(exit)
    }

    fn document(self, renderer: &Renderer<'_>) -> Document {
        let documents = |findings: Vec<Finding>| {
            let findings = findings.iter();
            findings.map(|f| renderer.finding_document(f)).collect()
        };
        Document {
            problems: self.problems,
            hazards: documents(self.findings),
            deployment: self.deployment.map(documents),
        }
    }

    /// A warning is the user's own choice; a denial stops every plan.
    fn exit(&self) -> Exit {
        let deployment = self.deployment.iter().flatten();
        let mut findings = self.findings.iter().chain(deployment);
        if !self.problems.is_empty() {
            Exit::Failed
        } else if findings.any(|f| f.severity == Severity::Deny) {
            Exit::Refused
        } else {
            Exit::Fine
        }
    }
}

fn summary(argument: &str, warnings: usize) -> String {
    match warnings {
        0 => format!("{argument}: valid, without warnings"),
        1 => format!("{argument}: valid, with 1 warning"),
        n => format!("{argument}: valid, with {n} warnings"),
    }
}
