//! stdout is for data, stderr is for people. Neither has colours if a terminal does not show them (`NO_COLOR`,
//! `TERM=dumb`, a pipe).

use std::io::Write as _;

use nex_plan::{Paint, Severity, printable};
use serde::Serialize;

/// Where a run writes, and how much it writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Whether stdout is JSON.
    pub(crate) json: bool,
    /// Whether only errors are written to stderr.
    pub(crate) quiet: bool,
    /// Whether figures are written to stderr.
    pub(crate) verbose: bool,
}

impl Output {
    /// Writes data. A reader that has closed the pipe, such as `head`, is not an error.
    ///
    /// # Errors
    /// If the text can't be written, such as to a full disk.
    pub(crate) fn data(self, text: &str) -> anyhow::Result<()> {
        let mut stdout = anstream::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::new(error).context("failed to write to stdout"))
            }
            _ => Ok(()),
        }
    }

    /// Writes data as JSON.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        self.data(&serde_json::to_string_pretty(value)?)
    }

    /// Writes lines for the waiting person.
    pub(crate) fn note(self, text: &str) {
        self.rendered(&safe(text));
    }

    /// Writes text that a renderer has made safe and may have coloured.
    pub(crate) fn rendered(self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Writes a line for a person who asked for figures.
    pub(crate) fn detail(self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    /// Writes why nex refuses something for safety, and what resolves that, even with `--quiet`.
    pub(crate) fn refused(self, why: &str, hint: Option<&str>) {
        self.error(&anyhow::anyhow!("{why}"), hint);
    }

    /// Writes an error with its causes, and what resolves the error.
    pub(crate) fn error(self, error: &anyhow::Error, hint: Option<&str>) {
        let mut stderr = anstream::stderr().lock();
        let head = Paint::Ansi.severity(Severity::Deny, "error:");
        let _ = writeln!(stderr, "{head} {}", safe(&error.to_string()));
        let mut written = error.to_string();
        for cause in error.chain().skip(1) {
            let text = cause.to_string();
            if !written.contains(&text) {
                let _ = writeln!(stderr, "  because {}", safe(&text));
                written = text;
            }
        }
        if let Some(hint) = hint {
            let _ = writeln!(stderr, "  hint: {}", safe(hint));
        }
    }
}

/// A text of several lines without characters that a terminal executes: errors quote providers and other programs.
pub(super) fn safe(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn a_message_of_a_provider_can_not_erase_what_stands_above_it() {
        assert_eq!(safe("a\u{1b}[5A\u{1b}[J\n  b"), "a\\u{1b}[5A\\u{1b}[J\n  b");
    }
}
