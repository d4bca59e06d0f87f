//! The rate limit: 1,200 calls in five minutes a user, reported by the headers `Ratelimit` and `Retry-After`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The window of Cloudflare's rate limit, and the longest wait that Cloudflare asks for.
pub(super) const WINDOW: Duration = Duration::from_secs(300);

/// When the next call may be made.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Instant>>);

impl Pace {
    /// How long the next call must wait: until the end of a window without calls left.
    pub(super) fn wait(&self) -> Duration {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.map(|at| at.saturating_duration_since(Instant::now()));
        left.unwrap_or_default()
    }

    /// Learns from an answer's `Ratelimit` header.
    pub(super) fn note(&self, headers: &HeaderMap) {
        let values = headers.get_all("ratelimit").iter();
        let waits = values.filter_map(|value| exhausted(value.to_str().ok()?));
        if let Some(wait) = waits.max() {
            let until = Instant::now() + wait.min(WINDOW);
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *held = held.max(Some(until));
        }
    }
}

/// How long `Retry-After` asks to wait. Cloudflare gives seconds, never a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse();
    seconds.ok().map(Duration::from_secs)
}

/// Of `"default";r=0;t=30`: 30 s if nothing remains (`r`) until the window ends (`t`). A list has commas.
fn exhausted(header: &str) -> Option<Duration> {
    let policies = header.split(',').filter_map(|policy| {
        let parameter = |key: &str| {
            let mut pairs = policy
                .split(';')
                .filter_map(|part| part.trim().split_once('='));
            let (_, value) = pairs.find(|(name, _)| *name == key)?;
            value.parse::<u64>().ok()
        };
        (parameter("r")? == 0).then_some(Duration::from_secs(parameter("t")?))
    });
    policies.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exhausted_window_means_a_wait() {
        let seconds = |header| exhausted(header).map(|wait| wait.as_secs());
        assert_eq!(seconds(r#""default";r=0;t=30"#), Some(30));
        assert_eq!(seconds(r#""default";r=1199;t=300"#), None);
        assert_eq!(
            seconds(r#""burst"; r=0; t=5, "default"; r=0; t=40"#),
            Some(40)
        );
        assert_eq!(seconds("gibberish"), None);
    }
}
