//! Shows the plan of an adoption: what is taken over, and what the next build then changes.

use nex_plan::{Change, Finding, Linted, Plan, PlanDocument, Planned, RefusalError, Remedy, Step};
use serde::Serialize;

use super::output::Output;
use super::plans::PlanView;

#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    plan: PlanDocument,
    /// What the next build then changes.
    then: Vec<Change>,
}

/// What resolves a refusal of several resources that can be taken over: the command that takes over everything.
pub(crate) fn hint(RefusalError(findings): &RefusalError, command: &str) -> Option<String> {
    let is_adoptable = |f: &&Finding| matches!(f.remedy, Remedy::Adopt { .. });
    let several = findings.iter().filter(is_adoptable).count() > 1;
    several.then(|| format!("to take over all of it at once: {command}"))
}

impl PlanView<'_> {
    /// Shows the plan of an adoption as text or JSON. `then` is what the next build changes because of it.
    ///
    /// # Errors
    /// If the plan has no JSON form, which is a defect.
    pub(crate) fn show_adoptions<S: Step>(
        &self,
        linted: &Linted<S>,
        then: &Plan<Change>,
        output: Output,
    ) -> anyhow::Result<()> {
        if !output.json {
            return output.data(&self.adoptions(linted, then));
        }
        self.render(|renderer| {
            output.json(&Document {
                plan: renderer.document(linted),
                then: then.entries.iter().map(Planned::change).collect(),
            })
        })
    }

    /// The plan of an adoption as text.
    pub(crate) fn adoptions<S: Step>(&self, linted: &Linted<S>, then: &Plan<Change>) -> String {
        let name = &linted.plan().environment;
        self.render(|renderer| {
            if linted.plan().is_empty() {
                let findings = linted.findings().iter();
                let mut lines: Vec<String> = findings.map(|f| renderer.finding(f)).collect();
                lines.push(format!("{name}: there is nothing to adopt"));
                return lines.join("\n");
            }
            let adopted = renderer.linted(linted);
            let then = if then.is_empty() {
                format!("What is adopted matches the spec of {name}.")
            } else {
                let changes = renderer.plan(then);
                format!("The next bootstrap then changes these:\n\n{changes}")
            };
            format!(
                "Adopting sets these tags and marks, and changes nothing else:\n\n{adopted}\n{then}"
            )
        })
    }
}
