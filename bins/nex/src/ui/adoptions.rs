//! Shows the plan of an adoption: what is taken over, and what the next build then changes.

use nex_plan::{Change, Linted, Plan, PlanDocument, Planned, Step};
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
                format!("What is adopted is as the spec of {name} says.")
            } else {
                let changes = renderer.plan(then);
                format!("The next bootstrap then changes these:\n\n{changes}")
            };
            format!(
                "Adopted by nex's tags and marks, without any other change:\n\n{adopted}\n{then}"
            )
        })
    }
}
