//! One thing that is wrong in a file, and where.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// A place in a file; both numbers count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// The place of the byte `offset` in `text`.
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// The file.
    pub file: PathBuf,
    /// Where.
    #[serde(flatten)]
    pub position: Position,
    /// The field's path.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What is allowed.
    pub allowed: Option<String>,
    /// What may have been meant.
    pub did_you_mean: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            position: Position { line, column },
            field,
            message,
            allowed,
            did_you_mean,
        } = self;
        write!(f, "{}:{line}:{column}: ", file.display())?;
        match field.as_str() {
            "" => write!(f, "{message}")?,
            field => write!(f, "{field}: {message}")?,
        }
        if let Some(allowed) = allowed {
            write!(f, "\n  allowed: {allowed}")?;
        }
        if let Some(meant) = did_you_mean {
            write!(f, "\n  did you mean `{meant}`?")?;
        }
        Ok(())
    }
}
