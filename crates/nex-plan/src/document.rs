//! A plan with its findings as JSON, for other programs and for plan files.

use serde::{Deserialize, Serialize};

use crate::{Change, Counts, Finding, Linted, Plan, Planned, Renderer, Severity, Step, Subject};

/// The JSON of a plan.
#[derive(Debug, Serialize)]
pub struct PlanDocument {
    /// The environment's name.
    pub environment: String,
    /// What would be done, in the plan's order.
    pub actions: Vec<Change>,
    /// The findings, the most severe first.
    pub verdicts: Vec<FindingDocument>,
    /// How many resources each action affects.
    pub counts: Counts,
}

/// The JSON of a finding.
#[derive(Debug, Serialize)]
pub struct FindingDocument {
    /// How severe the finding is.
    pub level: Severity,
    /// The stable short name.
    pub code: &'static str,
    /// What the finding is about.
    pub subject: Subject,
    /// What was found.
    pub message: String,
    /// What resolves the finding, in words.
    pub hint: String,
}

/// The part of a plan's JSON that is compared when the plan is applied later.
#[derive(Clone, Debug, Deserialize)]
pub struct KeptPlan {
    /// The environment's name.
    pub environment: String,
    /// The planned changes.
    pub actions: Vec<Change>,
}

impl KeptPlan {
    /// The plan as a view.
    pub fn plan(self) -> Plan<Change> {
        Plan {
            environment: self.environment,
            entries: self.actions.into_iter().map(Planned::Ready).collect(),
        }
    }
}

impl Renderer<'_> {
    /// The JSON of a plan with its findings.
    pub fn document<S: Step>(&self, linted: &Linted<S>) -> PlanDocument {
        let plan = linted.plan();
        PlanDocument {
            environment: plan.environment.clone(),
            actions: plan.entries.iter().map(Planned::change).collect(),
            verdicts: linted
                .findings()
                .iter()
                .map(|finding| self.finding_document(finding))
                .collect(),
            counts: plan.counts(),
        }
    }

    /// The JSON of a finding.
    pub fn finding_document(&self, finding: &Finding) -> FindingDocument {
        FindingDocument {
            level: finding.severity,
            code: finding.code,
            subject: finding.subject.clone(),
            message: finding.message.clone(),
            hint: (self.remedy)(finding),
        }
    }
}
