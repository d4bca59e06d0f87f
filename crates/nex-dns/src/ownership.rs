//! Who owns a record: a deployment marks its own records in their comments, which every plan of Cloudflare allows.

use crate::spec::ZonePlan;

/// The text between a user's own comment and the mark.
const SEPARATOR: &str = "; ";

/// The mark of a deployment's records. The name tells apart all deployments that share a zone: nex itself uses its prefix
/// and the environment's name.
///
/// ```
/// assert_eq!(nex_dns::mark("nex-staging"), "managed by nex (nex-staging)");
/// ```
pub fn mark(deployment: &str) -> String {
    format!("managed by nex ({deployment})")
}

/// A user's comment followed by the mark.
pub(crate) fn marked(comment: Option<&str>, deployment: &str) -> String {
    match comment.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => format!("{text}{SEPARATOR}{}", mark(deployment)),
        None => mark(deployment),
    }
}

/// The user's part of a comment, before the mark of any deployment; `None` if that part is empty.
pub(crate) fn unmarked(comment: &str) -> Option<&str> {
    let text = match deployment(comment) {
        Some(deployment) => comment
            .strip_suffix(mark(deployment).as_str())
            .unwrap_or(comment),
        None => comment,
    };
    let text = text.strip_suffix(SEPARATOR).unwrap_or(text);
    (!text.is_empty()).then_some(text)
}

/// The deployment that a comment's mark names.
pub(crate) fn deployment(comment: &str) -> Option<&str> {
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
