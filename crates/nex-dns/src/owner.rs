//! Whose a record is: nex marks its own in their comments, which every plan of Cloudflare's takes.

use crate::spec::ZonePlan;

/// What stands between a user's own comment and the mark.
const BETWEEN: &str = "; ";

/// The mark of an environment's records.
///
/// ```
/// assert_eq!(nex_dns::mark("staging"), "managed by nex (staging)");
/// ```
pub fn mark(environment: &str) -> String {
    format!("managed by nex ({environment})")
}

/// A comment that carries the mark after what the user wrote.
pub(crate) fn marked(comment: Option<&str>, environment: &str) -> String {
    match comment.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => format!("{text}{BETWEEN}{}", mark(environment)),
        None => mark(environment),
    }
}

/// What the user wrote before the mark, whichever environment's it is; `None` if that is nothing.
pub(crate) fn unmarked(comment: &str) -> Option<&str> {
    let text = match environment(comment) {
        Some(environment) => comment
            .strip_suffix(mark(environment).as_str())
            .unwrap_or(comment),
        None => comment,
    };
    let text = text.strip_suffix(BETWEEN).unwrap_or(text);
    (!text.is_empty()).then_some(text)
}

/// The environment that a comment's mark names.
pub(crate) fn environment(comment: &str) -> Option<&str> {
    let last = comment.rsplit(BETWEEN).next()?;
    last.strip_prefix("managed by nex (")?.strip_suffix(')')
}

/// How many characters a comment may have.
pub(crate) fn longest_comment(plan: ZonePlan) -> usize {
    match plan {
        ZonePlan::Free => 100,
        ZonePlan::Pro | ZonePlan::Business | ZonePlan::Enterprise => 500,
    }
}
