//! What the lint says of a spec or a plan.

use std::fmt;

use serde::Serialize;

/// How grave a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// A hazard: the user's values stand.
    Warning,
    /// Not done unless the subject is named on the command line.
    Refusal,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Refusal => "refused",
        })
    }
}

/// One finding: about a resource of the plan, or a field of the spec.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Verdict {
    /// How grave it is.
    pub level: Level,
    /// A stable short name, such as `stateful-replaced` or `memory-overcommitted`.
    pub code: String,
    /// The resource's name, or the spec's field (`runner.memory`).
    pub subject: String,
    /// What is so, with its figures.
    pub message: String,
    /// What would mend it.
    pub hint: String,
}

impl Verdict {
    /// A finding of any level.
    pub fn new(
        level: Level,
        code: &str,
        subject: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            level,
            code: code.to_owned(),
            subject: subject.into(),
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// A hazard about `field`: the user's value stands.
    pub fn warning(
        code: &str,
        field: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(Level::Warning, code, field, message, hint)
    }

    /// The same finding with its field's path set under `section`.
    #[must_use]
    pub fn under(mut self, section: &str) -> Self {
        self.subject = format!("{section}.{}", self.subject);
        self
    }
}
