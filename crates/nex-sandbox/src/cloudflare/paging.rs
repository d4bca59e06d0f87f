//! The query string of a list call: filters and paging.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::envelope::{Answer, ApiError, Outcome};

/// The decoded parameters of a query string.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes());
        Self(pairs.into_owned().collect())
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Whether `value` passes the filters on `field`: `name`, `name.exact`, `name.contains`,
    /// `name.startswith` and `name.endswith`. The comparison ignores case.
    pub(super) fn matches(&self, field: &str, value: &str) -> bool {
        let value = value.to_lowercase();
        self.0.iter().all(|(key, wanted)| {
            let wanted = wanted.to_lowercase();
            let operator = match key.strip_prefix(field) {
                Some("") => "exact",
                Some(rest) => rest.trim_start_matches('.'),
                None => return true,
            };
            match operator {
                "exact" => value == wanted,
                "contains" => value.contains(&wanted),
                "startswith" => value.starts_with(&wanted),
                "endswith" => value.ends_with(&wanted),
                _ => true,
            }
        })
    }
}

/// The page sizes of a list call.
#[derive(Debug, Clone)]
pub(super) struct Paging {
    pub(super) default: usize,
    pub(super) allowed: RangeInclusive<usize>,
}

impl Paging {
    /// The requested page of `all`.
    pub(super) fn page(&self, query: &Query, all: Vec<Value>) -> Outcome {
        let page = number(query, "page", 1)?;
        let per_page = number(query, "per_page", self.default)?;
        if page == 0 {
            return Err(invalid("page"));
        }
        if !self.allowed.contains(&per_page) {
            return Err(invalid("per_page"));
        }
        let total = all.len();
        let start = (page - 1).saturating_mul(per_page);
        let items: Vec<Value> = all.into_iter().skip(start).take(per_page).collect();
        let info = json!({
            "page": page,
            "per_page": per_page,
            "count": items.len(),
            "total_count": total,
            "total_pages": total.div_ceil(per_page),
        });
        Ok(Answer::page(items, info))
    }
}

fn number(query: &Query, key: &'static str, default: usize) -> Result<usize, ApiError> {
    match query.get(key) {
        None | Some("") => Ok(default),
        Some(text) => text.parse().map_err(|_| invalid(key)),
    }
}

/// Cloudflare documents this refusal, but not the code: 1003 is a guess.
fn invalid(key: &str) -> ApiError {
    ApiError::new(400, 1003, format!("Invalid or missing value: {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let query = Query::parse("name.contains=git&type=A&comment.exact=a%20b+c");
        assert!(query.matches("name", "GitLab.example.com"));
        assert!(!query.matches("name", "www.example.com"));
        assert!(query.matches("type", "A") && !query.matches("type", "AAAA"));
        assert!(query.matches("comment", "a b c"));
        assert!(query.matches("content", "anything"));
    }
}
