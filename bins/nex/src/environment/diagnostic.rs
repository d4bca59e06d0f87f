//! One problem of a file, with its place.

use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
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

/// Whether a problem is shown with its line. A line may have a secret that someone wrote in place of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excerpt {
    /// The line up to the end of the problem.
    Shown,
    /// Only the position.
    Withheld,
}

/// One problem of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// The file.
    pub file: PathBuf,
    /// Where the problem starts.
    #[serde(flatten)]
    pub position: Position,
    /// The field's path.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What is allowed.
    pub allowed: Option<String>,
    /// A known word that is similar to the wrong one.
    pub did_you_mean: Option<String>,
    /// The first byte of the problem.
    #[serde(skip)]
    pub offset: usize,
    /// The length of the problem in bytes.
    #[serde(skip)]
    pub length: usize,
    /// Whether the line is shown.
    #[serde(skip)]
    pub excerpt: Excerpt,
}

impl Diagnostic {
    /// The problem with its place. `text` is the file's content.
    pub fn render(&self, text: &str) -> String {
        let title = if self.field.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.field, self.message)
        };
        let suggestion = self.did_you_mean.as_ref();
        let suggestion = suggestion.map(|word| format!("did you mean `{word}`?"));
        let path = self.file.display().to_string();
        let span = self.first_line(text);
        // The rest of the line may have the value of another field.
        let shown = text.get(..span.end).unwrap_or(text);
        let title = Level::ERROR.primary_title(&title);
        let mut report = match self.excerpt {
            Excerpt::Shown => {
                let annotation = AnnotationKind::Primary.span(span);
                let snippet = Snippet::source(shown)
                    .path(path)
                    .annotation(annotation.label(suggestion));
                title.element(snippet)
            }
            Excerpt::Withheld => {
                let Position { line, column } = self.position;
                title.element(Origin::path(path).line(line).char_column(column))
            }
        };
        if let Some(allowed) = &self.allowed {
            let level = Level::NOTE.with_name("allowed");
            report = report.element(level.message(allowed));
        }
        Renderer::plain().render(&[report])
    }

    /// The bytes of the problem on its first line only, because a table may be long.
    fn first_line(&self, text: &str) -> Range<usize> {
        let start = self.offset.min(text.len());
        let end = (start + self.length).min(text.len());
        let shown = text.get(start..end).unwrap_or_default();
        let line = shown.lines().next().unwrap_or_default();
        start..start + line.len()
    }
}
