//! `nex check`: the problems of an environment's file, then the warnings about it.

use nex_plan::{Finding, FindingDocument, Severity};
use serde::Serialize;

use crate::environment::{self, Diagnostic, Invalid};
use crate::exit::Exit;
use crate::plan::{Scope, Target};
use crate::ui::output::Output;
use crate::ui::plans::PlanView;

#[derive(Serialize)]
struct Document {
    problems: Vec<Diagnostic>,
    hazards: Vec<FindingDocument>,
}

pub(crate) fn run(argument: &str, output: Output) -> anyhow::Result<Exit> {
    let folder = std::env::current_dir()?;
    let (problems, findings, exit) = match environment::load(argument, &folder) {
        Ok(loaded) => {
            let findings = environment::findings(&loaded.spec);
            let exit = exit(&findings);
            (vec![], findings, exit)
        }
        Err(Invalid::Wrong { found, .. }) if output.json => (found, vec![], Exit::Failed),
        Err(error) => return Err(error.into()),
    };
    let target = Target::Build(Scope::All);
    let adopt = |kind: &str, id: &str| format!("nex adopt {argument} {kind} {id}");
    PlanView::new(&adopt, &target, true).render(|renderer| {
        if output.json {
            let hazards = findings.iter();
            return output.json(&Document {
                problems,
                hazards: hazards.map(|f| renderer.finding_document(f)).collect(),
            });
        }
        for finding in &findings {
            output.data(&renderer.finding(finding))?;
        }
        output.data(&summary(argument, findings.len()))
    })?;
    Ok(exit)
}

fn summary(argument: &str, warnings: usize) -> String {
    match warnings {
        0 => format!("{argument}: valid, without warnings"),
        1 => format!("{argument}: valid, with 1 warning"),
        n => format!("{argument}: valid, with {n} warnings"),
    }
}

/// A warning is the user's own choice; a denial stops every plan.
fn exit(findings: &[Finding]) -> Exit {
    if findings.iter().any(|f| f.severity == Severity::Deny) {
        Exit::Refused
    } else {
        Exit::Fine
    }
}
