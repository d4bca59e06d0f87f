//! Shows the events of a long run: moving lines on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use nex_plan::{Event, Progress, ResourceId};

use super::output::{Output, safe};

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(120);

/// Shows the events of a run, and lines between them.
pub(crate) trait Screen: Progress {
    /// Writes a line without breaking the moving ones.
    fn note(&self, text: &str);

    /// Shows how many of `total` calls have ended; the last one ends the display.
    fn count(&self, text: &str, done: usize, total: usize);
}

/// The renderer for `output`.
pub(crate) fn renderer(output: Output) -> Arc<dyn Screen> {
    if std::io::stderr().is_terminal() && !output.quiet {
        Arc::new(Live::default())
    } else {
        Arc::new(Lines(output))
    }
}

/// One line per event.
struct Lines(Output);

impl Progress for Lines {
    fn event(&self, event: Event) {
        self.0.note(&line(event));
    }
}

/// An event as a line.
fn line(event: Event) -> String {
    match event {
        Event::Started { id, action } => format!("{action} {id} ..."),
        Event::Waiting { id, what } => format!("{id}: waiting for {what}"),
        Event::Done {
            id,
            action,
            elapsed,
        } => format!("{action} {id}: done in {}", seconds(elapsed)),
        Event::Failed { id, error } => format!("{id}: failed: {error}"),
        Event::Skipped { id, reason } => format!("{id}: not begun: {reason}"),
    }
}

impl Screen for Lines {
    fn note(&self, text: &str) {
        self.0.note(text);
    }

    fn count(&self, text: &str, done: usize, total: usize) {
        // A log needs no line for each call.
        if done == 0 || done == total {
            self.note(&format!("{text}: {done} of {total} calls"));
        }
    }
}

/// A moving line per running step, and a line that stays for each step that ended.
#[derive(Default)]
struct Live {
    lines: MultiProgress,
    running: Mutex<BTreeMap<ResourceId, ProgressBar>>,
    counter: Mutex<Option<ProgressBar>>,
}

impl Live {
    fn line(&self, id: &ResourceId) -> ProgressBar {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let line = running.entry(id.clone());
        line.or_insert_with(|| self.spinner()).clone()
    }

    fn spinner(&self) -> ProgressBar {
        let line = self.lines.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})");
        line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        line.enable_steady_tick(TICK);
        line
    }

    fn end(&self, id: &ResourceId, text: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = running.remove(id) {
            line.finish_and_clear();
        }
        self.print(text);
    }

    fn is_running(&self, id: &ResourceId) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.contains_key(id)
    }

    fn print(&self, text: &str) {
        // The run continues if a line can't be printed.
        let _ = self.lines.println(safe(text));
    }
}

impl Progress for Live {
    fn event(&self, event: Event) {
        match event {
            Event::Started { id, action } => {
                self.line(&id)
                    .set_message(safe(&format!("{action:<8}{id}")));
            }
            Event::Waiting { id, what } => {
                let text = format!("{id}: waiting for {what}");
                if self.is_running(&id) {
                    self.line(&id).set_message(safe(&text));
                } else {
                    // A waiting read has no line of its own.
                    self.print(&format!("  {text}"));
                }
            }
            Event::Done {
                id,
                action,
                elapsed,
            } => {
                let text = format!("  ✓ {action:<8}{id} ({})", seconds(elapsed));
                self.end(&id, &text);
            }
            Event::Failed { id, error } => self.end(&id, &format!("  ✗ {id}: {error}")),
            Event::Skipped { id, reason } => {
                self.end(&id, &format!("  - {id}: not begun: {reason}"));
            }
        }
    }
}

impl Screen for Live {
    fn note(&self, text: &str) {
        self.print(text);
    }

    fn count(&self, text: &str, done: usize, total: usize) {
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        let line = counter.get_or_insert_with(|| self.spinner());
        line.set_message(format!("{text}: {done} of {total} calls"));
        if done == total {
            line.finish_and_clear();
            *counter = None;
        }
    }
}

/// A duration for people.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_an_error_of_a_provider_is_text_and_nothing_else() {
        let id = ResourceId::new("log-group", "a\u{1b}[2J");
        let error = "because\u{9b}31m".to_owned();
        let line = safe(&line(Event::Failed { id, error }));
        assert_eq!(line, "log-group a\\u{1b}[2J: failed: because\\u{9b}31m");
    }
}
