//! Who owns a record: nex marks its own records in their comments, which every plan of Cloudflare allows.

use crate::spec::ZonePlan;

/// The text between a user's own comment and the mark.
const SEPARATOR: &str = "; ";

/// The mark of an environment's records.
///
/// ```
/// assert_eq!(nex_dns::mark("staging"), "managed by nex (staging)");
/// ```
pub fn mark(environment: &str) -> String {
    format!("managed by nex ({environment})")
}

/// A user's comment followed by the mark.
pub(crate) fn marked(comment: Option<&str>, environment: &str) -> String {
    match comment.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => format!("{text}{SEPARATOR}{}", mark(environment)),
        None => mark(environment),
    }
}

/// The user's part of a comment, before the mark of any environment; `None` if that part is empty.
pub(crate) fn unmarked(comment: &str) -> Option<&str> {
    let text = match environment(comment) {
        Some(environment) => comment
            .strip_suffix(mark(environment).as_str())
            .unwrap_or(comment),
        None => comment,
    };
    let text = text.strip_suffix(SEPARATOR).unwrap_or(text);
    (!text.is_empty()).then_some(text)
}

/// The environment that a comment's mark names.
pub(crate) fn environment(comment: &str) -> Option<&str> {
    let last = comment.rsplit(SEPARATOR).next()?;
    last.strip_prefix("managed by nex (")?.strip_suffix(')')
}

/// The most characters that a comment may have (Cloudflare's documentation of record attributes).
pub(crate) fn max_comment_length(plan: ZonePlan) -> usize {
    match plan {
        ZonePlan::Free => 100,
        ZonePlan::Pro | ZonePlan::Business | ZonePlan::Enterprise => 500,
    }
}
