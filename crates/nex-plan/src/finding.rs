//! Findings: the lint's remarks about a spec or a plan.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{Allowance, ResourceId, Value};

/// How severe a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::Display)]
pub enum Severity {
    /// Good to know.
    #[serde(rename = "info")]
    #[strum(serialize = "info")]
    Info,
    /// A risk. nex uses the user's values anyway.
    #[serde(rename = "warning")]
    #[strum(serialize = "warning")]
    Warning,
    /// nex refuses the plan unless the operator allows the finding by its code and subject.
    #[serde(rename = "refusal")]
    #[strum(serialize = "refused")]
    Deny,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A resource of the plan.
    Resource(ResourceId),
    /// A field of the spec, by its path from the top (`runner.docker.memory`).
    Field(String),
    /// Something else, such as a zone or a quota.
    Other(String),
}

impl Subject {
    /// A field of the spec.
    pub fn field(path: impl Into<String>) -> Self {
        Subject::Field(path.into())
    }

    /// The subject in words.
    pub fn name(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Resource(id) => id.fmt(f),
            Subject::Field(text) | Subject::Other(text) => f.write_str(text),
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<ResourceId> for Subject {
    fn from(id: ResourceId) -> Self {
        Subject::Resource(id)
    }
}

/// What resolves a finding. A library says what to do; the program that shows the finding says how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Change the spec back, or allow the finding by name.
    Allow,
    /// Take over the resource that someone else made: the id is the provider's own.
    Adopt {
        /// The kind of the resource, as plans write it.
        kind: &'static str,
        /// The provider's id of the resource.
        id: String,
    },
    /// Give a field of the spec this value.
    Edit {
        /// The field's name or path.
        field: String,
        /// The value.
        value: Value,
    },
    /// Something to do outside of the spec and the program, in words.
    Text(String),
}

/// The code of the finding about a resource that someone else owns, in the place of one that the spec asks for.
pub const NOT_OURS: &str = "not-ours";

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How severe the finding is.
    pub severity: Severity,
    /// A stable short name, such as `stateful-replaced` or `memory-overcommitted`.
    pub code: &'static str,
    /// What the finding is about.
    pub subject: Subject,
    /// What was found, with its figures.
    pub message: String,
    /// What resolves the finding.
    pub remedy: Remedy,
}

impl Finding {
    /// A finding of any severity.
    pub fn new(
        severity: Severity,
        code: &'static str,
        subject: impl Into<Subject>,
        message: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        Self {
            severity,
            code,
            subject: subject.into(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// What the operator must allow so that this finding does not stop the plan.
    pub fn allowance(&self) -> Allowance {
        Allowance::new(self.code, &self.subject)
    }

    /// A warning about a field of the spec.
    pub fn warning(
        code: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        let subject = Subject::Field(field.into());
        Self::new(Severity::Warning, code, subject, message, remedy)
    }

    /// The same finding with its field's path set below `section`.
    #[must_use]
    pub fn under(mut self, section: &str) -> Self {
        if let Subject::Field(path) = &mut self.subject {
            *path = format!("{section}.{path}");
        }
        self
    }
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Self {
        Remedy::Text(text.to_owned())
    }
}

impl From<String> for Remedy {
    fn from(text: String) -> Self {
        Remedy::Text(text)
    }
}

/// The remedy in words that name no program.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::Allow => f.write_str("change the spec back, or allow the change by name"),
            Remedy::Adopt { kind, id } => write!(f, "adopt the {kind} {id}"),
            Remedy::Edit { field, value } => write!(f, "{field} = {value}"),
            Remedy::Text(text) => f.write_str(text),
        }
    }
}

/// Puts findings in the order in which they are shown: the most severe first.
pub fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
}
