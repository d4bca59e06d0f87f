//! stdout is data, stderr is for people.

use std::io::{IsTerminal as _, Write as _};

use nex_plan::Paint;
use serde::Serialize;

/// Where a run writes, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

/// Colours where a terminal shows them and nobody asked for none (no-color.org).
fn paint(terminal: bool) -> Paint {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    match terminal && !refused {
        true => Paint::Ansi,
        false => Paint::Plain,
    }
}

impl Output {
    /// How stdout is painted.
    pub(crate) fn paint(self) -> Paint {
        paint(std::io::stdout().is_terminal())
    }

    /// The same for what is shown before the one JSON document of a run.
    pub(crate) fn as_text(self) -> Self {
        Self {
            json: false,
            ..self
        }
    }

    /// How stderr is painted.
    pub(crate) fn paint_notes(self) -> Paint {
        paint(std::io::stderr().is_terminal())
    }

    /// Data. A reader that went away, such as `head`, is no error.
    pub(crate) fn data(self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let _ = write!(stdout, "{text}{end}");
    }

    /// Data as JSON.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        self.data(&serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// A line for the person who waits.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// A line for the person who wants to know more.
    pub(crate) fn detail(self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    /// What is not done for safety's sake, and what to do about it. Said however quiet it is to be.
    pub(crate) fn refused(self, why: &str, hint: Option<&str>) {
        self.error(&anyhow::anyhow!("{why}"), hint);
    }

    /// An error, with its causes and what to do about it.
    pub(crate) fn error(self, error: &anyhow::Error, hint: Option<&str>) {
        let mut stderr = std::io::stderr().lock();
        let head = self.paint_notes().level(nex_plan::Level::Refusal, "error:");
        let _ = writeln!(stderr, "{head} {error}");
        let mut said = error.to_string();
        for cause in error.chain().skip(1) {
            let text = cause.to_string();
            if !said.contains(&text) {
                let _ = writeln!(stderr, "  because {text}");
                said = text;
            }
        }
        if let Some(hint) = hint {
            let _ = writeln!(stderr, "  hint: {hint}");
        }
    }
}
