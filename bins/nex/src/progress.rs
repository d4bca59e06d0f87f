//! Draws the events of a long run: live lines on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use nex_plan::{Event, Progress, ResourceId};

use crate::output::Output;

/// How often a live line moves.
const TICK: Duration = Duration::from_millis(120);

/// The renderer for `output`.
pub(crate) fn renderer(output: Output) -> Arc<dyn Progress> {
    match std::io::stderr().is_terminal() && !output.quiet {
        true => Arc::new(Live::default()),
        false => Arc::new(Lines(output)),
    }
}

/// One line an event.
struct Lines(Output);

impl Progress for Lines {
    fn event(&self, event: Event) {
        let line = match event {
            Event::Started { resource, action } => format!("{action} {resource} ..."),
            Event::Waiting { resource, what } => format!("{resource}: waiting for {what}"),
            Event::Done {
                resource,
                action,
                elapsed,
            } => format!("{action} {resource}: done in {}", seconds(elapsed)),
            Event::Failed { resource, error } => format!("{resource}: failed: {error}"),
            Event::Skipped { resource, because } => format!("{resource}: not begun: {because}"),
        };
        self.0.note(&line);
    }
}

/// One line a resource, that stays when it ends.
#[derive(Default)]
struct Live {
    lines: MultiProgress,
    running: Mutex<BTreeMap<ResourceId, ProgressBar>>,
}

impl Live {
    fn line(&self, resource: &ResourceId) -> ProgressBar {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || {
            let line = self.lines.add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})");
            line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            line.enable_steady_tick(TICK);
            line
        };
        running
            .entry(resource.clone())
            .or_insert_with(start)
            .clone()
    }

    fn end(&self, resource: &ResourceId, text: String) {
        let line = self.line(resource);
        line.finish_and_clear();
        self.say(&text);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(resource);
    }

    fn is_running(&self, resource: &ResourceId) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.contains_key(resource)
    }

    fn say(&self, text: &str) {
        // A line that can't be printed is no reason to stop the work that it tells of.
        let _ = self.lines.println(text);
    }
}

impl Progress for Live {
    fn event(&self, event: Event) {
        match event {
            Event::Started { resource, action } => {
                self.line(&resource)
                    .set_message(format!("{action:<8}{resource}"));
            }
            Event::Waiting { resource, what } => {
                let text = format!("{resource}: waiting for {what}");
                match self.is_running(&resource) {
                    true => self.line(&resource).set_message(text),
                    // A read that waits has no line of its own.
                    false => self.say(&format!("  {text}")),
                }
            }
            Event::Done {
                resource,
                action,
                elapsed,
            } => {
                let text = format!("  ✓ {action:<8}{resource} ({})", seconds(elapsed));
                self.end(&resource, text);
            }
            Event::Failed { resource, error } => {
                self.end(&resource, format!("  ✗ {resource}: {error}"));
            }
            Event::Skipped { resource, because } => {
                self.end(&resource, format!("  - {resource}: not begun: {because}"));
            }
        }
    }
}

/// A duration for people.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
