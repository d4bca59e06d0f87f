//! Which sections an environment's file may leave out.

use serde_json::Value as Json;

/// The sections about what runs on AWS.
const HOSTING: [&str; 3] = ["aws", "gitlab", "runner"];

/// A section that the other sections, or their absence, ask for.
pub(super) struct Missing {
    pub(super) section: &'static str,
    /// Which sections make an environment.
    pub(super) allowed: &'static str,
}

/// Whether something of the environment runs on AWS.
pub(super) fn has_hosting(file: &Json) -> bool {
    HOSTING.iter().any(|name| file.get(name).is_some())
}

/// The sections that are missing. What runs on AWS needs both `[aws]` and `[gitlab]`; without it, `[dns]` is a zone alone.
pub(super) fn missing(file: &Json) -> Vec<Missing> {
    let (needed, allowed): (&[&str], _) = match has_hosting(file) {
        true => (
            &["aws", "gitlab"],
            "[aws] and [gitlab], or none of [aws], [gitlab] and [runner] for a zone alone",
        ),
        false => (&["dns"], "[dns] for a zone alone, or [aws] and [gitlab]"),
    };
    let absent = needed.iter().filter(|name| file.get(name).is_none());
    absent
        .map(|&section| Missing { section, allowed })
        .collect()
}
