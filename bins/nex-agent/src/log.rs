//! The agent's log. systemd keeps it in the journal.

use std::io::Write;
use std::sync::Mutex;

use nex_host::LogLine;

use crate::clock::Clock;

/// The log. It remembers its newest line for the status.
pub struct Log {
    clock: Clock,
    lines: Mutex<Lines>,
}

struct Lines {
    output: Box<dyn Write + Send>,
    newest: Option<LogLine>,
}

impl Log {
    /// A log that writes its lines to `output`.
    pub fn new(clock: Clock, output: impl Write + Send + 'static) -> Self {
        let lines = Lines {
            output: Box::new(output),
            newest: None,
        };
        Self {
            clock,
            lines: Mutex::new(lines),
        }
    }

    /// Writes a line. It must hold no secret.
    pub fn line(&self, text: &str) {
        if let Ok(mut lines) = self.lines.lock() {
            // If the output is closed, the line can be shown to no one.
            let _ = writeln!(lines.output, "nex-agent: {text}");
            lines.newest = Some(LogLine {
                at: (self.clock)(),
                text: text.into(),
            });
        }
    }

    /// The newest line.
    pub fn newest(&self) -> Option<LogLine> {
        self.lines.lock().ok()?.newest.clone()
    }
}
