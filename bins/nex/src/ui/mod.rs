//! Everything that people see: output, progress, questions, remedies, reports.

pub(crate) mod adoptions;
pub(crate) mod output;
pub(crate) mod plans;
pub(crate) mod progress;
pub(crate) mod prompt;
pub(crate) mod report;
